//! Sentences about a decision and about a run.

use aws::{Handle, Observation, Outcome};
use planner::Infeasible;
use schemas::ml_training::Config;
use tfplugin::{Diagnostic, Value};

use crate::object::{Object, get};
use crate::text::{figure, list, sentence};

/// `training_job_status` while there is no job: the start lies in the future, AWS makes it just now (without a job's name,
/// it was stopped before), or it failed.
pub(crate) use aws::observation::{LAUNCH_FAILED, LAUNCHING, SCHEDULED};

/// Advice after a run that ended badly.
pub(crate) const RUN_AGAIN: &str = "It is not run again by itself. Changed code or hyperparameters start a new run; to run the same again: change rerun_triggers, which goes on from the checkpoints with resume_from = \"previous_run\"; or terraform apply -replace=ADDRESS (this resource's address), which begins afresh and removes them.";

/// Whether a run with this `training_job_status` has not begun, or never will.
pub(crate) fn never_began(status: Option<&str>) -> bool {
    matches!(status, Some(SCHEDULED | LAUNCHING | LAUNCH_FAILED))
}

/// Whether the job of this state was still at work when it was last looked at.
pub(crate) fn is_running(state: &Object) -> bool {
    get(state, "outcome").as_str() == Some("pending")
        && !launch_was_stopped(state)
        && !matches!(
            get(state, "training_job_status").as_str(),
            None | Some("NotFound" | LAUNCH_FAILED | SCHEDULED)
        )
}

/// Whether the start of this state lay in the future when it was last looked at.
pub(crate) fn is_scheduled(state: &Object) -> bool {
    get(state, "training_job_status").as_str() == Some(SCHEDULED)
}

/// Whether the launch of this state was stopped before there was a job.
pub(crate) fn launch_was_stopped(state: &Object) -> bool {
    get(state, "training_job_status").as_str() == Some(LAUNCHING)
        && get(state, "training_job_name").is_null()
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
    let text = if launch_was_stopped(state) {
        "goes on with the launch that was stopped".to_owned()
    } else if is_scheduled(state) {
        let start = get(state, "scheduled_start_time").as_str();
        format!(
            "takes back the start of {}{}, which has not begun, and plans a new run",
            job(state),
            start.map(|at| format!(" at {at}")).unwrap_or_default()
        )
    } else if is_running(state) {
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
    let named: Vec<&str> = changed
        .iter()
        .map(|name| match name.as_str() {
            "source_digest" => "the content of source_dir",
            name => name,
        })
        .collect();
    let diagnostic = Diagnostic::error(
        "This change would stop a running training",
        format!(
            "A new run is needed, since this changed: {}. But {} is still at work: {} so far, as of the last refresh. Wait for its end, undo the change, or set on_change = \"rerun\" to stop it and start a new run.",
            list(&named),
            job(state),
            so_far(state),
        ),
    );
    match changed {
        [one] if one == "source_digest" => diagnostic.at("source_dir"),
        [one] => diagnostic.at(one.as_str()),
        _ => diagnostic,
    }
}

/// A warning of the planner: its first sentence is the headline.
pub(crate) fn warned(warning: &str) -> Diagnostic {
    let (headline, rest) = warning.split_once(". ").unwrap_or((warning, ""));
    Diagnostic::warning(headline.trim_end_matches('.'), sentence(rest))
}

/// The decision depends on unknown inputs.
pub(crate) fn not_yet(names: &[&str]) -> Diagnostic {
    Diagnostic::warning(
        "The decision is known only after apply",
        format!(
            "It depends on {}, known only after apply. Gates and limits are tested then. Write the values out, or apply what they come from first, to see the decision in the plan.",
            list(names)
        ),
    )
}

/// Nothing says where the dataset is.
pub(crate) fn no_region() -> Diagnostic {
    Diagnostic::error(
        "No region",
        "Where the dataset is decides what every other region is compared with, and no region is given. Set dataset_region here, or region in the provider block, or AWS_REGION, or the region of the AWS profile.",
    )
    .at("dataset_region")
}

/// Hours of delay without a moment that they are counted from. A placement that is null may be one that the data source
/// could not give.
pub(crate) fn no_clock(config: &Config) -> Option<Diagnostic> {
    if !config.earliest_start.is_null() || !config.placement.is_null() {
        return None;
    }
    let delayed = config
        .max_start_delay_hours
        .known()
        .is_some_and(|hours| hours > 0.0);
    let name = match (delayed, config.deadline.is_known()) {
        (true, _) => "max_start_delay_hours",
        (_, true) => "deadline",
        _ => return None,
    };
    Some(
        Diagnostic::error(
            format!("{name} needs earliest_start"),
            "A plan has no clock of its own. Set earliest_start, for example to plantimestamp(), or take placement from data.sustainable_placement; where its selected is null, its reason says why.",
        )
        .at(name),
    )
}

/// The request cannot be kept until the start.
pub(crate) fn request_too_large(bytes: usize) -> Diagnostic {
    Diagnostic::error(
        "The request is too large for a later start",
        format!(
            "The training job's request may have {bytes} bytes; EventBridge Scheduler, which sends it at the start, takes {}. Move hyperparameters or environment into a file of source_dir, or set max_start_delay_hours = 0 to start at once.",
            aws::START_REQUEST_MAX_BYTES
        ),
    )
    .at("hyperparameters")
}

/// Nothing is feasible.
pub(crate) fn nothing_feasible(infeasible: &Infeasible, tolerated: bool) -> Diagnostic {
    let mut detail = infeasible.detail.trim_end().to_owned();
    let mut diagnostic = if tolerated {
        detail.push_str("\n\nThe plan goes on without a decision, as on_infeasible = \"warn\" asks; apply will refuse.");
        Diagnostic::warning(infeasible.summary.trim_end_matches('.'), detail)
    } else {
        Diagnostic::error(infeasible.summary.trim_end_matches('.'), detail)
    };
    if let Some(attribute) = infeasible.attribute {
        diagnostic = diagnostic.at(attribute);
    }
    diagnostic
}

/// Hours between the job's making and its end in which it did not run.
fn waited_hours(seen: &Observation, ran: f64) -> Option<f64> {
    let moment = |text: &Option<String>| text.as_deref()?.parse::<jiff::Timestamp>().ok();
    let span = moment(&seen.ended_at)?.duration_since(moment(&seen.created_at)?);
    Some((span.as_secs_f64() / 3600.0 - ran).max(0.0))
}

/// A run that did not succeed is never mistaken for one that did.
pub(crate) fn ended_badly(
    state: &Object,
    handle: &Handle,
    seen: &Observation,
) -> Option<Diagnostic> {
    let job = get(state, "training_job_name")
        .as_str()
        .unwrap_or("The training");
    let asks = |name: &str, value: &str| get(state, name).as_str() == Some(value);
    let outcome = get(state, "outcome")
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let planned = get(state, "scheduled_start_time").as_str();
    // The schedule is forgotten once its job was seen.
    if let Some(start) = planned.filter(|_| seen.status == "NotFound" && handle.schedule.is_some())
    {
        return Some(Diagnostic::warning(
            format!("The planned start of {job} is gone; the next apply plans a new run"),
            format!(
                "Somebody has deleted the schedule that was to start it at {start}. Nothing has run."
            ),
        ));
    }
    let what = match seen.outcome {
        _ if seen.status == "NotFound" && outcome != "succeeded" => {
            "is gone, and no success of it was seen; the next apply starts a new run"
        }
        // A destroy that was broken off has asked for it, or somebody else.
        Outcome::Pending if seen.status == "Stopping" => "is being stopped",
        Outcome::Failed => "failed",
        Outcome::FailedToLaunch => "was not started",
        Outcome::OverRun => "was stopped at max_runtime_hours; a partial model was uploaded",
        Outcome::SpotExhausted => "waited for spot capacity until max_wait_hours and was stopped",
        Outcome::Capacity => "found no capacity for its instance type",
        Outcome::StoppedByUser => "was stopped",
        Outcome::Pending | Outcome::Succeeded | Outcome::Unknown => return None,
    };
    // What was seen, which a state from before does not know.
    let mut detail = format!("Outcome: {}.", seen.outcome.as_str());
    if let Some(start) = planned.filter(|_| seen.outcome == Outcome::FailedToLaunch) {
        detail.push_str(&format!(
            " Its start was planned for {start}; nothing has run."
        ));
    }
    let ran = get(state, "elapsed_hours").as_f64();
    match waited_hours(seen, ran.unwrap_or_default()) {
        Some(waited) if seen.outcome == Outcome::SpotExhausted => detail.push_str(&format!(
            " It waited {} h and ran {} h.",
            figure(waited),
            figure(ran.unwrap_or_default())
        )),
        _ => {
            if let Some(hours) = ran {
                detail.push_str(&format!(" It ran for {} h.", figure(hours)));
            }
        }
    }
    if let Some(reason) = &seen.failure_reason {
        detail.push_str(&format!("\nReason: {}", sentence(reason)));
    }
    if !seen.last_log_lines.is_empty() {
        detail.push_str(&format!(
            "\nLast log lines:\n  {}",
            seen.last_log_lines.join("\n  ")
        ));
    }
    if let Some(url) = get(state, "log_url")
        .as_str()
        .filter(|_| seen.outcome != Outcome::FailedToLaunch)
    {
        detail.push_str(&format!("\nLogs: {url}"));
    }
    if seen.status != "NotFound" {
        detail.push_str(&format!(
            "\n{}",
            match seen.outcome {
                Outcome::Capacity if asks("on_capacity", "next_candidate") =>
                    "on_capacity = \"next_candidate\": the next plan shows a new run on the next candidate within the limits, if there is one.",
                Outcome::SpotExhausted if asks("on_spot_exhausted", "on_demand") =>
                    "on_spot_exhausted = \"on_demand\": the next plan shows a new run on demand, if the limits allow one.",
                _ => RUN_AGAIN,
            }
        ));
    }
    Some(Diagnostic::warning(format!("{job} {what}"), detail))
}

/// What is asked of a volume, where the type has a disk of its own instead.
pub(crate) fn without_volume(config: &Config, instance_type: &str) -> Option<Diagnostic> {
    let (name, but) = if !config.volume_kms_key_arn.is_null() {
        (
            "volume_kms_key_arn",
            "which takes no key: the instance's hardware encrypts it with keys of its own, which end with the instance. Where a key of yours is required, \
             name types without a local disk in preferred_instance_types.",
        )
    } else if !config.volume_size_gb.is_null() {
        (
            "volume_size_gb",
            "whose size is what the type has. Leave the setting out, or name types without a local disk in preferred_instance_types.",
        )
    } else {
        return None;
    };
    let summary = format!("{name} has no effect on {instance_type}");
    let detail = format!("It stores data on its local NVMe disk, {but}");
    Some(Diagnostic::warning(summary, detail).at(name))
}

/// Ctrl-C before the job existed.
pub(crate) fn launch_stopped() -> Diagnostic {
    Diagnostic::warning(
        "The launch was stopped before the training job existed",
        "Nothing runs and nothing bills by the hour. What was prepared so far is in the state: the next apply goes on from there, and a destroy removes it.",
    )
}
