//! The user's bucket and the bucket of the results.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};

use super::hardening::harden;
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
            let new = run.made.contains(&self.name());
            harden(run, &bucket, new).await?;
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

pub(super) fn s3_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Error> {
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
pub(super) fn builder(error: aws_sdk_s3::error::BuildError) -> Error {
    Error::new(Kind::Other, error.to_string())
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
