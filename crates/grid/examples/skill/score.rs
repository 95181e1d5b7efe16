//! What forecasts are worth: their errors, their ranges, and the share of the perfect choice's saving that they keep.

use catalog::{Catalog, Series};
use grid::forecast::{blend, from_history};

use crate::data::{Data, ISSUED, REACH};

/// Job and slack in h.
pub(crate) type Case = (usize, usize);

/// Who chooses the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    AtOnce,
    /// The last day again and again.
    LastDay,
    /// The last week again.
    LastWeek,
    /// The usual hours.
    Usual,
    /// History alone, without the usual hours.
    Lags,
    /// History and the usual hours.
    History,
    /// The issued forecast, then the usual hours.
    Issued,
    /// The issued forecast, mixed with history and usual hours.
    Blend,
    /// The same, with a history but no usual hours.
    BlendLags,
    /// The same, with usual hours but no history.
    BlendUsual,
    /// The blend, where a start inside the noise starts at once.
    Quiet,
}

impl Method {
    pub(crate) const ALL: [Self; 11] = [
        Self::AtOnce,
        Self::LastDay,
        Self::LastWeek,
        Self::Usual,
        Self::Lags,
        Self::History,
        Self::Issued,
        Self::Blend,
        Self::BlendLags,
        Self::BlendUsual,
        Self::Quiet,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at once",
            Self::LastDay => "last day",
            Self::LastWeek => "last week",
            Self::Usual => "usual hours",
            Self::Lags => "history",
            Self::History => "history + usual hours",
            Self::Issued => "issued forecast",
            Self::Blend => "blend",
            Self::BlendLags => "blend, no usual hours",
            Self::BlendUsual => "blend, no history",
            Self::Quiet => "blend, noise rule",
        }
    }

    /// Whether it needs somebody's forecast.
    pub(crate) fn needs_issued(self) -> bool {
        matches!(
            self,
            Self::Issued | Self::Blend | Self::BlendLags | Self::BlendUsual | Self::Quiet
        )
    }

    /// What it says from an issue day on, as far as [`REACH`]. `index` counts the grid's issued forecasts.
    pub(crate) fn series(
        self,
        data: &Data,
        zone: &str,
        place: usize,
        index: Option<usize>,
    ) -> Series {
        let trace = &data.traces[zone];
        let hourly = |values: Vec<f64>| Series::new(data.at(place), 3600, values).expect("finite");
        let (now, until) = (data.at(place), data.at((place + REACH).min(trace.len())));
        let hours = (place + REACH).min(trace.len()) - place;
        let usual = &data.usual[zone][place..place + hours];
        let issued = || data.forecast(zone, index.expect("a grid with forecasts"));
        let history = data.history(zone, place);
        match self {
            Self::AtOnce => hourly(vec![1.0; hours]),
            Self::LastDay => hourly((0..hours).map(|h| trace[place - 24 + h % 24]).collect()),
            Self::LastWeek => hourly((0..hours).map(|h| trace[place - 168 + h % 168]).collect()),
            // At the level of the last week, which matters for the error and not for the choice.
            Self::Usual => {
                let week = place - 168..place;
                let scale = trace[week.clone()].iter().sum::<f64>()
                    / data.usual[zone][week].iter().sum::<f64>();
                hourly(usual.iter().map(|u| u * scale).collect())
            }
            Self::Lags | Self::History => {
                let expected = data.expected(zone, place, self == Self::History);
                from_history(&history, &expected, now, until)
                    .expect("four weeks of history")
                    .series
            }
            Self::Issued => {
                let mut values = issued().series.values().to_vec();
                let scale = values.iter().sum::<f64>() / usual[..ISSUED].iter().sum::<f64>();
                values.extend(usual[ISSUED..].iter().map(|u| u * scale));
                hourly(values)
            }
            Self::Blend | Self::Quiet => {
                blend(&issued(), &data.expected(zone, place, true), Some(&history)).series
            }
            Self::BlendLags => {
                blend(
                    &issued(),
                    &data.expected(zone, place, false),
                    Some(&history),
                )
                .series
            }
            Self::BlendUsual => blend(&issued(), &data.expected(zone, place, true), None).series,
        }
    }
}

/// The start of least mean among 0..=slack hours; the earliest of equals.
pub(crate) fn best(series: &Series, job: usize, slack: usize) -> (usize, f64) {
    let mean = |delay: usize| {
        series
            .mean(series.start().plus_hours(delay as f64), job as f64)
            .expect("within reach")
    };
    (1..=slack).fold((0, mean(0)), |found, delay| {
        let here = mean(delay);
        if here < found.1 { (delay, here) } else { found }
    })
}

/// The start that a method chooses.
pub(crate) fn choice(method: Method, series: &Series, (job, slack): Case) -> usize {
    let (delay, least) = best(series, job, slack);
    if method != Method::Quiet {
        return delay;
    }
    let c = Catalog::embedded();
    let c = c.constants();
    let now = series.start();
    let mean = series.mean(now, job as f64).expect("within reach");
    let sd = series
        .difference_sd(
            now,
            now.plus_hours(delay as f64),
            job as f64,
            c.start_noise_memory_hours.value,
        )
        .unwrap_or(0.0);
    let needed = (c.start_noise_multiple.value * sd).max(c.start_least_gain.value * mean);
    if mean - least > needed { delay } else { 0 }
}

/// Sums over the issue days of one grid, in g/kWh times days.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) at_once: f64,
    pub(crate) oracle: f64,
    pub(crate) chosen: f64,
}

impl Kept {
    pub(crate) fn saved(self) -> f64 {
        1.0 - self.chosen / self.at_once
    }

    pub(crate) fn possible(self) -> f64 {
        1.0 - self.oracle / self.at_once
    }
}

/// Issue days of a grid: those of its forecasts, or every midnight of the half year. With `late`, October on.
pub(crate) fn issues(data: &Data, zone: &str, late: bool) -> Vec<(usize, Option<usize>)> {
    let first = if late { data.october } else { data.july };
    let days: Vec<(usize, Option<usize>)> = match data.forecasts.get(zone) {
        Some(issued) => issued
            .iter()
            .enumerate()
            .map(|(i, (place, _))| (*place, Some(i)))
            .collect(),
        None => (data.july..data.traces[zone].len() - ISSUED)
            .step_by(24)
            .map(|p| (p, None))
            .collect(),
    };
    days.into_iter()
        .filter(|(place, _)| *place >= first)
        .collect()
}

/// What a method keeps on a grid, per case.
pub(crate) fn kept(
    data: &Data,
    zone: &str,
    method: Method,
    cases: &[Case],
    late: bool,
) -> Vec<Kept> {
    let trace = &data.traces[zone];
    let mut out = vec![Kept::default(); cases.len()];
    for (place, index) in issues(data, zone, late) {
        let said = method.series(data, zone, place, index);
        let until = (place + REACH).min(trace.len());
        let came = Series::new(data.at(place), 3600, trace[place..until].to_vec()).expect("finite");
        let mean = |delay: usize, job: usize| {
            came.mean(came.start().plus_hours(delay as f64), job as f64)
                .expect("within reach")
        };
        for (case, sums) in cases.iter().zip(&mut out) {
            let (job, slack) = *case;
            // The last days of the year do not reach.
            if place + job + slack > trace.len() {
                continue;
            }
            sums.at_once += mean(0, job);
            sums.oracle += best(&came, job, slack).1;
            sums.chosen += mean(choice(method, &said, *case), job);
        }
    }
    out
}

/// Share of the oracle's saving that is kept over grids, each by its relative saving, in percent.
pub(crate) fn share(kept: &[Kept]) -> f64 {
    let saved: f64 = kept.iter().map(|k| k.saved()).sum();
    let possible: f64 = kept.iter().map(|k| k.possible()).sum();
    100.0 * saved / possible
}

/// Mean absolute error in percent of what came, per day ahead (1, 2, 3, 4), and the share of hours within the range.
pub(crate) fn errors(data: &Data, zone: &str, method: Method, late: bool) -> ([f64; 4], [f64; 4]) {
    let mut sums = [(0.0, 0.0, 0.0); 4];
    for (place, index) in issues(data, zone, late) {
        let said = method.series(data, zone, place, index);
        for lead in 0..ISSUED {
            let (came, value) = (data.traces[zone][place + lead], said.values()[lead]);
            let held = said
                .ranges()
                .get(lead)
                .is_some_and(|[low, high]| (*low..=*high).contains(&came));
            let cell = &mut sums[lead / 24];
            cell.0 += (value - came).abs() / came;
            cell.1 += f64::from(u8::from(held));
            cell.2 += 1.0;
        }
    }
    (
        sums.map(|(error, _, n)| 100.0 * error / n),
        sums.map(|(_, held, n)| 100.0 * held / n),
    )
}

/// Grids of the comparison of region and time, with the one that the job would stand in otherwise.
pub(crate) const REGIONS: [&str; 3] = ["US-MIDA-PJM", "US-CAL-CISO", "US-TEX-ERCO"];

/// Saving in percent against starting at once in the first of [`REGIONS`]: region and start by the oracle, by the
/// method, and the best grid alone (by its mean before July). The oracle is first. A grid without issued forecasts uses its history.
pub(crate) fn region_and_time(data: &Data, method: Method, case: Case) -> [f64; 3] {
    let (job, slack) = case;
    let mut sums = [0.0; 4];
    let mean = |zone: &str| data.means[zone];
    let least = REGIONS
        .into_iter()
        .min_by(|a, b| mean(a).total_cmp(&mean(b)))
        .unwrap_or(REGIONS[0]);
    for (place, index) in issues(data, REGIONS[0], false) {
        if place + job + slack > data.traces[REGIONS[0]].len() {
            continue;
        }
        let mut chosen: Option<(f64, f64)> = None;
        let mut oracle = f64::INFINITY;
        for zone in REGIONS {
            let trace = &data.traces[zone];
            let until = (place + REACH).min(trace.len());
            let came =
                Series::new(data.at(place), 3600, trace[place..until].to_vec()).expect("finite");
            let own = data
                .forecasts
                .get(zone)
                .and_then(|issued| issued.iter().position(|i| i.0 == place));
            let method = match (own, method) {
                (None, method) if method.needs_issued() => Method::History,
                (_, method) => method,
            };
            let said = method.series(data, zone, place, own.or(index));
            // The usual hours alone stand around the grid's mean, not around its last week.
            let scale = match method {
                Method::Usual => mean(zone) * data.usual[zone][place] / said.values()[0],
                _ => 1.0,
            };
            let delay = choice(method, &said, case);
            let at = |series: &Series| {
                series
                    .mean(series.start().plus_hours(delay as f64), job as f64)
                    .expect("within reach")
            };
            let value = at(&said) * scale;
            oracle = oracle.min(best(&came, job, slack).1);
            if chosen.is_none_or(|(least, _)| value < least) {
                chosen = Some((value, at(&came)));
            }
            if zone == REGIONS[0] {
                sums[0] += came.mean(came.start(), job as f64).expect("within reach");
            }
            if zone == least {
                sums[3] += came.mean(came.start(), job as f64).expect("within reach");
            }
        }
        sums[1] += oracle;
        sums[2] += chosen.map_or(0.0, |(_, came)| came);
    }
    [sums[1], sums[2], sums[3]].map(|sum| 100.0 * (1.0 - sum / sums[0]))
}
