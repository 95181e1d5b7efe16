//! Nobody else may work on this name; and what a crash has lost is found again.

use async_trait::async_trait;

use super::{Step, companion, describe, schedule};
use crate::claim::{self, Body, Stage};
use crate::error::{Error, Kind};
use crate::handle::{ClaimRef, Handle};
use crate::naming;
use crate::removal::Removal;
use crate::run::Run;
use crate::s3::Bucket;
use crate::scheduler;

pub(crate) struct Take;

#[async_trait]
impl Step for Take {
    fn name(&self) -> &'static str {
        "claim"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let key = naming::claim_key(&run.spec.name);
        // With results elsewhere the data bucket may be read-only to us.
        let bucket = match run.given_output()? {
            Some(_) => run.work_bucket().await?,
            None => run.data_bucket().await,
        };
        let body = Body {
            format: 1,
            name: run.spec.name.clone(),
            data_bucket: run.spec.data_bucket.name.clone(),
            nonce: run.handle.nonce.clone(),
            request_digest: run.spec.request_digest.clone(),
            stage: Stage::Claimed,
            region: run.spec.region.clone(),
            job_name: None,
            manifest_uri: None,
            schedule: None,
            owner: run.aws.identity().await?.arn.clone(),
            companions: run.handle.companions.clone(),
            file_systems: run.handle.file_systems.clone(),
            model_package_group: None,
            kms_key_arn: run
                .spec
                .kms_key_arn
                .clone()
                .filter(|_| bucket.region == run.spec.region),
            renewed: 0,
        };
        let previous = run
            .previous
            .map(|previous| previous.nonce.as_str())
            .filter(|nonce| !nonce.is_empty());
        let reference = ClaimRef {
            bucket: bucket.name.clone(),
            region: bucket.region.clone(),
            key: key.clone(),
            confirmed: false,
        };
        let taken = claim::take(bucket.clone(), &key, body, previous, &run.watch).await?;
        run.handle.claim = Some(reference);
        run.made(self.name());
        run.save();
        let lost = taken
            .before
            .filter(|before| previous != Some(before.nonce.as_str()));
        run.claim = Some(taken.claim);
        tracing::debug!(
            fresh = taken.fresh,
            recovered = lost.is_some(),
            "claim taken"
        );
        if let Some(before) = lost {
            recover(run, &before, &bucket, &key).await?;
        }
        note_in_data_bucket(run, &bucket.name).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if !run.made.contains(&self.name()) {
            return Ok(());
        }
        // No renewal may write it again.
        let claim = run.claim.take();
        let Some(reference) = run.handle.claim.clone() else {
            return Ok(());
        };
        let bucket = Bucket::new(
            run.aws,
            &reference.bucket,
            &reference.region,
            &run.handle.account_id,
        )
        .await;
        match run.previous {
            // The run before this one goes on: its claim is as it was.
            Some(previous) if previous.job_name.is_some() && previous.claim.is_some() => {
                if let Some(claim) = claim {
                    let (nonce, digest, job) = (
                        previous.nonce.clone(),
                        previous.request_digest.clone(),
                        previous.job_name.clone(),
                    );
                    let (region, schedule) = (previous.region.clone(), previous.schedule.clone());
                    claim
                        .set(|body| {
                            body.nonce = nonce;
                            body.request_digest = digest;
                            body.job_name = job;
                            body.schedule = schedule;
                            body.region = region;
                            body.stage = Stage::Confirmed;
                        })
                        .await?;
                }
            }
            _ => {
                drop(claim);
                let versions = reference_is_managed(run, &reference.bucket);
                claim::release(&bucket, &reference.key, &run.handle.nonce, versions).await?;
                run.handle.claim = None;
                if reads_elsewhere(run, &reference.bucket) {
                    let key = naming::user_key(&run.spec.data_bucket.name, &run.spec.name);
                    let data = run.data_bucket().await;
                    data.purge(&key, true, &|found| found != key).await?;
                }
            }
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        let Some(reference) = removal.handle.claim.clone() else {
            return Ok(());
        };
        if removal.retained {
            removal.leave(format!(
                "claim s3://{}/{}: it keeps the name of the retained job",
                reference.bucket, reference.key
            ));
            return Ok(());
        }
        let bucket = Bucket::new(
            removal.aws,
            &reference.bucket,
            &reference.region,
            &removal.handle.account_id,
        )
        .await;
        let managed = [&removal.handle.data_bucket, &removal.handle.work_bucket]
            .into_iter()
            .flatten()
            .any(|known| known.name == reference.bucket && known.managed);
        if !claim::release(&bucket, &reference.key, &removal.handle.nonce, managed).await? {
            removal.leave(format!(
                "claim s3://{}/{}: it belongs to another run by now",
                reference.bucket, reference.key
            ));
        }
        removal.handle.claim = None;
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let reference = look.handle.claim.as_ref()?;
        let bucket = Bucket::new(
            look.aws,
            &reference.bucket,
            &reference.region,
            &look.handle.account_id,
        )
        .await;
        let found = claim::read(&bucket, &reference.key).await.ok()?;
        found
            .is_none()
            .then(|| format!("claim s3://{}/{} is gone", reference.bucket, reference.key))
    }
}

/// Whether the data are in a bucket that a training has made, and the claim is not.
fn reads_elsewhere(run: &Run<'_>, claim_bucket: &str) -> bool {
    let data = run.handle.data_bucket.as_ref();
    data.is_some_and(|data| data.managed && data.name != claim_bucket)
}

/// A bucket that a training has made goes with the last claim in it. A run whose claim is with its results says there in
/// another way that it reads from it.
async fn note_in_data_bucket(run: &mut Run<'_>, claim_bucket: &str) -> Result<(), Error> {
    if !reads_elsewhere(run, claim_bucket) {
        return Ok(());
    }
    let data = run.data_bucket().await;
    match companion::note_reader(run, &data).await {
        // With results elsewhere the credentials may be for reading only.
        Err(error) if error.kind() == Kind::AccessDenied => {
            run.remark(
                format!("bucket {} does not know of this run", data.name),
                format!("The training that has made the bucket may remove it with force_destroy while this run reads from it. {error}"),
            );
            Ok(())
        }
        noted => noted,
    }
}

fn reference_is_managed(run: &Run<'_>, bucket: &str) -> bool {
    [&run.handle.data_bucket, &run.handle.work_bucket]
        .into_iter()
        .flatten()
        .any(|known| known.name == bucket && known.managed)
}

/// An apply died between taking the claim and saving its state: what it left is ours.
async fn recover(
    run: &mut Run<'_>,
    before: &Body,
    bucket: &Bucket,
    key: &str,
) -> Result<(), Error> {
    for companion in &before.companions {
        if !run
            .handle
            .companions
            .iter()
            .any(|known| known.name == companion.name)
        {
            run.handle.companions.push(companion.clone());
        }
    }
    for lost in &before.file_systems {
        if !run
            .handle
            .file_systems
            .iter()
            .any(|known| known.token == lost.token)
        {
            run.handle.file_systems.push(lost.clone());
        }
    }
    let Some(job) = &before.job_name else {
        return Ok(());
    };
    take_back(run, before, job).await?;
    let Some(found) = describe(run.aws, &before.region, job).await? else {
        // Noted, but never created: only its manifest may be there.
        if let Some((name, manifest)) = before
            .manifest_uri
            .as_deref()
            .and_then(naming::split_s3_uri)
        {
            let old = Bucket::new(run.aws, name, &before.region, &run.handle.account_id).await;
            old.delete(manifest).await?;
        }
        return Ok(());
    };
    let tags = found.tags(run.aws).await?;
    if tags.get(naming::TAG_RUN) != Some(&before.nonce) || tags.contains_key(naming::TAG_RELEASED) {
        return Ok(());
    }
    let started = found.created_at().unwrap_or_default();
    if before.request_digest == run.spec.request_digest {
        run.handle.nonce.clone_from(&before.nonce);
        run.adopted = true;
        job.clone_into(&mut run.job_name);
        if let Some(claim) = &run.claim {
            let (nonce, job) = (before.nonce.clone(), Some(job.clone()));
            claim
                .set(|body| {
                    body.nonce = nonce;
                    body.job_name = job;
                })
                .await?;
        }
        run.remark(
            format!("training job {job} taken over"),
            format!(
                "It was created at {started} by {} in an apply whose state was lost, with the very same settings and the nonce of the claim. \
                 {}; no second job was started.",
                before.owner,
                if found.is_terminal() { "It has ended" } else { "It goes on" }
            ),
        );
        return Ok(());
    }
    if found.is_terminal() {
        run.remark(
            format!("training job {job} found"),
            format!("It was created at {started} by {} in an apply whose state was lost, with other settings, and has ended. It stays as it is.", before.owner),
        );
        return Ok(());
    }
    // Leave the claim as it was found.
    if let Some(claim) = run.claim.take() {
        let restored = before.clone();
        claim.set(|body| *body = restored).await?;
    }
    run.handle.claim = None;
    run.made.retain(|step| *step != "claim");
    Err(Error::new(
        Kind::Conflict,
        format!("training job {job} in {} runs since {started}: it was created by {} in an apply whose state was lost, with other settings", before.region, before.owner),
    )
    .advise(format!(
        "Import it (terraform import ADDRESS {}/{job}), or stop it (aws sagemaker stop-training-job --region {} --training-job-name {job}) and apply again. \
         The claim is {}.",
        before.region,
        before.region,
        bucket.uri(key)
    ))
    .on("name"))
}

/// A start that was planned and lost costs nothing: it is taken back and planned anew. One that has begun is a job.
async fn take_back(run: &mut Run<'_>, before: &Body, job: &str) -> Result<(), Error> {
    let Some(planned) = &before.schedule else {
        return Ok(());
    };
    let lost = Handle {
        region: before.region.clone(),
        job_name: Some(job.to_owned()),
        schedule: Some(planned.clone()),
        ..Handle::default()
    };
    let found = scheduler::get(run.aws, &before.region, &planned.group, job).await?;
    let ours = found
        .as_ref()
        .is_none_or(|found| schedule::nonce(found).as_deref() == Some(before.nonce.as_str()));
    if !ours {
        return Ok(());
    }
    let begun = schedule::cancel(run.aws, &lost, &run.watch).await?;
    if !begun && found.is_some() {
        run.remark(
            format!("the planned start of training job {job} was taken back"),
            format!(
                "It was planned for {} by {} in an apply whose state was lost. Nothing had run.",
                planned.at, before.owner
            ),
        );
    }
    Ok(())
}

pub(crate) struct MarkCreated;

#[async_trait]
impl Step for MarkCreated {
    fn name(&self) -> &'static str {
        "claim mark"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(claim) = run.claim.take() else {
            return Ok(());
        };
        // With other results the claim has moved: the old one would keep the name taken.
        if let Some(previous) = run.previous
            && let Some(old) = previous.claim.as_ref()
            && run
                .handle
                .claim
                .as_ref()
                .is_some_and(|new| new.bucket != old.bucket)
        {
            let bucket =
                Bucket::new(run.aws, &old.bucket, &old.region, &run.handle.account_id).await;
            if let Err(error) = claim::release(&bucket, &old.key, &previous.nonce, false).await {
                run.remark(
                    format!("claim {} could not be removed", bucket.uri(&old.key)),
                    error.to_string(),
                );
            }
        }
        // The job carries the claim's nonce: an unmarked claim costs nothing but a sentence.
        if let Err(error) = claim.set(|body| body.stage = Stage::Created).await {
            run.remark(
                "the claim could not be marked",
                format!("The job was created all the same: {error}"),
            );
        }
        Ok(())
    }
}
