//! What a run that exists shows: from the handle what it is called, from the observation how it fares.

use std::collections::BTreeMap;

use aws::{Handle, Observation, Outcome};
use catalog::Catalog;
use planner::{Band, Capacity};
use schemas::ml_training::{Efficiency, Measured, Outputs};
use tfplugin::{Attr, Diagnostics, Value};

use super::live_price;
use super::measured::{self, Run};
use super::{foreseen, say};
use crate::clock;
use crate::object::{Object, get};
use crate::text::three;

/// The outputs of a run, as far as they are known; `state` gives what was decided.
pub(crate) fn outputs(
    catalog: &Catalog,
    state: &Object,
    handle: &Handle,
    observation: Option<&Observation>,
) -> Result<Object, Diagnostics> {
    let priced = live_price::over(catalog, get(state, "placement"));
    let catalog = priced.as_ref();
    let mut outputs = launched(handle);
    if let Some(seen) = observation {
        observed(&mut outputs, catalog, state, handle, seen);
    }
    foreseen::object(&outputs)
}

fn launched(handle: &Handle) -> Outputs {
    Outputs {
        arn: handle.job_arn.clone().into(),
        training_job_name: handle.job_name.clone().into(),
        log_url: handle.log_url().into(),
        dashboard_url: handle.dashboard_url().into(),
        sagemaker_role_arn: handle.role_arn.clone().into(),
        model_artifacts_location: handle.model_artifacts_location().into(),
        reports_location: handle.reports_location().into(),
        bucket_managed: handle
            .job_bucket
            .as_ref()
            .or(handle.data_bucket.as_ref())
            .map(|bucket| bucket.managed)
            .into(),
        ..Outputs::default()
    }
}

fn observed(
    outputs: &mut Outputs,
    catalog: &Catalog,
    state: &Object,
    handle: &Handle,
    seen: &Observation,
) {
    outputs.training_job_status = Attr::Known(seen.status.clone());
    outputs.secondary_status = seen.secondary_status.clone().into();
    outputs.outcome = Attr::Known(outcome(state, seen).to_owned());
    outputs.failure_reason = seen.failure_reason.clone().into();
    outputs.last_log_lines = if seen.last_log_lines.is_empty() {
        Attr::Null
    } else {
        Attr::Known(seen.last_log_lines.clone())
    };
    outputs.actual_instance_type = seen.instance_type.clone().into();
    outputs.started_at = seen.started_at.clone().into();
    outputs.billable_seconds = seen
        .billable_seconds
        .and_then(|seconds| i64::try_from(seconds).ok())
        .into();
    outputs.compressed_model_uri = seen.compressed_model_uri.clone().into();
    outputs.final_metrics = metrics(&seen.final_metrics);

    // There is no job yet, or there never was one.
    if say::never_began(Some(&seen.status)) {
        return;
    }
    let run = Run {
        region: &handle.region,
        instance_type: seen
            .instance_type
            .as_deref()
            .unwrap_or(&handle.instance_type),
        instance_count: handle.instance_count,
        capacity: if handle.spot {
            Capacity::Spot
        } else {
            Capacity::OnDemand
        },
        intensity: get(state, "signal").get("gco2_per_kwh").as_f64(),
        seen,
        now: clock::now(),
    };
    outputs.elapsed_hours = measured::elapsed_hours(&run).map(three).into();
    outputs.cost_to_date_usd = measured::cost_usd(catalog, &run).map(three).into();
    if !seen.is_terminal() {
        return;
    }
    let Some((figures, judged)) = measured::measured(catalog, &run) else {
        return;
    };
    let tracked = |name: &str| get(state, name).as_bool().unwrap_or(true);
    let kwh = figures.energy_kwh.value.get();
    let energy = ends(figures.energy_kwh, tracked("track_energy_usage"));
    let emissions = ends(figures.emissions_kg, tracked("track_carbon_emissions"));
    outputs.estimate_error_percent = get(state, "estimate")
        .get("energy_kwh")
        .get("value")
        .as_f64()
        .filter(|estimate| *estimate > 0.0 && seen.outcome == Outcome::Succeeded)
        .map(|estimate| three((kwh / estimate - 1.0) * 100.0))
        .into();
    outputs.measured = Attr::Known(Measured {
        runtime_hours: Some(three(figures.runtime_hours.get())),
        energy_kwh: energy[0],
        energy_kwh_low: energy[1],
        energy_kwh_high: energy[2],
        emissions_kg: emissions[0],
        emissions_kg_low: emissions[1],
        emissions_kg_high: emissions[2],
        cost_usd: figures.cost_usd.map(|usd| three(usd.get())),
        spot_saving_percent: seen.spot_saving_percent.map(three),
        model_size_bytes: seen
            .model_size_bytes
            .and_then(|bytes| i64::try_from(bytes).ok()),
        compression_ratio: seen.compression_ratio().map(three),
        method: Some(figures.method.as_str().to_owned()),
        coverage_percent: Some((figures.coverage * 100.0).round()),
    });
    outputs.efficiency = Attr::Known(efficiency(judged));
}

fn efficiency(judged: planner::Efficiency) -> Efficiency {
    Efficiency {
        score: judged.score,
        bottleneck: judged.bottleneck.as_str().to_owned(),
        gpu_percent: judged.accelerator_percent.map(three),
        gpu_memory_percent: judged.accelerator_memory_percent.map(three),
        cpu_percent: judged.cpu_percent.map(three),
        memory_percent: judged.memory_percent.map(three),
        disk_percent: judged.disk_percent.map(three),
        recommendations: Some(judged.recommendations).filter(|lines| !lines.is_empty()),
    }
}

/// Value, low and high end; nothing where the figure is not to be shown.
fn ends<T: Into<f64>>(band: Band<T>, shown: bool) -> [Option<f64>; 3] {
    let short = |figure: T| Some(three(figure.into())).filter(|_| shown);
    [short(band.value), short(band.low), short(band.high)]
}

/// What only metrics told stands where they tell less by now: CloudWatch forgets them.
pub(crate) fn keep_better(outputs: &mut Object, state: &Object) {
    if coverage(state) <= coverage(outputs) {
        return;
    }
    let (had, now) = (get(state, "measured").clone(), get(outputs, "measured"));
    let (Value::Map(had), Value::Map(now)) = (had, now) else {
        return;
    };
    let figures = |entries: &BTreeMap<String, Value>| {
        let figures = ["energy_kwh", "emissions_kg"];
        figures.map(|name| entries.get(name).is_some_and(|value| !value.is_null()))
    };
    let (shown, wanted) = (figures(&had), figures(now));
    if wanted
        .into_iter()
        .zip(shown)
        .any(|(wanted, shown)| wanted && !shown)
    {
        // It was left out (`track_energy_usage`, `track_carbon_emissions`), and is asked for now.
        return;
    }
    let mut kept = now.clone();
    for (name, value) in had {
        let left_out = |figure: &str, wanted: bool| name.starts_with(figure) && !wanted;
        let left_out = left_out("energy_kwh", wanted[0]) || left_out("emissions_kg", wanted[1]);
        // The sizes of the model may have become known since.
        if !left_out && !value.is_null() {
            kept.insert(name, value);
        }
    }
    outputs.insert("measured".to_owned(), Value::Map(kept));
    for name in ["efficiency", "estimate_error_percent"] {
        outputs.insert(name.to_owned(), get(state, name).clone());
    }
}

/// The state tells of this run, and not of one before it.
pub(crate) fn is_of(state: &Object, handle: &Handle) -> bool {
    get(state, "training_job_name").as_str() == handle.job_name.as_deref()
}

/// Whether `measured` lacks a figure that is asked for by now: it was left out when the metrics were read.
pub(crate) fn lacks_a_figure(state: &Object) -> bool {
    let measured = get(state, "measured");
    let wanted = |flag: &str| get(state, flag).as_bool().unwrap_or(true);
    !measured.is_null()
        && (wanted("track_energy_usage") && measured.get("energy_kwh").is_null()
            || wanted("track_carbon_emissions") && measured.get("emissions_kg").is_null())
}

/// Share of the training time that metrics covered when they were read, in percent.
pub(crate) fn coverage(state: &Object) -> f64 {
    let measured = get(state, "measured");
    measured.get("coverage_percent").as_f64().unwrap_or(0.0)
}

/// A record that is gone says nothing about how the run ended: what was seen last stands.
fn outcome<'a>(state: &'a Object, seen: &Observation) -> &'a str {
    let before = get(state, "outcome").as_str();
    match (seen.status.as_str(), before) {
        ("NotFound", Some(before)) if before != Outcome::Pending.as_str() => before,
        _ => seen.outcome.as_str(),
    }
}

fn metrics(metrics: &BTreeMap<String, f64>) -> Attr<BTreeMap<String, f64>> {
    let finite: BTreeMap<String, f64> = metrics
        .iter()
        .filter(|(_, value)| value.is_finite())
        .map(|(name, value)| (name.clone(), *value))
        .collect();
    if finite.is_empty() {
        Attr::Null
    } else {
        Attr::Known(finite)
    }
}

/// Fills in what is unknown; what is known stands byte for byte. Nothing unknown is left.
pub(crate) fn fill(mut planned: Object, outputs: &Object) -> Object {
    for (name, value) in &mut planned {
        if value.is_unknown() {
            value.clone_from(get(outputs, name));
        }
        *value = std::mem::take(value).unknown_as_null();
    }
    planned
}
