//! A new run that was lost in a crash: a destroy of the run before it ends that one too.
//!
//! A provider that dies after a new run has taken the claim and before its state is saved leaves a state that names the
//! old run, and perhaps a job that nobody's state names. The claim tells: another nonce, the same name, never confirmed.

use std::time::Duration;

use crate::claim::{self, Body, Stage};
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::naming;
use crate::removal::Removal;
use crate::s3::Bucket;
use crate::steps::Document;

/// What a crash has left beside the run that a handle names.
pub(crate) struct Lost {
    pub(crate) nonce: String,
    /// From the run's manifest, which is written before anything that runs; none: it never came so far.
    pub(crate) handle: Option<Handle>,
}

/// Looks for it, and for what the claim of the run itself knows and the handle does not. A lease that is not over is waited
/// for: another apply may be at work.
///
/// # Errors
/// The claim or the manifest cannot be read; or the lease is renewed meanwhile.
pub(crate) async fn find(removal: &mut Removal<'_>) -> Result<Option<Lost>, Error> {
    let own = removal.handle.clone();
    let (Some(reference), false) = (&own.claim, own.nonce.is_empty()) else {
        return Ok(None);
    };
    let (aws, timing) = (removal.aws, removal.watch.timing());
    let bucket = Bucket::new(aws, &reference.bucket, &reference.region, &own.account_id).await;
    let lease = i64::try_from(timing.lease.as_secs()).unwrap_or(i64::MAX);
    let (mut seen, mut waited) = (None, Duration::ZERO);
    let body = loop {
        let found = Removal::gone_is_fine(claim::read(&bucket, &reference.key).await)?;
        let Some((body, etag, age)) = found.flatten() else {
            return Ok(None);
        };
        if body.nonce == own.nonce {
            if body.model_package_group.is_some() {
                removal.handle.model_package_group = body.model_package_group;
            }
            return Ok(None);
        }
        // With results in one bucket the claim may be that of a training on other data.
        let data = own.data_bucket.as_ref();
        let same_data = data.is_none_or(|data| data.name == body.data_bucket);
        if body.stage == Stage::Confirmed || body.name != own.name || !same_data {
            return Ok(None);
        }
        if age >= lease {
            break body;
        }
        if seen.get_or_insert_with(|| etag.clone()) != &etag || waited >= timing.patience() {
            return Err(at_work(&own.name));
        }
        tracing::info!(
            name = own.name,
            age,
            "a new run's lease is not over; waiting"
        );
        removal.watch.sleep(timing.look_at_claim()).await?;
        waited += timing.look_at_claim();
    };
    let handle = manifest(removal, &body).await?;
    Ok(Some(Lost {
        nonce: body.nonce,
        handle,
    }))
}

fn at_work(name: &str) -> Error {
    Error::new(
        Kind::Conflict,
        format!("another apply is starting a new run of \"{name}\""),
    )
    .advise("Nothing was removed. Wait until that apply has ended, then destroy again.")
}

async fn manifest(removal: &Removal<'_>, body: &Body) -> Result<Option<Handle>, Error> {
    let (Some(job), Some((bucket, key))) = (
        &body.job_name,
        body.manifest_uri.as_deref().and_then(naming::split_s3_uri),
    ) else {
        return Ok(None);
    };
    let account = &removal.handle.account_id;
    let bucket = Bucket::new(removal.aws, bucket, &body.region, account).await;
    let Some(document) = Document::read(&bucket, key).await? else {
        return Ok(None);
    };
    // The job of this name may be another run's, whose manifest this was.
    if document.handle.nonce != body.nonce {
        return Ok(None);
    }
    Ok(Some(Handle {
        job_name: Some(job.clone()),
        schedule: body.schedule.clone(),
        claim: removal.handle.claim.clone(),
        account_id: account.clone(),
        ..document.handle
    }))
}
