//! What the calls of [`crate::lifecycle`] hand back.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::handle::Handle;
use crate::observation::Observation;

/// Something that the user should know and that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// One line.
    pub summary: String,
    /// The rest; may be empty.
    pub detail: String,
}

impl Remark {
    /// A remark.
    pub fn new(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Remark {
            summary: summary.into(),
            detail: detail.into(),
        }
    }
}

/// Where a call ended early.
#[derive(Debug)]
pub struct Failure {
    /// Name of the step, for example `claim`, `staging`, `job`.
    pub step: &'static str,
    /// Why.
    pub error: Error,
    /// A job of this call exists: the caller must not turn this into an error that taints.
    pub job_exists: bool,
}

/// Of `create`, `rerun`, `resume`.
#[derive(Debug)]
pub struct CreateReport {
    /// What exists, also after a failure; see [`Handle::is_empty`].
    pub handle: Handle,
    /// The job as last seen.
    pub observation: Option<Observation>,
    /// Why the call ended early.
    pub failure: Option<Failure>,
    /// For the user.
    pub remarks: Vec<Remark>,
}

/// Of `update`.
#[derive(Debug)]
pub struct UpdateReport {
    /// With what has taken effect.
    pub handle: Handle,
    /// Why the call ended early.
    pub failure: Option<Failure>,
    /// For the user.
    pub remarks: Vec<Remark>,
}

/// Of `read` and `wait`.
#[derive(Debug)]
pub struct ReadReport {
    /// With the claim confirmed, if that was possible.
    pub handle: Handle,
    /// The job as seen.
    pub observation: Observation,
    /// For the user.
    pub remarks: Vec<Remark>,
    /// The companion or data bucket, role or dashboard that is gone: a line each.
    pub missing: Vec<String>,
    /// Dashboard was looked for and is gone.
    pub dashboard_missing: bool,
    /// The rule or the alarm was looked for and is gone.
    pub alarms_missing: bool,
}

/// Of `after_end`.
#[derive(Debug)]
pub struct AfterReport {
    /// With what has been made.
    pub handle: Handle,
    /// What there is now: the folder of the copies, or the ARN of the model package; `None`: nothing more.
    pub made: Option<String>,
    /// Why it ended early; the next try goes on from there.
    pub failure: Option<Error>,
    /// For the user.
    pub remarks: Vec<Remark>,
}

/// Of `destroy`.
#[derive(Debug)]
pub struct DestroyReport {
    /// What could not be removed; empty ([`Handle::is_empty`]) when the resource is gone.
    pub handle: Handle,
    /// Why the call ended early.
    pub failure: Option<Failure>,
    /// What stays on purpose, a line each.
    pub left: Vec<String>,
    /// For the user.
    pub remarks: Vec<Remark>,
}

/// Of `import`.
pub struct Imported {
    /// What exists.
    pub handle: Handle,
    /// The job as seen.
    pub observation: Observation,
    /// [`crate::RunSpec::manifest`] of the run, if its manifest was found.
    pub manifest: Option<serde_json::Value>,
    /// DescribeTrainingJob's answer, where there is no manifest.
    pub description: Option<serde_json::Value>,
    /// The job's environment, without what this crate has added. Values are the user's and may be secret.
    pub environment: BTreeMap<String, String>,
    /// For the user.
    pub remarks: Vec<Remark>,
}
