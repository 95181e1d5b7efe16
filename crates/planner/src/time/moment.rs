//! Moments as text: RFC 3339 for machines, a short form for people. UTC only, no clock.

use catalog::UtcSeconds;

/// `2026-11-25T02:00:00Z`.
#[must_use]
pub fn rfc3339(moment: UtcSeconds) -> String {
    let (day, second) = split(moment);
    format!(
        "{}T{:02}:{:02}:{:02}Z",
        date(day),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// `2026-11-25 02:00 UTC`, with seconds only where there are any.
pub(crate) fn short(moment: UtcSeconds) -> String {
    let (day, second) = split(moment);
    let (hour, minute, rest) = (second / 3600, second / 60 % 60, second % 60);
    if rest == 0 {
        format!("{} {hour:02}:{minute:02} UTC", date(day))
    } else {
        format!("{} {hour:02}:{minute:02}:{rest:02} UTC", date(day))
    }
}

/// The next full minute.
pub(crate) fn minute_up(moment: UtcSeconds) -> UtcSeconds {
    UtcSeconds((moment.0 + 59).div_euclid(60) * 60)
}

/// A moment in RFC 3339 with seconds, in UTC (`Z` or an offset); `None` if it is not one.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<UtcSeconds> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        part.parse().ok()
    };
    let is = |at: usize, among: &str| text.get(at..=at).is_some_and(|c| among.contains(c));
    let shaped = is(4, "-") && is(7, "-") && is(10, "Tt ") && is(13, ":") && is(16, ":");
    shaped.then_some(())?;
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let legal = (1..=12).contains(&month) && (1..=31).contains(&day);
    (legal && hour < 24 && minute < 60 && second < 60).then_some(())?;
    let mut rest = text.get(19..)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = match rest.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            let (hours, minutes) = rest.get(1..)?.split_once(':')?;
            let two = |t: &str| (t.len() == 2).then(|| t.parse::<i64>().ok()).flatten();
            sign * (two(hours)? * 3600 + two(minutes)? * 60)
        }
    };
    let days = days_before(year, month, day);
    // A day that the month does not have comes back as another date.
    (civil(days) == (year, month, day)).then_some(())?;
    Some(UtcSeconds(
        days * 86_400 + hour * 3600 + minute * 60 + second - offset,
    ))
}

fn split(moment: UtcSeconds) -> (i64, i64) {
    (moment.0.div_euclid(86_400), moment.0.rem_euclid(86_400))
}

fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar. Years are counted from March,
/// so that the day that comes and goes is the last of its year.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date that is so many days after 1970-01-01: the inverse of [`days_before`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Serde: a moment as RFC 3339 text.
pub(crate) mod as_text {
    use catalog::UtcSeconds;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(moment: &UtcSeconds, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::rfc3339(*moment))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UtcSeconds, D::Error> {
        let text = String::deserialize(from)?;
        super::parse_rfc3339(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no moment in RFC 3339")))
    }
}

/// Serde: the same where there may be none.
pub(crate) mod as_optional_text {
    use catalog::UtcSeconds;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        moment: &Option<UtcSeconds>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(super::rfc3339).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<UtcSeconds>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else {
            return Ok(None);
        };
        match super::parse_rfc3339(&text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(D::Error::custom(format!(
                "{text:?} is no moment in RFC 3339"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_back_as_they_were_written() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_572_000, "2026-11-25T02:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(UtcSeconds(seconds)), text);
            assert_eq!(parse_rfc3339(text), Some(UtcSeconds(seconds)));
        }
        for day in -200_000..200_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days_before(year, month, of_month), day);
        }
        let offset = parse_rfc3339("2026-11-25T03:30:00.5+01:30");
        assert_eq!(offset, parse_rfc3339("2026-11-25T02:00:00Z"));
        for wrong in [
            "",
            "2026-11-25",
            "2026-02-30T00:00:00Z",
            "2026-11-25T02:00:00",
            "é026-11-25T02:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(wrong), None, "{wrong}");
        }
        assert_eq!(short(UtcSeconds(1_795_572_000)), "2026-11-25 02:00 UTC");
    }
}
