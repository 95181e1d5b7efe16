//! The user's data, copied by S3 itself into the job's region.
//!
//! Content-addressed: the copies live under a digest of source keys, sizes and entity tags, so that two resources
//! share them and a changed dataset never mixes with the old one. Resumable: what is there with the right size is not
//! copied again, a multipart copy goes on with the parts that are there, and one refused object stops none of the
//! others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, ServerSideEncryption, TaggingDirective,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Step;
use super::companion;
use super::data::gigabytes;
use crate::error::{Error, Kind};
use crate::naming;
use crate::run::Run;
use crate::s3::{Bucket, Listed};
use crate::settings::Service;
use crate::spec::JobBucket;

/// Copies under way at once.
const PARALLEL: usize = 16;
/// S3's limit of one CopyObject.
pub(crate) const SINGLE_COPY_MAX: u64 = 5_000_000_000;
/// Part of a multipart copy; more for the few objects that would need over 10,000 parts.
const PART: u64 = 512 << 20;
const SMALLEST_PART: u64 = 5 << 20;
const MOST_PARTS: u64 = 9_000;

/// What `x-amz-copy-source` may hold unescaped.
const COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

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
                .map(|channel| (channel.name.clone(), channel.s3_uri.clone()))
                .collect();
            return Ok(());
        };
        let source = run.data_bucket().await;
        let target = Bucket::new(run.aws, name, &run.spec.region, &run.handle.account_id).await;
        let plan = plan(run, &source).await?;
        let bytes: u64 = plan
            .contents
            .values()
            .flatten()
            .map(|object| object.size)
            .sum();
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
        for (digest, objects) in &plan.contents {
            copy_all(run, &source, &target, digest, objects).await?;
        }
        run.inputs = plan.inputs;
        Ok(())
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        // Copies stay: they were paid for, and the next apply goes on from them. Without any, nothing holds us here.
        let JobBucket::Companion { name } = &run.spec.job_bucket else {
            return Ok(());
        };
        let Some(reference) = run
            .handle
            .companions
            .iter()
            .find(|known| known.name == *name)
            .cloned()
        else {
            return Ok(());
        };
        let bucket = run.bucket(&reference).await;
        if run.previous.is_none()
            && bucket
                .list("sustainable/staged/", Some(1))
                .await?
                .is_empty()
        {
            let key = naming::user_key(&run.spec.data_bucket.name, &run.spec.name);
            bucket
                .purge(&key, reference.managed, &|found| found != key)
                .await?;
        }
        Ok(())
    }
}

struct Plan {
    /// Digest to objects.
    contents: BTreeMap<String, Vec<Listed>>,
    /// Channel to URI.
    inputs: BTreeMap<String, String>,
}

async fn plan(run: &Run<'_>, source: &Bucket) -> Result<Plan, Error> {
    let mut plan = Plan {
        contents: BTreeMap::new(),
        inputs: BTreeMap::new(),
    };
    for channel in run
        .spec
        .channels
        .iter()
        .filter(|channel| !run.left_out.contains(&channel.name))
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
        let objects: Vec<Listed> = source
            .list(prefix, None)
            .await?
            .into_iter()
            .filter(|object| !object.key.ends_with('/'))
            .collect();
        let digest = digest(&source.name, prefix, &objects);
        plan.inputs.insert(
            channel.name.clone(),
            format!(
                "s3://{}/{}{prefix}",
                run.job_bucket_name(),
                naming::staged_prefix(&digest)
            ),
        );
        plan.contents.insert(digest, objects);
    }
    Ok(plan)
}

fn digest(bucket: &str, prefix: &str, objects: &[Listed]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{bucket}\n{prefix}\n"));
    for object in objects {
        hasher.update(format!(
            "{} {} {}\n",
            object.key.len(),
            object.size,
            object.etag
        ));
        hasher.update(&object.key);
    }
    naming::hex(&hasher.finalize()).chars().take(16).collect()
}

/// Copies what is missing. Each object is tried by itself; what failed is tried once more, then named.
async fn copy_all(
    run: &mut Run<'_>,
    source: &Bucket,
    target: &Bucket,
    digest: &str,
    objects: &[Listed],
) -> Result<(), Error> {
    let prefix = naming::staged_prefix(digest);
    let there: HashMap<String, u64> = target
        .list(&prefix, None)
        .await?
        .into_iter()
        .map(|object| (object.key, object.size))
        .collect();
    let mut missing: Vec<Listed> = objects
        .iter()
        .filter(|object| there.get(&format!("{prefix}{}", object.key)) != Some(&object.size))
        .cloned()
        .collect();
    let job = Arc::new(Copying {
        source: source.name.clone(),
        source_owner: source.owner.clone(),
        target: target.clone(),
        prefix,
        kms_key: run.spec.kms_key_arn.clone(),
        threshold: run.aws.multipart_copy_threshold(),
    });
    let mut failures = Vec::new();
    for _ in 0..2 {
        failures = copy_once(run, &job, &missing).await?;
        missing = failures
            .iter()
            .map(|(object, _): &(Listed, Error)| object.clone())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
    }
    let total = objects.len();
    let failed = failures.len();
    match failures.into_iter().next() {
        None => Ok(()),
        Some((object, error)) => {
            let advice = error.advice().unwrap_or_default().to_owned();
            Err(error.about(format!("the copy of {} to {}", source.uri(&object.key), target.name)).advise(format!(
                "{failed} of {total} objects could not be copied; the other copies stay, and the next try goes on from there. {advice}"
            )))
        }
    }
}

async fn copy_once(
    run: &Run<'_>,
    job: &Arc<Copying>,
    objects: &[Listed],
) -> Result<Vec<(Listed, Error)>, Error> {
    let gate = Arc::new(Semaphore::new(PARALLEL));
    let mut tasks: JoinSet<Option<(Listed, Error)>> = JoinSet::new();
    let mut failures = Vec::new();
    for object in objects.iter().cloned() {
        // Between copies: a stop, the deadline, a lost claim.
        run.watch.check()?;
        if let Some(claim) = &run.claim {
            claim.check().await?;
        }
        let permit = Arc::clone(&gate)
            .acquire_owned()
            .await
            .map_err(|error| Error::new(Kind::Other, error.to_string()))?;
        let job = Arc::clone(job);
        tasks.spawn(async move {
            let result = job.copy(&object).await;
            drop(permit);
            result.err().map(|error| (object, error))
        });
        while let Some(done) = tasks.try_join_next() {
            failures.extend(done.ok().flatten());
        }
    }
    while let Some(done) = tasks.join_next().await {
        failures.extend(done.ok().flatten());
    }
    failures.sort_by(|left, right| left.0.key.cmp(&right.0.key));
    Ok(failures)
}

/// Copies between two buckets by S3 itself.
pub(crate) struct Copying {
    pub(crate) source: String,
    pub(crate) source_owner: String,
    pub(crate) target: Bucket,
    /// Put before each key.
    pub(crate) prefix: String,
    pub(crate) kms_key: Option<String>,
    pub(crate) threshold: u64,
}

impl Copying {
    async fn copy(&self, object: &Listed) -> Result<(), Error> {
        self.copy_to(object, &format!("{}{}", self.prefix, object.key))
            .await
    }

    pub(crate) async fn copy_to(&self, object: &Listed, key: &str) -> Result<(), Error> {
        let from = utf8_percent_encode(&format!("{}/{}", self.source, object.key), COPY_SOURCE)
            .to_string();
        if object.size > self.threshold {
            return self.copy_in_parts(object, &from, key).await;
        }
        let mut call = self
            .target
            .client
            .copy_object()
            .bucket(&self.target.name)
            .key(key)
            .copy_source(from)
            .expected_bucket_owner(&self.target.owner)
            .expected_source_bucket_owner(&self.source_owner)
            // Tags of the source would need two more permissions and mean nothing to the job.
            .tagging_directive(TaggingDirective::Replace);
        if let Some(kms) = &self.kms_key {
            call = call
                .server_side_encryption(ServerSideEncryption::AwsKms)
                .ssekms_key_id(kms);
        }
        call.send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "CopyObject", &error))?;
        Ok(())
    }

    async fn copy_in_parts(&self, object: &Listed, from: &str, key: &str) -> Result<(), Error> {
        let (client, bucket, owner) = (
            &self.target.client,
            self.target.name.as_str(),
            self.target.owner.as_str(),
        );
        let part = PART
            .min(self.threshold)
            .max(SMALLEST_PART)
            .max(object.size.div_ceil(MOST_PARTS));
        let (upload, mut done) = match self.unfinished(key).await {
            Some(found) => found,
            None => (self.begin(key).await?, BTreeMap::new()),
        };
        for (number, start) in
            (1..).zip((0..object.size).step_by(usize::try_from(part).unwrap_or(usize::MAX)))
        {
            if done.contains_key(&number) {
                continue;
            }
            let end = (start + part).min(object.size) - 1;
            let answer = client
                .upload_part_copy()
                .bucket(bucket)
                .key(key)
                .upload_id(&upload)
                .part_number(number)
                .copy_source(from)
                .copy_source_range(format!("bytes={start}-{end}"))
                .expected_bucket_owner(owner)
                .expected_source_bucket_owner(&self.source_owner)
                .send()
                .await
                .map_err(|error| Error::sdk(Service::S3, "UploadPartCopy", &error))?;
            let etag = answer
                .copy_part_result()
                .and_then(|result| result.e_tag())
                .unwrap_or_default()
                .to_owned();
            done.insert(number, etag);
        }
        let parts = done.into_iter().map(|(number, etag)| {
            CompletedPart::builder()
                .part_number(number)
                .e_tag(etag)
                .build()
        });
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.collect()))
            .build();
        client
            .complete_multipart_upload()
            .bucket(bucket)
            .key(key)
            .upload_id(&upload)
            .expected_bucket_owner(owner)
            .multipart_upload(parts)
            .send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "CompleteMultipartUpload", &error))?;
        Ok(())
    }

    async fn begin(&self, key: &str) -> Result<String, Error> {
        let mut call = self
            .target
            .client
            .create_multipart_upload()
            .bucket(&self.target.name)
            .key(key)
            .expected_bucket_owner(&self.target.owner);
        if let Some(kms) = &self.kms_key {
            call = call
                .server_side_encryption(ServerSideEncryption::AwsKms)
                .ssekms_key_id(kms);
        }
        let answer = call
            .send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "CreateMultipartUpload", &error))?;
        answer
            .upload_id()
            .map(str::to_owned)
            .ok_or_else(|| Error::new(Kind::Other, "S3 gave no upload id"))
    }

    /// An upload of this key that an earlier try has begun, with its parts. Not allowed to look: start afresh.
    async fn unfinished(&self, key: &str) -> Option<(String, BTreeMap<i32, String>)> {
        let (client, bucket, owner) = (
            &self.target.client,
            self.target.name.as_str(),
            self.target.owner.as_str(),
        );
        let uploads = client
            .list_multipart_uploads()
            .bucket(bucket)
            .prefix(key)
            .expected_bucket_owner(owner)
            .send()
            .await
            .ok()?;
        let upload = uploads
            .uploads()
            .iter()
            .find(|upload| upload.key() == Some(key))?
            .upload_id()?
            .to_owned();
        let mut parts = BTreeMap::new();
        let mut marker = None;
        loop {
            let call = client
                .list_parts()
                .bucket(bucket)
                .key(key)
                .upload_id(&upload)
                .expected_bucket_owner(owner);
            let answer = call.set_part_number_marker(marker).send().await.ok()?;
            for part in answer.parts() {
                parts.insert(part.part_number()?, part.e_tag()?.to_owned());
            }
            marker = answer.next_part_number_marker().map(str::to_owned);
            if answer.is_truncated() != Some(true) || marker.is_none() {
                return Some((upload, parts));
            }
        }
    }
}
