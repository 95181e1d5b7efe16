//! Destroying: stop, remove what is ours, and say what stays.

use aws::lifecycle::{self, DestroyOptions, OnDestroy};
use aws::{Control, Outcome};
use tfplugin::{ApplyRequest, ApplyResponse, Diagnostic, Diagnostics, Value};

use super::after;
use super::apply::remarks;
use super::limits::Limits;
use super::private::Remembered;
use super::recover;
use crate::configured::Configured;
use crate::object::{Object, get, object};

/// What the state asks of a destroy.
pub(super) fn options(prior: &Object) -> DestroyOptions {
    DestroyOptions {
        on_destroy: match get(prior, "on_destroy").as_str() {
            Some("delete") => OnDestroy::Delete,
            Some("retain") => OnDestroy::Retain,
            _ => OnDestroy::Stop,
        },
        force: get(prior, "force_destroy").as_bool().unwrap_or_default(),
        copy_due: after::copy_due(prior),
    }
}

/// Destroys what the state stands for.
pub(crate) async fn destroy(
    configured: &Configured,
    request: &ApplyRequest,
    mut remembered: Remembered,
) -> Result<ApplyResponse, Diagnostics> {
    let prior = object(&request.prior);
    let aws = configured.aws()?;
    let known = recover::handle(aws, remembered.handle.clone(), &prior).await?;
    let found = match known {
        None => recover::remains(aws, &prior).await?,
        known => known,
    };
    let Some(handle) = found else {
        return Ok(ApplyResponse::default());
    };
    let options = options(&prior);
    let progress = aws::NoProgress;
    let control = Control {
        stop: request.stop.receiver(),
        timeout: Limits::of(request).delete(),
        progress: &progress,
    };
    let report = lifecycle::destroy(aws, &handle, options, &control).await;
    let mut diagnostics: Diagnostics = remarks(&report.remarks).collect();
    if let Some(failure) = report.failure {
        diagnostics.push(Diagnostic::error(
            failure.error.summary(),
            failure.error.detail(),
        ));
        let mut state = prior;
        if handle.job_name.is_some() && report.handle.job_name.is_none() {
            // The run is over and let go of: an apply instead of another destroy starts a new one.
            state.insert("training_job_status".to_owned(), "NotFound".into());
            let outcome = get(&state, "outcome").as_str();
            if matches!(outcome, Some("pending" | "succeeded")) {
                state.insert("outcome".to_owned(), Outcome::Unknown.as_str().into());
            }
        }
        remembered.handle = Some(report.handle);
        remembered.intent = None;
        return Ok(ApplyResponse {
            state: Value::Map(state),
            private: remembered.write(),
            identity: request.identity.clone(),
            diagnostics,
        });
    }
    if !report.left.is_empty() {
        diagnostics.push(Diagnostic::warning(
            "Destroyed; this stays",
            format!("  - {}", report.left.join("\n  - ")),
        ));
    }
    Ok(ApplyResponse {
        state: Value::Null,
        diagnostics,
        ..ApplyResponse::default()
    })
}
