//! After the run: what it took, from the phases of the job and from what its instances did.
//!
//! No power is measured on SageMaker. What is measured is time, and how busy the instances were; the catalogue's
//! power model turns that into energy. Where there are no metrics, training counts at the type's usual training power.

use catalog::{Catalog, InstanceType, Region};

use crate::factors::{Factors, Input, METRICS, Metric};
use crate::model::{straying, widths};
use crate::usage::{Sample, Usage};
use crate::{Band, Capacity, GramsPerKwh, Hours, Kg, Kwh, Usd};

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
    /// A warm pool after the run, until it was taken over or ended: at idle power, and no time of the run.
    pub pool_hours: Hours,
    /// What AWS bills, a warm pool included; enters cost only (on spot it is a fraction of the time).
    pub billable_hours: Option<Hours>,
    /// What the instances did while training; `None` without metrics.
    pub usage: Option<&'a Usage>,
    /// Intensity that the run was decided with; `None`: the catalogue's of the region.
    pub intensity: Option<GramsPerKwh>,
}

/// How the energy of a run was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Measured times, at the type's usual training power.
    Modelled,
    /// Measured times and measured use of the instances, at the power that the type has at that use.
    MeasuredModelled,
}

impl Method {
    /// `modelled` or `measured+modelled`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Modelled => "modelled",
            Self::MeasuredModelled => "measured+modelled",
        }
    }
}

/// What a run took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Time per instance, all attempts; a warm pool is none of it.
    pub runtime_hours: Hours,
    /// Energy, PUE and a warm pool included.
    pub energy_kwh: Band<Kwh>,
    /// Emissions: electricity and manufacture.
    pub emissions_kg: Band<Kg>,
    /// List price of the billable time; `None` where a price is unknown.
    pub cost_usd: Option<Usd>,
    /// How the energy was found.
    pub method: Method,
    /// Share of the training time that metrics cover, 0 to 1.
    pub coverage: f64,
}

/// Energy and emissions of a run from its phases and metrics, cost from its billable time. `None` for an
/// unknown region or type.
#[must_use]
pub fn measure(catalog: &Catalog, run: &Run) -> Option<Measured> {
    let region = catalog.region(run.region)?;
    let t = catalog.instance_type(run.instance_type)?;
    let n = f64::from(run.instance_count);
    let (training, other) = (run.training_hours.0.max(0.0), run.other_hours.0.max(0.0));
    let pool = run.pool_hours.0.max(0.0);
    let metered = Metered::of(catalog, t, run);
    let train_w = metered.map_or(t.train_w, |metered| metered.watts);
    let train_kwh = n * region.pue.value * train_w * training / 1000.0;
    let energy = train_kwh + n * region.pue.value * t.idle_w * (other + pool) / 1000.0;
    let intensity = run.intensity.unwrap_or(GramsPerKwh(region.intensity.value));
    let operational = energy * intensity.0 / 1000.0;
    let embodied = t.embodied_g_per_h * n * (training + other + pool) / 1000.0;
    let parts = Parts {
        train: if energy > 0.0 {
            train_kwh / energy
        } else {
            0.0
        },
        operational: if operational + embodied > 0.0 {
            operational / (operational + embodied)
        } else {
            0.0
        },
    };
    let factors = factors(catalog, t, region, &parts, run, metered.is_some());
    let billed = match (run.billable_hours, run.capacity) {
        (Some(billable), _) => Some(billable.0),
        (None, Capacity::OnDemand) => Some(training + other + pool),
        (None, Capacity::Spot) => None,
    };
    let price = catalog
        .price(run.instance_type, run.region)
        .and_then(|p| p.on_demand_usd_h);
    Some(Measured {
        runtime_hours: Hours(training + other),
        energy_kwh: banded(energy, factors.band(Metric::Kwh)).map(Kwh),
        emissions_kg: banded(operational + embodied, factors.band(Metric::Kg)).map(Kg),
        cost_usd: price
            .zip(billed)
            .map(|(price, billed)| Usd(price * n * billed)),
        method: match metered {
            Some(_) => Method::MeasuredModelled,
            None => Method::Modelled,
        },
        coverage: coverage(t, run),
    })
}

/// What the metrics say of the power while training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Metered {
    /// Mean power of one instance in W, without PUE.
    pub(crate) watts: f64,
    /// Of those, what went into work: what the same work would draw if nothing were idle meanwhile.
    pub(crate) useful_watts: f64,
}

impl Metered {
    /// From the metrics of a run; `None` where they cover too little of it, or do not say how busy its processors were.
    pub(crate) fn of(catalog: &Catalog, t: &InstanceType, run: &Run) -> Option<Self> {
        let least = catalog.constants().usage_least_coverage_percent.value / 100.0;
        if coverage(t, run) < least {
            return None;
        }
        let usage = run.usage?;
        let (mut watts, mut useful, mut count) = (0.0, 0.0, 0.0);
        for (drawn, worked) in usage.samples().filter_map(|sample| power(t, sample)) {
            watts += drawn;
            useful += worked;
            count += 1.0;
        }
        (count > 0.0).then(|| Self {
            watts: watts / count,
            useful_watts: useful / count,
        })
    }
}

/// Share of the training time for which there is a figure that the power can be told from.
fn coverage(t: &InstanceType, run: &Run) -> f64 {
    let Some(usage) = run.usage else { return 0.0 };
    let known = usage
        .samples()
        .filter(|sample| power(t, sample).is_some())
        .count();
    let whole = run.training_hours.0 * f64::from(run.instance_count);
    if whole > 0.0 {
        (known as f64 * usage.period.0 / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Power of one instance in W while it is used so, and the part of it that went into work.
///
/// The processors of a type without accelerators follow its curve: load is what the curve was measured over. An
/// accelerator's use is the share of the time in which it ran anything, which says little about its power at that
/// time; fully used, it counts as training usually draws, and in between as on the curve. The accelerators' part of
/// the power follows them, the host's part the processors.
fn power(t: &InstanceType, sample: &Sample) -> Option<(f64, f64)> {
    if t.accelerator_count == 0 {
        let cpu = sample.cpu?;
        return Some((t.power_w(cpu), cpu * t.full_w));
    }
    let used = sample.accelerator?;
    let usual = t.training_load();
    let share = t.accelerator_share;
    let host = (1.0 - share) * t.power_w(sample.cpu.unwrap_or(usual));
    let drawn = share * t.power_w(used * usual) + host;
    Some((drawn, used * (share * t.train_w + host)))
}

/// How a figure splits up.
struct Parts {
    /// Share of the energy that training took.
    train: f64,
    /// Share of the emissions that come from electricity.
    operational: f64,
}

/// What the figures are uncertain by: time is known, use is known where there are metrics, the rest as in an
/// estimate; the grid's width is the annual figure's, also where a forecast decided.
fn factors(
    catalog: &Catalog,
    t: &InstanceType,
    region: &Region,
    parts: &Parts,
    run: &Run,
    metered: bool,
) -> Factors {
    let half = catalog.half_widths();
    let mut factors = Factors::default();
    let mut push = |input, width, energy: f64, grid: f64, embodied: f64| {
        let mut exponent = [0.0; METRICS];
        exponent[Metric::Kwh as usize] = energy;
        exponent[Metric::Kg as usize] = (energy + grid) * parts.operational + embodied;
        factors.push(input, width, exponent);
    };
    push(Input::Power(t.family), t.power_width, 1.0, 0.0, 0.0);
    if t.accelerator_share > 0.0 {
        let share = t.accelerator_share * parts.train;
        push(
            Input::LoadAccelerator,
            half.load_accelerator,
            share,
            0.0,
            0.0,
        );
    }
    if !metered {
        let share = (1.0 - t.accelerator_share) * parts.train;
        push(Input::LoadHost, half.load_host, share, 0.0, 0.0);
    }
    push(Input::Pue(region.name), widths(region.pue), 1.0, 0.0, 0.0);
    let zone = region.zone;
    push(
        Input::Intensity(zone),
        widths(region.intensity),
        0.0,
        1.0,
        0.0,
    );
    let hours = run.training_hours.0 + run.other_hours.0 + run.pool_hours.0;
    let spread = catalog.constants().variability_multiple.value * straying(region, hours);
    push(Input::Variability(zone), [spread, spread], 0.0, 1.0, 0.0);
    let manufacture = 1.0 - parts.operational;
    push(Input::Embodied, t.embodied_width, 0.0, 0.0, manufacture);
    factors
}

fn banded(value: f64, [down, up]: [f64; 2]) -> Band<f64> {
    Band {
        value,
        low: value * (-down).exp(),
        high: value * up.exp(),
    }
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
