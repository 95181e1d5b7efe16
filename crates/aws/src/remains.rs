//! What a run has left of which the caller knows nothing but what its state shows: its job is gone, or never was.
//!
//! Names follow from the data bucket and the name of the resource. That nobody else has them by now is what the claim
//! tells: one that names another run keeps everything.

use crate::claim;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::{BucketRef, ClaimRef, Handle, SchedulingRef};
use crate::naming;
use crate::s3::Bucket;
use crate::steps::Document;

/// What a state shows of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Region of the job.
    pub region: String,
    /// Name of the job, if the run came so far.
    pub job_name: Option<String>,
    /// Name of the resource.
    pub name: String,
    /// The user's bucket.
    pub data_bucket: String,
    /// The bucket that the job was to read from.
    pub job_bucket: Option<String>,
    /// Bucket of results and manifest.
    pub work_bucket: Option<String>,
    /// Whether the role was to be one of the run's own.
    pub own_role: bool,
    /// Whether its start, or the end of a file system, was to be planned.
    pub schedules: bool,
    /// Whether the role for that was to be one of the run's own.
    pub own_scheduler_role: bool,
    /// Whether there was a dashboard of the run's own.
    pub dashboard: bool,
    /// Group that its model was registered in.
    pub model_package_group: Option<String>,
}

/// The handle of all that there may be; `None` where the names belong to another run by now.
pub(crate) async fn find(aws: &Aws, shown: &Shown) -> Result<Option<Handle>, Error> {
    let account = aws.account_id().await?;
    let data = located(aws, &shown.data_bucket, &shown.region, &account).await?;
    let work = shown.work_bucket.as_ref().map(|name| BucketRef {
        name: name.clone(),
        region: shown.region.clone(),
        managed: false,
    });
    let (mut claim, mut nonce) = (None, String::new());
    for place in data.iter().chain(&work) {
        let key = naming::claim_key(&shown.name);
        let bucket = Bucket::of(aws, place, &account).await;
        let found = match claim::read(&bucket, &key).await {
            Err(error) if error.kind() == Kind::NotFound => None,
            found => found?,
        };
        let Some((body, ..)) = found.filter(|(body, ..)| body.data_bucket == shown.data_bucket)
        else {
            continue;
        };
        if body.job_name.is_none() || body.job_name != shown.job_name {
            return Ok(None);
        }
        nonce = body.nonce;
        claim = Some(ClaimRef {
            bucket: place.name.clone(),
            region: place.region.clone(),
            key,
            confirmed: true,
        });
    }
    if let Some(mut handle) = by_manifest(aws, shown, &account).await? {
        handle.account_id = account;
        handle.job_name.clone_from(&shown.job_name);
        handle
            .model_package_group
            .clone_from(&shown.model_package_group);
        return Ok(Some(handle));
    }
    let companion = naming::companion_bucket(&shown.data_bucket, &shown.region);
    let companions = (shown.job_bucket.as_ref() == Some(&companion)).then(|| BucketRef {
        name: companion,
        region: shown.region.clone(),
        managed: true,
    });
    let scheduling = shown.schedules.then(|| SchedulingRef {
        region: shown.region.clone(),
        group: naming::scheduling_name(&shown.data_bucket, &shown.name),
        queue: naming::scheduling_name(&shown.data_bucket, &shown.name),
        queue_url: String::new(),
    });
    Ok(Some(Handle {
        name: shown.name.clone(),
        nonce,
        partition: naming::partition(&shown.region).to_owned(),
        account_id: account,
        region: shown.region.clone(),
        job_name: shown.job_name.clone(),
        data_bucket: data,
        companions: companions.into_iter().collect(),
        worked_in: work.clone().into_iter().collect(),
        work_bucket: work,
        claim,
        managed_role: shown
            .own_role
            .then(|| naming::role_name(&shown.data_bucket, &shown.name)),
        scheduling: scheduling.into_iter().collect(),
        managed_scheduler_role: (shown.schedules && shown.own_scheduler_role)
            .then(|| naming::scheduler_role_name(&shown.data_bucket, &shown.name)),
        dashboard: shown
            .dashboard
            .then(|| naming::dashboard_name(&shown.data_bucket, &shown.name)),
        model_package_group: shown.model_package_group.clone(),
        ..Handle::default()
    }))
}

async fn by_manifest(aws: &Aws, shown: &Shown, account: &str) -> Result<Option<Handle>, Error> {
    let (Some(job), Some(work)) = (&shown.job_name, &shown.work_bucket) else {
        return Ok(None);
    };
    let bucket = Bucket::new(aws, work, &shown.region, account).await;
    let document = Document::read(&bucket, &naming::manifest_key(job)).await?;
    Ok(document.map(|document| document.handle))
}

/// The user's bucket where it is; none where it is gone.
async fn located(
    aws: &Aws,
    name: &str,
    region: &str,
    account: &str,
) -> Result<Option<BucketRef>, Error> {
    let bucket = Bucket::new(aws, name, region, account).await;
    match bucket.region_of().await {
        Ok(real) => Ok(Some(BucketRef {
            name: name.to_owned(),
            region: real,
            // The tags say whether it is ours; unreadable ones leave it alone.
            managed: false,
        })),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
