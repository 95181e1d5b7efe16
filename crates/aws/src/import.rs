//! Taking over a run that exists: from the job to its manifest, or from the claim to the job.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::claim;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::foreign;
use crate::handle::ExperimentRef;
use crate::lifecycle::{ImportId, ReadOptions};
use crate::naming;
use crate::planned::{self, PlannedRun};
use crate::read;
use crate::report::{Imported, Remark};
use crate::request;
use crate::s3::Bucket;
use crate::steps::{Document, Job, describe, planned_request};
use crate::tags;

/// What [`crate::lifecycle::import`] does.
pub(crate) async fn import(aws: &Aws, id: &ImportId) -> Result<Imported, Error> {
    let account = aws.account_id().await?;
    let (region, job_name, claimed) = match id {
        ImportId::Job { region, job_name } => (region.clone(), job_name.clone(), None),
        ImportId::Identity {
            bucket,
            region,
            name,
        } => {
            let (job, body) = find(aws, &account, bucket, region.as_deref(), name).await?;
            (body.region.clone(), job, Some(body))
        }
    };
    let Some(job) = describe(aws, &region, &job_name).await? else {
        if let Some(body) = &claimed
            && let Some(found) = not_begun(aws, &job_name, body).await?
        {
            return Ok(found);
        }
        return Err(Error::new(Kind::NotFound, format!("there is no training job {job_name} in {region} of account {account}"))
            .advise("Check the region, the name and the credentials: aws sagemaker list-training-jobs --region REGION shows what there is. A run whose start lies in the future has no job yet: import it by s3_bucket_name/name."));
    };
    let tags = job.tags(aws).await?;
    let mut remarks = Vec::new();
    let document = match manifest(aws, &job, &region, &account).await {
        Ok(document) => document,
        Err(error) => {
            remarks.push(Remark::new(
                "the run manifest could not be read",
                error.to_string(),
            ));
            None
        }
    };
    let (mut handle, manifest, description) = match document {
        Some(document) => (document.handle, Some(document.run), None),
        None => {
            let handle = foreign::handle(&job.0, &region, &account);
            (handle, None, Some(job.0.clone()))
        }
    };
    handle.account_id = account;
    naming::partition(&region).clone_into(&mut handle.partition);
    handle.region = region;
    handle.job_arn = Some(request::job_arn(&handle, &job_name));
    handle.job_name = Some(job_name);
    // The tag is what a destroy compares with. A job of ours whose manifest is gone is ours by it.
    if let (true, Some(name)) = (
        tags.contains_key(naming::TAG_RUN),
        tags.get(naming::TAG_TRAINING),
    ) {
        if handle.foreign {
            name.clone_into(&mut handle.name);
            handle.experiments = experiment(&job).into_iter().collect();
        }
        handle.foreign = false;
    }
    handle.nonce = tags.get(naming::TAG_RUN).cloned().unwrap_or_default();
    handle.tags = tags;
    if !handle.nonce.is_empty() {
        crate::steps::find_alarms(aws, &mut handle).await;
    }
    let report = read::read(
        aws,
        &handle,
        ReadOptions {
            capture_logs: true,
            utilisation: true,
            check_parts: false,
        },
    )
    .await?;
    remarks.extend(report.remarks);
    Ok(Imported {
        environment: of_user(&job.0["Environment"]),
        handle: report.handle,
        observation: report.observation,
        manifest,
        description,
        remarks,
    })
}

/// The environment without what this crate has added.
fn of_user(environment: &Value) -> BTreeMap<String, String> {
    let added = [naming::COMPRESSED_URI_ENV, naming::CHECKPOINT_URI_ENV];
    let all = environment.as_object().into_iter().flatten();
    all.filter(|(key, _)| !added.contains(&key.as_str()))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// A run that has not begun, or whose start has failed: the claim names its start and its manifest. `None` where no start was
/// planned, or nothing is known of it.
async fn not_begun(
    aws: &Aws,
    job_name: &str,
    body: &claim::Body,
) -> Result<Option<Imported>, Error> {
    let manifest = body.manifest_uri.as_deref().and_then(naming::split_s3_uri);
    let (Some(schedule), Some((work_bucket, _))) = (&body.schedule, manifest) else {
        return Ok(None);
    };
    let run = PlannedRun {
        region: body.region.clone(),
        job_name: job_name.to_owned(),
        work_bucket: work_bucket.to_owned(),
        data_bucket: body.data_bucket.clone(),
        name: body.name.clone(),
        at: schedule.at.clone(),
    };
    let Some(document) = planned::document(aws, &run).await? else {
        return Ok(None);
    };
    let mut handle = document.handle;
    // What it will send is newer than the manifest: tags may have changed since.
    let sent = planned_request(aws, &handle).await?.unwrap_or_default();
    let environment = of_user(&sent["Environment"]);
    if sent["Tags"].is_array() {
        handle.tags = tags::from_json(&sent["Tags"]);
    }
    let options = ReadOptions {
        capture_logs: false,
        utilisation: false,
        check_parts: false,
    };
    let report = read::read(aws, &handle, options).await?;
    Ok(Some(Imported {
        environment,
        handle: report.handle,
        observation: report.observation,
        manifest: Some(document.run),
        description: None,
        remarks: report.remarks,
    }))
}

/// From the identity to the job, through the claim.
async fn find(
    aws: &Aws,
    account: &str,
    bucket: &str,
    region: Option<&str>,
    name: &str,
) -> Result<(String, claim::Body), Error> {
    let first = match region {
        Some(region) => region.to_owned(),
        None => aws.region().await.unwrap_or_else(|| "us-east-1".to_owned()),
    };
    let mut data = Bucket::new(aws, bucket, &first, account).await;
    // S3 says where the bucket really is.
    if let Some(real) = data.head().await?.filter(|real| *real != first) {
        data = Bucket::new(aws, bucket, &real, account).await;
    }
    let key = naming::claim_key(name);
    let found = claim::read(&data, &key).await?;
    match found.and_then(|(body, _, _)| Some((body.job_name.clone()?, body))) {
        Some(found) => Ok(found),
        None => Err(Error::new(Kind::NotFound, format!("{} names no training job", data.uri(&key)))
            .advise("With output_s3_uri the claim is in that bucket: name it in the place of s3_bucket_name. A job that exists can be imported by its ARN or by region/job-name too.")),
    }
}

async fn manifest(
    aws: &Aws,
    job: &Job,
    region: &str,
    account: &str,
) -> Result<Option<Document>, Error> {
    let Some((bucket, _)) = job.output_path().and_then(naming::split_s3_uri) else {
        return Ok(None);
    };
    let key = naming::manifest_key(job.name());
    let bucket = Bucket::new(aws, bucket, region, account).await;
    Document::read(&bucket, &key).await
}

/// The trial that records the job; one that was named for it, since SageMaker's own carry no tags of ours.
fn experiment(job: &Job) -> Option<ExperimentRef> {
    let config = &job.0["ExperimentConfig"];
    let arn = job.arn();
    Some(ExperimentRef {
        region: arn.split(':').nth(3).unwrap_or_default().to_owned(),
        experiment: config["ExperimentName"].as_str()?.to_owned(),
        trial: config["TrialName"].as_str()?.to_owned(),
        job_arn: arn.to_owned(),
    })
}
