//! The figures of a report: each run by what it took, else by its estimate; totals; the same runs elsewhere.

use std::collections::BTreeMap;

use aws::Outcome;
use aws::runs::{Found, Runs};
use catalog::Catalog;
use planner::{Band, Capacity};
use schemas::ml_training::{Baseline, Estimate, Range, Signal};
use schemas::training_report::{Elsewhere, Run, Totals};
use serde::de::DeserializeOwned;

use super::{Report, line};
use crate::json::from_json;
use crate::resources::manifest::Manifest;
use crate::resources::{live_price, measured};
use crate::text::three;

/// Remarks of one kind that are named; the rest are counted.
const NAMED: usize = 20;

/// A run with what is not shown of it.
struct Counted {
    run: Run,
    baseline: Baseline,
    /// Savings are counted.
    saves: bool,
    /// Training hours and other hours of the instances, for another region.
    hours: (f64, f64),
}

/// The report of what was found.
pub(super) fn report(
    catalog: &Catalog,
    found: &Runs,
    compared: Option<&[String]>,
    home: &str,
) -> Report {
    let mut remarks: Vec<String> = found.remarks.iter().take(NAMED).map(line).collect();
    if found.remarks.len() > NAMED {
        remarks.push(format!(
            "{} further manifests are left out for like reasons.",
            found.remarks.len() - NAMED
        ));
    }
    let mut runs = Vec::new();
    for one in &found.runs {
        match Manifest::read(&one.manifest) {
            Some(manifest) => runs.push(counted(catalog, one, &manifest)),
            None => remarks.push(format!(
                "The manifest of {} is left out: it is damaged, or was written by a newer version of the provider.",
                one.handle.job_name.as_deref().unwrap_or_default()
            )),
        }
    }
    let silent = |value: fn(&Run) -> Option<f64>| {
        runs.iter()
            .filter(|one| one.run.basis != "never_ran" && value(&one.run).is_none())
            .count()
    };
    for (what, number) in [
        ("emissions", silent(|run| run.emissions_kg.value)),
        ("energy", silent(|run| run.energy_kwh.value)),
        ("cost", silent(|run| run.cost_usd.value)),
    ] {
        if number > 0 {
            remarks.push(format!(
                "The totals hold no {what} of {number} of {} runs: it is not tracked, or no figure is known.",
                runs.len()
            ));
        }
    }
    let elsewhere = elsewhere(catalog, &runs, compared, home);
    Report {
        as_of: runs
            .iter()
            .filter_map(|one| one.run.ended_at.clone().max(one.run.started_at.clone()))
            .max(),
        totals: totals(&runs),
        elsewhere,
        runs: runs.into_iter().map(|one| one.run).collect(),
        remarks,
        catalog_version: catalog.version().to_owned(),
        ..Report::default()
    }
}

fn read<T: DeserializeOwned + Default>(manifest: &Manifest, output: &str) -> T {
    manifest
        .output(output)
        .and_then(|json| serde_json::from_value(json.clone()).ok())
        .unwrap_or_default()
}

fn ranged<T: Into<f64>>(band: Band<T>) -> Range {
    Range {
        value: Some(band.value.into()),
        low: Some(band.low.into()),
        high: Some(band.high.into()),
    }
}

fn only(value: f64) -> Range {
    Range {
        value: Some(value),
        ..Range::default()
    }
}

fn counted(catalog: &Catalog, found: &Found, manifest: &Manifest) -> Counted {
    let placement = manifest.output("placement").map(from_json);
    let priced = live_price::over(catalog, &placement.unwrap_or_default());
    let catalog = priced.as_ref();
    let (handle, seen) = (&found.handle, &found.observation);
    // Of several types the one that SageMaker took.
    let instance_type = seen.instance_type.as_ref().unwrap_or(&handle.instance_type);
    let estimate: Estimate = read(manifest, "estimate");
    let mut baseline: Baseline = read(manifest, "baseline");
    let signal: Signal = read(manifest, "signal");
    let capacity = if handle.spot {
        Capacity::Spot
    } else {
        Capacity::OnDemand
    };
    let as_seen = measured::Run {
        region: &handle.region,
        instance_type,
        instance_count: handle.instance_count,
        capacity,
        intensity: (!signal.source.is_empty()).then_some(signal.gco2_per_kwh),
        seen,
        now: 0.0,
    };
    // While a run is under way nothing of it moves from one look to the next, so that a report that is kept stays as it is.
    let ended = seen.is_terminal() && seen.status != "NotFound";
    let took = measured::measured(catalog, &as_seen).filter(|_| ended);
    let (training, other) = measured::hours(&as_seen);
    let estimated_hours = estimate.runtime_hours.value.unwrap_or_default();
    let mut run = Run {
        training_job_name: handle.job_name.clone().unwrap_or_default(),
        name: handle.name.clone(),
        region: handle.region.clone(),
        instance_type: instance_type.clone(),
        instance_count: handle.instance_count.into(),
        capacity: capacity.as_str().to_owned(),
        outcome: seen.outcome.as_str().to_owned(),
        started_at: seen.started_at.clone().filter(|_| ended),
        ended_at: seen.ended_at.clone().filter(|_| ended),
        gco2_per_kwh: (!signal.source.is_empty()).then_some(signal.gco2_per_kwh),
        renewable_percent: catalog
            .region(&handle.region)
            .and_then(|region| region.renewable_percent),
        model_parameters_millions: manifest
            .input("model_parameters_millions")
            .and_then(serde_json::Value::as_f64),
        model_size_bytes: seen
            .model_size_bytes
            .and_then(|bytes| i64::try_from(bytes).ok()),
        compression_ratio: seen.compression_ratio().map(three),
        final_metrics: metrics(&seen.final_metrics).filter(|_| ended),
        ..Run::default()
    };
    let mut hours = (training, other);
    if let Some((took, judged)) = took {
        run.efficiency_score = judged.score;
        run.bottleneck = Some(judged.bottleneck.as_str().to_owned());
        run.method = Some(took.method.as_str().to_owned());
        run.basis = "measured".to_owned();
        run.runtime_hours = Some(took.runtime_hours.get());
        run.energy_kwh = ranged(took.energy_kwh);
        run.emissions_kg = ranged(took.emissions_kg);
        let usd = took.cost_usd.map(planner::Usd::get);
        run.cost_usd = usd
            .or_else(|| measured::cost_usd(catalog, &as_seen))
            .map(only)
            .unwrap_or_default();
    } else if ended && seen.started_at.is_none() {
        run.basis = "never_ran".to_owned();
        run.runtime_hours = Some(0.0);
        run.energy_kwh = only(0.0);
        run.emissions_kg = only(0.0);
        run.cost_usd = only(0.0);
        hours = (0.0, 0.0);
    } else {
        run.basis = "estimate".to_owned();
        run.runtime_hours = estimate.runtime_hours.value;
        run.energy_kwh = estimate.energy_kwh;
        run.emissions_kg = estimate.emissions_kg;
        run.cost_usd = estimate.cost_usd;
        hours = (estimated_hours, 0.0);
    }
    for (flag, figure) in [
        ("track_carbon_emissions", &mut run.emissions_kg),
        ("track_energy_usage", &mut run.energy_kwh),
    ] {
        if manifest
            .input(flag)
            .is_some_and(|tracked| *tracked == false)
        {
            *figure = Range::default();
        }
    }
    // The baseline is for the hours that were estimated: over another time it would have taken as much more or less.
    if let (Some(took), true) = (run.runtime_hours, estimated_hours > 0.0) {
        for figure in [
            &mut baseline.energy_kwh,
            &mut baseline.emissions_kg,
            &mut baseline.cost_usd,
        ] {
            *figure = figure.map(|figure| figure * took / estimated_hours);
        }
    }
    let saves = seen.outcome == Outcome::Succeeded || !seen.is_terminal();
    if saves {
        let below = |baseline: Option<f64>, took: &Range| Some(baseline? - took.value?);
        run.saved_energy_kwh = below(baseline.energy_kwh, &run.energy_kwh);
        run.saved_emissions_kg = below(baseline.emissions_kg, &run.emissions_kg);
        run.saved_cost_usd = below(baseline.cost_usd, &run.cost_usd);
        run.efficiency_percent = percent(run.saved_energy_kwh, baseline.energy_kwh);
    }
    run.kg_per_million_parameters = match (run.emissions_kg.value, run.model_parameters_millions) {
        (Some(kg), Some(millions)) if millions > 0.0 => Some(kg / millions),
        _ => None,
    };
    let mut counted = Counted {
        run,
        baseline,
        saves,
        hours,
    };
    shorten(&mut counted.run);
    counted
}

fn metrics(metrics: &BTreeMap<String, f64>) -> Option<BTreeMap<String, f64>> {
    let finite: BTreeMap<String, f64> = metrics
        .iter()
        .filter(|(_, value)| value.is_finite())
        .map(|(name, value)| (name.clone(), *value))
        .collect();
    (!finite.is_empty()).then_some(finite)
}

fn percent(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    match (part, whole) {
        (Some(part), Some(whole)) if whole > 0.0 => Some(part / whole * 100.0),
        _ => None,
    }
}

/// Three significant digits, as everywhere.
fn shorten(run: &mut Run) {
    for range in [
        &mut run.energy_kwh,
        &mut run.emissions_kg,
        &mut run.cost_usd,
    ] {
        shorten_range(range);
    }
    for figure in [
        &mut run.runtime_hours,
        &mut run.saved_energy_kwh,
        &mut run.saved_emissions_kg,
        &mut run.saved_cost_usd,
        &mut run.efficiency_percent,
        &mut run.kg_per_million_parameters,
    ] {
        *figure = figure.map(three);
    }
}

fn shorten_range(range: &mut Range) {
    for figure in [&mut range.value, &mut range.low, &mut range.high] {
        *figure = figure.map(three);
    }
}

fn sum(figures: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    figures
        .flatten()
        .fold(None, |sum, figure| Some(sum.unwrap_or(0.0) + figure))
}

/// Ends add up with ends; a figure without a range counts as it is. Without any range there is none.
fn added<'a>(ranges: impl Iterator<Item = &'a Range> + Clone) -> Range {
    let any = ranges
        .clone()
        .any(|range| range.low.is_some() || range.high.is_some());
    let mut total = Range {
        value: sum(ranges.clone().map(|range| range.value)),
        low: sum(ranges.clone().map(|range| range.low.or(range.value))).filter(|_| any),
        high: sum(ranges.map(|range| range.high.or(range.value))).filter(|_| any),
    };
    shorten_range(&mut total);
    total
}

fn totals(runs: &[Counted]) -> Totals {
    let number = |which: &dyn Fn(&Run) -> bool| {
        i64::try_from(runs.iter().filter(|one| which(&one.run)).count()).unwrap_or(i64::MAX)
    };
    let saved = |figure: fn(&Run) -> Option<f64>| sum(runs.iter().map(|one| figure(&one.run)));
    let saved_energy = saved(|run| run.saved_energy_kwh);
    let compared = runs
        .iter()
        .filter(|one| one.saves && one.run.saved_energy_kwh.is_some());
    let baseline = sum(compared.map(|one| one.baseline.energy_kwh));
    let renewable = runs
        .iter()
        .filter_map(|one| Some((one.run.energy_kwh.value?, one.run.renewable_percent?)));
    let (energy, weighted) = renewable.fold((0.0, 0.0), |(energy, weighted), (kwh, share)| {
        (energy + kwh, weighted + kwh * share)
    });
    let per_million: Vec<f64> = runs
        .iter()
        .filter_map(|one| one.run.kg_per_million_parameters)
        .collect();
    Totals {
        runs: number(&|_| true),
        measured: number(&|run| run.basis == "measured"),
        estimated: number(&|run| run.basis == "estimate"),
        succeeded: number(&|run| run.outcome == Outcome::Succeeded.as_str()),
        energy_kwh: added(runs.iter().map(|one| &one.run.energy_kwh)),
        emissions_kg: added(runs.iter().map(|one| &one.run.emissions_kg)),
        cost_usd: added(runs.iter().map(|one| &one.run.cost_usd)),
        saved_energy_kwh: saved_energy.map(three),
        saved_emissions_kg: saved(|run| run.saved_emissions_kg).map(three),
        saved_cost_usd: saved(|run| run.saved_cost_usd).map(three),
        efficiency_percent: percent(saved_energy, baseline).map(three),
        renewable_percent: (energy > 0.0).then(|| three(weighted / energy)),
        kg_per_million_parameters: (!per_million.is_empty())
            .then(|| three(per_million.iter().sum::<f64>() / per_million.len() as f64)),
    }
}

/// What one run emits in a region by the catalogue, over the hours that it took.
fn emits(catalog: &Catalog, one: &Counted, region: &str) -> Option<f64> {
    let run = planner::Run {
        region,
        instance_type: &one.run.instance_type,
        instance_count: u32::try_from(one.run.instance_count).ok()?,
        capacity: Capacity::OnDemand,
        training_hours: planner::Hours(one.hours.0),
        other_hours: planner::Hours(one.hours.1),
        pool_hours: planner::Hours(0.0),
        billable_hours: None,
        usage: None,
        intensity: None,
    };
    Some(planner::measure(catalog, &run)?.emissions_kg.value.get())
}

/// The runs' own emissions, each times what the catalogue says of the other region over what it says of its own: live
/// signals and transfers stay out of the comparison, and a region compared with itself is itself.
fn elsewhere(
    catalog: &Catalog,
    runs: &[Counted],
    compared: Option<&[String]>,
    home: &str,
) -> Vec<Elsewhere> {
    let counted: Vec<(&Counted, f64, f64)> = runs
        .iter()
        .filter_map(|one| {
            let kg = one.run.emissions_kg.value.filter(|kg| *kg > 0.0)?;
            let own = emits(catalog, one, &one.run.region).filter(|kg| *kg > 0.0)?;
            Some((one, kg, own))
        })
        .collect();
    if counted.is_empty() {
        return Vec::new();
    }
    let total: f64 = counted.iter().map(|(_, kg, _)| kg).sum();
    let partition = aws::naming::partition(home);
    let regions: Vec<&str> = match compared {
        Some(named) => named.iter().map(String::as_str).collect(),
        None => catalog
            .regions()
            .iter()
            .filter(|region| region.partition == partition)
            .map(|region| region.name)
            .filter(|region| {
                counted.iter().all(|(one, ..)| {
                    *region == one.run.region
                        || catalog.price(&one.run.instance_type, region).is_some()
                })
            })
            .collect(),
    };
    let mut rows: Vec<Elsewhere> = regions
        .into_iter()
        .filter_map(|name| {
            let region = catalog.region(name)?;
            let kg = counted
                .iter()
                .map(|(one, kg, own)| Some(kg * emits(catalog, one, name)? / own))
                .sum::<Option<f64>>()?;
            Some(Elsewhere {
                region: name.to_owned(),
                gco2_per_kwh: three(region.intensity.value),
                emissions_kg: three(kg),
                difference_percent: Some(three((kg / total - 1.0) * 100.0)),
            })
        })
        .collect();
    rows.sort_by(|one, other| {
        one.emissions_kg
            .total_cmp(&other.emissions_kg)
            .then_with(|| one.region.cmp(&other.region))
    });
    rows
}
