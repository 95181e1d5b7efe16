//! The runs that a bucket tells of: found by their manifests, looked at in SageMaker. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::claim;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::lifecycle::ReadOptions;
use crate::naming;
use crate::observation::Observation;
use crate::read;
use crate::report::Remark;
use crate::s3::Bucket;
use crate::steps::Document;

/// Manifests that are read at once.
const AT_ONCE: usize = 16;
const RUNS: &str = "sustainable/runs/";
const CLAIMS: &str = "sustainable/claims/";

/// Which runs.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The data bucket.
    pub bucket: &'a str,
    /// Its region, as far as it is known; S3 says where it really is.
    pub region: &'a str,
    /// One job.
    pub job_name: Option<&'a str>,
    /// Jobs whose name begins so.
    pub name_prefix: Option<&'a str>,
    /// Regions whose companion bucket is looked into as well. `None`: those that a claim in the data bucket names.
    pub regions: Option<&'a [String]>,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Found {
    /// What its manifest names.
    pub handle: Handle,
    /// [`crate::RunSpec::manifest`] of the run.
    pub manifest: Value,
    /// The job as seen; status `NotFound` when its record is gone.
    pub observation: Observation,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// By job name.
    pub runs: Vec<Found>,
    /// Manifests that could not be read, and the like.
    pub remarks: Vec<Remark>,
}

/// Finds the runs.
///
/// # Errors
/// The data bucket cannot be looked into. What is wrong with a single run is a remark.
pub async fn find(aws: &Aws, wanted: &Wanted<'_>) -> Result<Runs, Error> {
    let account = aws.account_id().await?;
    let mut found = Runs::default();
    let Some(data) = Bucket::find(aws, wanted.bucket, wanted.region, &account).await? else {
        return Err(Error::new(
            Kind::NotFound,
            format!("there is no bucket {} in account {account}", wanted.bucket),
        )
        .on("s3_bucket_name"));
    };
    let regions = match wanted.regions {
        Some(regions) => regions.iter().cloned().collect(),
        None => claimed_regions(&data).await?,
    };
    let mut buckets = vec![data.clone()];
    for region in regions.iter().filter(|region| **region != data.region) {
        let name = naming::companion_bucket(wanted.bucket, region);
        match Bucket::find(aws, &name, region, &account).await {
            Ok(companion) => buckets.extend(companion),
            Err(error) => found.remarks.push(Remark::new(
                format!("bucket {name} could not be looked into"),
                error.lasting(),
            )),
        }
    }
    let mut tasks = JoinSet::new();
    let mut looked: BTreeMap<String, Result<Found, Remark>> = BTreeMap::new();
    for bucket in buckets {
        for job in jobs(&bucket, wanted).await? {
            if tasks.len() >= AT_ONCE
                && let Some(Ok((job, result))) = tasks.join_next().await
            {
                looked.extend(keyed(job, result));
            }
            let (aws, bucket) = (aws.clone(), bucket.clone());
            tasks.spawn(async move {
                let result = look(&aws, &bucket, &job).await;
                (job, result)
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        if let Ok((job, result)) = done {
            looked.extend(keyed(job, result));
        }
    }
    for result in looked.into_values() {
        match result {
            Ok(run) => found.runs.push(run),
            Err(remark) => found.remarks.push(remark),
        }
    }
    Ok(found)
}

type Looked = Result<Option<Found>, Remark>;

/// A folder without a manifest is no run.
fn keyed(job: String, result: Looked) -> Option<(String, Result<Found, Remark>)> {
    Some((job, result.transpose()?))
}

/// Regions in which the trainings of this bucket ran last.
async fn claimed_regions(bucket: &Bucket) -> Result<BTreeSet<String>, Error> {
    let mut regions = BTreeSet::new();
    for object in bucket.list(CLAIMS, None).await? {
        if let Ok(Some((body, _, _))) = claim::read(bucket, &object.key).await {
            regions.extend(
                body.companions
                    .into_iter()
                    .map(|companion| companion.region),
            );
            regions.insert(body.region);
        }
    }
    regions.remove("");
    Ok(regions)
}

/// Names of the jobs with a folder in the bucket.
async fn jobs(bucket: &Bucket, wanted: &Wanted<'_>) -> Result<Vec<String>, Error> {
    if let Some(job) = wanted.job_name {
        return Ok(vec![job.to_owned()]);
    }
    let prefix = format!("{RUNS}{}", wanted.name_prefix.unwrap_or_default());
    let folders = bucket.folders(&prefix).await?;
    Ok(folders
        .iter()
        .filter_map(|folder| folder.strip_prefix(RUNS))
        .map(|job| job.trim_end_matches('/').to_owned())
        .collect())
}

async fn look(aws: &Aws, bucket: &Bucket, job: &str) -> Looked {
    let key = naming::manifest_key(job);
    let uri = bucket.uri(&key);
    let unreadable = |why: String| Remark::new(format!("{uri} is left out"), why);
    let manifest = bucket.get(&key).await;
    let Some(manifest) = manifest.map_err(|error| unreadable(error.lasting()))? else {
        return Ok(None);
    };
    let json: Value = serde_json::from_slice(&manifest.bytes)
        .map_err(|error| unreadable(format!("It is damaged: {error}.")))?;
    let format = json["format"].as_u64();
    if format.is_some_and(|format| format > Document::FORMAT.into()) {
        return Err(unreadable(
            "It was written by a newer version of the provider.".to_owned(),
        ));
    }
    let document: Document = serde_json::from_value(json)
        .map_err(|error| unreadable(format!("It is no run manifest: {error}.")))?;
    let mut handle = document.handle;
    // A report confirms no claim: it only looks.
    handle.claim = None;
    let options = ReadOptions {
        capture_logs: false,
        utilisation: true,
        check_parts: false,
    };
    let report = read::read(aws, &handle, options).await;
    let report = report
        .map_err(|error| Remark::new(format!("training job {job} is left out"), error.lasting()))?;
    Ok(Some(Found {
        handle,
        manifest: document.run,
        observation: report.observation,
    }))
}
