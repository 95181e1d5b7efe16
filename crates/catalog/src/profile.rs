//! The usual shape of a grid's hours around its yearly mean, and the calendar that it needs.

use crate::generated::PROFILES;
use crate::{Region, SourceId, UtcSeconds};

/// What a whole 1 stands for in the table.
const UNIT: f64 = 1e-4;

/// The usual hours of one grid zone: `month x hour` times `weekday x hour`, around a yearly mean of 1.
///
/// How it is measured: `scripts/build_profiles.py`. All hours are UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Grid zone in the catalogue's naming.
    pub zone: &'static str,
    /// The series that it is measured on. Another name than the zone's means a stand-in: all of Sweden for SE-SE3,
    /// Queensland for its neighbour New South Wales.
    pub series: &'static str,
    /// Where it comes from.
    pub source: SourceId,
    pub(crate) month: [[u16; 24]; 12],
    pub(crate) weekday: [[u16; 24]; 7],
    pub(crate) low: [u16; 24],
    pub(crate) high: [u16; 24],
}

impl Profile {
    /// The hour's usual intensity over the yearly mean.
    #[must_use]
    pub fn factor(&self, moment: UtcSeconds) -> f64 {
        let hour = moment.hour();
        let month = f64::from(self.month[moment.month0()][hour]);
        let weekday = f64::from(self.weekday[moment.weekday0()][hour]);
        month * UNIT * weekday * UNIT
    }

    /// Least and greatest plausible value over the usual one at this hour (about 90 % lie between), measured on
    /// years that the profile had not seen, and wider for a stand-in. How far the year's own mean strays is [`Region::intensity`]'s range.
    #[must_use]
    pub fn range(&self, moment: UtcSeconds) -> [f64; 2] {
        let hour = moment.hour();
        [self.low, self.high].map(|ends| f64::from(ends[hour]) * UNIT)
    }
}

impl Region {
    /// The usual hours of the region's grid; `None` where no hourly series of it may be shipped.
    #[must_use]
    pub fn profile(&self) -> Option<&'static Profile> {
        PROFILES.iter().find(|profile| profile.zone == self.zone)
    }
}

/// The proleptic Gregorian calendar of UTC: no leap seconds, no zones.
impl UtcSeconds {
    /// Hour of the day, 0 to 23.
    #[must_use]
    pub fn hour(self) -> usize {
        (self.0.div_euclid(3600)).rem_euclid(24) as usize
    }

    /// Day of the week from Monday, 0 to 6. 1970-01-01 was a Thursday.
    #[must_use]
    pub fn weekday0(self) -> usize {
        (self.0.div_euclid(86_400) + 3).rem_euclid(7) as usize
    }

    /// Month of the year, 0 to 11.
    ///
    /// Counts days from 1 March of the year 0, so that the leap day is the last of its year; from there a month
    /// begins every 30.6 days, rounded.
    #[must_use]
    pub fn month0(self) -> usize {
        let days = self.0.div_euclid(86_400) + 719_468;
        // 400 years have 146 097 days.
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        ((from_march + 2) % 12) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every day of nine centuries against a calendar that only counts.
    #[test]
    fn the_calendar_counts_days() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        // 1601-01-01 was a Monday, 134 774 days before 1970.
        let mut day = -134_774_i64;
        let mut weekday = 0;
        for year in 1601..2501 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (month, length) in lengths.iter().enumerate() {
                for _ in 0..length + i64::from(leap && month == 1) {
                    for second in [0, 86_399] {
                        let moment = UtcSeconds(day * 86_400 + second);
                        assert_eq!((moment.month0(), moment.weekday0()), (month, weekday));
                    }
                    day += 1;
                    weekday = (weekday + 1) % 7;
                }
            }
        }
        assert_eq!(UtcSeconds(-1).hour(), 23);
    }

    #[test]
    fn profiles_keep_the_yearly_mean() {
        for profile in &PROFILES {
            let hours = 365 * 24 * 4 + 24;
            let mean = (0..hours)
                .map(|hour| profile.factor(UtcSeconds(1_735_689_600 + hour * 3600)))
                .sum::<f64>()
                / hours as f64;
            assert!((mean - 1.0).abs() < 0.002, "{}: {mean}", profile.zone);
        }
    }
}
