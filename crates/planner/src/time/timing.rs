//! A request's time, and the grids over it: built when they are asked for, shared by every "what if".

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::{Catalog, FactorType, Series, Signal, SignalKind, UtcSeconds};

use super::grid::{Grid, Horizon, Reading};
use super::{Signals, SpotPrices, Start, Starts};
use crate::Request;

/// Nothing is looked at that lies further ahead.
const MOST_H: f64 = 3000.0;

/// A request's time.
#[derive(Debug)]
pub(crate) struct Timing {
    pub(crate) earliest: UtcSeconds,
    /// No start is later.
    pub(crate) last: UtcSeconds,
    pub(crate) deadline: Option<UtcSeconds>,
    /// Exactly this start.
    pinned: Option<UtcSeconds>,
    horizon: Horizon,
    pub(crate) reading: Reading,
    signals: Option<Arc<Signals>>,
    prices: Option<Arc<SpotPrices>>,
    grids: Vec<OnceCell<Result<Grid, String>>>,
}

impl Timing {
    /// The time of a request that has one. `among` are the regions that may be chosen and the one that
    /// the baseline is in; `run_h` is longer than any run.
    pub(crate) fn new(
        catalog: &Catalog,
        request: &Request,
        among: &[usize],
        run_h: f64,
    ) -> Option<Self> {
        let earliest = request.earliest_start?;
        let pinned = match request.start {
            Start::AtOnce => None,
            Start::At(moment) => Some(moment),
        };
        let last = earliest.plus_hours(request.max_start_delay_hours.0);
        let end = last.max(pinned.unwrap_or(last)).plus_hours(run_h);
        let horizon = Horizon {
            from: earliest,
            hours: end.hours_since(earliest).ceil().clamp(1.0, MOST_H) as usize,
        };
        let reading = reading(catalog, request.signals.as_deref(), among, horizon);
        Some(Self {
            earliest,
            last,
            deadline: request.deadline,
            pinned,
            horizon,
            reading,
            signals: request.signals.clone(),
            prices: request.spot_prices.clone(),
            grids: catalog.regions().iter().map(|_| OnceCell::new()).collect(),
        })
    }

    /// The same over runs that are so much longer: what is just outside the limits is looked at too.
    pub(crate) fn over(&self, run_h: f64) -> Self {
        let end = self.last.max(self.first()).plus_hours(run_h);
        let hours = end.hours_since(self.earliest).ceil().clamp(1.0, MOST_H);
        Self {
            horizon: Horizon {
                hours: hours as usize,
                ..self.horizon
            },
            reading: self.reading.clone(),
            signals: self.signals.clone(),
            prices: self.prices.clone(),
            grids: self.grids.iter().map(|_| OnceCell::new()).collect(),
            ..*self
        }
    }

    /// The grid of a region.
    ///
    /// # Errors
    /// Why there is none that may be used.
    pub(crate) fn grid(&self, catalog: &Catalog, region: usize) -> Result<&Grid, &str> {
        self.grids[region]
            .get_or_init(|| self.build(catalog, region))
            .as_ref()
            .map_err(String::as_str)
    }

    fn build(&self, catalog: &Catalog, region: usize) -> Result<Grid, String> {
        let r = &catalog.regions()[region];
        let straying = r.variability.h24 * catalog.constants().variability_multiple.value;
        let expected = || Grid::expected(r, straying, self.horizon);
        let signals = match (&self.signals, &self.reading) {
            (Some(signals), Reading::Shape | Reading::Absolute(..)) => signals,
            _ => return Ok(expected()),
        };
        let usable = usable(signals, r.name);
        match (&self.reading, usable) {
            (Reading::Absolute(source, factor_type, kind), Ok(signal)) => {
                if signal.source != *source || signal.factor_type != *factor_type {
                    return Err(format!(
                        "its {} series is from {} ({}), the others' from {source} ({})",
                        kind.as_str(),
                        signal.source,
                        signal.factor_type.as_str(),
                        factor_type.as_str()
                    ));
                }
                let grid = Grid::from_signal(r, straying, self.horizon, signal, false);
                grid.ok_or_else(|| "its series says nothing of the time in question".to_owned())
            }
            (Reading::Absolute(..), Err(why)) => Err(why),
            (_, Ok(signal)) => {
                let grid = Grid::from_signal(r, straying, self.horizon, signal, true);
                Ok(grid.unwrap_or_else(expected))
            }
            (_, Err(_)) => Ok(expected()),
        }
    }

    /// The first start.
    pub(crate) fn first(&self) -> UtcSeconds {
        self.pinned.unwrap_or(self.earliest)
    }

    /// The starts of a run that ends within `high_h` at the latest; `None` if none meets the deadline.
    pub(crate) fn starts(&self, high_h: f64) -> Option<Starts> {
        let first = self.first();
        let last = self.pinned.unwrap_or(self.last);
        let last = match self.deadline {
            None => last,
            Some(deadline) => last.min(deadline.plus_hours(-high_h)),
        };
        (last >= first).then_some(Starts { first, last })
    }

    /// The spot price of a place over time in USD per instance and hour.
    pub(crate) fn spot_price(&self, region: &str, instance_type: &str) -> Option<&Series> {
        self.prices
            .as_ref()?
            .by_place
            .get(region)?
            .get(instance_type)
    }

    /// Whether there are series from outside at all.
    pub(crate) fn has_signals(&self) -> bool {
        self.signals.is_some()
    }

    /// Whether there are prices over time.
    pub(crate) fn has_prices(&self) -> bool {
        self.prices.is_some()
    }

    /// Whether a region's series was left out, and why: for the remarks.
    pub(crate) fn missing(&self, region: &str) -> Option<String> {
        usable(self.signals.as_ref()?, region).err()
    }
}

/// The series of a region, if it is of the kind that is asked for.
fn usable<'s>(signals: &'s Signals, region: &str) -> Result<&'s Signal, String> {
    match signals.by_region.get(region) {
        Some(signal) if signal.kind == signals.kind => Ok(signal),
        Some(signal) => Err(format!(
            "its series is {}, {} is asked for",
            signal.kind.as_str(),
            signals.kind.as_str()
        )),
        None => Err(match signals.missing.get(region) {
            Some(reason) => format!("no {} signal: {reason}", signals.kind.as_str()),
            None => format!("no {} signal", signals.kind.as_str()),
        }),
    }
}

/// Series rank regions only where they can be compared: one source, kind and factor type for every region
/// in question. One that leaves hours to the catalogue has to count what the catalogue counts.
fn reading(
    catalog: &Catalog,
    signals: Option<&Signals>,
    among: &[usize],
    horizon: Horizon,
) -> Reading {
    let Some(signals) = signals else {
        return Reading::Expected;
    };
    let of = |region: &usize| usable(signals, catalog.regions()[*region].name).ok();
    let Some(first) = among.first().and_then(of) else {
        return match signals.kind {
            SignalKind::Average => Reading::Shape,
            // The region to compare with has none: whatever there is, is marginal.
            SignalKind::Marginal => {
                let any = signals.by_region.values().find(|s| s.kind == signals.kind);
                any.map_or(
                    Reading::Absolute(String::new(), FactorType::Unknown, signals.kind),
                    |s| Reading::Absolute(s.source.clone(), s.factor_type, s.kind),
                )
            }
        };
    };
    let absolute = Reading::Absolute(first.source.clone(), first.factor_type, signals.kind);
    if signals.kind == SignalKind::Marginal {
        return absolute;
    }
    let until = horizon.from.plus_hours(horizon.hours as f64);
    let comparable = |signal: &Signal| {
        let reaches = signal.series.start() <= horizon.from && signal.series.end() >= until;
        signal.source == first.source
            && signal.factor_type == first.factor_type
            && signal.series.start() < until
            && signal.series.end() > horizon.from
            && (signal.factor_type == FactorType::LifeCycle || reaches)
    };
    if among
        .iter()
        .all(|region| of(region).is_some_and(comparable))
    {
        absolute
    } else {
        Reading::Shape
    }
}

/// Signals by region, for those who build them.
impl Signals {
    /// No series yet.
    #[must_use]
    pub fn new(kind: SignalKind) -> Self {
        Self {
            kind,
            by_region: BTreeMap::new(),
            missing: BTreeMap::new(),
        }
    }
}
