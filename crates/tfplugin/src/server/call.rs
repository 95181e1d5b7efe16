//! Around each handler: a task of its own, a log span, and an answer whatever happens.

use std::time::Instant;

use tonic::{Response, Status};
use tracing::Instrument;

use super::lifetime::RunningCall;
use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    log,
};

/// Which call this is, for log and messages.
pub(super) struct Call {
    /// The name of the RPC.
    pub(super) rpc: &'static str,
    /// The resource, data source or function that it is for; may be empty.
    pub(super) subject: String,
    /// Counts the call as running.
    pub(super) running: RunningCall,
}

/// Runs `work` in a task of its own: a lost connection does not stop it half way, and a panic ends
/// only it (pitfall P13). `failed` makes the answer of a failure.
pub(super) async fn run<R: Send + 'static>(
    call: Call,
    work: impl Future<Output = Result<R, Diagnostics>> + Send + 'static,
    failed: impl FnOnce(Diagnostics) -> R + Send + 'static,
) -> Result<Response<R>, Status> {
    let Call {
        rpc,
        subject,
        running,
    } = call;
    let span = tracing::info_span!("rpc", rpc, subject);
    let task = async move {
        let began = Instant::now();
        let answer = match log::in_handler(work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(diagnostics)) => failed(diagnostics),
            Err(panic) => {
                tracing::error!(panic, "a handler panicked");
                failed(bug(rpc, &subject, &panic).into())
            }
        };
        tracing::debug!(elapsed_ms = began.elapsed().as_secs_f64() * 1e3, "answered");
        drop(running);
        answer
    };
    tokio::spawn(task.instrument(span))
        .await
        .map(Response::new)
        .map_err(|error| Status::internal(format!("{rpc} did not end: {error}")))
}

/// What the user is told about a panic.
fn bug(rpc: &str, subject: &str, panic: &str) -> Diagnostic {
    let call = if subject.is_empty() {
        rpc.to_owned()
    } else {
        format!("{rpc} of {subject}")
    };
    Diagnostic::error(
        "The provider has a bug",
        format!(
            "{call} panicked: {panic}. Please report this text to the developers of the provider."
        ),
    )
}
