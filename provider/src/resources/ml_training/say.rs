//! Sentences about a run, made from its state.

use tfplugin::{Diagnostic, Value};

use crate::object::{Object, get};
use crate::text::{figure, list};

/// Whether the job of this state was still at work when it was last looked at.
pub(crate) fn is_running(state: &Object) -> bool {
    get(state, "outcome").as_str() == Some("pending")
        && !matches!(
            get(state, "training_job_status").as_str(),
            None | Some("NotFound" | "LaunchFailed")
        )
}

fn job(state: &Object) -> &str {
    get(state, "training_job_name")
        .as_str()
        .unwrap_or("the job")
}

/// `31 h and 1,204 USD`, as far as it is known.
fn so_far(state: &Object) -> String {
    let hours = get(state, "elapsed_hours")
        .as_f64()
        .map(|hours| format!("{} h", figure(hours)));
    let usd = get(state, "cost_to_date_usd")
        .as_f64()
        .map(|usd| format!("{} USD", figure(usd)));
    let known: Vec<String> = [hours, usd].into_iter().flatten().collect();
    if known.is_empty() {
        "0 h".to_owned()
    } else {
        list(&known)
    }
}

/// `run_change` of a new run.
pub(crate) fn run_change(state: &Object) -> Value {
    let text = if is_running(state) {
        format!(
            "stops {} after {} as of the last refresh, starts a new run",
            job(state),
            so_far(state)
        )
    } else {
        let outcome = get(state, "outcome").as_str().unwrap_or("unknown");
        format!("starts a new run after {} ({outcome})", job(state))
    };
    Value::String(text)
}

/// The error of `on_change = "error"`.
pub(crate) fn guarded(state: &Object, changed: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "This change would stop a running training",
        format!(
            "{} changed, which needs a new run, but {} is still at work: {} so far, as of the last refresh. Wait for its end, undo the change, or set on_change = \"rerun\" to stop it and start a new run.",
            list(changed),
            job(state),
            so_far(state),
        ),
    );
    match changed {
        [one] => diagnostic.at(one.as_str()),
        _ => diagnostic,
    }
}
