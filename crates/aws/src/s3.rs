//! A bucket with its owner pinned: every call says whose bucket it expects, since companion names can be guessed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::{DateTime, Format};

use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::BucketRef;
use crate::settings::Service;

/// One bucket.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) client: aws_sdk_s3::Client,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) owner: String,
}

/// One listed object.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
    /// Seconds since 1970.
    pub(crate) modified: i64,
}

/// A small object with what S3 says about it.
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
    /// Age by S3's own dates.
    pub(crate) age_seconds: i64,
}

/// When a write may happen.
#[derive(Clone, Debug)]
pub(crate) enum Only {
    Always,
    IfAbsent,
    IfEtag(String),
}

impl Bucket {
    pub(crate) async fn new(aws: &Aws, name: &str, region: &str, owner: &str) -> Self {
        Bucket {
            client: aws.s3(region).await,
            name: name.to_owned(),
            region: region.to_owned(),
            owner: owner.to_owned(),
        }
    }

    pub(crate) async fn of(aws: &Aws, bucket: &BucketRef, owner: &str) -> Self {
        Bucket::new(aws, &bucket.name, &bucket.region, owner).await
    }

    pub(crate) fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    pub(crate) fn wrap<E>(
        &self,
        operation: &'static str,
        error: &aws_sdk_s3::error::SdkError<
            E,
            aws_smithy_runtime_api::client::orchestrator::HttpResponse,
        >,
    ) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Error::sdk(Service::S3, operation, error)
            .about(format!("bucket {} in {}", self.name, self.region))
    }

    /// The region that S3 says the bucket is in; `NotFound` when there is none.
    pub(crate) async fn head(&self) -> Result<Option<String>, Error> {
        self.located(false).await
    }

    /// The region of the bucket, which S3 tells also those who may not look into it (API reference, HeadBucket).
    pub(crate) async fn region_of(&self) -> Result<String, Error> {
        let told = self.located(true).await?;
        Ok(told.unwrap_or_else(|| self.region.clone()))
    }

    /// HeadBucket; what an error says of the region counts where the error is about the region, or with `refused_too` about
    /// permissions. The header of an outage says nothing.
    async fn located(&self, refused_too: bool) -> Result<Option<String>, Error> {
        let call = self
            .client
            .head_bucket()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner);
        let error = match call.send().await {
            Ok(answer) => return Ok(answer.bucket_region().map(str::to_owned)),
            Err(error) => error,
        };
        let told = error.raw_response().and_then(|response| {
            let region = response.headers().get("x-amz-bucket-region")?;
            let counts = match response.status().as_u16() {
                301 | 307 | 400 => region != self.region,
                403 => refused_too,
                _ => false,
            };
            counts.then(|| region.to_owned())
        });
        match told {
            Some(region) => Ok(Some(region)),
            None => Err(self.wrap("HeadBucket", &error)),
        }
    }

    /// The bucket where S3 says that it is; `None` when there is none. `region` is as far as it is known.
    pub(crate) async fn find(
        aws: &Aws,
        name: &str,
        region: &str,
        account: &str,
    ) -> Result<Option<Self>, Error> {
        let bucket = Self::new(aws, name, region, account).await;
        match bucket.head().await {
            Ok(Some(real)) if real != region => {
                Ok(Some(Self::new(aws, name, &real, account).await))
            }
            Ok(_) => Ok(Some(bucket)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The object's entity tag is the digest of its content, as far as encryption goes: no KMS key is involved.
    pub(crate) async fn plainly_encrypted(&self, key: &str) -> Result<bool, Error> {
        let answer = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(&self.owner)
            .send()
            .await
            .map_err(|error| self.wrap("HeadObject", &error).about(self.uri(key)))?;
        Ok(answer
            .server_side_encryption()
            .is_none_or(|kind| *kind == aws_sdk_s3::types::ServerSideEncryption::Aes256))
    }

    /// The bucket's tags; empty when it has none.
    pub(crate) async fn tags(&self) -> Result<BTreeMap<String, String>, Error> {
        match self
            .client
            .get_bucket_tagging()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .send()
            .await
        {
            Ok(answer) => Ok(answer
                .tag_set()
                .iter()
                .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
                .collect()),
            Err(error) if error.code() == Some("NoSuchTagSet") => Ok(BTreeMap::new()),
            Err(error) => Err(self.wrap("GetBucketTagging", &error)),
        }
    }

    /// Writes an object and returns its entity tag. `Conflict` when `only` forbids it.
    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        only: &Only,
        kms_key: Option<&str>,
    ) -> Result<String, Error> {
        let mut call = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(&self.owner)
            .content_type(content_type)
            .body(ByteStream::from(bytes));
        match only {
            Only::Always => {}
            Only::IfAbsent => call = call.if_none_match("*"),
            Only::IfEtag(etag) => call = call.if_match(etag),
        }
        if let Some(key) = kms_key {
            call = call
                .server_side_encryption(aws_sdk_s3::types::ServerSideEncryption::AwsKms)
                .ssekms_key_id(key);
        }
        let answer = call
            .send()
            .await
            .map_err(|error| self.wrap("PutObject", &error).about(self.uri(key)))?;
        Ok(answer.e_tag().unwrap_or_default().to_owned())
    }

    /// Reads a small object; `None` when there is none.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Fetched>, Error> {
        let date = DateCapture::default();
        let call = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(&self.owner);
        let answer = match call.customize().interceptor(date.clone()).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = self.wrap("GetObject", &error).about(self.uri(key));
                return if error.code() == Some("NoSuchKey") {
                    Ok(None)
                } else {
                    Err(error)
                };
            }
        };
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        let written = answer.last_modified().map(DateTime::secs);
        let age_seconds = match (date.seconds(), written) {
            (Some(now), Some(written)) => now - written,
            _ => 0,
        };
        let bytes = answer.body.collect().await.map_err(|error| {
            Error::answer(
                Service::S3,
                "GetObject",
                None,
                None,
                format!("the answer broke off: {error}"),
                None,
            )
            .of_kind(Kind::Network)
            .about(self.uri(key))
        })?;
        Ok(Some(Fetched {
            bytes: bytes.to_vec(),
            etag,
            age_seconds,
        }))
    }

    /// Size of an object; `None` when there is none.
    pub(crate) async fn size(&self, key: &str) -> Result<Option<u64>, Error> {
        match self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(&self.owner)
            .send()
            .await
        {
            Ok(answer) => Ok(Some(
                answer
                    .content_length()
                    .and_then(|size| u64::try_from(size).ok())
                    .unwrap_or(0),
            )),
            Err(error) => {
                let error = self.wrap("HeadObject", &error).about(self.uri(key));
                if error.kind() == Kind::NotFound {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Objects under a prefix, all of them or the first `limit`.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        limit: Option<usize>,
    ) -> Result<Vec<Listed>, Error> {
        let mut pages = self.pages(prefix);
        if let Some(limit) = limit {
            pages = pages.of(limit);
        }
        let mut found = Vec::new();
        while let Some(page) = pages.next().await? {
            found.extend(page);
            if limit.is_some_and(|limit| found.len() >= limit) {
                break;
            }
        }
        Ok(found)
    }

    /// Folders and objects at the top of the bucket, for sentences that say what is there.
    pub(crate) async fn top(&self) -> Result<Vec<String>, Error> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .delimiter("/")
            .max_keys(50)
            .expected_bucket_owner(&self.owner)
            .send()
            .await
            .map_err(|error| self.wrap("ListObjectsV2", &error))?;
        let folders = answer
            .common_prefixes()
            .iter()
            .filter_map(|folder| folder.prefix());
        let objects = answer.contents().iter().filter_map(|object| object.key());
        Ok(folders
            .chain(objects)
            .filter(|name| *name != "sustainable/")
            .map(str::to_owned)
            .collect())
    }

    /// Deletes one object; none there is fine.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), Error> {
        self.client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(&self.owner)
            .send()
            .await
            .map_err(|error| self.wrap("DeleteObject", &error).about(self.uri(key)))?;
        Ok(())
    }

    /// Deletes everything under a prefix whose key `keep` does not keep; with `versions`, every version of it.
    pub(crate) async fn purge(
        &self,
        prefix: &str,
        versions: bool,
        keep: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<u64, Error> {
        let mut gone = 0;
        let mut last_kept: Option<String> = None;
        let mut token = None;
        loop {
            let mut batch = Vec::new();
            let mut more;
            if versions {
                // From behind what is kept: what was listed before is deleted by then, and no place to go on from.
                let answer = self
                    .client
                    .list_object_versions()
                    .bucket(&self.name)
                    .prefix(prefix)
                    .set_key_marker(last_kept.clone())
                    .expected_bucket_owner(&self.owner)
                    .send()
                    .await
                    .map_err(|error| {
                        self.wrap("ListObjectVersions", &error)
                            .about(self.uri(prefix))
                    })?;
                let objects = answer
                    .versions()
                    .iter()
                    .map(|version| (version.key(), version.version_id()));
                let markers = answer
                    .delete_markers()
                    .iter()
                    .map(|marker| (marker.key(), marker.version_id()));
                batch.extend(objects.chain(markers).filter_map(|(key, version)| {
                    Some((key?.to_owned(), version.map(str::to_owned)))
                }));
                more = answer.is_truncated() == Some(true);
            } else {
                let answer = self
                    .client
                    .list_objects_v2()
                    .bucket(&self.name)
                    .prefix(prefix)
                    .set_continuation_token(token.take())
                    .expected_bucket_owner(&self.owner)
                    .send()
                    .await
                    .map_err(|error| self.wrap("ListObjectsV2", &error).about(self.uri(prefix)))?;
                batch.extend(
                    answer
                        .contents()
                        .iter()
                        .filter_map(|object| Some((object.key()?.to_owned(), None))),
                );
                token = answer.next_continuation_token().map(str::to_owned);
                more = token.is_some();
            }
            let before = last_kept.clone();
            last_kept = batch
                .iter()
                .map(|(key, _)| key)
                .filter(|key| keep(key))
                .max()
                .cloned()
                .max(last_kept);
            batch.retain(|(key, _)| !keep(key));
            // Nothing deleted and nothing passed by: the same page would come again.
            more &= !versions || !batch.is_empty() || last_kept != before;
            gone += batch.len() as u64;
            self.delete_batch(&batch).await?;
            if !more {
                return Ok(gone);
            }
        }
    }

    async fn delete_batch(&self, batch: &[(String, Option<String>)]) -> Result<(), Error> {
        for chunk in batch.chunks(1000) {
            let mut delete = Delete::builder().quiet(true);
            for (key, version) in chunk {
                let object = ObjectIdentifier::builder()
                    .key(key)
                    .set_version_id(version.clone())
                    .build();
                delete = delete
                    .objects(object.map_err(|error| Error::new(Kind::Other, error.to_string()))?);
            }
            let delete = delete
                .build()
                .map_err(|error| Error::new(Kind::Other, error.to_string()))?;
            let answer = self
                .client
                .delete_objects()
                .bucket(&self.name)
                .expected_bucket_owner(&self.owner)
                .delete(delete)
                .send()
                .await
                .map_err(|error| self.wrap("DeleteObjects", &error))?;
            if let Some(failed) = answer
                .errors()
                .iter()
                .find(|failed| failed.code() != Some("NoSuchKey"))
            {
                let text = failed.message().unwrap_or_default().to_owned();
                return Err(Error::answer(
                    Service::S3,
                    "DeleteObjects",
                    None,
                    failed.code().map(str::to_owned),
                    text,
                    None,
                )
                .about(self.uri(failed.key().unwrap_or_default())));
            }
        }
        Ok(())
    }

    /// Keys of at most `limit` versions that are no delete markers; where there are none, the markers are deleted, and
    /// nothing else.
    pub(crate) async fn versions_or_clear(&self, limit: usize) -> Result<Vec<String>, Error> {
        let mut markers = Vec::new();
        let (mut key, mut id) = (None, None);
        loop {
            // A page counts markers too: one without a version says nothing about the next.
            let answer = self
                .client
                .list_object_versions()
                .bucket(&self.name)
                .expected_bucket_owner(&self.owner)
                .set_key_marker(key)
                .set_version_id_marker(id)
                .send()
                .await
                .map_err(|error| self.wrap("ListObjectVersions", &error))?;
            let keys = answer.versions().iter().filter_map(|version| version.key());
            let keys: Vec<String> = keys.take(limit).map(str::to_owned).collect();
            if !keys.is_empty() {
                return Ok(keys);
            }
            markers.extend(answer.delete_markers().iter().filter_map(|marker| {
                Some((
                    marker.key()?.to_owned(),
                    marker.version_id().map(str::to_owned),
                ))
            }));
            if answer.is_truncated() != Some(true) {
                break;
            }
            key = answer.next_key_marker().map(str::to_owned);
            id = answer.next_version_id_marker().map(str::to_owned);
        }
        self.delete_batch(&markers).await?;
        Ok(Vec::new())
    }
}

/// Notes the `Date` header of an answer.
#[derive(Debug, Clone, Default)]
struct DateCapture(Arc<Mutex<Option<String>>>);

impl DateCapture {
    fn seconds(&self) -> Option<i64> {
        let text = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()?;
        DateTime::from_str(&text, Format::HttpDate)
            .ok()
            .map(|date| date.secs())
    }
}

impl Intercept for DateCapture {
    fn name(&self) -> &'static str {
        "DateCapture"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

/// RFC 3339 in UTC.
pub(crate) fn rfc3339(date: &DateTime) -> Option<String> {
    date.fmt(Format::DateTime).ok()
}

/// Seconds between two dates.
pub(crate) fn seconds_between(start: &DateTime, end: &DateTime) -> Option<f64> {
    let start = SystemTime::try_from(*start).ok()?;
    SystemTime::try_from(*end)
        .ok()?
        .duration_since(start)
        .ok()
        .map(|span| span.as_secs_f64())
}
