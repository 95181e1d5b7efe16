//! From a source's single values to a signal: order, step, holes, what is possible, and the hours that were
//! asked for. Every source goes through here, so that they all keep to the same rules.

use catalog::{FactorType, Quality, Series, Signal, SignalKind, UtcSeconds};

use crate::source::{Reason, one_line};
use crate::{Answer, Failure, What, moment};

/// The shortest and the longest step, in seconds.
pub(crate) const STEPS: std::ops::RangeInclusive<i64> = 300..=3600;
/// A hole of up to two hours is bridged by a straight line, and the signal is marked as estimated.
pub(crate) const MOST_BRIDGED_S: i64 = 2 * 3600;
/// Above this no power plant is known to run, in g/kWh: old oil shale and peat stay below 1,500. Kept, and said.
pub(crate) const PLAUSIBLE: f64 = 1500.0;
/// Above this the unit must be another one, in g/kWh.
pub(crate) const POSSIBLE: f64 = 3000.0;
/// A clock may be this far behind the source's.
const SKEW_S: i64 = 3600;
/// A forecast older than this is none.
const FORECAST_AGE_S: i64 = 24 * 3600;

/// One value of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Start of its step.
    pub(crate) at: UtcSeconds,
    /// gCO2e/kWh.
    pub(crate) value: f64,
    /// Estimated by the source, not measured.
    pub(crate) estimated: bool,
    /// Least and greatest plausible value, where the source gives them.
    pub(crate) range: Option<[f64; 2]>,
    /// Renewable share in percent, where the source gives it.
    pub(crate) renewable: Option<f64>,
}

impl Point {
    /// A measured value, or a forecast one.
    pub(crate) fn new(at: UtcSeconds, value: f64) -> Self {
        Self {
            at,
            value,
            estimated: false,
            range: None,
            renewable: None,
        }
    }
}

/// What a source said about a zone.
#[derive(Clone, Debug)]
pub(crate) struct Reading<'a> {
    /// Who said it.
    pub(crate) source: &'a str,
    /// Of which zone.
    pub(crate) zone: &'a str,
    pub(crate) kind: SignalKind,
    pub(crate) factor_type: FactorType,
    /// When it was issued.
    pub(crate) issued_at: Option<UtcSeconds>,
    /// In any order; of two values of one moment the later one counts.
    pub(crate) points: Vec<Point>,
    /// The step, where the source states it or has only one.
    pub(crate) step_s: Option<i64>,
    /// How old its newest value may be to count as the latest, in seconds.
    pub(crate) latest_age_s: i64,
    pub(crate) remarks: Vec<String>,
}

/// Makes the signal of the hours that were asked for.
pub(crate) fn answer(reading: Reading<'_>, what: What, now: UtcSeconds) -> Result<Answer, Failure> {
    if let Some(issued) = reading.issued_at {
        not_skewed(issued, what, now)?;
    }
    let mut points = reading.points;
    points.sort_by_key(|point| point.at);
    // Sorting is stable: of two values of one moment the one that came later stands last.
    points.reverse();
    points.dedup_by_key(|point| point.at);
    points.reverse();
    let remarks = reading.remarks.iter();
    let mut remarks: Vec<String> = remarks.map(|remark| one_line(remark)).collect();
    let step_s = step(&points, reading.step_s)?;
    let points = match what {
        What::Latest => latest(points, step_s, now, reading.latest_age_s)?,
        What::Forecast { from, until } => {
            let run = within(points, step_s, from, until)?;
            whole(run, step_s, Side::First, &mut remarks)
        }
        What::History { from, until } => {
            let run = within(points, step_s, from, until)?;
            whole(run, step_s, Side::Last, &mut remarks)
        }
    };
    possible(&points, reading.kind, &mut remarks)?;
    let bridged = points.len();
    let points = bridge(points, step_s);
    let bridged = points.len() - bridged;
    if bridged > 0 {
        remarks.push(format!(
            "{bridged} of {} steps had no value and were bridged",
            points.len()
        ));
    }
    let series = series(&points, step_s)?;
    let shares: Vec<f64> = points.iter().filter_map(|point| point.renewable).collect();
    Ok(Answer {
        renewable_percent: (!shares.is_empty())
            .then(|| shares.iter().sum::<f64>() / shares.len() as f64),
        signal: Signal {
            source: reading.source.to_owned(),
            zone: reading.zone.to_owned(),
            kind: reading.kind,
            factor_type: reading.factor_type,
            quality: match what {
                What::Forecast { .. } => Quality::Forecast,
                What::History { .. } | What::Latest => Quality::Live,
            },
            issued_at: reading.issued_at,
            estimated: points.iter().any(|point| point.estimated),
            series,
        },
        fallback: false,
        remarks,
    })
}

/// A source's clock and ours have to be near each other, and a forecast has to be of today.
fn not_skewed(issued: UtcSeconds, what: What, now: UtcSeconds) -> Result<(), Failure> {
    let skew = |message| Err(Failure::new(Reason::Skew, message));
    if issued.0 > now.0 + SKEW_S {
        return skew(format!(
            "it is dated {}, but here it is {}: check the clock of this machine",
            moment::full(issued),
            moment::full(now)
        ));
    }
    if matches!(what, What::Forecast { .. }) && issued.0 < now.0 - FORECAST_AGE_S {
        return skew(format!(
            "its newest forecast was issued at {}, more than a day ago",
            moment::full(issued)
        ));
    }
    Ok(())
}

/// No value is absurd; odd ones are said.
fn possible(points: &[Point], kind: SignalKind, remarks: &mut Vec<String>) -> Result<(), Failure> {
    for point in points {
        if let Some(trouble) = impossible(point.value, kind) {
            let at = moment::full(point.at);
            return Err(Failure::new(
                Reason::Unreadable,
                format!("its value of {at}, {trouble}"),
            ));
        }
    }
    for (odd, what) in [
        (
            points.iter().filter(|point| point.value < 0.0).count(),
            "below 0".to_owned(),
        ),
        (
            points
                .iter()
                .filter(|point| point.value > PLAUSIBLE)
                .count(),
            format!("above {PLAUSIBLE} g/kWh"),
        ),
    ] {
        if odd > 0 {
            remarks.push(format!(
                "{odd} of {} values are {what} and were kept",
                points.len()
            ));
        }
    }
    Ok(())
}

/// Why a value cannot be an intensity of this kind in g/kWh.
pub(crate) fn impossible(value: f64, kind: SignalKind) -> Option<String> {
    if !value.is_finite() {
        Some(format!("{value}, is no finite number"))
    } else if value < 0.0 && kind == SignalKind::Average {
        Some(format!("{value}, is below 0: an average cannot be"))
    } else if value.abs() > POSSIBLE {
        Some(format!(
            "{value}, is not g/kWh: no grid is above {POSSIBLE}"
        ))
    } else {
        None
    }
}

/// The step of values in order, in seconds: the shortest distance, of which every other has to be a multiple.
fn step(points: &[Point], stated: Option<i64>) -> Result<i64, Failure> {
    let unreadable = |message| Err(Failure::new(Reason::Unreadable, message));
    if points.is_empty() {
        return Err(Failure::new(Reason::NoData, "it has no value at all"));
    }
    let distances = points.windows(2).map(|pair| pair[1].at.0 - pair[0].at.0);
    let step = match (stated, distances.clone().min()) {
        (Some(stated), Some(least)) => stated.min(least),
        (Some(step), None) | (None, Some(step)) => step,
        (None, None) => 3600,
    };
    if !STEPS.contains(&step) {
        return unreadable(format!("its step of {step} s is not 5 to 60 minutes"));
    }
    for (pair, distance) in points.windows(2).zip(distances) {
        if distance % step != 0 {
            return unreadable(format!(
                "its values are uneven: {} comes {distance} s after the one before, at a step of {step} s",
                moment::full(pair[1].at)
            ));
        }
    }
    Ok(step)
}

/// The step that holds `now`, or the newest one before it.
fn latest(
    points: Vec<Point>,
    step_s: i64,
    now: UtcSeconds,
    most_age_s: i64,
) -> Result<Vec<Point>, Failure> {
    let Some(newest) = points.iter().rev().find(|point| point.at <= now) else {
        let first = points.first().map_or(now, |point| point.at);
        return Err(Failure::new(
            Reason::Skew,
            format!(
                "its first value is of {}, but here it is {}: check the clock of this machine",
                moment::full(first),
                moment::full(now)
            ),
        ));
    };
    let age = now.0 - (newest.at.0 + step_s);
    if age > most_age_s {
        return Err(Failure::new(
            Reason::Skew,
            format!(
                "its newest value is of {}, {:.0} h before now",
                moment::full(newest.at),
                age as f64 / 3600.0
            ),
        ));
    }
    Ok(vec![*newest])
}

/// The values whose steps touch the hours that were asked for.
fn within(
    points: Vec<Point>,
    step_s: i64,
    from: UtcSeconds,
    until: UtcSeconds,
) -> Result<Vec<Point>, Failure> {
    if until <= from {
        return Err(no_hours());
    }
    let reach = points
        .first()
        .map(|point| point.at)
        .zip(points.last().map(|point| point.at));
    let kept: Vec<Point> = points
        .into_iter()
        .filter(|point| point.at.0 + step_s > from.0 && point.at < until)
        .collect();
    if kept.is_empty() {
        let has = reach.map_or_else(String::new, |(first, last)| {
            let end = UtcSeconds(last.0 + step_s);
            format!("; it has {} to {}", moment::full(first), moment::full(end))
        });
        return Err(Failure::new(
            Reason::NoData,
            format!(
                "it has no value from {} to {}{has}",
                moment::full(from),
                moment::full(until)
            ),
        ));
    }
    Ok(kept)
}

/// The part of an answer that was asked for.
pub(crate) fn cut(mut answer: Answer, what: What) -> Result<Answer, Failure> {
    let (What::Forecast { from, until } | What::History { from, until }) = what else {
        return Ok(answer);
    };
    let whole = &answer.signal.series;
    let step_s = i64::from(whole.step_s());
    let points = whole
        .values()
        .iter()
        .enumerate()
        .map(|(index, value)| Point {
            range: whole.ranges().get(index).copied(),
            ..Point::new(UtcSeconds(whole.start().0 + index as i64 * step_s), *value)
        });
    let points = within(points.collect(), step_s, from, until)?;
    answer.signal.series = series(&points, step_s)?;
    Ok(answer)
}

/// What is said to a question for no hours.
pub(crate) fn no_hours() -> Failure {
    Failure::new(
        Reason::NoData,
        "the hours that were asked for end before they begin",
    )
}

/// Which side of a hole that is too wide to bridge is kept.
enum Side {
    /// A forecast is worth something from now on.
    First,
    /// The past is worth something up to now.
    Last,
}

/// The run of values without a wide hole.
fn whole(points: Vec<Point>, step_s: i64, side: Side, remarks: &mut Vec<String>) -> Vec<Point> {
    let wide = |pair: &[Point]| pair[1].at.0 - pair[0].at.0 > MOST_BRIDGED_S + step_s;
    let hole = match side {
        Side::First => points.windows(2).position(wide),
        Side::Last => points.windows(2).rposition(wide),
    };
    let Some(hole) = hole else { return points };
    let (before, after) = points.split_at(hole + 1);
    remarks.push(format!(
        "its values have a hole from {} to {}; what lies {} was left out",
        moment::full(UtcSeconds(before[hole].at.0 + step_s)),
        moment::full(after[0].at),
        match side {
            Side::First => "after it",
            Side::Last => "before it",
        }
    ));
    match side {
        Side::First => before.to_vec(),
        Side::Last => after.to_vec(),
    }
}

/// Fills every hole with a straight line between its neighbours.
pub(crate) fn bridge(points: Vec<Point>, step_s: i64) -> Vec<Point> {
    let mut filled: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if let Some(last) = filled.last().copied() {
            let steps = (point.at.0 - last.at.0) / step_s;
            for place in 1..steps {
                let share = place as f64 / steps as f64;
                let mix = |a: f64, b: f64| a + (b - a) * share;
                let mut between = Point::new(
                    UtcSeconds(last.at.0 + place * step_s),
                    mix(last.value, point.value),
                );
                between.estimated = true;
                between.range = last
                    .range
                    .zip(point.range)
                    .map(|(a, b)| [mix(a[0], b[0]), mix(a[1], b[1])]);
                filled.push(between);
            }
        }
        filled.push(point);
    }
    filled
}

/// The series of values without holes; ranges only where every value has one.
pub(crate) fn series(points: &[Point], step_s: i64) -> Result<Series, Failure> {
    let unreadable =
        |error: catalog::SeriesError| Failure::new(Reason::Unreadable, error.to_string());
    let start = points.first().map_or(UtcSeconds(0), |point| point.at);
    let values = points.iter().map(|point| point.value).collect();
    let step = u32::try_from(step_s).unwrap_or(u32::MAX);
    let series = Series::new(start, step, values).map_err(unreadable)?;
    match points
        .iter()
        .map(|point| point.range)
        .collect::<Option<Vec<_>>>()
    {
        Some(ranges) => series.with_ranges(ranges).map_err(unreadable),
        None => Ok(series),
    }
}
