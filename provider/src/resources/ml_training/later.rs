//! A start that lies in the future: what a plan and an apply can say of it before AWS is asked.

use aws::START_REQUEST_MAX_BYTES;
use aws::spec::SchedulerRole;
use schemas::ml_training::{Config, Effective};
use tfplugin::{Diagnostic, Value};

use super::say;
use crate::json::plain;
use crate::object::{Object, get};
use crate::time;

/// What goes into the request as it is written.
const WRITTEN: [&str; 7] = [
    "hyperparameters",
    "environment",
    "metric_definitions",
    "input_channels",
    "container_entrypoint",
    "container_arguments",
    "vpc_config",
];
/// Room for the rest of a request, whose longest parts are ARNs of 2,048 characters at most.
const REST_BYTES: usize = 8192;
/// `{"Key":"","Value":""},` around an entry.
const AROUND_ENTRY_BYTES: usize = 24;

/// The request of the job, if it may be too long to be kept until the start. A plan knows of a later start by the decision
/// alone; an apply, which has a clock, knows every one (`waits`).
pub(crate) fn too_large(
    config: &Config,
    written: &Object,
    outputs: &Object,
    waits: bool,
) -> Option<Diagnostic> {
    if !waits && !starts_later(config, get(outputs, "scheduled_start_time")) {
        return None;
    }
    let tags = get(outputs, "tags_all");
    let bytes = WRITTEN
        .into_iter()
        .map(|name| get(written, name))
        .chain([tags])
        .map(bytes)
        .sum::<usize>()
        + REST_BYTES;
    (bytes > START_REQUEST_MAX_BYTES).then(|| say::request_too_large(bytes))
}

fn bytes(value: &Value) -> usize {
    if value.is_null() || !value.is_wholly_known() {
        return 0;
    }
    let entries = value.as_map().map_or(0, |entries| entries.len());
    plain(value).to_string().len() + entries * AROUND_ENTRY_BYTES
}

/// Whether a start lies later than the earliest one that was asked for.
fn starts_later(config: &Config, scheduled: &Value) -> bool {
    match scheduled.as_str().and_then(time::parse) {
        None => false,
        Some(start) => config
            .earliest_start
            .as_ref()
            .known()
            .and_then(|text| time::parse(text))
            .is_none_or(|earliest| start > earliest),
    }
}

/// The moment before which a planned run is not to start.
pub(crate) fn start(planned: &Object, config: &Effective) -> Option<String> {
    let decided = get(planned, "scheduled_start_time")
        .as_str()
        .map(str::to_owned);
    decided.or_else(|| config.earliest_start.as_ref().known().cloned())
}

/// The role that starts it.
pub(crate) fn role(config: &Effective) -> SchedulerRole {
    match config.scheduler_role_arn.as_ref().known() {
        Some(arn) => SchedulerRole::Given { arn: arn.clone() },
        None => SchedulerRole::Managed {
            path: config.iam_path.as_ref().known().cloned(),
            boundary: config.permissions_boundary_arn.as_ref().known().cloned(),
        },
    }
}
