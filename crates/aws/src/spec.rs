//! Everything that a run is, decided: no defaults are left open and nothing is chosen here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::naming;

/// One training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Name of the resource; with the data bucket's name it is the run's identity.
    pub name: String,
    /// Job name without a suffix for uniqueness: [`crate::naming::job_name_base`].
    pub job_name_base: String,
    /// Digest of the run-defining request: [`crate::naming::request_digest`]. A lost job is adopted only when it is equal.
    pub request_digest: String,
    /// Region in which the job runs.
    pub region: String,
    /// Where the user's data are.
    pub data_bucket: DataBucket,
    /// The bucket in the job's region that the job reads from.
    pub job_bucket: JobBucket,
    /// Input channels. URIs are final, except that with [`JobBucket::Companion`] those in the data bucket are staged.
    pub channels: Vec<Channel>,
    /// Stated size of the dataset; 0 says that it may be empty.
    pub dataset_size_gb: f64,
    /// The factor by which the data may differ from that before it is worth a word.
    pub dataset_size_factor: f64,
    /// A file system that is made for this run, and through which the channels are read; needs `vpc`.
    pub file_system: Option<FileSystem>,
    /// Refuse to stage more than this.
    pub max_staging_gb: Option<f64>,
    /// Image or algorithm.
    pub algorithm: Algorithm,
    /// Replaces the image's entrypoint; empty: the image's own.
    pub container_entrypoint: Vec<String>,
    /// Arguments for the entrypoint.
    pub container_arguments: Vec<String>,
    /// The user's code.
    pub source: Source,
    /// Script inside the source.
    pub entry_point: Option<String>,
    /// How the training toolkit starts the processes.
    pub distribution: Distribution,
    /// `ml.*` type.
    pub instance_type: String,
    /// Number of instances.
    pub instance_count: u32,
    /// Size of the EBS volume; `None` on types with a local NVMe disk (a volume key is then dropped too).
    pub volume_gb: Option<u32>,
    /// Managed spot training.
    pub spot: bool,
    /// Further types that SageMaker may take where the first has no capacity, in this order. On demand only.
    pub fallback_types: Vec<String>,
    /// How long the instances stay after the run, for the next one (a warm pool). Not on spot.
    pub keep_alive_seconds: Option<u32>,
    /// Training plan whose capacity the run uses.
    pub training_plan_arn: Option<String>,
    /// Spot only: the run is not launched while the published spot price is above this share of the list price, in
    /// percent. `None`: whatever it costs.
    pub max_spot_price_percent: Option<f64>,
    /// Cap on the run time.
    pub max_runtime_seconds: u32,
    /// Cap on run time and waiting; spot only.
    pub max_wait_seconds: Option<u32>,
    /// Cap on waiting for capacity.
    pub max_pending_seconds: Option<u32>,
    /// Retries after an internal server error.
    pub max_retry_attempts: Option<u32>,
    /// The user's hyperparameters; the toolkit's reserved ones are added here.
    pub hyperparameters: BTreeMap<String, String>,
    /// Environment of the container, `SUSTAINABLE_*` included.
    pub environment: BTreeMap<String, String>,
    /// Also pass `SUSTAINABLE_COMPRESSED_URI`, which depends on the job's name.
    pub pass_compressed_uri: bool,
    /// Metric name to regular expression.
    pub metric_definitions: BTreeMap<String, String>,
    /// Checkpoints, when the code supports them.
    pub checkpoint: Option<Checkpoint>,
    /// The execution role.
    pub role: Role,
    /// The run is not to start before this moment, RFC 3339. `None`: at once. One that has passed is at once too.
    pub start: Option<String>,
    /// The role that starts the run later.
    pub scheduler_role: SchedulerRole,
    /// The run that this one follows may be stopped although it has begun.
    pub may_stop_previous: bool,
    /// Network of the job.
    pub vpc: Option<Vpc>,
    /// Key of the S3 objects that the job writes.
    pub kms_key_arn: Option<String>,
    /// Key of the training volume.
    pub volume_kms_key_arn: Option<String>,
    /// No network for the container.
    pub network_isolation: bool,
    /// Encrypts traffic between the instances.
    pub encrypt_inter_container_traffic: bool,
    /// Where results go; `None`: `sustainable/runs` in the job's bucket.
    pub output_s3_uri: Option<String>,
    /// Form of the model artifact.
    pub output_compression: Compression,
    /// SageMaker experiment under which the job is recorded.
    pub experiment: Option<Experiment>,
    /// MLflow app or tracking server that the training code may write to.
    pub mlflow_resource_arn: Option<String>,
    /// Tags of everything that is created, default tags included, our own not.
    pub tags: BTreeMap<String, String>,
    /// The run's CloudWatch dashboard; `None`: none.
    pub dashboard: Option<Dashboard>,
    /// Word of a bad end and of waste; `None`: none.
    pub alarms: Option<Alarms>,
    /// Whether a training quota of 0 is looked up before anything is created.
    pub check_quota: bool,
    /// With it: a run that is longer than this needs a quota that new accounts do not have, which is looked up too.
    pub longest_run_quota_seconds: u32,
    /// Last log lines are fetched after a failure.
    pub capture_logs: bool,
    /// After creating: wait for the end of the run (within the control's timeout).
    pub wait_for_completion: bool,
    /// Written into the run manifest as it is and handed back by import. It must hold no secrets: replace values
    /// of the environment by [`crate::naming::value_digest`] first.
    pub manifest: serde_json::Value,
}

/// The bucket that the user named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataBucket {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Make it when it does not exist.
    pub create: bool,
}

/// The bucket that the job reads from, in the job's own region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobBucket {
    /// The data bucket itself: it is in the job's region.
    Data,
    /// A companion bucket of ours, into which the channels of the data bucket are staged
    /// ([`crate::naming::companion_bucket`]).
    Companion {
        /// Its name.
        name: String,
    },
    /// A replica that the user keeps; the channels name it already.
    Replica {
        /// Its bucket's name.
        name: String,
    },
}

impl JobBucket {
    /// Which bucket a job in `region` reads from, where the dataset is in the bucket `data` of the region `home`:
    /// that of `replica_uri` (`s3://bucket/prefix`), if the user keeps one there, comes first.
    pub fn of(data: &str, home: &str, region: &str, replica_uri: Option<&str>) -> Self {
        match replica_uri.and_then(naming::split_s3_uri) {
            Some((name, _)) => Self::Replica {
                name: name.to_owned(),
            },
            None if region == home => Self::Data,
            None => Self::Companion {
                name: naming::companion_bucket(data, region),
            },
        }
    }

    /// Its name, where the dataset is in the bucket `data`.
    pub fn name<'a>(&'a self, data: &'a str) -> &'a str {
        match self {
            Self::Data => data,
            Self::Companion { name } | Self::Replica { name } => name,
        }
    }
}

/// One input channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Channel name.
    pub name: String,
    /// `s3://bucket/prefix`; empty with `file_system`.
    pub s3_uri: String,
    /// A directory of the user's own file system in place of `s3_uri`.
    pub file_system: Option<Mounted>,
    /// `File`, `FastFile` or `Pipe`.
    pub input_mode: Option<String>,
    /// MIME type.
    pub content_type: Option<String>,
    /// `None` or `Gzip`.
    pub compression: Option<String>,
    /// `None` or `RecordIO`.
    pub record_wrapper: Option<String>,
    /// `S3Prefix` (default), `ManifestFile`, `AugmentedManifestFile`.
    pub s3_data_type: Option<String>,
    /// `FullyReplicated` (default) or `ShardedByS3Key`.
    pub distribution: Option<String>,
    /// Seed of a shuffle.
    pub shuffle_seed: Option<i64>,
}

/// A file system that is made for the run: FSx for Lustre, SCRATCH_2, in the first subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSystem {
    /// Capacity in GiB: 1200, 2400, then in steps of 2400.
    pub capacity_gib: u32,
    /// Time for its making, before the launch.
    pub making_seconds: u32,
    /// Time from the launch until its planned deletion.
    pub kept_seconds: u32,
}

/// A directory of a file system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mounted {
    /// `fs-...`.
    pub file_system_id: String,
    /// Directory, starting with the mount name.
    pub directory_path: String,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Image URI with every placeholder filled in.
    Image(String),
    /// ARN of an algorithm resource or a marketplace algorithm.
    Arn(String),
}

/// The user's code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The image holds it.
    #[default]
    None,
    /// A folder, packed and uploaded.
    Directory {
        /// The folder.
        path: PathBuf,
        /// Patterns left out ([`crate::source`]).
        exclude: Vec<String>,
        /// [`crate::source::digest`] as planned; another content at apply is an error.
        digest: String,
    },
    /// An archive that the user keeps in S3.
    S3(String),
}

/// How the training toolkit starts the processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// One process per instance.
    #[default]
    None,
    /// `torchrun`.
    Torchrun,
    /// MPI.
    Mpi,
    /// SageMaker's data-parallel library.
    Smddp,
}

/// Checkpoints of the run: `sustainable/checkpoints/<job>/` in the bucket of the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Folder in the container.
    pub local_path: String,
    /// Where the first checkpoint comes from.
    pub resume_from: ResumeFrom,
}

/// Where a run's first checkpoint comes from. The objects are copied, so that the old run's stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeFrom {
    /// A fresh start.
    #[default]
    None,
    /// The run that this one follows, if there is one.
    PreviousRun,
    /// A prefix.
    Uri(String),
}

/// The execution role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The user's own.
    Given {
        /// Its ARN.
        arn: String,
    },
    /// Ours: made, least-privilege, removed at destroy.
    Managed {
        /// IAM path; `/` by default.
        path: Option<String>,
        /// ARN of a permissions boundary.
        boundary: Option<String>,
    },
}

/// Where the job is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// Experiment; made when it is missing.
    pub name: String,
    /// Trial; `None`: one of the resource's own.
    pub trial: Option<String>,
    /// Run, which has to exist.
    pub run: Option<String>,
}

/// The role that EventBridge Scheduler starts a run with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerRole {
    /// The user's own.
    Given {
        /// Its ARN.
        arn: String,
    },
    /// Ours: made when a start lies in the future, least-privilege, removed at destroy.
    Managed {
        /// IAM path; `/` by default.
        path: Option<String>,
        /// ARN of a permissions boundary.
        boundary: Option<String>,
    },
}

/// Network of the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Subnets.
    pub subnets: Vec<String>,
    /// Security groups.
    pub security_group_ids: Vec<String>,
}

/// Form of the model artifact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compression {
    /// `model.tar.gz`.
    #[default]
    Gzip,
    /// The files as they are.
    None,
}

/// What the run's dashboard says. Metrics of the instances and of `metric_definitions` are added by themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dashboard {
    /// Lines of Markdown about the estimate.
    pub estimate: Vec<String>,
    /// Facts of the run, as a table: label and value.
    pub facts: Vec<(String, String)>,
    /// Accelerators per instance; 0: no GPU widgets.
    pub accelerators: u32,
    /// Virtual CPUs per instance.
    pub vcpus: u32,
    /// What follows from the use of the instances by somebody's model, and says so.
    pub modelled: Vec<Graph>,
    /// What the dashboard shows at first: an ISO 8601 duration such as `P1D`. `None`: CloudWatch's own.
    pub span: Option<String>,
}

/// A graph of metric math.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// Title.
    pub title: String,
    /// Label of the left axis.
    pub unit: String,
    /// Expressions, each over `cpu` and `gpu` (mean shares of processors and accelerators at work, 0 to 1), `c1` (the raw
    /// metric of a processor, for PERIOD), `live`, and the ids before it.
    pub lines: Vec<Line>,
    /// Name of a metric of the training code, known as `live`.
    pub live: Option<String>,
    /// Horizontal lines: label and value.
    pub marks: Vec<(String, f64)>,
}

/// An expression of a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Id.
    pub id: String,
    /// Metric math.
    pub expression: String,
    /// `None`: it is not drawn.
    pub label: Option<String>,
    /// It belongs to the right axis.
    pub right: bool,
}

/// Who is told of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarms {
    /// SNS topic in the job's region.
    pub topic_arn: String,
    /// What counts as waste; `None` on types whose accelerators have no metrics.
    pub waste: Option<Waste>,
}

/// Accelerators that wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waste {
    /// Used less than this, in percent.
    pub below_percent: f64,
    /// For so long.
    pub minutes: u32,
    /// Accelerators per instance.
    pub accelerators: u32,
}
