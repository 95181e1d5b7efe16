//! What exists: kept in the state by the caller, handed to every later call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::Compression;

/// Names of everything that a run has made or uses. Fields fill up as `create` goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handle {
    /// The job was not made by this provider: nothing is ours but what [`Handle`] names beside it, and it carries no tag of ours.
    pub foreign: bool,
    /// Name of the resource.
    pub name: String,
    /// Nonce of the run: the value of the `sustainable:run` tag.
    pub nonce: String,
    /// Account in which all of it is.
    pub account_id: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// Region of the job.
    pub region: String,
    /// Digest of the run-defining request.
    pub request_digest: String,
    /// The training job's name, once CreateTrainingJob was answered.
    pub job_name: Option<String>,
    /// Its ARN.
    pub job_arn: Option<String>,
    /// The user's bucket.
    pub data_bucket: Option<BucketRef>,
    /// The bucket that the job reads from.
    pub job_bucket: Option<BucketRef>,
    /// Companion buckets of this and earlier runs in which we are a user.
    pub companions: Vec<BucketRef>,
    /// Bucket of results, source, checkpoints and manifest.
    pub work_bucket: Option<BucketRef>,
    /// Every bucket that was the work bucket of this or an earlier run.
    pub worked_in: Vec<BucketRef>,
    /// The claim.
    pub claim: Option<ClaimRef>,
    /// Execution role.
    pub role_arn: Option<String>,
    /// Name of the execution role when it is ours.
    pub managed_role: Option<String>,
    /// Key of the uploaded source in the work bucket.
    pub source_key: Option<String>,
    /// Key of the run manifest in the work bucket.
    pub manifest_key: Option<String>,
    /// `s3://` prefix of the checkpoints.
    pub checkpoint_uri: Option<String>,
    /// `S3OutputPath` of the job.
    pub output_path: Option<String>,
    /// Form of the artifact.
    pub output_compression: Compression,
    /// Whether the training code was given a place for a compressed model.
    pub has_compressed_uri: bool,
    /// File systems of this run, and of earlier ones until they are deleted.
    pub file_systems: Vec<FileSystemRef>,
    /// CloudWatch dashboard.
    pub dashboard: Option<String>,
    /// Experiments and trials under which this and earlier runs are recorded.
    pub experiments: Vec<ExperimentRef>,
    /// Model package group that a model was registered in.
    pub model_package_group: Option<String>,
    /// EventBridge rules and CloudWatch alarms of this and earlier runs.
    pub watchers: Vec<Watcher>,
    /// Image, with every placeholder filled in.
    pub image: Option<String>,
    /// `ml.*` type.
    pub instance_type: String,
    /// Further types that SageMaker may take where the first has no capacity, in this order.
    pub fallback_types: Vec<String>,
    /// Number of instances.
    pub instance_count: u32,
    /// Managed spot training was asked for.
    pub spot: bool,
    /// The instances stay after the run: a warm pool that a destroy has to end.
    pub warm_pool: bool,
    /// Earlier runs whose warm pools were left for the next one: region and job. A destroy ends what is left of them.
    pub former_pools: Vec<(String, String)>,
    /// Names of the metrics that the job publishes.
    pub metric_names: Vec<String>,
    /// What a later start is made with, a region each.
    pub scheduling: Vec<SchedulingRef>,
    /// The role that starts runs later.
    pub scheduler_role_arn: Option<String>,
    /// Its name when it is ours.
    pub managed_scheduler_role: Option<String>,
    /// The start of this run, until the job was seen.
    pub schedule: Option<ScheduleRef>,
    /// All tags on the job.
    pub tags: BTreeMap<String, String>,
    /// The end of the run is awaited but was not reached: [`crate::lifecycle::wait`] goes on.
    pub wait_pending: bool,
}

/// A bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BucketRef {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Our tags are on it: it was made by this provider. Re-read from the tags before it is removed.
    pub managed: bool,
}

/// An experiment and a trial in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExperimentRef {
    /// Their region.
    pub region: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the trial.
    pub trial: String,
    /// ARN of the last job that is recorded there: its record is found by it, also once the job is gone.
    pub job_arn: String,
}

impl ExperimentRef {
    /// The same trial, whichever job it records.
    pub(crate) fn is_same_trial(&self, other: &ExperimentRef) -> bool {
        self.region == other.region
            && self.trial.eq_ignore_ascii_case(&other.trial)
            && self.experiment.eq_ignore_ascii_case(&other.experiment)
    }
}

/// Schedule group and dead-letter queue in a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SchedulingRef {
    /// Region of both.
    pub region: String,
    /// Name of the group.
    pub group: String,
    /// Name of the queue.
    pub queue: String,
    /// Its URL, once it was made.
    pub queue_url: String,
}

/// A file system that was made for a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileSystemRef {
    /// Its region.
    pub region: String,
    /// Tells it from those of other runs: its client request token, and a tag on it.
    pub token: String,
    /// `fs-...`, once its creation was answered.
    pub id: Option<String>,
    /// First folder of every path in it, once it is available.
    pub mount_name: Option<String>,
    /// Group of the schedule that deletes it.
    pub group: String,
    /// When that is, RFC 3339 in UTC.
    pub deleted_at: String,
    /// Whether its deletion had begun when it was last looked at: nothing is left to do, and it bills no more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleting: bool,
}

/// A start that AWS makes later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleRef {
    /// Group of the schedule; its name is the job's.
    pub group: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Why the start failed, once its dead letter was read.
    pub failure: Option<String>,
}

/// A rule or an alarm that tells of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watcher {
    /// `rule` or `alarm`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
}

/// The claim on the name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimRef {
    /// Bucket that holds it.
    pub bucket: String,
    /// Region of the bucket.
    pub region: String,
    /// Key of the object.
    pub key: String,
    /// The claim says that the state was saved.
    pub confirmed: bool,
}

impl Handle {
    /// Nothing exists that a destroy would have to remove: the caller may drop the state.
    pub fn is_empty(&self) -> bool {
        self.job_name.is_none()
            && self.claim.is_none()
            && self.managed_role.is_none()
            && self.companions.is_empty()
            && self.source_key.is_none()
            && self.manifest_key.is_none()
            && self.dashboard.is_none()
            && self.model_package_group.is_none()
            && self.experiments.is_empty()
            && self.scheduling.is_empty()
            && self.file_systems.is_empty()
            && self.managed_scheduler_role.is_none()
            && self.watchers.is_empty()
            && !self
                .data_bucket
                .as_ref()
                .is_some_and(|bucket| bucket.managed)
    }

    /// Folder of the model artifact: `.../model.tar.gz` is SageMaker's artifact; without compression the prefix itself.
    pub fn model_artifacts_location(&self) -> Option<String> {
        let path = self.output_path.as_deref()?.trim_end_matches('/');
        let job = self.job_name.as_deref()?;
        Some(match self.output_compression {
            Compression::Gzip => format!("{path}/{job}/output"),
            Compression::None => format!("{path}/{job}/output/model"),
        })
    }

    /// Where the training code may put a compressed model.
    pub fn compressed_uri(&self) -> Option<String> {
        let location = self.model_artifacts_location()?;
        self.has_compressed_uri
            .then(|| format!("{location}/compressed/model.tar.gz"))
    }

    /// Where reports of this resource go.
    pub fn reports_location(&self) -> Option<String> {
        let bucket = self.work_bucket.as_ref()?;
        Some(format!(
            "s3://{}/sustainability-reports/{}/",
            bucket.name, self.name
        ))
    }

    /// Console page of the dashboard.
    pub fn dashboard_url(&self) -> Option<String> {
        let name = self.dashboard.as_deref()?;
        let (region, console) = (&self.region, crate::naming::console_domain(&self.partition));
        Some(format!(
            "https://{region}.{console}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"
        ))
    }

    /// Console page of the log streams.
    pub fn log_url(&self) -> Option<String> {
        let job = self.job_name.as_deref()?;
        let (region, console) = (&self.region, crate::naming::console_domain(&self.partition));
        Some(format!(
            "https://{region}.{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3D{job}$252F"
        ))
    }
}
