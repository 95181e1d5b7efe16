//! The entry points.

use catalog::Catalog;

use crate::{Answer, GramsPerKwh, Hours, Infeasible, Kg, Kwh, Request};

/// Decides.
#[must_use]
pub fn decide(_catalog: &Catalog, _request: &Request) -> Answer {
    Answer::Infeasible(Box::new(Infeasible {
        summary: "no candidate".to_owned(),
        detail: String::new(),
        nearest: Vec::new(),
        rejected: Vec::new(),
        attribute: None,
    }))
}

/// Energy of one instance over some hours, at `load` 0..1 of full power (`None`: typical
/// training power), without PUE.
///
/// # Errors
/// An unknown type, with the nearest names; hours below 0; a load outside 0..1.
pub fn energy_kwh(
    catalog: &Catalog,
    instance_type: &str,
    hours: Hours,
    load: Option<f64>,
) -> Result<Kwh, String> {
    let _ = (hours, load);
    catalog
        .instance_type(instance_type)
        .map(|_| Kwh(0.0))
        .ok_or_else(|| format!("unknown instance type {instance_type:?}"))
}

/// Emissions of some energy at some intensity.
#[must_use]
pub fn emissions_kg(energy: Kwh, intensity: GramsPerKwh) -> Kg {
    energy * intensity
}
