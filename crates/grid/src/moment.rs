//! Text and moments. No clock.

use catalog::UtcSeconds;
use jiff::Timestamp;
use jiff::civil::DateTime;

/// A moment with its offset (`2026-03-02T10:00Z`, `2026-03-02T11:00:00+01:00`); without one it is UTC only
/// where the caller says so. Parts of a second are dropped.
pub(crate) fn parse(text: &str, bare_is_utc: bool) -> Option<UtcSeconds> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(UtcSeconds(moment.as_second()));
    }
    if !bare_is_utc {
        return None;
    }
    // A date alone is no moment, although it would be read as midnight.
    if !text.contains([':', 'T', 't']) {
        return None;
    }
    let civil: DateTime = text.parse().ok()?;
    let moment = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(UtcSeconds(moment.as_second()))
}

/// `2026-03-02T10:00:00Z`.
pub(crate) fn full(moment: UtcSeconds) -> String {
    civil(moment).map_or_else(|| moment.0.to_string(), |time| format!("{time}Z"))
}

/// `2026-03-02T10:00Z`.
pub(crate) fn minutes(moment: UtcSeconds) -> String {
    civil(moment).map_or_else(
        || moment.0.to_string(),
        |time| time.strftime("%Y-%m-%dT%H:%MZ").to_string(),
    )
}

/// `2026-03-02T10`.
pub(crate) fn hour(moment: UtcSeconds) -> String {
    civil(moment).map_or_else(
        || moment.0.to_string(),
        |time| time.strftime("%Y-%m-%dT%H").to_string(),
    )
}

fn civil(moment: UtcSeconds) -> Option<DateTime> {
    let stamp = Timestamp::from_second(moment.0).ok()?;
    Some(stamp.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}

/// `01:00`, `01:00:00` or `00:05:00`, in seconds; up to a day.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let parts = text.split(':').map(|part| part.parse::<u8>().ok());
    let parts = parts
        .map(|part| part.map(i64::from))
        .collect::<Option<Vec<i64>>>()?;
    let seconds = match parts[..] {
        [hours, minutes] => hours * 3600 + minutes * 60,
        [hours, minutes, seconds] => hours * 3600 + minutes * 60 + seconds,
        _ => return None,
    };
    (1..=86_400).contains(&seconds).then_some(seconds)
}

/// The start of the step that holds a moment.
pub(crate) fn floor(moment: UtcSeconds, step_s: i64) -> UtcSeconds {
    UtcSeconds(moment.0.div_euclid(step_s) * step_s)
}

/// The end of the step that holds a moment; the moment itself where a step begins with it.
pub(crate) fn ceil(moment: UtcSeconds, step_s: i64) -> UtcSeconds {
    UtcSeconds(-((-moment.0).div_euclid(step_s)) * step_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        let at = |text| parse(text, false);
        let ten = UtcSeconds(1_772_445_600);
        for text in [
            "2026-03-02T10:00Z",
            "2026-03-02T10:00:00Z",
            "2026-03-02T10:00:00.000Z",
            "2026-03-02T10:00:00+00:00",
            "2026-03-02T11:00+01:00",
            " 2026-03-02T15:30:00+05:30 ",
            "2026-03-02 10:00:00Z",
        ] {
            assert_eq!(at(text), Some(ten), "{text}");
        }
        for text in [
            "",
            "2026-03-02",
            "2026-02-30T10:00Z",
            "2026-03-02T10:00",
            "noon",
            "1772445600",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
        for text in ["2026-03-02T10:00", "2026-03-02T10", "2026-03-02 10:00:00"] {
            assert_eq!(parse(text, true), Some(ten), "{text}");
        }
        assert_eq!(parse("2026-03-02", true), None);
        assert_eq!(full(ten), "2026-03-02T10:00:00Z");
        assert_eq!(minutes(ten), "2026-03-02T10:00Z");
        assert_eq!(hour(ten), "2026-03-02T10");
        assert_eq!(ceil(UtcSeconds(3601), 3600), UtcSeconds(7200));
        assert_eq!(ceil(UtcSeconds(3600), 3600), UtcSeconds(3600));
    }
}
