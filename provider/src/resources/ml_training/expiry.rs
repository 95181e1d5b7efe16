//! What only the clock can say of a run that is about to be made: asked by an apply, never by a plan.

use catalog::UtcSeconds;
use schemas::ml_training::Config;
use tfplugin::{Attr, Diagnostic, Diagnostics, Value};

use crate::object::{Object, get};
use crate::{clock, time};

/// A start that lies less than this in the future is now: two machines' clocks differ by as much.
const NOW_S: i64 = 60;

/// Errors when the placement has expired, when it is too early to start, or when the deadline cannot be met any more.
pub(crate) fn check(
    config: &Config,
    planned: &Object,
    diagnostics: &mut Diagnostics,
) -> Result<(), Diagnostics> {
    let now = clock::moment();
    if let Some(stale) = stale(config, now) {
        if stale.is_error() {
            return Err(stale.into());
        }
        diagnostics.push(stale);
    }
    if let Some(early) = too_early(config, planned, now) {
        return Err(early.into());
    }
    match too_late(config, planned, now) {
        Some(late) => Err(late.into()),
        None => Ok(()),
    }
}

fn moment(attribute: &Attr<String>) -> Option<UtcSeconds> {
    attribute
        .as_ref()
        .known()
        .and_then(|text| time::parse(text))
}

/// An expired placement is an error, or a warning with `on_stale = "keep"`.
fn stale(config: &Config, now: UtcSeconds) -> Option<Diagnostic> {
    let placement = config.placement.as_ref().known()?;
    let limit = moment(&placement.expires_at)?;
    if now <= limit {
        return None;
    }
    let summary = "The placement has expired";
    let detail = format!("It was good until {}.", time::rfc3339(limit));
    let keeps = config.on_stale.as_deref().known() == Some("keep");
    let diagnostic = if keeps {
        Diagnostic::warning(
            summary,
            format!("{detail} It is followed all the same, as on_stale = \"keep\" asks."),
        )
    } else {
        Diagnostic::error(
            summary,
            format!(
                "{detail} Plan again, so that the data source decides anew, or set on_stale = \"keep\". Nothing was created."
            ),
        )
    };
    Some(diagnostic.at("placement"))
}

/// The run would start now, and now is before its time.
fn too_early(config: &Config, planned: &Object, now: UtcSeconds) -> Option<Diagnostic> {
    let scheduled = get(planned, "scheduled_start_time")
        .as_str()
        .and_then(time::parse);
    let start = scheduled.or_else(|| moment(&config.earliest_start))?;
    (start.0 > now.0 + NOW_S).then(|| {
        Diagnostic::error(
            "It is too early to start",
            format!(
                "The run is not to start before {}. {} Apply at that time, or set earliest_start = plantimestamp(). Nothing was created.",
                time::rfc3339(start),
                schemas::refusals::LATER_START
            ),
        )
        .at("earliest_start")
    })
}

fn too_late(config: &Config, planned: &Object, now: UtcSeconds) -> Option<Diagnostic> {
    let deadline = moment(&config.deadline)?;
    let hours = get(planned, "estimate")
        .get("runtime_hours")
        .get("value")
        .as_f64()?;
    let end = now.plus_hours(hours);
    (end > deadline).then(|| {
        Diagnostic::error(
            "The deadline cannot be met any more",
            format!(
                "The run takes about {hours} h and would end at {}, after the deadline of {}. Move the deadline, or allow a faster instance type. Nothing was created.",
                time::rfc3339(end),
                time::rfc3339(deadline)
            ),
        )
        .at("deadline")
    })
}

/// Whether a start lies later than the earliest one that was asked for.
pub(crate) fn starts_later(config: &Config, scheduled: &Value) -> bool {
    match scheduled.as_str().and_then(time::parse) {
        None => false,
        Some(start) => moment(&config.earliest_start).is_none_or(|earliest| start > earliest),
    }
}
