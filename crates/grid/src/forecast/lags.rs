//! Regression on lags, directly for each lead.

use catalog::{LeadTable, Quality, Series, Signal, UtcSeconds};

use super::past::Past;

/// What the regression looks at, each over the level of the last week, less 1.
pub const LAGS: [&str; 10] = [
    "the same hour of the last day",
    "the same hour, mean of 7 days",
    "the same hour, mean of 28 days",
    "the same hour of the week, last week",
    "the same hour of the week, mean of 4 weeks",
    "the last hour less its mean of 7 days",
    "the last 3 hours less theirs",
    "the last 24 hours less theirs",
    "the mean of 28 days",
    "the usual hour, over the mean of what was usual in the last week",
];
/// History that ends longer ago than this says nothing of tomorrow.
const OLDEST_HOURS: f64 = 168.0;

/// What the regression sees of one moment in time.
#[derive(Clone, Debug)]
pub struct Features<'a> {
    past: &'a Past,
    /// Usual hours and their mean over the last week.
    usual: Option<(&'a Series, f64)>,
    /// Those that are the same for every lead.
    same: [f64; 4],
}

impl<'a> Features<'a> {
    /// The features after a past, with the grid's usual hours where `expected` knows them and speaks of the same kind.
    #[must_use]
    pub fn new(past: &'a Past, expected: Option<&'a Signal>) -> Self {
        let usual = expected
            .filter(|signal| signal.quality != Quality::Annual)
            .and_then(|signal| Some((&signal.series, past.mean_expected(signal)?)))
            .filter(|(_, mean)| *mean > 0.0);
        let unusual = |hours: usize| {
            let sum: f64 = (1..=hours)
                .map(|back| past.back(back) - past.mean_back((back - 1) % 24 + 1, 24, 7))
                .sum();
            sum / hours as f64 / past.level
        };
        let mean = past.mean_back(1, 1, super::PAST_HOURS) / past.level - 1.0;
        Self {
            past,
            usual,
            same: [unusual(1), unusual(3), unusual(24), mean],
        }
    }

    /// Whether the usual hours are known.
    #[must_use]
    pub fn knows_usual(&self) -> bool {
        self.usual.is_some()
    }

    /// The features of the hour that begins `lead` hours after the origin, in the order of [`LAGS`]; `None` beyond the
    /// usual hours.
    #[must_use]
    pub fn at(&self, lead: usize) -> Option<[f64; 10]> {
        let p = self.past;
        let of_level = |value: f64| value / p.level - 1.0;
        let usual = match self.usual {
            Some((series, mean)) => series.at(p.origin.plus_hours(lead as f64))? / mean - 1.0,
            None => 0.0,
        };
        let [last, last3, last24, mean] = self.same;
        let (day, week) = (24 - lead % 24, 168 - lead % 168);
        Some([
            of_level(p.back(day)),
            of_level(p.mean_back(day, 24, 7)),
            of_level(p.mean_back(day, 24, 28)),
            of_level(p.back(week)),
            of_level(p.mean_back(week, 168, 4)),
            last,
            last3,
            last24,
            mean,
            usual,
        ])
    }
}

/// What a regression says, hour by hour from a moment.
pub(super) struct Regression {
    pub(super) past: Past,
    pub(super) usual: bool,
    /// From the origin.
    pub(super) values: Vec<f64>,
}

impl Regression {
    /// From the hours of `history` before `now` up to `until`.
    pub(super) fn new(
        history: &Signal,
        expected: &Signal,
        now: UtcSeconds,
        until: UtcSeconds,
    ) -> Result<Self, String> {
        let past = Past::new(&history.series, now)?;
        let age = now.hours_since(past.origin);
        if age > OLDEST_HOURS {
            return Err(format!("the history ends {age:.0} h ago"));
        }
        // What is usual for the average says nothing of the marginal plant.
        let expected = Some(expected).filter(|signal| signal.kind == history.kind);
        let features = Features::new(&past, expected);
        let usual = features.knows_usual();
        let table = LeadTable::named(if usual { "lags_profile" } else { "lags" })
            .ok_or("the catalogue has no weights for lags")?;
        // Below nothing only where it has been.
        let floor = if (1..=past.known).all(|back| past.back(back) >= 0.0) {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        let leads = (until.hours_since(past.origin).ceil().max(1.0)) as usize;
        let values = (0..leads)
            .map(|lead| {
                let weights = table.at(lead as f64);
                let seen = features
                    .at(lead)
                    .ok_or("the expected hours end too early")?;
                let sum: f64 = weights.iter().zip(&seen).map(|(w, x)| w * x).sum();
                Ok((past.level * (1.0 + sum)).max(floor))
            })
            .collect::<Result<_, &str>>()?;
        Ok(Self {
            past,
            usual,
            values,
        })
    }

    /// The value at a moment: measured where the history has it.
    pub(super) fn at(&self, moment: UtcSeconds) -> Option<f64> {
        let lead = moment.hours_since(self.past.origin).floor();
        if lead >= 0.0 {
            self.values.get(lead as usize).copied()
        } else {
            let back = -lead as usize;
            (back <= self.past.known).then(|| self.past.back(back))
        }
    }

    /// Half a range below and above a value, for a table's pair of columns.
    pub(super) fn around(
        &self,
        table: &LeadTable,
        columns: [usize; 2],
        lead: f64,
        value: f64,
    ) -> [f64; 2] {
        let scale = self.past.spread * self.past.level;
        let ends = table.at(lead.max(0.0));
        let [low, high] = columns.map(|column| ends[column] * scale);
        let low = value + low.min(0.0);
        let low = if value >= 0.0 { low.max(0.0) } else { low };
        [low, value + high.max(0.0)]
    }
}

/// A forecast, hour by hour from the hour that holds `now` until `until`, from a signal's history alone.
///
/// `expected` is [`catalog::Region::expected`] from a week before `now` (less, where the history is shorter) until
/// `until`; a flat one is left alone. Ranges hold about 90 % of what comes: quantiles of the errors of past
/// forecasts, as multiples of how much the grid varied in these four weeks.
///
/// # Errors
/// A history of less than a day, one that ended a week ago, one whose mean is not positive.
pub fn from_history(
    history: &Signal,
    expected: &Signal,
    now: UtcSeconds,
    until: UtcSeconds,
) -> Result<Signal, String> {
    let regression = Regression::new(history, expected, now, until)?;
    let ranges = LeadTable::named("range_lags").ok_or("the catalogue has no ranges for lags")?;
    let columns = if regression.usual { [2, 3] } else { [0, 1] };
    let start = UtcSeconds(now.0.div_euclid(3600) * 3600);
    let count = until.hours_since(start).ceil().max(1.0) as usize;
    let mut values = Vec::with_capacity(count);
    let mut around = Vec::with_capacity(count);
    for hour in 0..count {
        let moment = start.plus_hours(hour as f64);
        let value = regression
            .at(moment)
            .ok_or("the history has a hole before now")?;
        let lead = moment.hours_since(regression.past.origin);
        values.push(value);
        around.push(if lead < 0.0 {
            [value, value]
        } else {
            regression.around(ranges, columns, lead, value)
        });
    }
    let series = Series::new(start, 3600, values)
        .and_then(|series| series.with_ranges(around))
        .map_err(|error| error.to_string())?;
    Ok(Signal {
        source: history.source.clone(),
        zone: history.zone.clone(),
        kind: history.kind,
        factor_type: history.factor_type,
        quality: Quality::Forecast,
        issued_at: Some(regression.past.origin),
        estimated: history.estimated,
        series,
    })
}
