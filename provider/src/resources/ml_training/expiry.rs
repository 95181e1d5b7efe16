//! What only the clock can say of a run that is about to be made: asked by an apply, never by a plan.

use catalog::UtcSeconds;
use schemas::ml_training::Config;
use tfplugin::{Attr, Diagnostic, Diagnostics};

use crate::object::{Object, get};
use crate::{clock, time};

/// A moment that lies less than this back or ahead is now.
const NOW_S: i64 = 60;

/// Errors when the placement has expired, or when the deadline cannot be met any more.
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

fn too_late(config: &Config, planned: &Object, now: UtcSeconds) -> Option<Diagnostic> {
    let deadline = moment(&config.deadline)?;
    let hours = get(planned, "estimate")
        .get("runtime_hours")
        .get("value")
        .as_f64()?;
    let scheduled = get(planned, "scheduled_start_time")
        .as_str()
        .and_then(time::parse);
    let begin = scheduled.map_or(now, |start| start.max(now));
    let end = begin.plus_hours(hours);
    (end > deadline).then(|| {
        Diagnostic::error(
            "The deadline cannot be met any more",
            format!(
                "{}the run takes about {hours} h and would end at {}, after the deadline of {}. Plan again, move the deadline, or allow a faster instance type. Nothing was created.",
                match scheduled {
                    Some(start) if start.0 + NOW_S < now.0 => format!(
                        "The planned start, {}, has passed. Started now, ",
                        time::rfc3339(start)
                    ),
                    Some(start) if start > now => format!("Started at {}, ", time::rfc3339(start)),
                    _ => "Started now, ".to_owned(),
                },
                time::rfc3339(end),
                time::rfc3339(deadline)
            ),
        )
        .at("deadline")
    })
}

/// Whether a start is not due yet.
pub(crate) fn lies_ahead(start: Option<&str>) -> bool {
    seconds_until(start) > NOW_S as f64
}

/// Seconds until a start; 0 once it has passed.
pub(crate) fn seconds_until(start: Option<&str>) -> f64 {
    let start = start.and_then(time::parse);
    start.map_or(0.0, |start| (start.0 as f64 - clock::now()).max(0.0))
}
