//! Limits on what comes out: time, intensity, kgCO2e, kWh, USD.

use super::{Scope, Why};
use crate::GateOn;
use crate::model::Model;

/// Asks the rules about the run's time; `high_h` is the upper end of the training hours.
pub(crate) fn runtime(
    m: &Model,
    scope: &Scope,
    index: usize,
    high_h: f64,
    no: &mut dyn FnMut(Why) -> bool,
) -> bool {
    let estimated = m.request.estimated_training_hours.0;
    let slowdown = match m.request.max_slowdown {
        Some(explicit) => Some(explicit),
        None if scope.is_named(index) => None,
        None => Some(m.catalog.constants().max_slowdown.value),
    };
    if let Some(slowdown) = slowdown {
        let most_h = slowdown * estimated;
        if high_h > most_h
            && !no(Why::TooSlow {
                high_h,
                most_h,
                slowdown,
            })
        {
            return false;
        }
    }
    let most_h = m.catalog.constants().max_training_hours.value;
    high_h <= most_h || no(Why::TooLong { high_h, most_h })
}

/// What the gates look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gated {
    pub(crate) kg: f64,
    pub(crate) kg_high: f64,
    pub(crate) kwh: f64,
    pub(crate) kwh_high: f64,
    pub(crate) usd: Option<f64>,
    pub(crate) usd_high: Option<f64>,
    pub(crate) usd_ceiling: Option<f64>,
}

/// Asks for a signal; without time there is always one.
pub(crate) fn signal(m: &Model, region: usize, no: &mut dyn FnMut(Why) -> bool) -> bool {
    match &m.time {
        None => true,
        Some(time) => match time.grid(m.catalog, region) {
            Ok(_) => true,
            Err(why) => no(Why::NoSignal(why.to_owned())),
        },
    }
}

/// Asks the threshold; with time each run has a mean of its own, which is asked when it gets its start.
pub(crate) fn threshold(m: &Model, region: usize, no: &mut dyn FnMut(Why) -> bool) -> bool {
    let own = m.regions()[region].intensity.value;
    match m.request.carbon_intensity_threshold {
        Some(most) if own > most.0 && m.time.is_none() => no(Why::Threshold {
            own,
            most: most.0,
            delays: None,
        }),
        _ => true,
    }
}

/// Asks the gates.
pub(crate) fn gates(m: &Model, x: &Gated, no: &mut dyn FnMut(Why) -> bool) -> bool {
    let request = m.request;
    let (kg, kwh, usd, on, on_usd) = match request.gate_on {
        GateOn::Value => (x.kg, x.kwh, x.usd, "", ""),
        GateOn::High => (
            x.kg_high,
            x.kwh_high,
            x.usd_high,
            " at the upper end",
            " at the upper end",
        ),
        GateOn::Ceiling => (
            x.kg_high,
            x.kwh_high,
            x.usd_ceiling,
            " at the upper end",
            " at the ceiling",
        ),
    };
    if let Some(most) = request
        .max_emissions_kg
        .map(|l| l.0)
        .filter(|most| kg > *most)
        && !no(Why::Emissions { own: kg, most, on })
    {
        return false;
    }
    if let Some(most) = request
        .max_energy_kwh
        .map(|l| l.0)
        .filter(|most| kwh > *most)
        && !no(Why::Energy { own: kwh, most, on })
    {
        return false;
    }
    if let Some(most) = request.max_cost_usd.map(|l| l.0) {
        let why = match usd {
            None => Some(Why::CostUnknown),
            Some(own) if own > most => Some(Why::Cost {
                own,
                most,
                on: on_usd,
            }),
            Some(_) => None,
        };
        if let Some(why) = why {
            return no(why);
        }
    }
    true
}
