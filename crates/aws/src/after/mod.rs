//! What is done after the end of a run: the model is copied to a second place and registered, a file system is deleted.
//!
//! These are no steps of a create: the job has ended, nothing of it can be endangered any more, and each of them may be
//! tried again by any later apply. Each finds out by itself what an earlier try has done, so that a kill or a lost
//! answer leaves nothing twice.

mod copy;
mod register;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clients::Aws;
use crate::control::Control;
use crate::error::Error;
use crate::handle::Handle;
use crate::removal::Removal;
use crate::report::{AfterReport, Remark};
use crate::retry::Watch;
use crate::steps::end_file_systems;

pub(crate) use register::{Group, arn_of_group, empty_group_goes, group_of};

/// One thing to do after the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AfterStep {
    /// Copies the artifacts into the run's folder under this `s3://` prefix ([`copied_to`]).
    CopyArtifacts {
        /// The prefix.
        to: String,
    },
    /// Registers the model as a version of a model package group.
    RegisterModel(Registration),
    /// Deletes the file system that the run has read from, before its planned deletion.
    DeleteFileSystem,
}

/// A model version to register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Name of the model package group; it is made when it is missing.
    pub group: String,
    /// Image that serves the model; `None` where an algorithm resource has trained it.
    pub image: Option<String>,
    /// ARN or name of the algorithm resource, when there is no image.
    pub algorithm: Option<String>,
    /// `CustomerMetadataProperties`: what the registry is to say of the run.
    pub properties: BTreeMap<String, String>,
    /// Tags of a group that is made here, our own not included.
    pub tags: BTreeMap<String, String>,
}

/// The folder into which the artifacts of a job are copied. Pure: a plan may ask.
pub fn copied_to(prefix: &str, job: &str) -> String {
    format!("{}/{job}", prefix.trim_end_matches('/'))
}

/// What [`crate::lifecycle::after_end`] does.
pub(crate) async fn after_end(
    aws: &Aws,
    handle: &Handle,
    step: &AfterStep,
    control: &Control<'_>,
) -> AfterReport {
    let watch = Watch::new(control, aws.timing());
    let mut report = AfterReport {
        handle: handle.clone(),
        made: None,
        failure: None,
        remarks: Vec::new(),
    };
    let result: Result<Option<String>, Error> = match step {
        AfterStep::CopyArtifacts { to } => copy::artifacts(aws, handle, to, &watch).await.map(Some),
        AfterStep::RegisterModel(wanted) => {
            let made = register::model(aws, &mut report, wanted, &watch).await;
            made.map(Some)
        }
        AfterStep::DeleteFileSystem => delete_file_system(aws, &mut report, &watch).await,
    };
    match result {
        Ok(made) => report.made = made,
        Err(error) => report.failure = Some(error),
    }
    control.progress.save(&report.handle);
    report
}

/// Before a run is removed whose artifacts were to be copied: what of the copy is unfinished goes. Where that fails, it is
/// said, and nothing is held up.
pub(crate) async fn abandon_copy(removal: &mut Removal<'_>, job: &str) {
    let Some(to) = removal.options.copy_due.clone() else {
        return;
    };
    if let Err(error) = copy::abandon(removal.aws, &removal.handle, job, &to).await {
        removal.leave(format!(
            "uploads under {to} that are not finished, if there are any: {error}"
        ));
    }
}

async fn delete_file_system(
    aws: &Aws,
    report: &mut AfterReport,
    watch: &Watch<'_>,
) -> Result<Option<String>, Error> {
    let left = end_file_systems(aws, &mut report.handle, watch).await?;
    let remarks = left
        .into_iter()
        .map(|line| Remark::new("left in place", line));
    report.remarks.extend(remarks);
    Ok(None)
}
