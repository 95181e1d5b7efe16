//! What one region's grid is taken to emit, step by step, over the time in question.

use catalog::{FactorType, Quality, Region, Series, Signal, SignalKind, UtcSeconds};

use super::Curve;

/// How series from outside are read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    /// There are none: the catalogue's expectation.
    Expected,
    /// They give the hours their shape, the catalogue their level.
    Shape,
    /// As they are: all from this source, of this factor type and kind.
    Absolute(String, FactorType, SignalKind),
}

/// The intensity of one region over the time in question.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) curve: Curve,
    /// Least and greatest plausible values, where a range is known for any of them.
    pub(crate) ranges: Option<[Curve; 2]>,
    /// The level of the region without any time, in the signal's kind: for what moves between regions.
    pub(crate) level: f64,
    /// What is said of it; its series is dropped.
    pub(crate) told: Told,
}

/// Who says so, and from when to when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) source: Option<String>,
    pub(crate) zone: String,
    pub(crate) kind: SignalKind,
    pub(crate) factor_type: FactorType,
    pub(crate) quality: Quality,
    pub(crate) issued_at: Option<UtcSeconds>,
    pub(crate) estimated: bool,
    /// Whether it shapes the hours only.
    pub(crate) shaped: bool,
    /// What the series from outside covers; `None` without one.
    pub(crate) covers: Option<[UtcSeconds; 2]>,
}

/// The time in question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    pub(crate) from: UtcSeconds,
    pub(crate) hours: usize,
}

/// The shortest and the longest step of a start grid: 5 and 60 minutes.
const STEPS_S: [u32; 2] = [300, 3600];

impl Grid {
    /// From the catalogue's expectation alone.
    pub(crate) fn expected(region: &Region, straying: f64, horizon: Horizon) -> Self {
        let signal = region.expected(horizon.from, horizon.hours + 1);
        let told = told(&signal, None, false, None);
        let steps = Steps::on(&signal.series, horizon);
        let mut curve = Curve::with_capacity(steps.start, steps.step_s, steps.count);
        extend(&mut curve, steps, 0..steps.count, &signal.series, 1.0);
        let ranges = ranges(&curve, horizon, straying, None, &signal.series);
        Self {
            curve,
            ranges,
            level: region.intensity.value,
            told,
        }
    }

    /// From a series, and the expectation where it does not reach. `None` if it says nothing of the time
    /// in question.
    pub(crate) fn from_signal(
        region: &Region,
        straying: f64,
        horizon: Horizon,
        signal: &Signal,
        shaped: bool,
    ) -> Option<Self> {
        let series = &signal.series;
        let until = horizon.from.plus_hours(horizon.hours as f64);
        (series.start() < until && series.end() > horizon.from).then_some(())?;
        let whole = series.end().hours_since(series.start());
        let mean = series.mean(series.start(), whole)?;
        let scale = if shaped {
            let usual = region.expected(series.start(), whole.ceil() as usize + 1);
            let usual = usual.series.mean(series.start(), whole)?;
            (mean > 0.0).then_some(usual / mean)?
        } else {
            1.0
        };
        let steps = Steps::on(series, horizon);
        let step = i64::from(steps.step_s);
        let place = |seconds: i64| {
            usize::try_from(seconds / step)
                .unwrap_or(0)
                .min(steps.count)
        };
        let begin = place((series.start().0 - steps.start.0).max(0) + step - 1);
        let end = place((series.end().0 - steps.start.0).max(0)).max(begin);
        // Where it does not reach; no figure of the other kind may stand in.
        let reaches = begin == 0 && end == steps.count;
        let rest = match signal.kind {
            SignalKind::Average if !reaches => {
                region.expected(horizon.from, horizon.hours + 1).series
            }
            _ => Series::new(horizon.from, 3600, vec![mean]).ok()?,
        };
        let mut curve = Curve::with_capacity(steps.start, steps.step_s, steps.count);
        extend(&mut curve, steps, 0..begin, &rest, 1.0);
        extend(&mut curve, steps, begin..end, series, scale);
        extend(&mut curve, steps, end..steps.count, &rest, 1.0);
        let ranges = ranges(&curve, horizon, straying, Some(series), &rest);
        let level = match signal.kind {
            SignalKind::Average => region.intensity.value,
            SignalKind::Marginal => mean,
        };
        Some(Self {
            curve,
            ranges,
            level,
            told: told(signal, Some(signal.source.clone()), shaped, Some(series)),
        })
    }
}

/// Adds the steps `part` of a grid from a series; where it does not reach, its first or last value holds.
fn extend(
    curve: &mut Curve,
    steps: Steps,
    part: std::ops::Range<usize>,
    series: &Series,
    scale: f64,
) {
    if part.is_empty() {
        return;
    }
    let (own, step_s) = (series.values(), i64::from(series.step_s()));
    let apart = steps.moment(part.start).0 - series.start().0;
    let first = usize::try_from(apart / step_s).unwrap_or(usize::MAX);
    // Steps that are the series' own are copied, others are means over it.
    let same = series.step_s() == steps.step_s && apart >= 0 && apart % step_s == 0;
    if same && first.saturating_add(part.len()) <= own.len() {
        let copied = &own[first..first + part.len()];
        curve.extend(copied.iter().map(|value| value * scale));
        return;
    }
    let step_h = f64::from(steps.step_s) / 3600.0;
    curve.extend(part.map(|step| {
        let moment = steps.moment(step);
        let value = series.mean(moment, step_h).unwrap_or_else(|| {
            let place = (moment.0 - series.start().0).div_euclid(step_s).max(0);
            own[usize::try_from(place).unwrap_or(0).min(own.len() - 1)]
        });
        value * scale
    }));
}

/// The ends of the plausible range, hour by hour, where any series gives one: hours are near enough for a
/// width. Where none is known, a single run's usual distance from the year's average stands in.
fn ranges(
    curve: &Curve,
    horizon: Horizon,
    straying: f64,
    first: Option<&Series>,
    rest: &Series,
) -> Option<[Curve; 2]> {
    let known = |series: &Series| !series.ranges().is_empty();
    (first.is_some_and(known) || known(rest)).then_some(())?;
    let usual = [(-straying).exp(), straying.exp()];
    let hours = || (0..horizon.hours).map(|h| UtcSeconds(horizon.from.0 + h as i64 * 3600));
    let end = |which: usize| {
        let mut end = Curve::with_capacity(horizon.from, 3600, horizon.hours);
        end.extend(hours().map(|moment| {
            let inside = first.filter(|series| series.at(moment).is_some());
            let range = share(inside.unwrap_or(rest), moment).unwrap_or(usual);
            curve.integral(moment, 1.0) * range[which]
        }));
        end
    };
    Some([end(0), end(1)])
}

/// The range at a moment as shares of the value; `None` where none is known.
fn share(series: &Series, moment: UtcSeconds) -> Option<[f64; 2]> {
    let step = (moment.0 - series.start().0).div_euclid(i64::from(series.step_s()));
    let step = usize::try_from(step).ok()?;
    let (value, [low, high]) = (*series.values().get(step)?, *series.ranges().get(step)?);
    (value > 0.0).then(|| [low / value, high / value])
}

fn told(signal: &Signal, source: Option<String>, shaped: bool, covers: Option<&Series>) -> Told {
    Told {
        source,
        zone: signal.zone.clone(),
        kind: signal.kind,
        factor_type: signal.factor_type,
        quality: signal.quality,
        issued_at: signal.issued_at,
        estimated: signal.estimated,
        shaped,
        covers: covers.map(|series| [series.start(), series.end()]),
    }
}

/// The steps of a grid: those of a series where they are 5 to 60 minutes long, on its boundaries.
#[derive(Clone, Copy, Debug)]
struct Steps {
    start: UtcSeconds,
    step_s: u32,
    count: usize,
}

impl Steps {
    fn on(series: &Series, horizon: Horizon) -> Self {
        let step_s = series.step_s().clamp(STEPS_S[0], STEPS_S[1]);
        let step = i64::from(step_s);
        let before = (horizon.from.0 - series.start().0).rem_euclid(step);
        let seconds = horizon.hours as i64 * 3600 + before;
        Self {
            start: UtcSeconds(horizon.from.0 - before),
            step_s,
            count: usize::try_from(seconds / step).unwrap_or(0) + 1,
        }
    }

    fn moment(self, i: usize) -> UtcSeconds {
        UtcSeconds(self.start.0 + i as i64 * i64::from(self.step_s))
    }
}
