//! What a test needs and does not find: never in silence.
//!
//! `cargo test` leaves such a test out and says why. Where `SUSTAINABLE_SKIP_NOTHING` is set, as `make unit` sets it, the
//! test fails instead.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test crate uses its part, and is reached by nobody else"
)]

use std::io::Write as _;

/// A program or a server that everybody can have is not there: the test is left out, or fails.
#[track_caller]
pub fn missing(what: &str) {
    let required = std::env::var_os("SUSTAINABLE_SKIP_NOTHING").is_some_and(|set| !set.is_empty());
    assert!(
        !required,
        "{what}, and SUSTAINABLE_SKIP_NOTHING is set; CONTRIBUTING.md says what the tests need"
    );
    skipped(what);
}

/// What nobody has to have is not there, such as data that may not be shipped: the test is left out.
///
/// Written past the test runner, which keeps what a test prints to itself unless it fails.
#[track_caller]
pub fn skipped(why: &str) {
    let file = std::panic::Location::caller().file();
    let test = std::thread::current().name().unwrap_or(file).to_owned();
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}
