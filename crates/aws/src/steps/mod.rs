//! The order of calls, as data.
//!
//! [`STEPS`] is walked forwards by a create or a new run and backwards by a destroy. Each step says four things about
//! one part: how it is made (`act`), how it is taken back when a later step fails before the job exists (`undo`), how
//! it is removed for good (`remove`), and how it is noticed that somebody else has removed it (`observe`).
//!
//! What only looks comes first, what is cheap to take back next, what starts to cost last: CreateTrainingJob is the
//! last creating call.

mod account;
mod alarms;
mod buckets;
mod checkpoint;
mod claim;
mod companion;
mod dashboard;
mod data;
mod experiment;
mod file_system;
mod hardening;
mod job;
mod manifest;
mod name;
mod plan;
mod pool;
mod previous;
mod price;
mod quota;
mod registry;
mod role;
pub(crate) mod sagemaker_tags;
mod schedule;
mod scheduling;
mod source;
mod staging;

use async_trait::async_trait;

use crate::error::Error;
use crate::removal::Removal;
use crate::run::Run;

pub(crate) use account::same_account;
pub(crate) use alarms::{change as change_alarms, find as find_alarms, retag as retag_alarms};
pub(crate) use buckets::retag as retag_bucket;
pub(crate) use experiment::{config as experiment_config, retag as retag_experiments};
pub(crate) use file_system::{
    end as end_file_systems, forget_gone as forget_gone_file_systems, retag as retag_file_systems,
};
pub(crate) use job::{Job, describe, end as end_job, moment, started};
pub(crate) use manifest::Document;
pub(crate) use registry::retag as retag_model_group;
pub(crate) use role::retag as retag_role;
pub(crate) use schedule::{observe as observe_schedule, planned_request, retag as retag_schedule};
pub(crate) use scheduling::retag as retag_scheduling;
pub(crate) use staging::{Copying, SINGLE_COPY_MAX};

/// One part of a run.
#[async_trait]
pub(crate) trait Step: Sync {
    /// Named in failures.
    fn name(&self) -> &'static str;

    /// Makes it, or finds it already there. May be called again after any crash.
    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error>;

    /// Takes back what `act` made in this very run. Default: it stays, because it is no thing, or because a destroy
    /// removes it and the next apply can use it.
    async fn undo(&self, _run: &mut Run<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Removes it for good, or says in `removal.left` what stays.
    async fn remove(&self, _removal: &mut Removal<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// A line when somebody else has removed it. Errors are no evidence.
    async fn observe(&self, _look: &Removal<'_>) -> Option<String> {
        None
    }
}

/// Every step, in order.
pub(crate) const STEPS: &[&dyn Step] = &[
    &account::Account,        // who are we
    &quota::MayWe,            // may we
    &plan::TrainingPlan,      // is the reserved capacity fit for it
    &source::Pack,            // is the code what was planned
    &buckets::Data,           // the user's bucket: check, or create
    &buckets::Work,           // the bucket of the results: check
    &claim::Take,             // nobody else may work on this name
    &price::PriceGate,        // is spot capacity cheap enough
    &data::Check,             // is there data
    &role::ExecutionRole,     // early: IAM needs time to spread it
    &scheduling::Scheduling,  // the same, for a start that lies in the future
    &companion::Companion,    // a bucket in the job's region
    &staging::Staging,        // the data in it
    &source::Upload,          // the code
    &name::JobName,           // first free name, noted in the claim
    &previous::StopPrevious,  // from here on the old run is over
    &checkpoint::Checkpoints, // after the old run's last one
    &experiment::Experiment,  // the job is recorded under it
    &registry::ModelGroup,    // only a destroy has to do with it
    &file_system::FileSystem, // bills from here on; its deletion is planned at once
    &dashboard::Dashboard,    // needs the job's name
    &alarms::EndRule,         // it too, and has to be there before the first event
    &alarms::WasteAlarm,
    &staging::StillThere,     // nobody has removed the data meanwhile
    &manifest::Manifest,      // what is about to be sent
    &job::TrainingJob,        // the last creating call
    &claim::MarkCreated,      // the claim says so
    &role::FormerPermissions, // what only the old run was allowed
    &staging::Tidy,           // what only the old run has read
];
