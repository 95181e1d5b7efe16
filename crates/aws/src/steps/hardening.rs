//! What a bucket of ours is set to before anything goes into it.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketVersioningStatus,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Tagging, VersioningConfiguration,
};
use serde_json::json;

use super::buckets::{builder, s3_tags};
use crate::error::{Error, Kind};
use crate::naming;
use crate::retry::settle;
use crate::run::Run;
use crate::s3::Bucket;
use crate::settings::Service;

/// Checkpoints of a run that was never cleaned up expire after this many days.
const CHECKPOINT_DAYS: i32 = 60;
/// Overwritten and deleted versions, and uploads that were never finished, go after this many days.
const LEFTOVER_DAYS: i32 = 7;

/// Versioning, encryption, no public access, TLS only, expiry. `new`: made a moment ago; else only what a crash has
/// left undone is made up for, and the tags of the training that made the bucket stay.
pub(super) async fn harden(run: &mut Run<'_>, bucket: &Bucket, new: bool) -> Result<(), Error> {
    let watch = &run.watch;
    let (client, name, owner) = (&bucket.client, bucket.name.as_str(), bucket.owner.as_str());
    if !new && !was_left_half_done(bucket).await {
        return Ok(());
    }
    let about = || format!("bucket {name} in {}", bucket.region);
    if new {
        let tagging = Tagging::builder()
            .set_tag_set(Some(s3_tags(&run.tags())?))
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
    put_policy(run, bucket, true).await?;
    if let Some(refused) = locked_out(run, bucket).await {
        put_policy(run, bucket, false).await?;
        run.remark(
            "objects of a bucket are not held to TLS",
            format!("The S3 endpoint is plain HTTP, and with the policy of bucket {name}, which refuses plain HTTP, a call of this provider was refused too. The policy now covers the bucket and not the objects in it. {refused}"),
        );
    }
    let lifecycle = expiry()?;
    settle(&run.watch, || async {
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

/// Refuses what comes over plain HTTP: about the bucket, and about its `objects`.
async fn put_policy(run: &Run<'_>, bucket: &Bucket, objects: bool) -> Result<(), Error> {
    let arn = format!(
        "arn:{}:s3:::{}",
        naming::partition(&bucket.region),
        bucket.name
    );
    let covered = if objects {
        vec![arn.clone(), format!("{arn}/*")]
    } else {
        vec![arn]
    };
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": covered,
            "Condition": { "Bool": { "aws:SecureTransport": "false" } }
        }]
    })
    .to_string();
    settle(&run.watch, || async {
        let call = bucket
            .client
            .put_bucket_policy()
            .bucket(&bucket.name)
            .expected_bucket_owner(&bucket.owner)
            .policy(&policy);
        call.send().await.map_err(|error| {
            Error::sdk(Service::S3, "PutBucketPolicy", &error)
                .about(format!("bucket {} in {}", bucket.name, bucket.region))
        })
    })
    .await
    .map(|_| ())
}

/// What the policy makes of our own calls, where it refuses them. Over HTTPS it does not. An endpoint over plain HTTP is an
/// emulator: some count its calls as TLS, some apply the policy as it stands, and moto's server refuses whatever a Deny
/// names without a look at its condition.
async fn locked_out(run: &Run<'_>, bucket: &Bucket) -> Option<Error> {
    let endpoint = run.aws.endpoint(Service::S3).await?;
    if !endpoint.starts_with("http://") {
        return None;
    }
    let asked = bucket.get(&naming::claim_key(&run.handle.name)).await;
    asked
        .err()
        .filter(|error| error.kind() == Kind::AccessDenied)
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
        .id("sustainable-uploads")
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
