//! Somebody's forecast, mixed with what the history or the usual hours say.

use catalog::{LeadTable, Quality, Series, Signal, UtcSeconds};

use super::lags::Regression;
use super::past::Past;

const DAY: f64 = 24.0;

/// What a forecast is mixed with.
enum Other<'a> {
    /// What the history says, with or without the usual hours.
    History(Box<Regression>),
    /// The usual hours, at the level of the forecast's first day.
    Usual(&'a Series, f64),
    /// That level alone.
    Level(f64),
}

impl<'a> Other<'a> {
    fn new(forecast: &Signal, expected: &'a Signal, history: Option<&Signal>) -> Self {
        let series = &forecast.series;
        let until = expected.series.end().max(series.end());
        // Nothing that the forecast's issuer could not have known.
        let regression = history
            .filter(|h| h.kind == forecast.kind && h.factor_type == forecast.factor_type)
            .and_then(|h| Regression::new(h, expected, series.start(), until).ok());
        if let Some(regression) = regression {
            return Self::History(Box::new(regression));
        }
        let first = DAY.min(series.end().hours_since(series.start()));
        let level = series
            .mean(series.start(), first)
            .unwrap_or(series.values()[0]);
        let usual = expected.series.mean(series.start(), first).filter(|mean| {
            *mean > 0.0 && expected.kind == forecast.kind && expected.quality != Quality::Annual
        });
        match usual {
            Some(usual) => Self::Usual(&expected.series, level / usual),
            None => Self::Level(level),
        }
    }

    fn at(&self, moment: UtcSeconds) -> Option<f64> {
        match self {
            Self::History(regression) => regression.at(moment),
            Self::Usual(series, scale) => series.at(moment).map(|usual| usual * scale),
            Self::Level(level) => Some(*level),
        }
    }

    /// Column of the table `blend`; twice that, and the next, in `range_blend`.
    fn column(&self) -> usize {
        match self {
            Self::History(regression) if regression.usual => 0,
            Self::History(_) => 1,
            Self::Usual(..) => 2,
            Self::Level(_) => 3,
        }
    }
}

/// The standard deviation that ranges of a blend are multiples of: how much the grid varied in the four weeks before
/// the forecast, or else how much the forecast itself varies.
#[must_use]
pub fn spread(forecast: &Signal, history: Option<&Signal>) -> f64 {
    let series = &forecast.series;
    let past = history.and_then(|history| Past::new(&history.series, series.start()).ok());
    match past {
        Some(past) => past.spread * past.level,
        None => {
            let values = series.values();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
            (square / values.len() as f64).sqrt()
        }
    }
}

/// What [`blend`] mixes a forecast with, at the forecast's own steps; as far as it is known.
#[must_use]
pub fn beside(forecast: &Signal, expected: &Signal, history: Option<&Signal>) -> Vec<f64> {
    let other = Other::new(forecast, expected, history);
    let series = &forecast.series;
    let step = i64::from(series.step_s());
    (0..series.values().len() as i64)
        .map_while(|index| other.at(UtcSeconds(series.start().0 + index * step)))
        .collect()
}

/// A forecast mixed with what the grid's history (or else its usual hours) says, over the forecast's reach and on until
/// the end of `expected`, in the forecast's steps.
///
/// The forecast's weight depends on the lead, counted from its start: it was measured for forecasts that know the
/// weather, on days that are not among those by which it is judged. Errors of a source that nobody measured
/// are taken to grow the same way. Beyond the forecast's reach, the rest is shifted by what lies between the two in
/// the forecast's last day, and the shift dies away.
///
/// A forecast without history or usual hours is only drawn towards its own level. Where nothing can be mixed
/// the forecast comes back as it is.
#[must_use]
pub fn blend(forecast: &Signal, expected: &Signal, history: Option<&Signal>) -> Signal {
    mixed(forecast, expected, history).unwrap_or_else(|| forecast.clone())
}

fn mixed(forecast: &Signal, expected: &Signal, history: Option<&Signal>) -> Option<Signal> {
    let weights = LeadTable::named("blend")?;
    let ranges = LeadTable::named("range_blend")?;
    let [fade_hours, ..] = LeadTable::named("assumed_fade")?.at(0.0);
    let series = &forecast.series;
    let other = Other::new(forecast, expected, history);
    let column = other.column();
    let spread = match &other {
        Other::History(_) => spread(forecast, history),
        Other::Usual(..) | Other::Level(_) => spread(forecast, None),
    };
    let (start, end) = (series.start(), series.end());
    let step = f64::from(series.step_s()) / 3600.0;
    let until = expected.series.end().0.max(end.0);
    let count = ((until - start.0) / i64::from(series.step_s())) as usize;
    let mean_of_last_day = {
        let mut sum = 0.0;
        let mut steps = 0.0;
        for (index, value) in series.values().iter().enumerate() {
            let moment = start.plus_hours(index as f64 * step);
            if end.hours_since(moment) <= DAY {
                sum += value - other.at(moment)?;
                steps += 1.0;
            }
        }
        sum / steps
    };
    // Below nothing only where the forecast is.
    let floor = match series.values().iter().all(|value| *value >= 0.0) {
        true => 0.0,
        false => f64::NEG_INFINITY,
    };
    let last_weight = weights.at(end.hours_since(start))[column];
    let mut values = Vec::with_capacity(count);
    let mut around = Vec::with_capacity(count);
    for index in 0..count {
        let lead = index as f64 * step;
        let moment = start.plus_hours(lead);
        let Some(rest) = other.at(moment) else {
            break;
        };
        let value = match series.values().get(index) {
            Some(value) => {
                let weight = weights.at(lead)[column];
                weight * value + (1.0 - weight) * rest
            }
            None => {
                let beyond = moment.hours_since(end);
                rest + last_weight * mean_of_last_day * (-beyond / fade_hours).exp()
            }
        };
        let value = value.max(floor);
        let ends = ranges.at(lead);
        let low = value + (ends[2 * column] * spread).min(0.0);
        let low = if value >= 0.0 { low.max(0.0) } else { low };
        values.push(value);
        around.push([low, value + (ends[2 * column + 1] * spread).max(0.0)]);
    }
    let mixed = Series::new(start, series.step_s(), values)
        .and_then(|series| series.with_ranges(around))
        .ok()?;
    // Never less than what was given.
    (mixed.end() >= end).then(|| Signal {
        series: mixed,
        quality: Quality::Forecast,
        ..forecast.clone()
    })
}
