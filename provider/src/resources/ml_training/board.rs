//! What the run's dashboard says about the estimate and the run, from the state alone.

use aws::spec::Dashboard;
use schemas::ml_training::Effective;
use tfplugin::Value;

use crate::object::{Object, get};
use crate::text::figure;

/// The dashboard of a run with this state.
pub(crate) fn dashboard(config: &Effective, state: &Object, accelerators: u32) -> Dashboard {
    let mut estimate = Vec::new();
    for (name, label, unit, shown) in [
        (
            "energy_kwh",
            "Energy",
            "kWh",
            config.track_energy_usage.known().unwrap_or(true),
        ),
        (
            "emissions_kg",
            "Emissions",
            "kgCO2e",
            config.track_carbon_emissions.known().unwrap_or(true),
        ),
        ("cost_usd", "Cost", "USD", true),
        ("runtime_hours", "Time", "h", true),
    ] {
        if shown {
            estimate.extend(range(label, get(state, "estimate").get(name), unit));
        }
    }
    let fact = |label: &str, value: &Value| {
        value
            .as_str()
            .map(|text| (label.to_owned(), text.to_owned()))
    };
    let signal = get(state, "signal");
    let facts = [
        fact("Region", get(state, "selected_region")),
        fact("Instance type", get(state, "selected_instance_type")),
        fact("Capacity", get(state, "selected_capacity")),
        fact("Grid zone", signal.get("zone")),
        signal.get("gco2_per_kwh").as_f64().map(|grams| {
            (
                "Grid intensity".to_owned(),
                format!("{} gCO2e/kWh", figure(grams)),
            )
        }),
        fact("Signal", signal.get("source")),
        fact("Image", get(state, "training_image_resolved")),
    ];
    Dashboard {
        estimate,
        facts: facts.into_iter().flatten().collect(),
        accelerators,
    }
}

fn range(label: &str, range: &Value, unit: &str) -> Option<String> {
    let value = range.get("value").as_f64()?;
    let (low, high) = (range.get("low").as_f64()?, range.get("high").as_f64()?);
    Some(format!(
        "{label}: {} {unit} ({} to {})",
        figure(value),
        figure(low),
        figure(high)
    ))
}
