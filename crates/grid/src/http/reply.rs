//! What a service answered.

use std::io::Read as _;
use std::time::Duration;

use http::{StatusCode, header};
use jiff::fmt::rfc2822;
use serde_json::Value;

use crate::Failure;
use crate::source::Reason;

/// An answer may be this long, packed and unpacked: a page of EIA's 5,000 rows has 1.3 MB.
pub(crate) const MOST_BYTES: usize = 16 << 20;
/// As much of a service's own words is passed on.
const MOST_WORDS: usize = 200;

/// Status, body, and when to ask again.
pub(crate) struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    retry_after: Option<Duration>,
}

/// What is said of an answer without an end.
pub(crate) fn too_long() -> Failure {
    Failure::new(
        Reason::Unreadable,
        format!("its answer is longer than {} MB", MOST_BYTES >> 20),
    )
}

impl Reply {
    /// Unpacks the body.
    pub(crate) fn new(parts: &http::response::Parts, body: Vec<u8>) -> Result<Self, Failure> {
        let text = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value: &http::HeaderValue| value.to_str().ok())
        };
        let packed = text(header::CONTENT_ENCODING)
            .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
        let body = if packed { unpacked(&body)? } else { body };
        let retry_after =
            text(header::RETRY_AFTER).and_then(|wanted| pause(wanted, text(header::DATE)));
        Ok(Self {
            status: parts.status,
            body,
            retry_after,
        })
    }

    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// When the service wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Throttled, or out of order for a moment. 501 stays what it is.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        matches!(self.status(), 429 | 500 | 502 | 503 | 504)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let what = if self.body.iter().all(u8::is_ascii_whitespace) {
                "its answer is empty".to_owned()
            } else if error.is_eof() {
                "its answer breaks off in the middle".to_owned()
            } else {
                format!("its answer is no JSON (line {})", error.line())
            };
            Failure::new(Reason::Unreadable, what)
        })
    }

    /// What a status that is no success means, with the service's own words where it has some.
    pub(crate) fn failure(&self) -> Failure {
        let status = self.status();
        let (reason, what) = match status {
            401 => (Reason::Unauthorized, "the key or the login was refused"),
            402 | 403 => (Reason::Forbidden, "the key gives no access to this"),
            404 => (Reason::NotCovered, "it knows nothing of this"),
            429 => (Reason::Throttled, "too many requests"),
            300..=399 => (Reason::Refused, "it redirects to another address"),
            501 => (Reason::CannotGive, "it does not offer this"),
            500..=599 => (Reason::Unavailable, "it is out of order"),
            _ => (Reason::Refused, "it refused the request"),
        };
        let words = self
            .words()
            .map_or_else(String::new, |words| format!(": {words}"));
        Failure::new(reason, format!("{what} ({status}{words})"))
    }

    /// The message in a JSON error of any of the known forms; pages for people are left out.
    fn words(&self) -> Option<String> {
        let document: Value = serde_json::from_slice(&self.body).ok()?;
        let mut found = Vec::new();
        for value in [Some(&document), document.get("error")]
            .into_iter()
            .flatten()
        {
            for key in ["error", "title", "message", "detail"] {
                if let Some(text) = value.get(key).and_then(Value::as_str) {
                    found.push(text);
                }
            }
        }
        // RFC 7807 of ASP.NET: {"errors": {"location": ["..."]}}.
        for list in document
            .get("errors")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|errors| errors.values())
        {
            found.extend(
                list.as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str),
            );
        }
        found.dedup();
        let words: String = found
            .join(": ")
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(MOST_WORDS)
            .collect();
        let words = words.trim().trim_end_matches('.');
        (!words.is_empty()).then(|| words.to_owned())
    }
}

fn unpacked(body: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(body).take(MOST_BYTES as u64 + 1);
    reader
        .read_to_end(&mut out)
        .map_err(|_| Failure::new(Reason::Unreadable, "its answer is packed, and broken"))?;
    if out.len() > MOST_BYTES {
        return Err(too_long());
    }
    Ok(out)
}

/// `Retry-After`: seconds, or a date, which is held against the answer's own date.
fn pause(wanted: &str, date: Option<&str>) -> Option<Duration> {
    if let Ok(seconds) = wanted.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // HTTP's dates are RFC 2822's, but for the name of the zone.
    let read = |text: &str| {
        rfc2822::parse(&text.trim().replace("GMT", "+0000"))
            .ok()
            .map(|time| time.timestamp().as_second())
    };
    let seconds = read(wanted)? - read(date?)?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_seconds_or_dates() {
        let date = Some("Mon, 02 Mar 2026 10:00:00 GMT");
        let seconds = |wanted, date| pause(wanted, date).map(|pause| pause.as_secs());
        assert_eq!(seconds("2", None), Some(2));
        assert_eq!(seconds("Mon, 02 Mar 2026 10:00:07 GMT", date), Some(7));
        assert_eq!(seconds("Mon, 02 Mar 2026 09:00:00 GMT", date), Some(0));
        assert_eq!(seconds("Mon, 02 Mar 2026 10:00:07 GMT", None), None);
        assert_eq!(seconds("soon", date), None);
    }
}
