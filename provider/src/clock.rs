//! The clock, for the edges alone: a refresh, an apply that is about to make a run, and a data source, which Terraform reads
//! once. No plan of a resource depends on it.

use std::time::SystemTime;

use catalog::UtcSeconds;

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "refresh, apply and data sources are edges; a resource's plan never calls this"
)]
pub(crate) fn now() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// The same as a moment, to the second.
pub(crate) fn moment() -> UtcSeconds {
    UtcSeconds(now() as i64)
}
