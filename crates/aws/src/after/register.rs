//! Registers the model of a run as a version of a model package group.
//!
//! Which version is this run's is read from its metadata: they hold the run's nonce. A client token makes a repeated call
//! harmless; a look at the versions that are newer than the run finds the one that an earlier, killed apply has made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Registration;
use crate::claim;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::naming;
use crate::report::AfterReport;
use crate::retry::Watch;
use crate::s3::Bucket;
use crate::settings::Service;
use crate::spec::Compression;
use crate::steps::{describe, moment, sagemaker_tags};
use crate::tags;

/// Metadata of a version that name the run and its job.
const RUN: &str = naming::TAG_RUN;
const JOB: &str = "training_job_arn";

/// Makes the group if need be and the version, or finds it; its ARN.
pub(super) async fn model(
    aws: &Aws,
    report: &mut AfterReport,
    wanted: &Registration,
    watch: &Watch<'_>,
) -> Result<String, Error> {
    let about = format!("model package group {}", wanted.group);
    let handle = report.handle.clone();
    let exists = match arn_of_group(aws, &handle.region, &wanted.group).await? {
        Some(_) => true,
        None => {
            if let Some(claim) = &handle.claim {
                let bucket =
                    Bucket::new(aws, &claim.bucket, &claim.region, &handle.account_id).await;
                claim::note_group(&bucket, &claim.key, &handle.nonce, &wanted.group).await?;
            }
            make_group(aws, &handle, wanted).await?;
            false
        }
    };
    // From here on a destroy looks whether the group is ours and empty.
    if report.handle.model_package_group.as_deref() != Some(wanted.group.as_str()) {
        report.handle.model_package_group = Some(wanted.group.clone());
        watch.control().progress.save(&report.handle);
    }
    if exists && let Some(arn) = find(aws, &handle, &wanted.group).await? {
        return Ok(arn);
    }
    watch.check()?;
    let request = request(&handle, wanted);
    let answer = call(aws, &handle.region, "CreateModelPackage", &request)
        .await
        .map_err(|error| error.about(about).on("model_package_group_name"))?;
    answer["ModelPackageArn"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::new(Kind::Other, "CreateModelPackage gave no ARN"))
}

/// The CreateModelPackage request.
fn request(handle: &Handle, wanted: &Registration) -> Value {
    let location = handle.model_artifacts_location().unwrap_or_default();
    let artifact = match handle.output_compression {
        Compression::Gzip => json!({ "ModelDataUrl": format!("{location}/model.tar.gz") }),
        // The prefix has to end in a slash (API reference, S3ModelDataSource).
        Compression::None => json!({ "ModelDataSource": { "S3DataSource": {
            "S3Uri": format!("{location}/"),
            "S3DataType": "S3Prefix",
            "CompressionType": "None",
        } } }),
    };
    let mut properties: BTreeMap<&str, &str> = wanted
        .properties
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    properties.insert(RUN, &handle.nonce);
    let arn = handle.job_arn.as_deref().unwrap_or_default();
    properties.insert(JOB, arn);
    let mut request = json!({
        "ModelPackageGroupName": wanted.group,
        "ModelPackageDescription": format!("Made by training job {}", handle.job_name.as_deref().unwrap_or_default()),
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": properties,
        "ClientToken": token(handle, &wanted.group),
    });
    let (field, list, key, value) = match (&wanted.image, &wanted.algorithm) {
        (None, Some(algorithm)) => (
            "SourceAlgorithmSpecification",
            "SourceAlgorithms",
            "AlgorithmName",
            algorithm,
        ),
        (image, _) => (
            "InferenceSpecification",
            "Containers",
            "Image",
            &image.clone().unwrap_or_default(),
        ),
    };
    let mut entry = artifact;
    entry[key] = json!(value);
    request[field] = json!({ list: [entry] });
    request
}

/// The same for every try at this run and group.
fn token(handle: &Handle, group: &str) -> String {
    naming::sha256_hex(format!("{}/{group}", handle.nonce).as_bytes())
        .chars()
        .take(32)
        .collect()
}

async fn call(
    aws: &Aws,
    region: &str,
    operation: &'static str,
    body: &Value,
) -> Result<Value, Error> {
    aws.json(Service::Sagemaker, region, operation, body).await
}

/// The group's ARN; `None` when there is none.
pub(crate) async fn arn_of_group(
    aws: &Aws,
    region: &str,
    group: &str,
) -> Result<Option<String>, Error> {
    let body = json!({ "ModelPackageGroupName": group });
    match call(aws, region, "DescribeModelPackageGroup", &body).await {
        Ok(answer) => Ok(Some(
            answer["ModelPackageGroupArn"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error
            .about(format!("model package group {group}"))
            .on("model_package_group_name")),
    }
}

/// SageMaker says it in words: "ModelPackageGroup ARN does not exist." (getmoto/moto pull request 7246 quotes it).
fn is_missing(error: &Error) -> bool {
    error.kind() == Kind::NotFound
        || error.code() == Some("ValidationException") && error.message().contains("does not exist")
}

async fn make_group(aws: &Aws, handle: &Handle, wanted: &Registration) -> Result<(), Error> {
    let tags = tags::with_own(&wanted.tags, &handle.name, &handle.nonce);
    let body = json!({ "ModelPackageGroupName": wanted.group, "Tags": tags::as_json(&tags) });
    match call(aws, &handle.region, "CreateModelPackageGroup", &body).await {
        Ok(_) => Ok(()),
        // The answer to our own call was lost, or somebody else was quicker: either way it is there.
        Err(error) => match arn_of_group(aws, &handle.region, &wanted.group).await {
            Ok(Some(_)) => Ok(()),
            _ => Err(error
                .about(format!("model package group {}", wanted.group))
                .on("model_package_group_name")),
        },
    }
}

/// The version that an earlier try has made. Only those are looked at that are younger than the job.
async fn find(aws: &Aws, handle: &Handle, group: &str) -> Result<Option<String>, Error> {
    let about = |error: Error| {
        error
            .about(format!("model package group {group}"))
            .on("model_package_group_name")
    };
    let mut body = json!({
        "ModelPackageGroupName": group,
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": 100,
    });
    let name = handle.job_name.as_deref().unwrap_or_default();
    let job = describe(aws, &handle.region, name).await?;
    if let Some(created) = job.and_then(|job| moment(&job.0["CreationTime"])) {
        body["CreationTimeAfter"] = json!(created.secs());
    }
    loop {
        let answer = call(aws, &handle.region, "ListModelPackages", &body)
            .await
            .map_err(about)?;
        for found in answer["ModelPackageSummaryList"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let arn = &found["ModelPackageArn"];
            let body = json!({ "ModelPackageName": arn });
            let version = call(aws, &handle.region, "DescribeModelPackage", &body)
                .await
                .map_err(about)?;
            if version["CustomerMetadataProperties"][RUN].as_str() == Some(&handle.nonce) {
                return Ok(arn.as_str().map(str::to_owned));
            }
        }
        match answer["NextToken"].as_str() {
            Some(token) => body["NextToken"] = json!(token),
            None => return Ok(None),
        }
    }
}

/// What a destroy finds in the group of a run.
pub(crate) enum Group {
    /// There is none.
    Gone,
    /// It holds at least one version: somebody's model.
    Holds,
    /// It is empty and does not carry our tags.
    NotOurs,
    /// It was empty and ours, and is deleted.
    Deleted,
}

/// The group of a run.
pub(crate) fn group_of(handle: &Handle) -> Option<&str> {
    handle.model_package_group.as_deref()
}

/// Deletes the group when it is empty and ours.
pub(crate) async fn empty_group_goes(
    aws: &Aws,
    handle: &Handle,
    group: &str,
) -> Result<Group, Error> {
    let about = |error: Error| error.about(format!("model package group {group}"));
    let Some(arn) = arn_of_group(aws, &handle.region, group).await? else {
        return Ok(Group::Gone);
    };
    let body = json!({ "ModelPackageGroupName": group, "MaxResults": 1 });
    let held = call(aws, &handle.region, "ListModelPackages", &body)
        .await
        .map_err(about)?;
    if held["ModelPackageSummaryList"]
        .as_array()
        .is_some_and(|list| !list.is_empty())
    {
        return Ok(Group::Holds);
    }
    if !sagemaker_tags::are_ours(aws, &handle.region, &arn, &handle.name).await? {
        return Ok(Group::NotOurs);
    }
    match call(
        aws,
        &handle.region,
        "DeleteModelPackageGroup",
        &json!({ "ModelPackageGroupName": group }),
    )
    .await
    {
        Ok(_) => Ok(Group::Deleted),
        Err(error) if is_missing(&error) => Ok(Group::Gone),
        // A version came in between.
        Err(error) if error.code() == Some("ConflictException") => Ok(Group::Holds),
        Err(error) => Err(about(error)),
    }
}
