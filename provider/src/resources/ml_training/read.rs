//! Refreshing: how the run fares. What was decided stays as it was.

use aws::lifecycle::{self, ReadOptions};
use tfplugin::{Diagnostic, Diagnostics, ReadRequest, ReadResponse, Value};

use super::apply::remarks;
use super::planned::{LAUNCHED, OBSERVED};
use super::private::Remembered;
use super::recover;
use super::{after, foreign};
use super::{identity, run, say};
use crate::configured::Configured;
use crate::object::{get, object};

/// Metrics that cover this much of a run are not asked for again: the last minutes come late, a minute may be missing.
const SETTLED_PERCENT: f64 = 95.0;

/// Reads the run behind a state.
pub(crate) async fn read(
    configured: &Configured,
    request: ReadRequest,
) -> Result<ReadResponse, Diagnostics> {
    let mut response = request.unchanged();
    let mut remembered = Remembered::read(&request.private)?;
    let named = remembered
        .handle
        .as_ref()
        .is_some_and(|handle| handle.job_name.is_some());
    let lost = remembered.handle.is_none()
        && get(&object(&request.state), "training_job_name")
            .as_str()
            .is_some();
    if !named && !lost {
        return Ok(response);
    }
    let aws = match configured.aws() {
        Ok(aws) => aws,
        Err(why) => {
            response.diagnostics.push(Diagnostic::warning(
                "Not refreshed",
                format!("{}. {}", why.summary, why.detail),
            ));
            return Ok(response);
        }
    };
    let mut state = object(&request.state);
    let Some(handle) = recover::handle(aws, remembered.handle.clone(), &state).await? else {
        return Ok(response);
    };
    let options = ReadOptions {
        // A warm pool goes on taking energy after the end: the whole is worked out anew until it is gone.
        utilisation: run::coverage(&state) < SETTLED_PERCENT
            || run::lacks_a_figure(&state)
            || !run::is_of(&state, &handle)
            || handle.warm_pool,
        capture_logs: get(&state, "capture_logs").as_bool().unwrap_or(true),
        ..ReadOptions::default()
    };
    let report = lifecycle::read(aws, &handle, options)
        .await
        .map_err(|error| Diagnostics::from(Diagnostic::error(error.summary(), error.detail())))?;
    let seen = &report.observation;
    let catalog = configured.figures();
    let mut outputs = run::outputs(catalog, &state, &report.handle, Some(seen))?;
    if run::is_of(&state, &report.handle) {
        run::keep_better(&mut outputs, &state);
    }
    if report.dashboard_missing {
        outputs.insert("dashboard_url".to_owned(), Value::Null);
    }
    let waiting = after::waits(&state) && !seen.is_terminal();
    let gone = seen.status == "NotFound";
    for name in LAUNCHED.into_iter().chain(OBSERVED) {
        if name == "pending_steps" || after::fills(name) {
            continue;
        }
        let value = get(&outputs, name).clone();
        // A record that is gone says nothing: what was seen last stands.
        if gone && value.is_null() && name != "secondary_status" {
            continue;
        }
        state.insert(name.to_owned(), value);
    }
    let pending = after::pending(waiting, &report.handle, &state);
    state.insert("pending_steps".to_owned(), pending);
    state.insert("run_change".to_owned(), Value::Null);
    if report.alarms_missing {
        // The next plan shows it as a change in place, and puts them back.
        state.insert("alarm_sns_topic_arn".to_owned(), Value::Null);
    }
    // Tags that could not be read are as they were.
    if let Some(tags) = &seen.tags {
        state.insert("tags_all".to_owned(), foreign::tags(tags));
    }
    response.diagnostics.extend(remarks(&report.remarks));
    response.diagnostics.extend(missing(&report.missing));
    response
        .diagnostics
        .extend(say::ended_badly(&state, &report.handle, seen));
    remembered.handle = Some(report.handle);
    response.private = remembered.write();
    response.identity = identity::settled(&state, &remembered).or(response.identity);
    response.state = Value::Map(state);
    Ok(response)
}

fn missing(missing: &[String]) -> Option<Diagnostic> {
    if missing.is_empty() {
        return None;
    }
    Some(Diagnostic::warning(
        "Something of this training was removed elsewhere",
        format!("  - {}", missing.join("\n  - ")),
    ))
}
