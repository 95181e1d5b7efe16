//! Copies between two buckets by S3 itself, whole or in parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, ServerSideEncryption, TaggingDirective,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;

use super::parts::{Part, parts};
use super::progress::Progress;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::pages::Parts;
use crate::s3::{Bucket, Listed};
use crate::settings::Service;

/// Copies under way at once, of objects and of parts.
pub(super) const PARALLEL: usize = 16;

/// What `x-amz-copy-source` may hold unescaped.
const COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Copies into one bucket.
#[derive(Clone)]
pub(crate) struct Copying {
    pub(crate) source: String,
    source_owner: String,
    pub(crate) target: Bucket,
    kms_key: Option<String>,
    threshold: u64,
    /// Requests under way; an object that is copied in parts takes one for each.
    gate: Arc<Semaphore>,
    /// Told of every part.
    progress: Option<Arc<Progress>>,
}

/// Number and entity tag of a part, or why it was not copied.
type Copied = Result<(i32, String), Error>;

/// What is copied.
#[derive(Clone)]
struct Origin {
    /// `bucket/key`, escaped.
    from: String,
    size: u64,
    /// Only this content.
    etag: Option<String>,
}

impl Copying {
    /// From one bucket to another, encrypted with `kms_key` if there is one.
    pub(crate) fn new(aws: &Aws, source: &Bucket, target: &Bucket, kms_key: Option<&str>) -> Self {
        Copying {
            source: source.name.clone(),
            source_owner: source.owner.clone(),
            target: target.clone(),
            kms_key: kms_key.map(str::to_owned),
            threshold: aws.multipart_copy_threshold(),
            gate: Arc::new(Semaphore::new(PARALLEL)),
            progress: None,
        }
    }

    pub(super) fn telling(mut self, progress: &Arc<Progress>) -> Self {
        self.progress = Some(Arc::clone(progress));
        self
    }

    /// Copies an object as it is now.
    pub(crate) async fn copy_to(&self, object: &Listed, key: &str) -> Result<(), Error> {
        self.copy(self.origin(object, None), key).await
    }

    /// Copies the object that was listed: one that has changed since is refused (`PreconditionFailed`).
    pub(super) async fn copy_as_listed(&self, object: &Listed, key: &str) -> Result<(), Error> {
        let etag = format!("\"{}\"", object.etag);
        self.copy(self.origin(object, Some(etag)), key).await
    }

    /// Copies within the target bucket, where a copy of the same content lies under another key.
    pub(super) async fn copy_within(&self, from: &str, size: u64, key: &str) -> Result<(), Error> {
        let within = Copying {
            source: self.target.name.clone(),
            source_owner: self.target.owner.clone(),
            ..self.clone()
        };
        let object = Listed {
            key: from.to_owned(),
            size,
            etag: String::new(),
            modified: 0,
        };
        within.copy_to(&object, key).await
    }

    fn origin(&self, object: &Listed, etag: Option<String>) -> Origin {
        let path = format!("{}/{}", self.source, object.key);
        let from = utf8_percent_encode(&path, COPY_SOURCE);
        Origin {
            from: from.to_string(),
            size: object.size,
            etag,
        }
    }

    async fn copy(&self, origin: Origin, key: &str) -> Result<(), Error> {
        if origin.size <= self.threshold {
            return self.copy_whole(&origin, key).await;
        }
        match self.copy_in_parts(&origin, key).await {
            // Somebody else has completed or aborted it: two applies may stage the same content at once.
            Err(error) if error.code() == Some("NoSuchUpload") => {
                if self.target.size(key).await? == Some(origin.size) {
                    return Ok(());
                }
                self.copy_in_parts(&origin, key).await
            }
            other => other,
        }
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, Error> {
        let permit = self.gate.acquire().await;
        permit.map_err(|error| Error::new(Kind::Other, error.to_string()))
    }

    fn copied(&self, bytes: u64) {
        if let Some(progress) = &self.progress {
            progress.copied(bytes);
        }
    }

    async fn copy_whole(&self, origin: &Origin, key: &str) -> Result<(), Error> {
        let _permit = self.permit().await?;
        let mut call = self
            .target
            .client
            .copy_object()
            .bucket(&self.target.name)
            .key(key)
            .copy_source(&origin.from)
            .set_copy_source_if_match(origin.etag.clone())
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
        self.copied(origin.size);
        Ok(())
    }

    async fn copy_in_parts(&self, origin: &Origin, key: &str) -> Result<(), Error> {
        let (upload, mut done) = match self.unfinished(key).await {
            Some(found) => found,
            None => (self.begin(key).await?, BTreeMap::new()),
        };
        let mut tags: BTreeMap<i32, String> = BTreeMap::new();
        let mut tasks: JoinSet<Copied> = JoinSet::new();
        let mut failure = None;
        for part in parts(origin.size, self.threshold) {
            // A part of another size was cut by another rule.
            if let Some((tag, _)) = done
                .remove(&part.number)
                .filter(|(_, size)| *size == part.size())
            {
                tags.insert(part.number, tag);
                if let Some(progress) = &self.progress {
                    progress.found(part.size());
                }
                continue;
            }
            while tasks.len() >= PARALLEL && failure.is_none() {
                take(tasks.join_next().await, &mut tags, &mut failure);
            }
            if failure.is_some() {
                break;
            }
            let (job, origin) = (self.clone(), origin.clone());
            let (key, upload) = (key.to_owned(), upload.clone());
            tasks.spawn(async move { job.copy_part(&origin, &key, &upload, &part).await });
        }
        while !tasks.is_empty() {
            take(tasks.join_next().await, &mut tags, &mut failure);
        }
        if let Some(error) = failure {
            return Err(error);
        }
        let parts = tags.into_iter().map(|(number, tag)| {
            CompletedPart::builder()
                .part_number(number)
                .e_tag(tag)
                .build()
        });
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.collect()))
            .build();
        self.target
            .client
            .complete_multipart_upload()
            .bucket(&self.target.name)
            .key(key)
            .upload_id(&upload)
            .expected_bucket_owner(&self.target.owner)
            .multipart_upload(parts)
            .send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "CompleteMultipartUpload", &error))?;
        Ok(())
    }

    /// One part; its number and entity tag.
    async fn copy_part(
        &self,
        origin: &Origin,
        key: &str,
        upload: &str,
        part: &Part,
    ) -> Result<(i32, String), Error> {
        let _permit = self.permit().await?;
        let (first, last) = (part.bytes.start(), part.bytes.end());
        let answer = self
            .target
            .client
            .upload_part_copy()
            .bucket(&self.target.name)
            .key(key)
            .upload_id(upload)
            .part_number(part.number)
            .copy_source(&origin.from)
            .set_copy_source_if_match(origin.etag.clone())
            .copy_source_range(format!("bytes={first}-{last}"))
            .expected_bucket_owner(&self.target.owner)
            .expected_source_bucket_owner(&self.source_owner)
            .send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "UploadPartCopy", &error))?;
        self.copied(part.size());
        let tag = answer.copy_part_result().and_then(|result| result.e_tag());
        Ok((part.number, tag.unwrap_or_default().to_owned()))
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

    /// The upload of this key that an earlier try has brought furthest, with the tags and sizes of its parts. Not
    /// allowed to look: start afresh.
    async fn unfinished(&self, key: &str) -> Option<(String, Parts)> {
        let found = async {
            let mut fullest: Option<(Parts, String)> = None;
            for (found, upload) in self.target.uploads(key).await? {
                if found == key {
                    let parts = self.target.parts(key, &upload).await?;
                    let fuller = fullest
                        .as_ref()
                        .is_none_or(|(known, _)| known.len() < parts.len());
                    if fuller {
                        fullest = Some((parts, upload));
                    }
                }
            }
            Ok(fullest)
        };
        match found.await {
            Ok(found) => found.map(|(parts, upload)| (upload, parts)),
            Err::<_, Error>(error) => {
                tracing::debug!(%error, key, "an unfinished upload was not looked at");
                None
            }
        }
    }
}

/// Takes the end of one part; the first failure is kept.
fn take(
    ended: Option<Result<Copied, tokio::task::JoinError>>,
    tags: &mut BTreeMap<i32, String>,
    failure: &mut Option<Error>,
) {
    match ended {
        None => {}
        Some(Ok(Ok((number, tag)))) => {
            tags.insert(number, tag);
        }
        Some(Ok(Err(error))) => {
            failure.get_or_insert(error);
        }
        Some(Err(error)) => {
            failure.get_or_insert(Error::new(Kind::Other, error.to_string()));
        }
    }
}
