//! The clock, for the edges alone: a refresh and the expiry of a placement. No plan depends on it.

use std::time::SystemTime;

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "refresh and apply are edges; a plan never calls this"
)]
pub(crate) fn now() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
