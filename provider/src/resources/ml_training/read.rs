//! Refreshing: how the run fares. What was decided stays as it was.

use aws::lifecycle::{self, ReadOptions};
use aws::{Observation, Outcome};
use tfplugin::{Diagnostic, Diagnostics, ReadRequest, ReadResponse, Value};

use super::apply::remarks;
use super::planned::{LAUNCHED, OBSERVED};
use super::private::Remembered;
use super::{identity, run};
use crate::configured::Configured;
use crate::object::{Object, get, object};

/// Reads the run behind a state.
pub(crate) async fn read(
    configured: &Configured,
    request: ReadRequest,
) -> Result<ReadResponse, Diagnostics> {
    let mut response = request.unchanged();
    let mut remembered = Remembered::read(&request.private)?;
    let Some(handle) = remembered
        .handle
        .clone()
        .filter(|handle| handle.job_name.is_some())
    else {
        return Ok(response);
    };
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
    let options = ReadOptions {
        capture_logs: get(&state, "capture_logs").as_bool().unwrap_or(true),
        ..ReadOptions::default()
    };
    let report = lifecycle::read(aws, &handle, options)
        .await
        .map_err(|error| Diagnostics::from(Diagnostic::error(error.summary(), error.detail())))?;
    let seen = &report.observation;
    let catalog = configured
        .catalog()
        .unwrap_or_else(|| catalog::Catalog::embedded());
    let mut outputs = run::outputs(catalog, &state, &report.handle, Some(seen))?;
    if report.dashboard_missing {
        outputs.insert("dashboard_url".to_owned(), Value::Null);
    }
    outputs.insert("pending_steps".to_owned(), pending(&state, seen));
    let gone = seen.status == "NotFound";
    for name in LAUNCHED.into_iter().chain(OBSERVED) {
        let value = get(&outputs, name).clone();
        // A record that is gone says nothing: what was seen last stands.
        if gone && value.is_null() && name != "secondary_status" && name != "pending_steps" {
            continue;
        }
        state.insert(name.to_owned(), value);
    }
    state.insert("run_change".to_owned(), Value::Null);
    if let Some(tags) = tags(seen) {
        state.insert("tags_all".to_owned(), tags);
    }
    response.diagnostics.extend(remarks(&report.remarks));
    response.diagnostics.extend(missing(&report.missing));
    response.diagnostics.extend(ended_badly(&state, seen));
    remembered.handle = Some(report.handle);
    response.private = remembered.write();
    response.identity = identity::of(&state).or(response.identity);
    response.state = Value::Map(state);
    Ok(response)
}

/// A wait has nothing left to wait for once the run has ended.
fn pending(state: &Object, seen: &Observation) -> Value {
    if seen.is_terminal() {
        Value::Null
    } else {
        get(state, "pending_steps").clone()
    }
}

/// The user's and the provider's tags on the job; none when they could not be read.
fn tags(seen: &Observation) -> Option<Value> {
    let ours = |key: &str| {
        key == aws::naming::TAG_MANAGED_BY
            || key.starts_with("sustainable:")
            || key.starts_with("aws:")
    };
    let tags: Vec<_> = seen
        .tags
        .as_ref()?
        .iter()
        .filter(|(key, _)| !ours(key))
        .collect();
    if tags.is_empty() {
        return Some(Value::Null);
    }
    Some(Value::object(tags.into_iter().map(|(key, value)| {
        (key.clone(), Value::from(value.as_str()))
    })))
}

fn missing(missing: &[String]) -> Option<Diagnostic> {
    if missing.is_empty() {
        return None;
    }
    Some(Diagnostic::warning(
        "Something of this training was removed elsewhere",
        format!("- {}", missing.join("\n- ")),
    ))
}

/// A run that did not succeed is never mistaken for one that did.
fn ended_badly(state: &Object, seen: &Observation) -> Option<Diagnostic> {
    let job = get(state, "training_job_name")
        .as_str()
        .unwrap_or("The training");
    let outcome = get(state, "outcome")
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let what = match seen.outcome {
        _ if seen.status == "NotFound" && outcome != "succeeded" => {
            "is gone, and no success of it was seen; the next apply starts a new run"
        }
        Outcome::Failed => "failed",
        Outcome::OverRun => "was stopped at max_runtime_hours; a partial model was uploaded",
        Outcome::SpotExhausted => "waited for spot capacity until max_wait_hours and was stopped",
        Outcome::Capacity => "found no capacity for its instance type",
        Outcome::StoppedByUser => "was stopped",
        Outcome::Pending | Outcome::Succeeded | Outcome::Unknown => return None,
    };
    let mut detail = format!("Outcome: {outcome}.");
    if let Some(hours) = get(state, "elapsed_hours").as_f64() {
        detail.push_str(&format!(" It ran for {} h.", crate::text::figure(hours)));
    }
    if let Some(reason) = &seen.failure_reason {
        detail.push_str(&format!("\nReason: {}", crate::text::sentence(reason)));
    }
    if !seen.last_log_lines.is_empty() {
        detail.push_str(&format!(
            "\nLast log lines:\n  {}",
            seen.last_log_lines.join("\n  ")
        ));
    }
    if let Some(url) = get(state, "log_url").as_str() {
        detail.push_str(&format!("\nLogs: {url}"));
    }
    if seen.status != "NotFound" {
        detail.push_str(
            "\nIt is not run again by itself. Changed code or hyperparameters start a new run; to run the same again: terraform apply -replace=ADDRESS (this resource's address), or change rerun_triggers.",
        );
    }
    Some(Diagnostic::warning(format!("{job} {what}"), detail))
}
