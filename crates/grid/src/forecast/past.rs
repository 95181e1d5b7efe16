//! The last four weeks of a signal, hour by hour, however fine or short it is.

use catalog::{LeadTable, Series, Signal, UtcSeconds};

/// Hours that a forecast from history looks back.
pub const PAST_HOURS: usize = 28 * 24;
const DAY: usize = 24;
const WEEK: usize = 168;
/// Days that an hour is compared with, to measure how much the grid varies.
const USUAL_DAYS: usize = 7;

/// The last four weeks before a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The first hour that is not known.
    pub origin: UtcSeconds,
    /// Mean of the last week.
    pub level: f64,
    /// Standard deviation of an hour around the mean of the same hour in the week before it, over `level`.
    pub spread: f64,
    /// Hours that the history really has, at most [`PAST_HOURS`].
    pub known: usize,
    /// Hourly, oldest first, ending at `origin`; what the history lacks is filled with the same hours of later weeks.
    hours: Vec<f64>,
}

impl Past {
    /// The hours of a history up to `until`, of which the last whole one counts.
    ///
    /// # Errors
    /// Less than a day, or a mean that is not positive.
    pub fn new(history: &Series, until: UtcSeconds) -> Result<Self, String> {
        let end = until.0.min(history.end().0).div_euclid(3600) * 3600;
        let mut hours: Vec<f64> = (1..=PAST_HOURS as i64)
            .map_while(|back| history.mean(UtcSeconds(end - back * 3600), 1.0))
            .collect();
        let known = hours.len();
        if known < DAY {
            return Err(format!("{known} h of history are too few, 24 are needed"));
        }
        let again = if known < WEEK { DAY } else { WEEK };
        let whole = known / again * again;
        for back in known..PAST_HOURS {
            hours.push(hours[back % whole]);
        }
        hours.reverse();
        let of_week = known.min(WEEK);
        let level = hours[PAST_HOURS - of_week..].iter().sum::<f64>() / of_week as f64;
        if level <= 0.0 {
            return Err("the mean of the last week is not positive".to_owned());
        }
        Ok(Self {
            origin: UtcSeconds(end),
            level,
            spread: spread(&hours[PAST_HOURS - known..]) / level,
            known,
            hours,
        })
    }

    /// The value this many hours before the origin, from 1.
    #[must_use]
    pub fn back(&self, hours: usize) -> f64 {
        self.hours[PAST_HOURS - hours]
    }

    /// Mean of the hours that are `first`, `first + every`, ... before the origin, `count` of them.
    #[must_use]
    pub fn mean_back(&self, first: usize, every: usize, count: usize) -> f64 {
        let sum: f64 = (0..count).map(|i| self.back(first + i * every)).sum();
        sum / count as f64
    }

    /// Mean of what `expected` says of the last week, as far as the history and `expected` reach.
    pub(super) fn mean_expected(&self, expected: &Signal) -> Option<f64> {
        let series = &expected.series;
        let reach = self.origin.hours_since(series.start()) as usize;
        let hours = reach.min(self.known).min(WEEK) as f64;
        series.mean(self.origin.plus_hours(-hours), hours)
    }
}

/// Root mean square of an hour against the mean of the same hour in the (up to) seven days before it.
fn spread(hours: &[f64]) -> f64 {
    let days = hours.len() / DAY;
    let days: Vec<&[f64]> = hours[hours.len() - days * DAY..]
        .chunks_exact(DAY)
        .collect();
    // With less than 8 days every day counts that has one before it, else only those with a whole week before.
    let first = USUAL_DAYS.min(days.len().saturating_sub(1)).max(1);
    let first = if days.len() > USUAL_DAYS { first } else { 1 };
    let mut sum = 0.0;
    let mut count = 0.0;
    for day in first..days.len() {
        let before = &days[day.saturating_sub(USUAL_DAYS)..day];
        for (hour, value) in days[day].iter().enumerate() {
            let usual = before.iter().map(|d| d[hour]).sum::<f64>() / before.len() as f64;
            sum += (value - usual).powi(2);
            count += 1.0;
        }
    }
    if count > 0.0 {
        f64::sqrt(sum / count)
    } else {
        let mean = hours.iter().sum::<f64>() / hours.len() as f64;
        let least = hours.iter().copied().fold(f64::INFINITY, f64::min);
        let most = hours.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // A day without any change is a flat grid.
        if most > least {
            LeadTable::named("assumed_spread").map_or(0.0, |assumed| assumed.at(0.0)[0]) * mean
        } else {
            0.0
        }
    }
}
