//! A destroy under way: what is to go, what stays, and the walk back along the steps.

use crate::clients::Aws;
use crate::control::Control;
use crate::error::{Error, Kind};
use crate::handle::{BucketRef, Handle};
use crate::lifecycle::{DestroyOptions, OnDestroy};
use crate::lost;
use crate::report::{DestroyReport, Failure, Remark};
use crate::retry::Watch;
use crate::s3::Bucket;
use crate::steps::{STEPS, end_job, same_account};

/// What the steps remove from.
pub(crate) struct Removal<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) options: DestroyOptions,
    pub(crate) watch: Watch<'a>,
    pub(crate) handle: Handle,
    /// What stays on purpose.
    pub(crate) left: Vec<String>,
    pub(crate) remarks: Vec<Remark>,
    /// Buckets that were deleted: nothing stays in them.
    pub(crate) deleted: Vec<String>,
    /// The job goes on (`on_destroy = "retain"`): what it needs stays.
    pub(crate) retained: bool,
}

impl<'a> Removal<'a> {
    pub(crate) fn new(
        aws: &'a Aws,
        handle: &Handle,
        options: DestroyOptions,
        control: &'a Control<'a>,
    ) -> Self {
        Removal {
            aws,
            options,
            watch: Watch::new(control, aws.timing()),
            handle: handle.clone(),
            left: Vec::new(),
            remarks: Vec::new(),
            deleted: Vec::new(),
            retained: false,
        }
    }

    pub(crate) async fn bucket(&self, bucket: &BucketRef) -> Bucket {
        Bucket::of(self.aws, bucket, &self.handle.account_id).await
    }

    pub(crate) fn delete_record(&self) -> bool {
        self.options.on_destroy == OnDestroy::Delete
    }

    /// Walks back. A job that could not be stopped ends the walk: nothing that it uses may go. After any other
    /// failure the rest still goes, and the first failure is reported.
    pub(crate) async fn walk(mut self) -> DestroyReport {
        let mut failure = None;
        if let Err((step, error)) = self.begin().await {
            let job_exists = self.handle.job_name.is_some();
            let failure = Some(Failure {
                step,
                error,
                job_exists,
            });
            return DestroyReport {
                handle: self.handle,
                failure,
                left: self.left,
                remarks: self.remarks,
            };
        }
        for step in STEPS.iter().rev() {
            let result = match self.watch.check() {
                Ok(()) => step.remove(&mut self).await,
                Err(error) => Err(error),
            };
            self.watch.control().progress.save(&self.handle);
            if let Err(error) = result {
                let fatal = matches!(
                    error.kind(),
                    Kind::Stopped | Kind::Timeout | Kind::Credentials
                );
                let job_exists = self.handle.job_name.is_some();
                failure.get_or_insert(Failure {
                    step: step.name(),
                    error,
                    job_exists,
                });
                if fatal || job_exists {
                    break;
                }
            }
        }
        let gone: Vec<String> = self
            .deleted
            .iter()
            .map(|bucket| format!("s3://{bucket}/"))
            .collect();
        self.left
            .retain(|line| !gone.iter().any(|prefix| line.contains(prefix.as_str())));
        if failure.is_none() {
            self.handle = Handle::default();
        }
        DestroyReport {
            handle: self.handle,
            failure,
            left: self.left,
            remarks: self.remarks,
        }
    }

    /// Before anything goes: whose account it is, and the run that a crash has lost. Both jobs end before what they use.
    async fn begin(&mut self) -> Result<(), (&'static str, Error)> {
        self.same_account()
            .await
            .map_err(|error| ("account", error))?;
        let lost = lost::find(self).await;
        let Some(lost) = lost.map_err(|error| ("claim", error))? else {
            return Ok(());
        };
        end_job(self)
            .await
            .map_err(|error| ("training job", error))?;
        if let Some(other) = lost.handle {
            let job = other.job_name.clone().unwrap_or_default();
            let own = std::mem::replace(&mut self.handle, other);
            let (region, result) = (self.handle.region.clone(), self.all_steps().await);
            self.handle = own;
            result?;
            self.remarks.push(Remark::new(
                format!("training job {job} removed too"),
                format!(
                    "It was to follow this run, in {region}, in an apply whose state was lost."
                ),
            ));
        }
        // The claim is that run's, if it is still there.
        self.handle.nonce = lost.nonce;
        Ok(())
    }

    async fn all_steps(&mut self) -> Result<(), (&'static str, Error)> {
        for step in STEPS.iter().rev() {
            self.watch.check().map_err(|error| (step.name(), error))?;
            step.remove(self)
                .await
                .map_err(|error| (step.name(), error))?;
        }
        Ok(())
    }

    async fn same_account(&self) -> Result<(), Error> {
        same_account(&self.handle.account_id, &self.aws.account_id().await?)
    }

    pub(crate) fn leave(&mut self, line: impl Into<String>) {
        let line = line.into();
        if !self.left.contains(&line) {
            self.left.push(line);
        }
    }

    /// What is already gone is no failure.
    pub(crate) fn gone_is_fine<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
