//! The user's data, copied by S3 itself into the job's region.
//!
//! Content-addressed: the copies live under a digest of source keys, sizes and entity tags, so that two resources
//! share them and a changed dataset never mixes with the old one. What a changed dataset has in common with the
//! one before is copied within the region, so that only the change crosses the border. Resumable: what is there with the
//! right size is not copied again, a multipart copy goes on with the parts that are there, and one refused object
//! stops none of the others.
//!
//! Memory does not grow with the dataset: source and copies are listed page by page, side by side in the order of
//! their keys, once for the digest and once for the copies.

mod copy;
mod index;
mod parts;
mod progress;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Step;
use super::companion;
use super::data::gigabytes;
use crate::error::{Error, Kind};
use crate::naming;
use crate::run::Run;
use crate::s3::{Bucket, Listed, Only};
use crate::spec::JobBucket;

pub(crate) use copy::Copying;
pub(crate) use parts::SINGLE_COPY_MAX;
use progress::Progress;

/// After so many objects that could not be copied, no more are tried.
const MOST_FAILURES: usize = 1000;

pub(crate) struct Staging;

#[async_trait]
impl Step for Staging {
    fn name(&self) -> &'static str {
        "staging"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let JobBucket::Companion { name } = &run.spec.job_bucket else {
            run.inputs = run
                .spec
                .channels
                .iter()
                .filter(|channel| channel.file_system.is_none())
                .map(|channel| (channel.name.clone(), channel.s3_uri.clone()))
                .collect();
            return Ok(());
        };
        let source = run.data_bucket().await;
        let target = Bucket::new(run.aws, name, &run.spec.region, &run.handle.account_id).await;
        let plan = plan(run, &source).await?;
        let bytes: u64 = plan.contents.values().map(|content| content.bytes).sum();
        if let Some(limit) = run
            .spec
            .max_staging_gb
            .filter(|limit| gigabytes(bytes) > *limit)
        {
            return Err(Error::new(Kind::Invalid, format!("{:.1} GB would have to be staged in {}, more than max_staging_gb = {limit}", gigabytes(bytes), run.spec.region))
                .advise("Raise max_staging_gb, keep a replica and name it in regional, or train in the dataset's region.")
                .on("max_staging_gb"));
        }
        // Before the first copy: whoever cleans up has to see that we are here.
        companion::register(run, &target, plan.contents.keys().cloned().collect()).await?;
        for (digest, content) in &plan.contents {
            stage(run, &source, &target, digest, content).await?;
        }
        run.inputs = plan.inputs;
        Ok(())
    }
}

/// Before the launch: the copies may be shared with a training that was destroyed meanwhile.
pub(crate) struct StillThere;

#[async_trait]
impl Step for StillThere {
    fn name(&self) -> &'static str {
        "copies"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let JobBucket::Companion { name } = &run.spec.job_bucket else {
            return Ok(());
        };
        if run.adopted {
            return Ok(());
        }
        let bucket = Bucket::new(run.aws, name, &run.spec.region, &run.handle.account_id).await;
        companion::still_there(run, &bucket).await
    }
}

/// After the launch: copies of a content that neither this run nor another training reads any more.
pub(crate) struct Tidy;

#[async_trait]
impl Step for Tidy {
    fn name(&self) -> &'static str {
        "old copies"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let JobBucket::Companion { name } = &run.spec.job_bucket else {
            return Ok(());
        };
        // A first run has nothing older; the job that is adopted may read what its own apply has staged.
        if run.previous.is_none() || run.adopted {
            return Ok(());
        }
        let bucket = Bucket::new(run.aws, name, &run.spec.region, &run.handle.account_id).await;
        if let Err(error) = companion::settle_on(run, &bucket).await {
            run.remark(
                "copies of the dataset's former content stay",
                format!("A destroy, or the next new run, removes them. {error}"),
            );
        }
        Ok(())
    }
}

/// What one prefix of the source holds.
struct Content {
    prefix: String,
    objects: u64,
    bytes: u64,
}

struct Plan {
    /// Digest to content.
    contents: BTreeMap<String, Content>,
    /// Channel to URI.
    inputs: BTreeMap<String, String>,
}

async fn plan(run: &Run<'_>, source: &Bucket) -> Result<Plan, Error> {
    let mut plan = Plan {
        contents: BTreeMap::new(),
        inputs: BTreeMap::new(),
    };
    for channel in
        run.spec.channels.iter().filter(|channel| {
            !run.left_out.contains(&channel.name) && channel.file_system.is_none()
        })
    {
        let (bucket, prefix) = naming::split_s3_uri(&channel.s3_uri).unwrap_or_default();
        if bucket != source.name {
            plan.inputs
                .insert(channel.name.clone(), channel.s3_uri.clone());
            continue;
        }
        if let Some(kind) = channel
            .s3_data_type
            .as_deref()
            .filter(|kind| *kind != "S3Prefix")
        {
            return Err(Error::new(Kind::Invalid, format!("channel {} cannot be staged: a {kind} names objects by full URI, which would still lie in {}", channel.name, source.region))
                .advise("Use S3Prefix, keep a replica and name it in regional, or train in the dataset's region.")
                .on("channels"));
        }
        let (digest, content) = survey(run, source, prefix).await?;
        plan.inputs.insert(
            channel.name.clone(),
            format!(
                "s3://{}/{}{prefix}",
                run.job_bucket_name(),
                naming::staged_prefix(&digest)
            ),
        );
        plan.contents.insert(digest, content);
    }
    Ok(plan)
}

/// Digest and size of what a prefix holds.
async fn survey(run: &Run<'_>, source: &Bucket, prefix: &str) -> Result<(String, Content), Error> {
    let mut digest = Fingerprint::new(&source.name, prefix, run.spec.kms_key_arn.as_deref());
    let mut content = Content {
        prefix: prefix.to_owned(),
        objects: 0,
        bytes: 0,
    };
    let mut pages = source.pages(prefix);
    while let Some(page) = pages.next().await? {
        run.watch.check()?;
        for object in page.iter().filter(|object| is_data(object)) {
            digest.add(object);
            content.objects += 1;
            content.bytes += object.size;
        }
    }
    Ok((digest.finish(), content))
}

/// Not the empty objects by which consoles show folders.
fn is_data(object: &Listed) -> bool {
    !object.key.ends_with('/')
}

/// The digest of a content; the key that its copies are encrypted with is part of it.
struct Fingerprint(Sha256);

impl Fingerprint {
    fn new(bucket: &str, prefix: &str, kms_key: Option<&str>) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(format!("{bucket}\n{prefix}\n"));
        if let Some(key) = kms_key {
            hasher.update(format!("{key}\n"));
        }
        Fingerprint(hasher)
    }

    fn add(&mut self, object: &Listed) {
        self.0.update(format!(
            "{} {} {}\n",
            object.key.len(),
            object.size,
            object.etag
        ));
        self.0.update(&object.key);
    }

    fn finish(self) -> String {
        let digest = naming::hex(&self.0.finalize());
        digest.chars().take(naming::STAGED_DIGEST_LENGTH).collect()
    }
}

/// Brings one content to the target: copies what is missing, writes the index, and leaves no unfinished upload.
async fn stage(
    run: &mut Run<'_>,
    source: &Bucket,
    target: &Bucket,
    digest: &str,
    content: &Content,
) -> Result<(), Error> {
    let what = format!(
        "staging {} in {}",
        source.uri(&content.prefix),
        target.region
    );
    let progress = Progress::new(what, content.objects, content.bytes);
    tracing::info!("{}", progress.line());
    let reporting = progress.report(run.aws.timing().report);
    let job = Copying::new(run.aws, source, target, run.spec.kms_key_arn.as_deref());
    let copies = Copies {
        source,
        target,
        digest,
        content,
        job: job.telling(&progress),
        progress: Arc::clone(&progress),
        origin: origin(source, &content.prefix),
    };
    let staged = copies.all(run).await;
    drop(reporting);
    tracing::info!("{}", progress.line());
    staged
}

/// What tells the contents of one prefix of one bucket from those of another.
fn origin(source: &Bucket, prefix: &str) -> String {
    let digest = naming::sha256_hex(format!("{}\n{prefix}", source.name).as_bytes());
    digest.chars().take(8).collect()
}

/// The copies of one content.
struct Copies<'a> {
    source: &'a Bucket,
    target: &'a Bucket,
    digest: &'a str,
    content: &'a Content,
    job: Copying,
    progress: Arc<Progress>,
    origin: String,
}

/// One object that could not be copied.
type Failed = (Listed, Error);

impl Copies<'_> {
    async fn all(&self, run: &Run<'_>) -> Result<(), Error> {
        let mut failures = self.missing(run).await?;
        if failures.len() < MOST_FAILURES && !failures.iter().any(|(_, error)| has_changed(error)) {
            failures = self.again(run, failures).await?;
        }
        failures.sort_by(|left, right| left.0.key.cmp(&right.0.key));
        let failed = failures.len();
        let total = self.content.objects;
        if let Some((object, error)) = failures.into_iter().next() {
            if has_changed(&error) {
                return Err(self.changed());
            }
            let advice = error.advice().unwrap_or_default().to_owned();
            return Err(error.about(format!("the copy of {} to {}", self.source.uri(&object.key), self.target.name)).advise(format!(
                "{failed} of {total} objects could not be copied; the other copies stay, and the next try goes on from there. {advice}"
            )));
        }
        if self.content.bytes > run.aws.multipart_copy_threshold() {
            // Every object is there: an upload that is still open was begun by a lost call or a killed apply.
            let prefix = naming::staged_prefix(self.digest);
            self.target.abort_uploads(&prefix, &|_| false).await?;
        }
        Ok(())
    }

    /// Copies what is not there, and writes the index if it is complete then; what could not be copied.
    async fn missing(&self, run: &Run<'_>) -> Result<Vec<Failed>, Error> {
        let prefix = naming::staged_prefix(self.digest);
        let index_key = naming::staged_index(self.digest, &self.origin);
        let (before, has_index) = self.before().await?;
        let mut known = index::Reader::new(match &before {
            Some((key, _)) => self.target.get(key).await?.map(|found| found.bytes),
            None => None,
        });
        let mut index = index::Writer::new();
        let kms_key = run.spec.kms_key_arn.as_deref();
        let mut digest = Fingerprint::new(&self.source.name, &self.content.prefix, kms_key);
        let mut pages = self.source.pages(&self.content.prefix);
        let mut there = self.target.walk(&prefix);
        let mut queue = Queue::new();
        while let Some(page) = pages.next().await? {
            for object in page.into_iter().filter(is_data) {
                digest.add(&object);
                index.add(&object);
                let key = format!("{prefix}{}", object.key);
                let same = known.has(&object);
                if there.find(&key).await?.map(|found| found.size) == Some(object.size) {
                    self.progress.found(object.size);
                    self.progress.object_done();
                    continue;
                }
                let from = before
                    .as_ref()
                    .filter(|_| same)
                    .map(|(_, staged)| format!("{staged}{}", object.key));
                queue.add(run, self, object, from).await?;
                if queue.failures.len() >= MOST_FAILURES {
                    return Ok(queue.end().await);
                }
            }
        }
        let failures = queue.end().await;
        if failures.is_empty() {
            if digest.finish() != self.digest {
                return Err(self.changed());
            }
            if let Some(bytes) = index.finish().filter(|_| !has_index) {
                self.target
                    .put(
                        &index_key,
                        bytes,
                        "application/gzip",
                        &Only::Always,
                        kms_key,
                    )
                    .await?;
            }
        }
        Ok(failures)
    }

    /// What failed once is tried once more: the network may have been to blame.
    async fn again(&self, run: &Run<'_>, failed: Vec<Failed>) -> Result<Vec<Failed>, Error> {
        if failed.is_empty() {
            return Ok(failed);
        }
        let mut queue = Queue::new();
        for (object, _) in failed {
            queue.add(run, self, object, None).await?;
        }
        let failures = queue.end().await;
        if failures.is_empty() {
            // Nothing is missing now: the walk finds that, and writes the index.
            return self.missing(run).await;
        }
        Ok(failures)
    }

    /// Index and prefix of the newest other content of the same source, and whether this one has its index.
    async fn before(&self) -> Result<(Option<(String, String)>, bool), Error> {
        let own = naming::staged_index(self.digest, &self.origin);
        let ending = own.trim_start_matches(naming::staged_stem(self.digest).as_str());
        let mut newest: Option<Listed> = None;
        let mut has_own = false;
        let mut pages = self.target.folder(naming::STAGED);
        while let Some(page) = pages.next().await? {
            for found in page {
                has_own |= found.key == own;
                if found.key != own
                    && found.key.ends_with(ending)
                    && newest
                        .as_ref()
                        .is_none_or(|newest| newest.modified < found.modified)
                {
                    newest = Some(found);
                }
            }
        }
        let with_prefix = newest.map(|found| {
            let prefix = format!("{}/", found.key.trim_end_matches(ending));
            (found.key, prefix)
        });
        Ok((with_prefix, has_own))
    }

    fn changed(&self) -> Error {
        Error::new(
            Kind::Conflict,
            format!(
                "the dataset {} changed while it was copied to {}",
                self.source.uri(&self.content.prefix),
                self.target.name
            ),
        )
        .advise("Apply again once nothing is written there any more: what has not changed is not copied again.")
        .on("channels")
    }
}

fn has_changed(error: &Error) -> bool {
    error.code() == Some("PreconditionFailed")
}

/// Objects under way, so many at once.
struct Queue {
    gate: Arc<Semaphore>,
    tasks: JoinSet<Option<Failed>>,
    failures: Vec<Failed>,
}

impl Queue {
    fn new() -> Self {
        Queue {
            gate: Arc::new(Semaphore::new(copy::PARALLEL)),
            tasks: JoinSet::new(),
            failures: Vec::new(),
        }
    }

    async fn add(
        &mut self,
        run: &Run<'_>,
        copies: &Copies<'_>,
        object: Listed,
        from: Option<String>,
    ) -> Result<(), Error> {
        // Between copies: a stop, the deadline, a lost claim.
        run.watch.check()?;
        if let Some(claim) = &run.claim {
            claim.check().await?;
        }
        let permit = Arc::clone(&self.gate)
            .acquire_owned()
            .await
            .map_err(|error| Error::new(Kind::Other, error.to_string()))?;
        let one = One {
            job: copies.job.clone(),
            progress: Arc::clone(&copies.progress),
            key: format!("{}{}", naming::staged_prefix(copies.digest), object.key),
        };
        self.tasks.spawn(async move {
            let result = one.copy(&object, from.as_deref()).await;
            drop(permit);
            result.err().map(|error| (object, error))
        });
        while let Some(done) = self.tasks.try_join_next() {
            self.failures.extend(done.ok().flatten());
        }
        Ok(())
    }

    /// Waits for what is under way; every failure.
    async fn end(mut self) -> Vec<Failed> {
        while let Some(done) = self.tasks.join_next().await {
            self.failures.extend(done.ok().flatten());
        }
        self.failures
    }
}

/// One object on its way.
struct One {
    job: Copying,
    progress: Arc<Progress>,
    key: String,
}

impl One {
    /// From the copy of an earlier content where that has it, else from the source.
    async fn copy(&self, object: &Listed, from: Option<&str>) -> Result<(), Error> {
        let within = match from {
            Some(from) => self
                .job
                .copy_within(from, object.size, &self.key)
                .await
                .is_ok(),
            None => false,
        };
        if !within {
            self.job.copy_as_listed(object, &self.key).await?;
        }
        self.progress.object_done();
        Ok(())
    }
}
