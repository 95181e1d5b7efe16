//! The lifecycle of one training run over AWS's APIs.
//!
//! This is the only crate that knows AWS. It is told everything: a [`RunSpec`] holds decisions, never
//! preferences, and nothing here knows about carbon, Terraform or the catalogue.
//!
//! - [`Settings`] and [`Aws`]: how to reach AWS. Making an [`Aws`] costs nothing; clients are made per region on
//!   first use.
//! - [`lifecycle`]: `create`, `rerun`, `resume`, `update`, `read`, `wait`, `destroy`, `import`. Each returns a
//!   report, because what exists has to reach the state even when something failed.
//!   The order of calls is one list: `create` walks it forwards, `destroy` backwards.
//! - [`source`], [`naming`], [`policy`]: pure helpers that a plan may call; none of them talks to AWS.

pub mod after;
pub mod control;
pub mod dashboard;
pub mod documents;
pub mod error;
pub mod foreign;
pub mod handle;
pub mod lifecycle;
pub mod market;
pub mod metrics;
pub mod naming;
pub mod observation;
pub mod pipeline;
pub mod policy;
pub mod report;
pub mod runs;
pub mod settings;
pub mod source;
pub mod spec;
pub mod timing;

mod claim;
mod clients;
mod clock;
mod iam;
mod import;
mod locks;
mod lost;
mod pages;
mod planned;
mod read;
mod remains;
mod removal;
mod request;
mod retry;
mod run;
mod s3;
mod scheduler;
mod signed;
mod steps;
mod tags;
mod turns;
mod update;
mod wait;

pub use clients::Aws;
pub use control::{Control, NoProgress, Progress};
pub use error::{Error, Kind};
pub use handle::Handle;
pub use observation::{Observation, Outcome};
pub use planned::PlannedRun;
pub use remains::Shown;
pub use report::{
    AfterReport, CreateReport, DestroyReport, Failure, Imported, ReadReport, Remark, UpdateReport,
};
pub use scheduler::INPUT_MAX_BYTES as START_REQUEST_MAX_BYTES;
pub use settings::{AssumeRole, RetryMode, Secret, Service, Settings};
pub use spec::RunSpec;
pub use timing::Timing;
