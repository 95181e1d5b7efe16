//! What a run took: power and intensity of the catalogue over the phases that AWS reports, and over what its instances did
//! where CloudWatch tells.
//!
//! Energy and manufacture count every attempt; billable seconds count for the cost only, since on spot capacity they are
//! two to four times too low as a measure of time.

use aws::Observation;
use aws::metrics::{Point, Utilisation};
use catalog::Catalog;
use catalog::InstanceType;
use planner::{Capacity, Efficiency, GramsPerKwh, Hours, Measured, Sample, Usage};

/// A run as it was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) region: &'a str,
    pub(crate) instance_type: &'a str,
    pub(crate) instance_count: u32,
    pub(crate) capacity: Capacity,
    /// Intensity that the run was decided with, in gCO2e/kWh.
    pub(crate) intensity: Option<f64>,
    pub(crate) seen: &'a Observation,
    /// Seconds since 1970.
    pub(crate) now: f64,
}

/// Phases in which the instances are at work at training power.
const TRAINING: [&str; 1] = ["Training"];
/// Phases in which they are in use at idle power. Before them no instance is allocated.
const IDLE: [&str; 3] = ["Downloading", "Uploading", "Stopping"];

fn hours_in(run: &Run<'_>, statuses: &[&str]) -> f64 {
    let phases = run
        .seen
        .phases
        .iter()
        .filter(|phase| statuses.contains(&phase.status.as_str()));
    let seconds: f64 = phases
        .map(|phase| {
            phase
                .seconds
                .unwrap_or_else(|| match timestamp(&phase.start) {
                    Some(start) if !run.seen.is_terminal() => (run.now - start).max(0.0),
                    _ => 0.0,
                })
        })
        .sum();
    seconds / 3600.0
}

/// Hours at training power and hours at idle power.
pub(crate) fn hours(run: &Run<'_>) -> (f64, f64) {
    let (training, idle) = (hours_in(run, &TRAINING), hours_in(run, &IDLE));
    if training + idle > 0.0 {
        return (training, idle);
    }
    (
        run.seen.training_seconds.unwrap_or_default() as f64 / 3600.0,
        0.0,
    )
}

/// Hours that the instances were in use so far.
pub(crate) fn elapsed_hours(run: &Run<'_>) -> Option<f64> {
    let (training, idle) = hours(run);
    run.seen.started_at.as_ref().map(|_| training + idle)
}

/// USD so far: billed seconds once they are known, else the hours in use at the catalogue's price.
pub(crate) fn cost_usd(catalog: &Catalog, run: &Run<'_>) -> Option<f64> {
    let price = catalog.price(run.instance_type, run.region)?;
    let per_hour = price.on_demand_usd_h? * f64::from(run.instance_count);
    if let Some(billable) = run.seen.billable_seconds {
        let billable = billable + run.seen.pool_seconds.unwrap_or_default();
        return Some(per_hour * billable as f64 / 3600.0);
    }
    let hours = elapsed_hours(run)?;
    let share = match (run.capacity, price.spot) {
        (Capacity::Spot, Some(market)) => 1.0 - catalog.believed_saving_percent(market) / 100.0,
        _ => 1.0,
    };
    Some(per_hour * hours * share)
}

/// What an ended run took, and how well it used what it ran on; none when it never ran or is not in the catalogue.
pub(crate) fn measured(catalog: &Catalog, run: &Run<'_>) -> Option<(Measured, Efficiency)> {
    let (training, idle) = hours(run);
    if training + idle <= 0.0 {
        return None;
    }
    let pool = run.seen.pool_seconds.unwrap_or_default() as f64 / 3600.0;
    let usage = catalog
        .instance_type(run.instance_type)
        .zip(run.seen.utilisation.as_ref())
        .map(|(kind, found)| usage(kind, found, run));
    let run = planner::Run {
        region: run.region,
        instance_type: run.instance_type,
        instance_count: run.instance_count,
        capacity: run.capacity,
        training_hours: Hours(training),
        other_hours: Hours(idle),
        pool_hours: Hours(pool),
        billable_hours: run
            .seen
            .billable_seconds
            .map(|seconds| Hours(seconds as f64 / 3600.0 + pool)),
        usage: usage.as_ref(),
        intensity: run.intensity.map(GramsPerKwh),
    };
    Some((
        planner::measure(catalog, &run)?,
        planner::judge(catalog, &run)?,
    ))
}

/// AWS's percentages as shares of the whole instance, for the periods in which it trained.
fn usage(kind: &InstanceType, found: &Utilisation, run: &Run<'_>) -> Usage {
    let period = f64::from(found.period_seconds);
    let training: Vec<(f64, f64)> = run
        .seen
        .phases
        .iter()
        .filter(|phase| TRAINING.contains(&phase.status.as_str()))
        .filter_map(|phase| {
            let start = timestamp(&phase.start)?;
            Some((start, start + phase.seconds?))
        })
        .collect();
    // A period belongs to the phase in which its middle lies.
    let trained = |point: &&Point| {
        let middle = point.at + period / 2.0;
        let within = |(start, end): &(f64, f64)| (*start..*end).contains(&middle);
        training.is_empty() || training.iter().any(within)
    };
    let share = |percent: Option<f64>, of: u32| {
        let whole = 100.0 * f64::from(of);
        percent
            .filter(|_| of > 0)
            .map(|percent| (percent / whole).clamp(0.0, 1.0))
    };
    let sample = |point: &Point| Sample {
        cpu: share(point.cpu_percent, kind.vcpu),
        memory: share(point.memory_percent, 1),
        accelerator: share(point.gpu_percent, kind.accelerator_count),
        accelerator_memory: share(point.gpu_memory_percent, kind.accelerator_count),
        disk: share(point.disk_percent, 1),
    };
    Usage {
        period: Hours(period / 3600.0),
        hosts: found
            .hosts
            .iter()
            .map(|host| host.iter().filter(trained).map(sample).collect())
            .collect(),
    }
}

/// RFC 3339 as seconds since 1970.
fn timestamp(text: &str) -> Option<f64> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(timestamp.as_millisecond() as f64 / 1000.0)
}
