//! The planned state, put together from what was configured, what was there, and what was decided.
//!
//! Every output belongs to one group, which says when it becomes known; the groups are the whole rule book.

use tfplugin::Value;

use super::after;
use super::change::{Change, MOMENTS, same};
use crate::object::{Object, get};

/// Known at plan: they follow from the decision.
pub(crate) const DECIDED: [&str; 18] = [
    "assumptions",
    "baseline",
    "breakdown",
    "candidates",
    "cost_ceiling_usd",
    "estimate",
    "job_bucket_name",
    "launchable",
    "placement",
    "recommendations",
    "savings",
    "scheduled_start_time",
    "selected_capacity",
    "selected_instance_type",
    "selected_region",
    "signal",
    "source_digest",
    "summary",
];

/// Of those, what a create leaves open: a reader of a long plan block finds it in the summary, in `selected_*` and in the
/// data source. Apply decides the same again and fills it in.
pub(crate) const OPEN_ON_CREATE: [&str; 4] = ["assumptions", "breakdown", "placement", "signal"];

/// Known at plan: they follow from names alone.
pub(crate) const NAMED: [&str; 4] = ["id", "s3_bucket_arn", "tags_all", "training_image_resolved"];

/// Known once the job exists.
pub(crate) const LAUNCHED: [&str; 9] = [
    "arn",
    "bucket_managed",
    "dashboard_url",
    "log_url",
    "model_artifacts_location",
    "reports_location",
    "sagemaker_role_arn",
    "training_job_name",
    "training_job_status",
];

/// Filled by a refresh, or by an apply that waits for the end.
pub(crate) const OBSERVED: [&str; 17] = [
    "actual_instance_type",
    "artifacts_copied_to",
    "billable_seconds",
    "compressed_model_uri",
    "cost_to_date_usd",
    "efficiency",
    "elapsed_hours",
    "estimate_error_percent",
    "failure_reason",
    "final_metrics",
    "last_log_lines",
    "measured",
    "model_package_arn",
    "outcome",
    "pending_steps",
    "secondary_status",
    "started_at",
];

/// What goes into a planned state beside config and prior state.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    /// The `DECIDED` and `NAMED` outputs of the run that a create or a new run would make; unknown where they are not known yet.
    pub(crate) foreseen: &'a Object,
    /// `run_change` of a new run.
    pub(crate) run_change: Value,
    /// Apply waits for the end of the job, so that it can tell what only a refresh tells otherwise.
    pub(crate) waits: bool,
    /// A step was left unfinished and this apply takes it up again.
    pub(crate) resumes: bool,
    /// Steps after the end of a run that this apply does.
    pub(crate) finishes: Vec<&'static str>,
}

/// The planned state.
pub(crate) fn planned(
    config: &Object,
    prior: Option<&Object>,
    change: &Change,
    parts: &Parts<'_>,
) -> Object {
    match (change, prior) {
        (Change::PerhapsNewRun(_), Some(prior)) => {
            let started = new_run(config, Some(prior), parts);
            let stayed = in_place(config, prior, &[], parts);
            merge(started, &stayed)
        }
        (Change::InPlace(changed), Some(prior)) => in_place(config, prior, changed, parts),
        (Change::None, Some(prior)) => in_place(config, prior, &[], parts),
        (Change::NewRun(_), Some(prior)) => {
            let mut planned = new_run(config, Some(prior), parts);
            // Another moment alone changes nothing; a run that is decided anew is decided by it.
            for name in MOMENTS {
                planned.insert(name.to_owned(), get(config, name).clone());
            }
            planned
        }
        (Change::Create | Change::Replace(_), _) | (_, None) => new_run(config, None, parts),
    }
}

/// The inputs as configured; where the prior value says the same in another order, the prior value.
fn inputs(config: &Object, prior: Option<&Object>) -> Object {
    let mut inputs = config.clone();
    if let Some(prior) = prior {
        for (name, value) in &mut inputs {
            let had = get(prior, name);
            if !had.is_null() && same(name, value, had) {
                value.clone_from(had);
            }
        }
    }
    inputs
}

fn new_run(config: &Object, prior: Option<&Object>, parts: &Parts<'_>) -> Object {
    let mut planned = inputs(config, prior);
    for name in LAUNCHED {
        planned.insert(name.to_owned(), Value::Unknown);
    }
    for name in OBSERVED {
        planned.insert(
            name.to_owned(),
            if parts.waits {
                Value::Unknown
            } else {
                Value::Null
            },
        );
    }
    for name in DECIDED.into_iter().chain(NAMED) {
        planned.insert(name.to_owned(), get(parts.foreseen, name).clone());
    }
    // What the user wrote stands, leaf by leaf.
    let asked = get(config, "placement");
    if !asked.is_null() || get(parts.foreseen, "placement").is_null() {
        planned.insert("placement".to_owned(), asked.clone());
    }
    if prior.is_none() {
        for name in OPEN_ON_CREATE {
            let ours = name != "placement" || asked.is_null();
            if ours && !get(parts.foreseen, name).is_null() {
                planned.insert(name.to_owned(), Value::Unknown);
            }
        }
    }
    // Some of what a launch tells can be foreseen: a role that was given, a bucket that is not ours.
    for name in LAUNCHED.into_iter().chain(["outcome"]) {
        let foreseen = get(parts.foreseen, name);
        let told_by_waiting = name == "outcome" && parts.waits;
        if !foreseen.is_null() && !told_by_waiting {
            planned.insert(name.to_owned(), foreseen.clone());
        }
    }
    // Who made a bucket does not change with a run.
    if let Some(prior) = prior
        .filter(|prior| get(prior, "job_bucket_name") == get(parts.foreseen, "job_bucket_name"))
    {
        planned.insert(
            "bucket_managed".to_owned(),
            get(prior, "bucket_managed").clone(),
        );
    }
    planned.insert(
        "run_change".to_owned(),
        if prior.is_some() {
            parts.run_change.clone()
        } else {
            Value::Null
        },
    );
    planned
}

fn in_place(config: &Object, prior: &Object, changed: &[String], parts: &Parts<'_>) -> Object {
    let mut planned = inputs(config, Some(prior));
    for name in DECIDED
        .into_iter()
        .chain(NAMED)
        .chain(LAUNCHED)
        .chain(OBSERVED)
        .chain(["run_change"])
    {
        planned.insert(name.to_owned(), get(prior, name).clone());
    }
    for name in ["id", "tags_all", "source_digest"] {
        planned.insert(name.to_owned(), get(parts.foreseen, name).clone());
    }
    // A run without a decision on record (an import without a manifest) leaves what the user wrote.
    if get(prior, "placement").is_null() {
        planned.insert("placement".to_owned(), get(config, "placement").clone());
    }
    if changed.iter().any(|name| name == "dashboard") {
        planned.insert("dashboard_url".to_owned(), Value::Unknown);
    }
    if parts.resumes || parts.waits {
        planned.insert("pending_steps".to_owned(), Value::Unknown);
    }
    for (step, output) in after::STEPS {
        if parts.finishes.contains(&step) {
            planned.insert(output.to_owned(), Value::Unknown);
        }
    }
    if parts.waits {
        for name in OBSERVED.into_iter().chain(["training_job_status"]) {
            planned.insert(name.to_owned(), Value::Unknown);
        }
    }
    planned
}

/// Known where both roads lead to the same value.
pub(crate) fn merge(mut one: Object, other: &Object) -> Object {
    for (name, value) in &mut one {
        if value != get(other, name) {
            *value = Value::Unknown;
        }
    }
    one
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemas::ml_training::{Known, outputs_known};

    use super::{DECIDED, LAUNCHED, NAMED, OBSERVED, OPEN_ON_CREATE};

    #[test]
    fn the_groups_are_what_the_reference_says() {
        let plan = [&DECIDED[..], &NAMED[..], &["run_change"]].concat();
        let (later, plan): (Vec<&str>, Vec<&str>) = plan
            .into_iter()
            .partition(|name| OPEN_ON_CREATE.contains(name));
        for (when, group) in [
            (Known::InPlan, &plan[..]),
            (Known::InLaterPlans, &later[..]),
            (Known::AfterApply, &LAUNCHED[..]),
            (Known::AfterRefresh, &OBSERVED[..]),
        ] {
            let group: BTreeSet<&str> = group
                .iter()
                .copied()
                .filter(|name| *name != "placement")
                .collect();
            assert_eq!(
                group,
                outputs_known(when).collect::<BTreeSet<_>>(),
                "{when:?}"
            );
        }
    }
}
