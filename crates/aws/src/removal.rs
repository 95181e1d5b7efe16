//! A destroy under way: what is to go, what stays, and the walk back along the steps.

use crate::clients::Aws;
use crate::control::Control;
use crate::error::{Error, Kind};
use crate::handle::{BucketRef, Handle};
use crate::lifecycle::{DestroyOptions, OnDestroy};
use crate::report::{DestroyReport, Failure, Remark};
use crate::retry::Watch;
use crate::s3::Bucket;
use crate::steps::{STEPS, same_account};

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
        if let Err(error) = self.same_account().await {
            let job_exists = self.handle.job_name.is_some();
            let failure = Some(Failure {
                step: "account",
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
