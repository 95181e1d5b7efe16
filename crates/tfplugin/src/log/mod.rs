//! Log lines for Terraform, and panics.
//!
//! Terraform reads the provider's stderr: a line that is a JSON object in the form of hclog is filed
//! under its level, anything else as raw DEBUG (pitfall P15). Request bodies are never logged, and
//! only crates that the provider names may log at all: an HTTP client at TRACE would print secrets.

mod clock;
mod layer;
mod panics;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

pub(crate) use panics::{catch_panics_in_handlers, in_handler};

/// Starts logging at the level that the user asked Terraform for. Without one, nothing is logged:
/// Terraform would throw it away.
pub(crate) fn start(targets: &[String]) {
    let level = level(|name| std::env::var(name).ok());
    if level == LevelFilter::OFF {
        return;
    }
    let layer = layer::HclogLayer::new(level, targets, std::io::stderr);
    // An error means that a subscriber is installed already, which then stays.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// The level in TF_LOG_PROVIDER, else in TF_LOG, with Terraform's reading of the words.
fn level(variable: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let asked = ["TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    match asked.to_ascii_uppercase().as_str() {
        "" | "OFF" => LevelFilter::OFF,
        "DEBUG" => LevelFilter::DEBUG,
        "INFO" => LevelFilter::INFO,
        "WARN" => LevelFilter::WARN,
        "ERROR" => LevelFilter::ERROR,
        // TRACE, JSON, and whatever else: Terraform takes them all to mean everything.
        _ => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_terraforms() {
        let with = |provider: &str, all: &str| {
            level(|name| Some(if name == "TF_LOG" { all } else { provider }.to_owned()))
        };
        assert_eq!(with("", ""), LevelFilter::OFF);
        assert_eq!(with("", "debug"), LevelFilter::DEBUG);
        assert_eq!(with("ERROR", "TRACE"), LevelFilter::ERROR);
        assert_eq!(with("off", "TRACE"), LevelFilter::OFF);
        assert_eq!(with("", "JSON"), LevelFilter::TRACE);
    }
}
