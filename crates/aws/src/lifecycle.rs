//! The life of a run: create, look, change, remove.

use std::collections::BTreeMap;

use crate::after::AfterStep;
use crate::clients::Aws;
use crate::control::Control;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::removal::Removal;
use crate::report::{
    AfterReport, CreateReport, DestroyReport, Imported, ReadReport, Remark, UpdateReport,
};
use crate::retry::Watch;
use crate::run::Run;
use crate::spec::{Alarms, Dashboard, RunSpec};

/// What [`update`] changes in place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Every tag that the job and our other objects are to carry, default tags included, our own not. `None`: as they are.
    pub tags: Option<BTreeMap<String, String>>,
    /// The dashboard. `None`: as it is.
    pub dashboard: Option<DashboardChange>,
    /// Who is told of the run. `None`: as it is.
    pub alarms: Option<AlarmChange>,
}

/// What becomes of the alarms.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmChange {
    /// Put them, new or over the old ones.
    Put(Alarms),
    /// Remove them.
    Remove,
}

/// What becomes of the dashboard.
#[derive(Debug, Clone, PartialEq)]
pub enum DashboardChange {
    /// Put it, new or over the old one.
    Put(Dashboard),
    /// Remove it.
    Remove,
}

/// What [`destroy`] does with the job's record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDestroy {
    /// Stop, keep the record.
    #[default]
    Stop,
    /// Stop, then delete the record.
    Delete,
    /// Leave the job alone.
    Retain,
}

/// How [`destroy`] goes about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DestroyOptions {
    /// The job's record.
    pub on_destroy: OnDestroy,
    /// Managed buckets go with everything in them, artifacts, reports and manifests included.
    pub force: bool,
    /// `s3://` prefix to which a copy of the artifacts was due and has not been made: what is unfinished there goes.
    pub copy_due: Option<String>,
}

/// What [`read`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// Last log lines after a failure.
    pub capture_logs: bool,
    /// How busy the instances were, after the end.
    pub utilisation: bool,
    /// Reports of what was deleted behind our back (role, dashboard, companion bucket).
    pub check_parts: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            capture_logs: true,
            utilisation: true,
            check_parts: true,
        }
    }
}

/// What [`import`] is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportId {
    /// `arn:aws:sagemaker:<region>:<account>:training-job/<name>` or `<region>/<job name>`.
    Job {
        /// Region of the job.
        region: String,
        /// Its name.
        job_name: String,
    },
    /// The resource's identity; found through its claim.
    Identity {
        /// Data bucket.
        bucket: String,
        /// Its region, when it is known.
        region: Option<String>,
        /// Name of the resource.
        name: String,
    },
}

impl ImportId {
    /// Reads what the user typed.
    ///
    /// # Errors
    /// The text has none of the legal forms; the error names them.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let legal = "a training job's ARN, or region/job-name such as eu-north-1/bert-base-1a2b3c, or s3_bucket_name/name";
        let refuse = || {
            Error::new(Kind::Invalid, format!("\"{text}\" is no import ID"))
                .advise(format!("Give {legal}."))
        };
        if text.starts_with("arn:") {
            let parts: Vec<&str> = text.splitn(6, ':').collect();
            if let [_, _, "sagemaker", region, _, resource] = parts[..]
                && let Some(job_name) = resource
                    .strip_prefix("training-job/")
                    .filter(|name| !name.is_empty())
            {
                return Ok(ImportId::Job {
                    region: region.to_owned(),
                    job_name: job_name.to_owned(),
                });
            }
            return Err(refuse());
        }
        match text.split_once('/') {
            Some((first, second))
                if !first.is_empty() && !second.is_empty() && !second.contains('/') =>
            {
                if looks_like_region(first) {
                    Ok(ImportId::Job {
                        region: first.to_owned(),
                        job_name: second.to_owned(),
                    })
                } else {
                    Ok(ImportId::Identity {
                        bucket: first.to_owned(),
                        region: None,
                        name: second.to_owned(),
                    })
                }
            }
            _ => Err(refuse()),
        }
    }
}

/// `eu-north-1`, `us-gov-west-1`: letters, then words, then a number. A bucket of such a name is imported by ARN.
fn looks_like_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.len(), 3 | 4)
        && parts[0].len() == 2
        && parts[..parts.len() - 1]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
        && parts[parts.len() - 1].len() == 1
        && parts[parts.len() - 1]
            .bytes()
            .all(|byte| byte.is_ascii_digit())
}

/// Creates everything that a run needs, the training job last.
///
/// Never an `Err` alone: what exists must reach the state. When it fails before the job exists, what this call made
/// is removed again as far as possible; [`Handle::is_empty`] says whether anything is left.
pub async fn create(aws: &Aws, spec: &RunSpec, control: &Control<'_>) -> CreateReport {
    follow_up(
        aws,
        spec,
        control,
        Run::new(aws, spec, None, control).walk().await,
    )
    .await
}

/// Starts a new run in place of `previous`: everything is prepared, the old job is let go of and stopped, then the
/// new one is created. On a failure before the new job exists, the handle is the previous one (its job may have been
/// stopped: the observation tells). With a `previous` that has no job yet, this goes on with what a stop cut short.
pub async fn rerun(
    aws: &Aws,
    previous: &Handle,
    spec: &RunSpec,
    control: &Control<'_>,
) -> CreateReport {
    follow_up(
        aws,
        spec,
        control,
        Run::new(aws, spec, Some(previous), control).walk().await,
    )
    .await
}

/// The first look at the job, and the wait for its end.
async fn follow_up(
    aws: &Aws,
    spec: &RunSpec,
    control: &Control<'_>,
    mut report: CreateReport,
) -> CreateReport {
    let Some(name) = report.handle.job_name.clone() else {
        return report;
    };
    if report.failure.is_none() && spec.wait_for_completion {
        let options = ReadOptions {
            capture_logs: spec.capture_logs,
            utilisation: true,
            check_parts: false,
        };
        match wait(aws, &report.handle, options, control).await {
            Ok(seen) => {
                report.handle = seen.handle;
                report.observation = Some(seen.observation);
                report.remarks.extend(seen.remarks);
            }
            Err(error) => report.remarks.push(Remark::new(
                format!("training job {name} could not be watched"),
                error.to_string(),
            )),
        }
        return report;
    }
    match crate::read::look(aws, &mut report.handle).await {
        Ok(found) => report.observation = found.observation(&report.handle),
        Err(error) => report.remarks.push(Remark::new(
            format!("training job {name} could not be looked at"),
            error.to_string(),
        )),
    }
    report
}

/// Changes tags, dashboard and alarms in place.
pub async fn update(
    aws: &Aws,
    handle: &Handle,
    change: &Change,
    control: &Control<'_>,
) -> UpdateReport {
    crate::update::update(aws, handle, change, &Watch::new(control, aws.timing())).await
}

/// Looks at the job and confirms the claim. A job that is gone is an observation, not an error.
///
/// # Errors
/// The job could not be described.
pub async fn read(aws: &Aws, handle: &Handle, options: ReadOptions) -> Result<ReadReport, Error> {
    crate::read::read(aws, handle, options).await
}

/// Waits for the end of the run, or for the control's timeout or stop: then `handle.wait_pending` stays true.
///
/// # Errors
/// The job could not be described.
pub async fn wait(
    aws: &Aws,
    handle: &Handle,
    options: ReadOptions,
    control: &Control<'_>,
) -> Result<ReadReport, Error> {
    crate::wait::wait(aws, handle, options, &Watch::new(control, aws.timing())).await
}

/// Does one thing after the end of a run. May be called again after any failure or kill.
pub async fn after_end(
    aws: &Aws,
    handle: &Handle,
    step: &AfterStep,
    control: &Control<'_>,
) -> AfterReport {
    crate::after::after_end(aws, handle, step, control).await
}

/// Stops the run and removes what is ours. What stays is named in the report.
pub async fn destroy(
    aws: &Aws,
    handle: &Handle,
    options: DestroyOptions,
    control: &Control<'_>,
) -> DestroyReport {
    Removal::new(aws, handle, options, control).walk().await
}

/// Finds a run that exists and takes it over.
///
/// # Errors
/// There is no such job, or it cannot be read.
pub async fn import(aws: &Aws, id: &ImportId) -> Result<Imported, Error> {
    crate::import::import(aws, id).await
}

/// Finds a run again that has not begun; `None` where nothing tells of it.
///
/// # Errors
/// The bucket cannot be read.
pub async fn find_planned(
    aws: &Aws,
    run: &crate::planned::PlannedRun,
) -> Result<Option<Handle>, Error> {
    crate::planned::find(aws, run).await
}

/// Finds what is left of a run whose job is gone, or never was, by what a state shows; `None` where its names belong to
/// another run by now.
///
/// # Errors
/// A bucket cannot be read.
pub async fn find_remains(
    aws: &Aws,
    shown: &crate::remains::Shown,
) -> Result<Option<Handle>, Error> {
    crate::remains::find(aws, shown).await
}
