//! The crate's only look at the clock: signatures need the time, and deadlines of waits do.

use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's time; for signatures and expiry of credentials only. Leases are judged by S3's own dates.
#[expect(
    clippy::disallowed_methods,
    reason = "a signature carries the time; nothing that is planned depends on it"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The same in seconds since 1970.
pub(crate) fn seconds() -> f64 {
    now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |span| span.as_secs_f64())
}
