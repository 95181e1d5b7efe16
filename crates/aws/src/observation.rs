//! What a run is doing or did, as AWS says it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metrics::Utilisation;

/// Status of a run whose start lies in the future.
pub const SCHEDULED: &str = "Scheduled";
/// Status of a run whose start is due, while there is no job yet.
pub const LAUNCHING: &str = "Launching";
/// Status of a run whose start failed.
pub const LAUNCH_FAILED: &str = "LaunchFailed";

/// One look at the training job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// AWS's `TrainingJobStatus`, or `NotFound`; before there is a job `Scheduled`, `Launching`, `LaunchFailed`.
    pub status: String,
    /// AWS's `SecondaryStatus`.
    pub secondary_status: Option<String>,
    /// What it means.
    pub outcome: Outcome,
    /// AWS's `FailureReason`.
    pub failure_reason: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: Option<String>,
    /// RFC 3339, UTC: training itself began.
    pub started_at: Option<String>,
    /// RFC 3339, UTC.
    pub ended_at: Option<String>,
    /// RFC 3339, UTC.
    pub last_modified_at: Option<String>,
    /// Seconds between the last two, all attempts.
    pub training_seconds: Option<u64>,
    /// Seconds that are billed, for each instance.
    pub billable_seconds: Option<u64>,
    /// What SageMaker took, where it had several types to choose from.
    pub instance_type: Option<String>,
    /// Seconds for which a warm pool idled after the run, billed for each instance.
    pub pool_seconds: Option<u64>,
    /// `100 x (1 - billable / training)`, on spot, once both are known.
    pub spot_saving_percent: Option<f64>,
    /// Phases of every attempt, oldest first.
    pub phases: Vec<Phase>,
    /// Times that training began: 1 plus the interruptions survived.
    pub attempts: u32,
    /// Last value of each metric.
    pub final_metrics: BTreeMap<String, f64>,
    /// `S3ModelArtifacts`, once there are any.
    pub model_artifacts: Option<String>,
    /// Size of the artifact.
    pub model_size_bytes: Option<u64>,
    /// The compressed model, once the code has uploaded one.
    pub compressed_model_uri: Option<String>,
    /// Its size.
    pub compressed_size_bytes: Option<u64>,
    /// How busy the instances were, once the run has ended. `None`: not asked, not allowed, or there are no metrics.
    pub utilisation: Option<Utilisation>,
    /// Last log lines, after a failure.
    pub last_log_lines: Vec<String>,
    /// Every tag on the job. `None`: not readable.
    pub tags: Option<BTreeMap<String, String>>,
    /// The job carries `sustainable:released`: a destroy or a new run has let go of it.
    pub released: bool,
}

/// One entry of `SecondaryStatusTransitions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Secondary status.
    pub status: String,
    /// RFC 3339, UTC.
    pub start: String,
    /// Seconds; `None` while it lasts.
    pub seconds: Option<f64>,
    /// AWS's message.
    pub message: Option<String>,
}

/// What a status means to the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not over.
    #[default]
    Pending,
    /// Completed.
    Succeeded,
    /// The script or the platform failed.
    Failed,
    /// Stopped at the cap on run time.
    OverRun,
    /// Waited too long for spot capacity.
    SpotExhausted,
    /// AWS had no instance of this type.
    Capacity,
    /// Somebody stopped it.
    StoppedByUser,
    /// The planned start failed.
    FailedToLaunch,
    /// The job is gone and its end was never seen.
    Unknown,
}

impl Outcome {
    /// The name that users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Pending => "pending",
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
            Outcome::OverRun => "over_run",
            Outcome::SpotExhausted => "spot_exhausted",
            Outcome::Capacity => "capacity",
            Outcome::StoppedByUser => "stopped_by_user",
            Outcome::FailedToLaunch => "failed_to_launch",
            Outcome::Unknown => "unknown",
        }
    }
}

impl Observation {
    /// The job has ended, one way or the other.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self.status.as_str(),
            "Completed" | "Failed" | "Stopped" | "NotFound" | LAUNCH_FAILED
        )
    }

    /// Size of the compressed model over that of the artifact, once both are there.
    pub fn compression_ratio(&self) -> Option<f64> {
        match (self.compressed_size_bytes, self.model_size_bytes) {
            (Some(small), Some(large)) if large > 0 => Some(small as f64 / large as f64),
            _ => None,
        }
    }
}
