//! Whether a placement that was handed in is still good: asked when a run is about to be made, never in a plan.

use schemas::ml_training::Config;
use tfplugin::{Diagnostic, Diagnostics};

use super::clock;

/// An expired placement is an error, or a warning with `on_stale = "warn"`.
pub(crate) fn check(config: &Config, diagnostics: &mut Diagnostics) -> Result<(), Diagnostics> {
    let Some(placement) = config.placement.as_ref().known() else {
        return Ok(());
    };
    let Some(expires_at) = placement.expires_at.as_ref().known() else {
        return Ok(());
    };
    let Ok(limit) = expires_at.parse::<jiff::Timestamp>() else {
        return Ok(());
    };
    if clock::now() <= limit.as_millisecond() as f64 / 1000.0 {
        return Ok(());
    }
    let summary = "The placement has expired";
    let detail = format!("It was good until {expires_at}.");
    if config
        .on_stale
        .as_ref()
        .known()
        .is_some_and(|on| on == "warn")
    {
        diagnostics.push(
            Diagnostic::warning(
                summary,
                format!("{detail} The run is made all the same, as on_stale = \"warn\" asks."),
            )
            .at("placement"),
        );
        return Ok(());
    }
    Err(Diagnostic::error(summary, format!("{detail} Plan again, so that the data source decides anew, or set on_stale = \"warn\". Nothing was created.")).at("placement").into())
}
