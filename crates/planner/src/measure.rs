//! After the run: what the phases of a job took.

use catalog::Catalog;

use crate::{Capacity, GramsPerKwh, Hours, Kg, Kwh, Usd};

/// What is known of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run<'a> {
    /// Region.
    pub region: &'a str,
    /// Type.
    pub instance_type: &'a str,
    /// Instances.
    pub instance_count: u32,
    /// Spot or on demand.
    pub capacity: Capacity,
    /// Training, all attempts.
    pub training_hours: Hours,
    /// Download, upload and the like, all attempts: at idle power.
    pub other_hours: Hours,
    /// What AWS bills; enters cost only (on spot it is a fraction of the time).
    pub billable_hours: Option<Hours>,
}

/// What a run took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Time per instance, all attempts.
    pub runtime_hours: Hours,
    /// Energy, PUE included.
    pub energy_kwh: Kwh,
    /// Emissions: electricity and manufacture.
    pub emissions_kg: Kg,
    /// List price of the billable time; `None` where a price is unknown.
    pub cost_usd: Option<Usd>,
}

/// Energy and emissions of a run from its phases, cost from its billable time. `None` for an
/// unknown region or type.
#[must_use]
pub fn measure(catalog: &Catalog, run: &Run) -> Option<Measured> {
    let region = catalog.region(run.region)?;
    let t = catalog.instance_type(run.instance_type)?;
    let n = f64::from(run.instance_count);
    let (training, other) = (run.training_hours.0.max(0.0), run.other_hours.0.max(0.0));
    let energy = Kwh(n * region.pue.value * (t.train_w * training + t.idle_w * other) / 1000.0);
    let operational = energy * GramsPerKwh(region.intensity.value);
    let embodied = Kg(t.embodied_g_per_h * n * (training + other) / 1000.0);
    let billed = match (run.billable_hours, run.capacity) {
        (Some(billable), _) => Some(billable.0),
        (None, Capacity::OnDemand) => Some(training + other),
        (None, Capacity::Spot) => None,
    };
    let price = catalog
        .price(run.instance_type, run.region)
        .and_then(|p| p.on_demand_usd_h);
    Some(Measured {
        runtime_hours: Hours(training + other),
        energy_kwh: energy,
        emissions_kg: operational + embodied,
        cost_usd: price
            .zip(billed)
            .map(|(price, billed)| Usd(price * n * billed)),
    })
}

/// Energy of one instance over some hours at a load between 0 and 1 (`None`: typical
/// training), without PUE.
///
/// # Errors
/// An unknown type, with the nearest name; hours below 0; a load outside 0 to 1.
pub fn energy_kwh(
    catalog: &Catalog,
    instance_type: &str,
    hours: Hours,
    load: Option<f64>,
) -> Result<Kwh, String> {
    let Some(t) = catalog.instance_type(instance_type) else {
        let near = catalog::nearest(instance_type, catalog::instance_type_names(), 1);
        let hint = near
            .first()
            .map(|n| format!("; did you mean {n}?"))
            .unwrap_or_default();
        return Err(format!("unknown instance type {instance_type:?}{hint}"));
    };
    if !(hours.0.is_finite() && hours.0 >= 0.0) {
        return Err(format!("hours = {}, legal: 0 or more", hours.0));
    }
    let watts = match load {
        None => t.train_w,
        Some(load) if (0.0..=1.0).contains(&load) => t.power_w(load),
        Some(load) => return Err(format!("load = {load}, legal: 0 to 1")),
    };
    Ok(Kwh(watts * hours.0 / 1000.0))
}

/// Emissions of some energy at some intensity.
#[must_use]
pub fn emissions_kg(energy: Kwh, intensity: GramsPerKwh) -> Kg {
    energy * intensity
}

/// The grid zone of a region.
///
/// # Errors
/// An unknown region, with the nearest name.
pub fn grid_zone<'a>(catalog: &'a Catalog, region: &str) -> Result<&'a str, String> {
    match catalog.region(region) {
        Some(found) => Ok(found.zone),
        None => {
            let near = catalog::nearest(region, catalog::region_names(), 1);
            let hint = near
                .first()
                .map(|n| format!("; did you mean {n}?"))
                .unwrap_or_default();
            Err(format!("unknown region {region:?}{hint}"))
        }
    }
}
