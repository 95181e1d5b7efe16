//! Moments as text and back. Nothing here reads the clock.

use catalog::UtcSeconds;
use jiff::Timestamp;

/// From RFC 3339; parts of a second are dropped.
pub(crate) fn parse(text: &str) -> Option<UtcSeconds> {
    let moment: Timestamp = text.parse().ok()?;
    Some(UtcSeconds(moment.as_second()))
}

/// RFC 3339 in UTC: `2026-03-01T22:00:00Z`.
pub(crate) fn rfc3339(moment: UtcSeconds) -> String {
    written(moment, "%Y-%m-%dT%H:%M:%SZ")
}

/// `25 Nov 03:00`.
pub(crate) fn day_and_hour(moment: UtcSeconds) -> String {
    written(moment, "%-d %b %H:%M")
}

/// The end of a stretch: `09:00` on the day of its beginning, else with the day.
pub(crate) fn end_of(from: UtcSeconds, until: UtcSeconds) -> String {
    if day(from) == day(until) {
        hour(until)
    } else {
        day_and_hour(until)
    }
}

/// `03:00`.
pub(crate) fn hour(moment: UtcSeconds) -> String {
    written(moment, "%H:%M")
}

/// `25 Nov`.
pub(crate) fn day(moment: UtcSeconds) -> String {
    written(moment, "%-d %b")
}

fn written(moment: UtcSeconds, format: &str) -> String {
    Timestamp::from_second(moment.0).map_or_else(
        |_| String::new(),
        |moment| moment.strftime(format).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::{UtcSeconds, day_and_hour, parse, rfc3339};

    #[test]
    fn a_moment_survives_its_text() {
        for (text, seconds) in [
            ("2026-03-01T22:00:00Z", 1_772_402_400),
            ("2026-03-01T23:00:00+01:00", 1_772_402_400),
        ] {
            assert_eq!(parse(text), Some(UtcSeconds(seconds)));
        }
        assert_eq!(rfc3339(UtcSeconds(1_772_402_400)), "2026-03-01T22:00:00Z");
        assert_eq!(day_and_hour(UtcSeconds(1_772_402_400)), "1 Mar 22:00");
        assert_eq!(parse("tomorrow"), None);
    }
}
