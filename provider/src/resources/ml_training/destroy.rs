//! Destroying: stop, remove what is ours, and say what stays.

use aws::Control;
use aws::lifecycle::{self, DestroyOptions, OnDestroy};
use tfplugin::{ApplyRequest, ApplyResponse, Diagnostic, Diagnostics, Value};

use super::apply::remarks;
use super::limits::Limits;
use super::private::Remembered;
use super::recover;
use crate::configured::Configured;
use crate::object::{get, object};

/// Destroys what the state stands for.
pub(crate) async fn destroy(
    configured: &Configured,
    request: &ApplyRequest,
    mut remembered: Remembered,
) -> Result<ApplyResponse, Diagnostics> {
    let prior = object(&request.prior);
    let aws = configured.aws()?;
    let Some(handle) = recover::handle(aws, remembered.handle.clone(), &prior).await? else {
        return Ok(ApplyResponse::default());
    };
    let options = DestroyOptions {
        on_destroy: match get(&prior, "on_destroy").as_str() {
            Some("delete") => OnDestroy::Delete,
            Some("retain") => OnDestroy::Retain,
            _ => OnDestroy::Stop,
        },
        force: get(&prior, "force_destroy").as_bool().unwrap_or_default(),
    };
    let progress = aws::NoProgress;
    let control = Control {
        stop: request.stop.receiver(),
        timeout: Limits::of(request)?.delete(),
        progress: &progress,
    };
    let report = lifecycle::destroy(aws, &handle, options, &control).await;
    let mut diagnostics: Diagnostics = remarks(&report.remarks).collect();
    if let Some(failure) = report.failure {
        diagnostics.push(Diagnostic::error(
            failure.error.summary(),
            failure.error.detail(),
        ));
        remembered.handle = Some(report.handle);
        remembered.intent = None;
        return Ok(ApplyResponse {
            state: request.prior.clone(),
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
