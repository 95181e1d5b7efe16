//! Finding what exists without the private state.
//!
//! When a tainted object is replaced, Terraform plans its successor without the private state and then destroys the old one
//! with what that plan answered: the names of what exists have to be found again from the state. The same holds after a
//! provider that died in a change: Terraform keeps the state as it was then, and forgets the private one.

use aws::lifecycle::{self, ImportId};
use aws::{Aws, Handle, Kind, PlannedRun, Shown};
use tfplugin::{Diagnostic, Diagnostics};

use super::say;
use crate::object::{Object, get};

/// What is remembered, else what the job named in the state leads to. None when there is no job.
pub(crate) async fn handle(
    aws: &Aws,
    remembered: Option<Handle>,
    state: &Object,
) -> Result<Option<Handle>, Diagnostics> {
    if remembered.is_some() {
        return Ok(remembered);
    }
    let (Some(region), Some(job_name)) = (
        get(state, "selected_region").as_str(),
        get(state, "training_job_name").as_str(),
    ) else {
        return Ok(None);
    };
    let id = ImportId::Job {
        region: region.to_owned(),
        job_name: job_name.to_owned(),
    };
    match lifecycle::import(aws, &id).await {
        Ok(found) => {
            let mut handle = found.handle;
            // Made after the end: no description of the job names it.
            handle.model_package_group = get(state, "model_package_group_name")
                .as_str()
                .map(str::to_owned);
            Ok(Some(handle))
        }
        Err(error) if error.kind() == Kind::NotFound => planned(aws, state).await,
        Err(error) => Err(Diagnostic::error(error.summary(), error.detail()).into()),
    }
}

/// There is no job: its start may lie in the future, or may have failed.
async fn planned(aws: &Aws, state: &Object) -> Result<Option<Handle>, Diagnostics> {
    let text = |name: &str| get(state, name).as_str().map(str::to_owned);
    let never_began = say::never_began(text("training_job_status").as_deref());
    let (Some(at), true) = (text("scheduled_start_time"), never_began) else {
        return Ok(None);
    };
    // `reports_location` is in the bucket of the results.
    let work_bucket = text("reports_location")
        .as_deref()
        .and_then(aws::naming::split_s3_uri)
        .map(|(bucket, _)| bucket.to_owned());
    let run = PlannedRun {
        region: text("selected_region").unwrap_or_default(),
        job_name: text("training_job_name").unwrap_or_default(),
        work_bucket: work_bucket.unwrap_or_default(),
        data_bucket: text("s3_bucket_name").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
        at,
    };
    if run.work_bucket.is_empty() {
        return Ok(None);
    }
    lifecycle::find_planned(aws, &run)
        .await
        .map_err(|error| Diagnostic::error(error.summary(), error.detail()).into())
}

/// There is no job, and nothing is remembered: what a destroy has to look for all the same.
pub(crate) async fn remains(aws: &Aws, state: &Object) -> Result<Option<Handle>, Diagnostics> {
    let text = |name: &str| get(state, name).as_str().map(str::to_owned);
    let (Some(region), Some(name), Some(data_bucket)) = (
        text("selected_region"),
        text("name"),
        text("s3_bucket_name"),
    ) else {
        return Ok(None);
    };
    let shown = Shown {
        region,
        job_name: text("training_job_name"),
        name,
        data_bucket,
        job_bucket: text("job_bucket_name"),
        work_bucket: text("reports_location")
            .as_deref()
            .and_then(aws::naming::split_s3_uri)
            .map(|(bucket, _)| bucket.to_owned()),
        own_role: get(state, "role_arn").is_null(),
        schedules: text("scheduled_start_time").is_some()
            || get(state, "use_fsx_lustre").as_bool().unwrap_or_default(),
        own_scheduler_role: get(state, "scheduler_role_arn").is_null(),
        dashboard: text("dashboard_url").is_some(),
        model_package_group: text("model_package_group_name"),
    };
    lifecycle::find_remains(aws, &shown)
        .await
        .map_err(|error| Diagnostic::error(error.summary(), error.detail()).into())
}
