//! A create or a new run under way: what is asked, what exists so far, and the walk along the steps.

use std::collections::BTreeMap;

use crate::claim::Claim;
use crate::clients::Aws;
use crate::control::Control;
use crate::error::{Error, Kind};
use crate::handle::{BucketRef, Handle};
use crate::naming;
use crate::report::{CreateReport, Failure, Remark};
use crate::retry::Watch;
use crate::s3::Bucket;
use crate::scheduler;
use crate::spec::{Mounted, RunSpec};
use crate::steps::STEPS;
use crate::tags::{self, Tags};

/// A start that is nearer than this is now: AWS starts to the minute.
const AT_ONCE_SECONDS: i64 = 60;

/// What the steps work on.
pub(crate) struct Run<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) spec: &'a RunSpec,
    pub(crate) watch: Watch<'a>,
    /// The run that this one follows.
    pub(crate) previous: Option<&'a Handle>,
    pub(crate) handle: Handle,
    pub(crate) remarks: Vec<Remark>,
    pub(crate) claim: Option<Claim>,
    /// The packed source, until it is uploaded.
    pub(crate) archive: Option<Vec<u8>>,
    /// Channel name to the URI that the job reads.
    pub(crate) inputs: BTreeMap<String, String>,
    /// Channel name to the directory that it reads in the run's file system.
    pub(crate) mounted: BTreeMap<String, Mounted>,
    /// Channels without data.
    pub(crate) left_out: Vec<String>,
    /// Name that CreateTrainingJob will use.
    pub(crate) job_name: String,
    /// A job of ours, lost in a crash, that is taken over instead of creating one.
    pub(crate) adopted: bool,
    /// Steps that made something that was not there before.
    pub(crate) made: Vec<&'static str>,
    /// When the run is to start, seconds since 1970; `None`: at once.
    pub(crate) start: Option<i64>,
    /// The previous job was asked to stop.
    pub(crate) stopped_previous: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        aws: &'a Aws,
        spec: &'a RunSpec,
        previous: Option<&'a Handle>,
        control: &'a Control<'a>,
    ) -> Self {
        let mut handle = previous.cloned().unwrap_or_default();
        handle.foreign = false;
        spec.name.clone_into(&mut handle.name);
        spec.region.clone_into(&mut handle.region);
        handle.nonce = nonce();
        handle.request_digest.clone_from(&spec.request_digest);
        naming::partition(&spec.region).clone_into(&mut handle.partition);
        handle.job_name = None;
        handle.job_arn = None;
        handle.schedule = None;
        handle.instance_type.clone_from(&spec.instance_type);
        handle.fallback_types.clone_from(&spec.fallback_types);
        handle.instance_count = spec.instance_count;
        handle.spot = spec.spot;
        handle.warm_pool = spec.keep_alive_seconds.is_some();
        handle.output_compression = spec.output_compression;
        handle.has_compressed_uri = spec.pass_compressed_uri;
        handle.metric_names = spec.metric_definitions.keys().cloned().collect();
        handle.image = match &spec.algorithm {
            crate::spec::Algorithm::Image(uri) => Some(uri.clone()),
            crate::spec::Algorithm::Arn(_) => None,
        };
        handle.wait_pending = false;
        Run {
            aws,
            spec,
            watch: Watch::new(control, aws.timing()),
            previous,
            handle,
            remarks: Vec::new(),
            claim: None,
            archive: None,
            inputs: BTreeMap::new(),
            mounted: BTreeMap::new(),
            left_out: Vec::new(),
            job_name: String::new(),
            adopted: false,
            made: Vec::new(),
            start: spec.start.as_deref().and_then(scheduler::seconds),
            stopped_previous: false,
        }
    }

    /// The start lies in the future, by AWS's clock.
    pub(crate) fn is_delayed(&self) -> bool {
        !self.adopted
            && self
                .start
                .is_some_and(|start| start > self.aws.now() + AT_ONCE_SECONDS)
    }

    /// Something of this run is left to EventBridge Scheduler.
    pub(crate) fn needs_scheduling(&self) -> bool {
        self.is_delayed() || self.spec.file_system.is_some()
    }

    /// A bucket of the account.
    pub(crate) async fn bucket(&self, bucket: &BucketRef) -> Bucket {
        Bucket::of(self.aws, bucket, &self.handle.account_id).await
    }

    /// The user's bucket.
    pub(crate) async fn data_bucket(&self) -> Bucket {
        Bucket::new(
            self.aws,
            &self.spec.data_bucket.name,
            &self.spec.data_bucket.region,
            &self.handle.account_id,
        )
        .await
    }

    /// Name of the bucket that the job reads from.
    pub(crate) fn job_bucket_name(&self) -> &str {
        self.spec.job_bucket.name(&self.spec.data_bucket.name)
    }

    /// Bucket and prefix of `output_s3_uri`, when it is given.
    pub(crate) fn given_output(&self) -> Result<Option<(&str, &str)>, Error> {
        let Some(uri) = &self.spec.output_s3_uri else {
            return Ok(None);
        };
        naming::split_s3_uri(uri).map(Some).ok_or_else(|| {
            Error::new(Kind::Invalid, format!("\"{uri}\" is no S3 URI"))
                .advise("Write s3://bucket/prefix.")
                .on("output_s3_uri")
        })
    }

    /// Name of the bucket of results, source, checkpoints and manifest.
    pub(crate) fn work_bucket_name(&self) -> Result<&str, Error> {
        Ok(self
            .given_output()?
            .map_or(self.job_bucket_name(), |(bucket, _)| bucket))
    }

    /// `S3OutputPath` of the job.
    pub(crate) fn output_path(&self) -> Result<String, Error> {
        Ok(match &self.spec.output_s3_uri {
            Some(uri) => uri.trim_end_matches('/').to_owned(),
            None => format!("s3://{}/sustainable/runs", self.job_bucket_name()),
        })
    }

    /// The bucket of results, source, checkpoints and manifest.
    pub(crate) async fn work_bucket(&self) -> Result<Bucket, Error> {
        let name = self.work_bucket_name()?;
        Ok(Bucket::new(self.aws, name, &self.spec.region, &self.handle.account_id).await)
    }

    /// Tags of everything that this run makes.
    pub(crate) fn tags(&self) -> Tags {
        tags::with_own(&self.spec.tags, &self.handle.name, &self.handle.nonce)
    }

    pub(crate) fn remark(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.remarks.push(Remark::new(summary, detail));
    }

    /// Notes that a step made something, so that a later failure undoes it.
    pub(crate) fn made(&mut self, step: &'static str) {
        if !self.made.contains(&step) {
            self.made.push(step);
        }
    }

    pub(crate) fn save(&self) {
        self.watch.control().progress.save(&self.handle);
    }

    /// Walks along the steps; what a failure leaves is undone, last first.
    pub(crate) async fn walk(mut self) -> CreateReport {
        for (index, step) in STEPS.iter().enumerate() {
            let result = match self.watch.check() {
                Ok(()) => {
                    tracing::debug!(step = step.name(), name = self.handle.name, "step");
                    step.act(&mut self).await
                }
                // Once the job exists, the few marks that follow are made in any case.
                Err(_) if self.handle.job_name.is_some() => step.act(&mut self).await,
                Err(error) => Err(error),
            };
            self.save();
            if let Err(error) = result {
                return self.fail(index, error).await;
            }
        }
        CreateReport {
            handle: self.handle,
            observation: None,
            failure: None,
            remarks: self.remarks,
        }
    }

    async fn fail(mut self, index: usize, error: Error) -> CreateReport {
        let step = STEPS[index].name();
        let job_exists = self.handle.job_name.is_some();
        // A stop wants to be quick: what exists is reported as it is.
        if !job_exists && error.kind() != Kind::Stopped {
            for undone in STEPS[..=index].iter().rev() {
                if let Err(left) = undone.undo(&mut self).await {
                    self.remark(
                        format!("step {} could not be undone", undone.name()),
                        left.to_string(),
                    );
                }
                self.save();
            }
        }
        let handle = match self.previous {
            Some(previous) if !job_exists => merged(previous, &self.handle),
            _ => self.handle,
        };
        CreateReport {
            handle,
            observation: None,
            failure: Some(Failure {
                step,
                error,
                job_exists,
            }),
            remarks: self.remarks,
        }
    }
}

/// The previous run's handle, with what a failed new run has added beside it.
fn merged(previous: &Handle, attempt: &Handle) -> Handle {
    let mut handle = previous.clone();
    handle.companions.clone_from(&attempt.companions);
    handle.managed_role.clone_from(&attempt.managed_role);
    handle.dashboard.clone_from(&attempt.dashboard);
    handle.experiments.clone_from(&attempt.experiments);
    handle.scheduling.clone_from(&attempt.scheduling);
    handle.file_systems.clone_from(&attempt.file_systems);
    handle
        .managed_scheduler_role
        .clone_from(&attempt.managed_scheduler_role);
    handle.watchers.clone_from(&attempt.watchers);
    if handle.claim.is_none() {
        handle.claim.clone_from(&attempt.claim);
        handle.nonce.clone_from(&attempt.nonce);
    }
    handle
}

/// 128 random bits. The standard library's hasher keys come from the operating system's generator; hashing two
/// fresh ones spares a dependency for the one random number that is needed.
fn nonce() -> String {
    use std::hash::{BuildHasher, Hasher};
    let mut text = String::new();
    for round in 0..4u64 {
        let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
        hasher.write_u64(round);
        hasher.write_u32(std::process::id());
        text.push_str(&format!("{:016x}", hasher.finish()));
    }
    // RandomState counts up from one seed in a thread: the process's address space and time make it unique.
    let moment = crate::clock::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |span| span.as_nanos());
    naming::sha256_hex(format!("{text}{moment}").as_bytes())
        .chars()
        .take(32)
        .collect()
}
