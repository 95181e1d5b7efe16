//! The user's bucket and the bucket of the results.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketVersioningStatus, CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};
use serde_json::json;

use super::{Step, companion};
use crate::error::{Error, Kind};
use crate::handle::{BucketRef, Handle};
use crate::naming;
use crate::removal::Removal;
use crate::retry::{Watch, settle};
use crate::run::Run;
use crate::s3::Bucket;
use crate::settings::Service;
use crate::tags;

/// Checkpoints of a run that was never cleaned up expire after this many days.
const CHECKPOINT_DAYS: i32 = 60;
/// Overwritten and deleted versions, and uploads that were never finished, go after this many days.
const LEFTOVER_DAYS: i32 = 7;

const UPLOADS_RULE: &str = "sustainable-uploads";

/// The user's bucket.
pub(crate) struct Data;

#[async_trait]
impl Step for Data {
    fn name(&self) -> &'static str {
        "data bucket"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let bucket = run.data_bucket().await;
        let managed = match bucket.head().await {
            Ok(region) => {
                in_region(
                    &bucket,
                    region.as_deref(),
                    "data_bucket.region",
                    "dataset_region",
                )?;
                is_ours(&bucket).await
            }
            Err(error) if error.kind() == Kind::NotFound && run.spec.data_bucket.create => {
                create(&bucket, &run.tags(), &run.watch).await?;
                run.made(self.name());
                true
            }
            Err(error) if error.kind() == Kind::NotFound => return Err(missing(run, &bucket).await),
            Err(error) => {
                return Err(error
                    .advise(format!(
                        "Bucket {} must belong to account {} and allow s3:ListBucket to the credentials in use.",
                        bucket.name, bucket.owner
                    ))
                    .on("data_bucket.name"));
            }
        };
        // Before anything else can fail: what was made has to reach the state.
        run.handle.data_bucket = Some(BucketRef {
            name: bucket.name.clone(),
            region: bucket.region.clone(),
            managed,
        });
        if managed {
            harden(
                &bucket,
                &run.tags(),
                run.made.contains(&self.name()),
                &run.watch,
            )
            .await?;
        }
        Ok(())
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if !run.made.contains(&self.name()) {
            // As long as something else is left, the bucket's name is needed to find it.
            let rest = Handle {
                data_bucket: None,
                ..run.handle.clone()
            };
            if run.previous.is_none() && rest.is_empty() {
                run.handle.data_bucket = None;
            }
            return Ok(());
        }
        let bucket = run.data_bucket().await;
        if delete_if_empty(&bucket).await?.is_none() {
            run.handle.data_bucket = None;
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        let Some(reference) = removal.handle.data_bucket.clone() else {
            return Ok(());
        };
        let bucket = removal.bucket(&reference).await;
        if !still_ours(&bucket, reference.managed).await? {
            return Ok(());
        }
        if removal.retained {
            removal.leave(format!("bucket {}: the retained job uses it", bucket.name));
            return Ok(());
        }
        let record = naming::user_key(&bucket.name, &removal.handle.name);
        Removal::gone_is_fine(bucket.purge(&record, true, &|key| key != record).await)?;
        let others = companion::others(&bucket, &removal.handle.name).await?;
        if others > 0 {
            removal.leave(format!(
                "bucket {}: still used by {}",
                bucket.name,
                naming::counted(others, "other training")
            ));
        } else if removal.options.force {
            empty_and_delete(&bucket).await?;
            removal.deleted.push(bucket.name.clone());
        } else if let Some(holds) = delete_if_empty(&bucket).await? {
            removal.leave(format!("bucket {}: not empty ({holds}); force_destroy = true would remove it with everything in it", bucket.name));
        }
        removal.handle.data_bucket = None;
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let reference = look.handle.data_bucket.as_ref()?;
        let error = look.bucket(reference).await.head().await.err()?;
        (error.kind() == Kind::NotFound).then(|| format!("bucket {} is gone", reference.name))
    }
}

/// The bucket of the results, when it is neither the data bucket nor a companion.
pub(crate) struct Work;

#[async_trait]
impl Step for Work {
    fn name(&self) -> &'static str {
        "result bucket"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let name = run.work_bucket_name()?.to_owned();
        run.handle.output_path = Some(run.output_path()?);
        let companion = matches!(&run.spec.job_bucket, crate::spec::JobBucket::Companion { name: companion } if *companion == name);
        let managed = match &run.handle.data_bucket {
            Some(data) if data.name == name => {
                if data.region != run.spec.region {
                    return Err(Error::new(
                        Kind::Invalid,
                        format!(
                            "results of a job in {} cannot go to bucket {name} in {}",
                            run.spec.region, data.region
                        ),
                    )
                    .advise("Name a bucket in the job's region in output_s3_uri, or leave it out.")
                    .on("output_s3_uri"));
                }
                data.managed
            }
            // Made and checked by its own step.
            _ if companion => false,
            _ => {
                let bucket = run.work_bucket().await?;
                let region = bucket.head().await.map_err(|error| {
                    let advice = format!("Bucket {name} must exist in {}, belong to account {} and allow s3:ListBucket.", bucket.region, bucket.owner);
                    error.advise(advice).on("output_s3_uri")
                })?;
                in_region(&bucket, region.as_deref(), "output_s3_uri", "output_s3_uri")?;
                false
            }
        };
        let reference = BucketRef {
            name,
            region: run.spec.region.clone(),
            managed,
        };
        if !run
            .handle
            .worked_in
            .iter()
            .any(|known| known.name == reference.name)
        {
            run.handle.worked_in.push(reference.clone());
        }
        run.handle.work_bucket = Some(reference);

        let job_bucket = run.job_bucket_name().to_owned();
        run.handle.job_bucket = Some(match &run.handle.data_bucket {
            Some(data) if data.name == job_bucket => data.clone(),
            _ => BucketRef {
                name: job_bucket,
                region: run.spec.region.clone(),
                managed: false,
            },
        });
        Ok(())
    }
}

/// Ownership is what the tags say now, never what a state remembers. Unreadable tags: not ours.
pub(crate) async fn is_ours(bucket: &Bucket) -> bool {
    match bucket.tags().await {
        Ok(tags) => {
            tags.get(naming::TAG_MANAGED_BY).map(String::as_str) == Some(naming::MANAGED_BY)
        }
        Err(error) => {
            tracing::debug!(bucket = bucket.name, %error, "tags not readable");
            false
        }
    }
}

/// The same before a removal: tags of a bucket that the state knows as ours have to be readable, or it would be left
/// behind without a word.
pub(crate) async fn still_ours(bucket: &Bucket, recorded: bool) -> Result<bool, Error> {
    match bucket.tags().await {
        Ok(tags) => {
            Ok(tags.get(naming::TAG_MANAGED_BY).map(String::as_str) == Some(naming::MANAGED_BY))
        }
        Err(error) if !recorded || error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn in_region(
    bucket: &Bucket,
    found: Option<&str>,
    field: &'static str,
    attribute: &str,
) -> Result<(), Error> {
    match found {
        Some(region) if region != bucket.region => Err(Error::new(
            Kind::Invalid,
            format!(
                "bucket {} is in {region}, not in {}",
                bucket.name, bucket.region
            ),
        )
        .advise(format!(
            "Set {attribute} accordingly: the plan's figures depend on it."
        ))
        .on(field)),
        _ => Ok(()),
    }
}

async fn missing(run: &Run<'_>, bucket: &Bucket) -> Error {
    let mut advice = "Create it, or set create_bucket = true.".to_owned();
    // A look around is a courtesy: without the permission the error stays as it is.
    if let Ok(answer) = bucket.client.list_buckets().send().await {
        let names = answer.buckets().iter().filter_map(|found| found.name());
        let nearest = names
            .map(|name| (naming::distance(name, &bucket.name), name))
            .min();
        if let Some((_, name)) = nearest.filter(|(distance, _)| *distance <= 3) {
            advice =
                format!("Did you mean {name}? Otherwise create it, or set create_bucket = true.");
        }
    }
    Error::new(
        Kind::NotFound,
        format!(
            "bucket {} does not exist in account {}",
            bucket.name, run.handle.account_id
        ),
    )
    .advise(advice)
    .on("data_bucket.name")
}

/// Creates a bucket with our tags on it from the first moment.
pub(crate) async fn create(
    bucket: &Bucket,
    tags: &BTreeMap<String, String>,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let mut configuration = CreateBucketConfiguration::builder();
    if bucket.region != "us-east-1" {
        configuration = configuration
            .location_constraint(BucketLocationConstraint::from(bucket.region.as_str()));
    }
    for tag in s3_tags(tags)? {
        configuration = configuration.tags(tag);
    }
    let configuration = configuration.build();
    settle(watch, || async {
        match bucket.client.create_bucket().bucket(&bucket.name).create_bucket_configuration(configuration.clone()).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = Error::sdk(Service::S3, "CreateBucket", &error).about(format!("bucket {} in {}", bucket.name, bucket.region));
                match error.code() {
                    // The answer to our own earlier try was lost.
                    Some("BucketAlreadyOwnedByYou") => Ok(()),
                    Some("BucketAlreadyExists") => Err(error.advise(format!(
                        "Another account owns the name {}. Bucket names are global: choose another one, or keep a replica and name it in regional.",
                        bucket.name
                    ))),
                    _ => Err(error),
                }
            }
        }
    })
    .await
}

fn s3_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Error> {
    let build = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter()
        .map(build)
        .collect::<Result<_, _>>()
        .map_err(builder)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a function in map_err"
)]
fn builder(error: aws_sdk_s3::error::BuildError) -> Error {
    Error::new(Kind::Other, error.to_string())
}

/// Versioning, encryption, no public access, TLS only, expiry. `new`: made a moment ago; else only what a crash has
/// left undone is made up for, and the tags of the training that made the bucket stay.
pub(crate) async fn harden(
    bucket: &Bucket,
    tags: &BTreeMap<String, String>,
    new: bool,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let (client, name, owner) = (&bucket.client, bucket.name.as_str(), bucket.owner.as_str());
    if !new && !was_left_half_done(bucket).await {
        return Ok(());
    }
    let about = || format!("bucket {name} in {}", bucket.region);
    if new {
        let tagging = Tagging::builder()
            .set_tag_set(Some(s3_tags(tags)?))
            .build()
            .map_err(builder)?;
        settle(watch, || async {
            let call = client
                .put_bucket_tagging()
                .bucket(name)
                .expected_bucket_owner(owner)
                .tagging(tagging.clone());
            call.send()
                .await
                .map_err(|error| Error::sdk(Service::S3, "PutBucketTagging", &error).about(about()))
        })
        .await?;
    }
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build();
    settle(watch, || async {
        let call = client
            .put_public_access_block()
            .bucket(name)
            .expected_bucket_owner(owner);
        let call = call.public_access_block_configuration(block.clone());
        call.send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "PutPublicAccessBlock", &error).about(about()))
    })
    .await?;
    let encryption = ServerSideEncryptionConfiguration::builder()
        .rules(
            ServerSideEncryptionRule::builder()
                .apply_server_side_encryption_by_default(
                    ServerSideEncryptionByDefault::builder()
                        .sse_algorithm(ServerSideEncryption::Aes256)
                        .build()
                        .map_err(builder)?,
                )
                .build(),
        )
        .build()
        .map_err(builder)?;
    settle(watch, || async {
        let call = client
            .put_bucket_encryption()
            .bucket(name)
            .expected_bucket_owner(owner);
        let call = call.server_side_encryption_configuration(encryption.clone());
        call.send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "PutBucketEncryption", &error).about(about()))
    })
    .await?;
    let versioning = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    settle(watch, || async {
        let call = client
            .put_bucket_versioning()
            .bucket(name)
            .expected_bucket_owner(owner);
        let call = call.versioning_configuration(versioning.clone());
        call.send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "PutBucketVersioning", &error).about(about()))
    })
    .await?;
    let policy = tls_only(naming::partition(&bucket.region), name);
    settle(watch, || async {
        let call = client
            .put_bucket_policy()
            .bucket(name)
            .expected_bucket_owner(owner)
            .policy(&policy);
        call.send()
            .await
            .map_err(|error| Error::sdk(Service::S3, "PutBucketPolicy", &error).about(about()))
    })
    .await?;
    let lifecycle = expiry()?;
    settle(watch, || async {
        let call = client
            .put_bucket_lifecycle_configuration()
            .bucket(name)
            .expected_bucket_owner(owner);
        let call = call.lifecycle_configuration(lifecycle.clone());
        call.send().await.map_err(|error| {
            Error::sdk(Service::S3, "PutBucketLifecycleConfiguration", &error).about(about())
        })
    })
    .await?;
    Ok(())
}

/// The expiry rules are the last thing that [`harden`] sets. Where there are rules, they may be somebody's own by now, and
/// so may the policy: a call would replace all of it.
async fn was_left_half_done(bucket: &Bucket) -> bool {
    let call = bucket
        .client
        .get_bucket_lifecycle_configuration()
        .bucket(&bucket.name)
        .expected_bucket_owner(&bucket.owner);
    let error = |error| Error::sdk(Service::S3, "GetBucketLifecycleConfiguration", &error);
    let found = call.send().await.map_err(error);
    found.is_err_and(|error| error.code() == Some("NoSuchLifecycleConfiguration"))
}

fn tls_only(partition: &str, name: &str) -> String {
    let arn = format!("arn:{partition}:s3:::{name}");
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } }
        }]
    })
    .to_string()
}

fn expiry() -> Result<BucketLifecycleConfiguration, Error> {
    let noncurrent = NoncurrentVersionExpiration::builder()
        .noncurrent_days(LEFTOVER_DAYS)
        .build();
    let checkpoints = LifecycleRule::builder()
        .id("sustainable-checkpoints")
        .status(ExpirationStatus::Enabled)
        .filter(
            LifecycleRuleFilter::builder()
                .prefix("sustainable/checkpoints/")
                .build(),
        )
        .expiration(LifecycleExpiration::builder().days(CHECKPOINT_DAYS).build())
        .noncurrent_version_expiration(noncurrent)
        .build()
        .map_err(builder)?;
    let uploads = LifecycleRule::builder()
        .id(UPLOADS_RULE)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(
            AbortIncompleteMultipartUpload::builder()
                .days_after_initiation(LEFTOVER_DAYS)
                .build(),
        )
        .build()
        .map_err(builder)?;
    BucketLifecycleConfiguration::builder()
        .rules(checkpoints)
        .rules(uploads)
        .build()
        .map_err(builder)
}

/// Deletes a bucket of ours that holds nothing but delete markers; else says what it holds.
pub(crate) async fn delete_if_empty(bucket: &Bucket) -> Result<Option<String>, Error> {
    let Some(keys) = Removal::gone_is_fine(bucket.versions_or_clear(5).await)? else {
        return Ok(None);
    };
    if keys.is_empty() {
        return match delete(bucket).await {
            Err(error) if error.code() == Some(NOT_EMPTY) => {
                Ok(Some("what somebody has written meanwhile".to_owned()))
            }
            deleted => deleted.map(|()| None),
        };
    }
    Ok(Some(format!(
        "{}{}",
        keys.join(", "),
        if keys.len() == 5 { ", ..." } else { "" }
    )))
}

const NOT_EMPTY: &str = "BucketNotEmpty";

/// Deletes an empty bucket. Gone already is fine.
async fn delete(bucket: &Bucket) -> Result<(), Error> {
    let answer = bucket
        .client
        .delete_bucket()
        .bucket(&bucket.name)
        .expected_bucket_owner(&bucket.owner)
        .send()
        .await;
    let answer = answer.map_err(|error| {
        Error::sdk(Service::S3, "DeleteBucket", &error).about(format!("bucket {}", bucket.name))
    });
    Removal::gone_is_fine(answer).map(|_| ())
}

/// Empties a bucket by version and deletes it. Gone already is fine.
pub(crate) async fn empty_and_delete(bucket: &Bucket) -> Result<(), Error> {
    for _ in 0..3 {
        Removal::gone_is_fine(bucket.purge("", true, &|_| false).await)?;
        match delete(bucket).await {
            // Somebody wrote meanwhile.
            Err(error) if error.code() == Some(NOT_EMPTY) => {}
            deleted => return deleted,
        }
    }
    Err(Error::new(
        Kind::Conflict,
        format!(
            "bucket {} is written to while it is being emptied",
            bucket.name
        ),
    )
    .advise("Stop what writes to it and destroy again."))
}

/// Puts our tags on a bucket of ours again, after the user's tags have changed.
pub(crate) async fn retag(bucket: &Bucket, wanted: &tags::Tags, name: &str) -> Result<(), Error> {
    let old = bucket.tags().await?;
    // A shared bucket keeps the tags of the training that made it.
    if old.get(naming::TAG_TRAINING).map(String::as_str) != Some(name) {
        return Ok(());
    }
    let run = old.get(naming::TAG_RUN).cloned().unwrap_or_default();
    let tagging = Tagging::builder()
        .set_tag_set(Some(s3_tags(&tags::with_own(wanted, name, &run))?))
        .build()
        .map_err(builder)?;
    let call = bucket
        .client
        .put_bucket_tagging()
        .bucket(&bucket.name)
        .expected_bucket_owner(&bucket.owner)
        .tagging(tagging);
    call.send().await.map_err(|error| {
        Error::sdk(Service::S3, "PutBucketTagging", &error).about(format!("bucket {}", bucket.name))
    })?;
    Ok(())
}
