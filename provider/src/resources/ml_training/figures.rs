//! The planner's figures as the resource shows them: three significant digits, null for what says nothing.

use planner::{Band, Decision, Start};
use schemas::ml_training::{Baseline, Breakdown, Estimate, Range, Savings, Signal};

use crate::text::three;
use crate::time;

fn short<T: Into<f64>>(value: T) -> Option<f64> {
    Some(three(value.into()))
}

fn range<T: Into<f64>>(band: Band<T>) -> Range {
    Range {
        value: short(band.value),
        low: short(band.low),
        high: short(band.high),
    }
}

/// A start as it is shown: null is at once.
pub(crate) fn start(start: Start) -> Option<String> {
    match start {
        Start::AtOnce => None,
        Start::At(moment) => Some(time::rfc3339(moment)),
    }
}

/// `estimate`.
pub(crate) fn estimate(estimate: &planner::Estimate) -> Estimate {
    Estimate {
        energy_kwh: range(estimate.energy_kwh),
        emissions_kg: range(estimate.emissions_kg),
        cost_usd: estimate.cost_usd.map(range).unwrap_or_default(),
        runtime_hours: range(estimate.runtime_hours),
    }
}

/// A part that matters: null below a thousandth of the whole, where it would say nothing in a plan of three digits.
fn part(value: f64, whole: f64) -> Option<f64> {
    let matters = value != 0.0 && value.abs() >= whole.abs() / 1000.0;
    matters.then_some(value).and_then(short)
}

/// `breakdown`.
pub(crate) fn breakdown(decision: &Decision) -> Breakdown {
    let parts = &decision.breakdown;
    Breakdown {
        operational_kg: short(parts.operational_kg),
        embodied_kg: short(parts.embodied_kg),
        transfer_kg: short(parts.transfer_kg),
        compute_usd: parts.compute_usd.and_then(short),
        storage_usd: short(parts.storage_usd),
        transfer_usd: short(parts.transfer_usd),
    }
}

/// `baseline`.
pub(crate) fn baseline(baseline: &planner::Baseline) -> Baseline {
    Baseline {
        region: baseline.region.clone(),
        instance_type: baseline.instance_type.clone(),
        energy_kwh: short(baseline.energy_kwh),
        emissions_kg: short(baseline.emissions_kg),
        cost_usd: baseline.cost_usd.and_then(short),
        runtime_hours: short(baseline.runtime_hours),
        assumed: baseline.assumed,
        hypothetical: baseline.hypothetical,
    }
}

/// `savings`.
pub(crate) fn savings(decision: &Decision) -> Savings {
    let savings = &decision.savings;
    let whole = savings.emissions_kg.get();
    Savings {
        emissions_kg: short(savings.emissions_kg),
        emissions_percent: short(savings.emissions_percent),
        energy_kwh: short(savings.energy_kwh),
        cost_usd: savings.cost_usd.and_then(short),
        region_kg: short(savings.region_kg),
        type_kg: savings.type_kg.and_then(short),
        capacity_kg: part(savings.capacity_kg.get(), whole),
        time_kg: part(savings.time_kg.get(), whole),
    }
}

/// `signal`.
pub(crate) fn signal(signal: &planner::Signal) -> Signal {
    Signal {
        source: signal.source.clone(),
        kind: signal.kind.clone(),
        factor_type: signal.factor_type.clone(),
        quality: signal.quality.clone(),
        zone: signal.zone.clone(),
        gco2_per_kwh: three(signal.gco2_per_kwh.get()),
        renewable_percent: signal.renewable_percent.map(three),
        carbon_free_percent: signal.carbon_free_percent.map(three),
        year: signal.year.map(i64::from),
        issued_at: signal.issued_at.clone(),
    }
}
