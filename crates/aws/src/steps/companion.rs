//! A bucket in the job's region, for data that live elsewhere.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Step;
use super::buckets;
use super::hardening::harden;
use crate::error::{Error, Kind};
use crate::handle::BucketRef;
use crate::naming;
use crate::removal::Removal;
use crate::report::Remark;
use crate::run::Run;
use crate::s3::{Bucket, Only};
use crate::spec::JobBucket;

/// One user of a companion bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct User {
    pub(crate) nonce: String,
    /// Digests of the contents that it reads.
    pub(crate) staged: Vec<String>,
}

pub(crate) struct Companion;

#[async_trait]
impl Step for Companion {
    fn name(&self) -> &'static str {
        "companion bucket"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let JobBucket::Companion { name } = &run.spec.job_bucket else {
            return Ok(());
        };
        let bucket = Bucket::new(run.aws, name, &run.spec.region, &run.handle.account_id).await;
        // Whoever leaves the bucket looks for its users first: from here until the record is written nobody does.
        let _alone = run.aws.companion_lock(name).await;
        let mut reference = BucketRef {
            name: name.clone(),
            region: run.spec.region.clone(),
            managed: false,
        };
        let mut new = false;
        match bucket.head().await {
            Ok(region)
                if region
                    .as_deref()
                    .is_some_and(|region| region != run.spec.region) =>
            {
                return Err(Error::new(
                    Kind::Invalid,
                    format!(
                        "companion bucket {name} is in {}, not in {}",
                        region.unwrap_or_default(),
                        run.spec.region
                    ),
                )
                .advise(
                    "Remove it, or keep a replica in the job's region and name it in regional.",
                ));
            }
            Ok(_) => reference.managed = buckets::is_ours(&bucket).await,
            Err(error) if error.kind() == Kind::NotFound => {
                note(run, &reference).await?;
                buckets::create(&bucket, &run.tags(), &run.watch).await?;
                run.made(self.name());
                reference.managed = true;
                new = true;
            }
            Err(error) if error.kind() == Kind::AccessDenied => {
                return Err(error.advise(format!(
                    "The name {name} belongs to another account, s3:ListBucket is missing, or the account has not enabled the region (aws account list-regions). Bucket names are global and companion names can be guessed: \
                     nothing is read from or written to a bucket of another account. Keep a replica in the job's region and name it in regional."
                )));
            }
            Err(error) => return Err(error),
        }
        note(run, &reference).await?;
        if reference.managed {
            harden(run, &bucket, new).await?;
        }
        if let Some(work) = run
            .handle
            .work_bucket
            .as_mut()
            .filter(|work| work.name == *name)
        {
            work.managed = reference.managed;
        }
        run.handle.job_bucket = Some(reference);
        write(run, &bucket, staged_before(run, &bucket).await?).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let JobBucket::Companion { name } = &run.spec.job_bucket else {
            return Ok(());
        };
        let Some(reference) = run
            .handle
            .companions
            .iter()
            .find(|known| known.name == *name)
            .cloned()
        else {
            return Ok(());
        };
        let bucket = run.bucket(&reference).await;
        let key = naming::user_key(&run.spec.data_bucket.name, &run.spec.name);
        // Copies stay: they were paid for, and the next apply goes on from them. Without any, nothing holds us here.
        if run.previous.is_none() && bucket.list(naming::STAGED, Some(1)).await?.is_empty() {
            bucket
                .purge(&key, reference.managed, &|found| found != key)
                .await?;
        }
        if !reference.managed {
            if bucket.size(&key).await?.is_none() {
                run.handle.companions.retain(|known| known.name != *name);
            }
            return Ok(());
        }
        if run.made.contains(&self.name()) && buckets::delete_if_empty(&bucket).await?.is_none() {
            run.handle.companions.retain(|known| known.name != *name);
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if removal.retained {
            for companion in removal.handle.companions.clone() {
                removal.leave(format!(
                    "bucket {}: the retained job uses it",
                    companion.name
                ));
            }
            return Ok(());
        }
        for companion in removal.handle.companions.clone() {
            let bucket = removal.bucket(&companion).await;
            if leave_bucket(removal, &bucket, companion.managed).await? {
                removal
                    .handle
                    .companions
                    .retain(|known| known.name != companion.name);
            }
        }
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let reference = look.handle.job_bucket.as_ref()?;
        if !look
            .handle
            .companions
            .iter()
            .any(|companion| companion.name == reference.name)
        {
            return None;
        }
        let bucket = look.bucket(reference).await;
        if let Err(error) = bucket.head().await {
            return (error.kind() == Kind::NotFound)
                .then(|| format!("companion bucket {} is gone", reference.name));
        }
        let key = naming::user_key(&look.handle.data_bucket.as_ref()?.name, &look.handle.name);
        matches!(bucket.size(&key).await, Ok(None)).then(|| {
            format!(
                "record s3://{}/{key} is gone: a destroy of another training may take the copies that this one reads",
                reference.name
            )
        })
    }
}

/// Notes the bucket in the handle and, before it is made, in the claim.
async fn note(run: &mut Run<'_>, reference: &BucketRef) -> Result<(), Error> {
    match run
        .handle
        .companions
        .iter_mut()
        .find(|known| known.name == reference.name)
    {
        Some(known) if known == reference => return Ok(()),
        Some(known) => known.clone_from(reference),
        None => run.handle.companions.push(reference.clone()),
    }
    run.save();
    if let Some(claim) = &run.claim {
        let companions = run.handle.companions.clone();
        claim.set(|body| body.companions = companions).await?;
    }
    Ok(())
}

/// Every user's record in a companion bucket.
pub(crate) async fn users(bucket: &Bucket) -> Result<Vec<(String, User)>, Error> {
    let mut users = Vec::new();
    for object in bucket.list("sustainable/users/", None).await? {
        if let Some(found) = bucket.get(&object.key).await? {
            // A record that cannot be read may speak of copies that a run still needs: nothing is removed on a guess.
            let user = serde_json::from_slice(&found.bytes).map_err(|error| {
                Error::new(
                    Kind::Other,
                    format!("the record of a user of this bucket cannot be read: {error}"),
                )
                .about(bucket.uri(&object.key))
                .advise("Delete that object if no training named in it reads from this bucket any more, then try again.")
            })?;
            users.push((object.key, user));
        }
    }
    Ok(users)
}

/// How many other trainings have claims or records in a bucket.
pub(crate) async fn others(bucket: &Bucket, own_name: &str) -> Result<usize, Error> {
    let own = naming::claim_key(own_name);
    let claims = Removal::gone_is_fine(bucket.list("sustainable/claims/", None).await)?;
    let records = Removal::gone_is_fine(bucket.list("sustainable/users/", None).await)?;
    let claims = claims
        .into_iter()
        .flatten()
        .filter(|claim| claim.key != own);
    Ok(claims.count() + records.map_or(0, |records| records.len()))
}

/// Says in this run's record what it is about to read, before the first copy. A purge that is under way is waited for:
/// what it leaves is what the copies go on from.
pub(crate) async fn register(
    run: &Run<'_>,
    bucket: &Bucket,
    mut staged: Vec<String>,
) -> Result<(), Error> {
    let _alone = run.aws.companion_lock(&bucket.name).await;
    staged.extend(staged_before(run, bucket).await?);
    staged.sort();
    staged.dedup();
    write(run, bucket, staged).await?;
    nobody_purges(run, bucket).await
}

/// Waits for the purge of another process, which may have listed the users before this run's record was there. One that
/// was broken off is over with its lease.
async fn nobody_purges(run: &Run<'_>, bucket: &Bucket) -> Result<(), Error> {
    let timing = run.watch.timing();
    let lease = i64::try_from(timing.lease.as_secs()).unwrap_or(i64::MAX);
    let mut waited = Duration::ZERO;
    loop {
        let mut under_way = false;
        for mark in bucket.list(naming::PURGES, None).await? {
            let found = bucket.get(&mark.key).await?;
            under_way |= found.is_some_and(|found| found.age_seconds < lease);
        }
        if !under_way {
            return Ok(());
        }
        if waited >= timing.patience() {
            return Err(Error::new(
                Kind::Conflict,
                format!("copies in bucket {} are being removed", bucket.name),
            )
            .advise("Wait until the destroy of the other training has ended, then apply again."));
        }
        tracing::info!(bucket = bucket.name, "copies are being removed; waiting");
        run.watch.sleep(timing.look_at_claim()).await?;
        waited += timing.look_at_claim();
    }
}

/// What the run before this one reads: it stays in the record until that one is over ([`settle_on`]).
async fn staged_before(run: &Run<'_>, bucket: &Bucket) -> Result<Vec<String>, Error> {
    if run.previous.is_none() {
        return Ok(Vec::new());
    }
    let key = naming::user_key(&run.spec.data_bucket.name, &run.spec.name);
    let known = users(bucket).await?.into_iter();
    Ok(known
        .filter(|(user, _)| *user == key)
        .flat_map(|(_, user)| user.staged)
        .collect())
}

/// Notes a run in a data bucket of ours that holds none of its own records: whoever removes the bucket looks for them.
pub(crate) async fn note_reader(run: &Run<'_>, bucket: &Bucket) -> Result<(), Error> {
    write(run, bucket, Vec::new()).await
}

/// Whether what the run is going to read is still there: a destroy in another process may have removed it between its own
/// look at the users and this run's record.
pub(crate) async fn still_there(run: &Run<'_>, bucket: &Bucket) -> Result<(), Error> {
    let key = naming::user_key(&run.spec.data_bucket.name, &run.spec.name);
    let mut gone = bucket.size(&key).await?.is_none();
    for digest in staged_digests(run, bucket) {
        gone |= bucket
            .list(&naming::staged_prefix(&digest), Some(1))
            .await?
            .is_empty();
    }
    if !gone {
        return Ok(());
    }
    Err(Error::new(
        Kind::Conflict,
        format!(
            "the destroy of another training has removed the copies in bucket {} meanwhile",
            bucket.name
        ),
    )
    .advise("No training job was started. Apply again: they are made anew."))
}

/// The run reads what its inputs name and nothing else: copies that nobody reads any more go.
pub(crate) async fn settle_on(run: &mut Run<'_>, bucket: &Bucket) -> Result<(), Error> {
    let _alone = run.aws.companion_lock(&bucket.name).await;
    write(run, bucket, staged_digests(run, bucket)).await?;
    let ours = run
        .handle
        .companions
        .iter()
        .any(|known| known.name == bucket.name && known.managed);
    let (nonce, kms_key) = (&run.handle.nonce, run.spec.kms_key_arn.as_deref());
    let remark = purge_unread(bucket, ours, nonce, kms_key).await?;
    run.remarks.extend(remark);
    Ok(())
}

/// Removes the copies that no user of the bucket reads. A mark says that it is under way: whoever comes meanwhile waits
/// ([`nobody_purges`]). Where it may not be written, that is said of a bucket of `ours`.
async fn purge_unread(
    bucket: &Bucket,
    ours: bool,
    nonce: &str,
    kms_key: Option<&str>,
) -> Result<Option<Remark>, Error> {
    let mark = naming::purge_key(nonce);
    let put = bucket
        .put(&mark, Vec::new(), "text/plain", &Only::Always, kms_key)
        .await;
    let unmarked = match put {
        Ok(_) => None,
        Err(error) if error.kind() == Kind::AccessDenied => Some(error),
        Err(error) => return Err(error),
    };
    // A bucket of the user's own may take nothing that is not encrypted with a key which a destroy does not know.
    let remark = unmarked.filter(|_| ours).map(|error| {
        Remark::new(
            format!("copies in {} were removed without a mark", bucket.name),
            format!("A run that another apply starts on them at the same moment may miss some, and says so. {error}"),
        )
    });
    let purged = match users(bucket).await {
        Ok(users) => purge_staged(bucket, ours, &users).await,
        Err(error) => Err(error),
    };
    bucket.purge(&mark, ours, &|key| key != mark).await?;
    purged.map(|()| remark)
}

/// The contents that the run's inputs name.
fn staged_digests(run: &Run<'_>, bucket: &Bucket) -> Vec<String> {
    let inputs = run.inputs.values();
    inputs
        .filter_map(|uri| naming::split_s3_uri(uri))
        .filter(|(name, _)| *name == bucket.name)
        .filter_map(|(_, key)| key.strip_prefix(naming::STAGED)?.split('/').next())
        .map(str::to_owned)
        .collect()
}

/// Removes the staged contents that none of these users reads, and what is left of their uploads.
async fn purge_staged(
    bucket: &Bucket,
    versions: bool,
    users: &[(String, User)],
) -> Result<(), Error> {
    let kept: Vec<String> = users
        .iter()
        .flat_map(|(_, user)| user.staged.iter())
        .map(|digest| naming::staged_stem(digest))
        .collect();
    let keep = |key: &str| kept.iter().any(|stem| key.starts_with(stem.as_str()));
    let uploads = bucket.abort_uploads(naming::STAGED, &keep).await;
    bucket.purge(naming::STAGED, versions, &keep).await?;
    uploads
}

async fn write(run: &Run<'_>, bucket: &Bucket, staged: Vec<String>) -> Result<(), Error> {
    let key = naming::user_key(&run.spec.data_bucket.name, &run.spec.name);
    let user = User {
        nonce: run.handle.nonce.clone(),
        staged,
    };
    let bytes = serde_json::to_vec_pretty(&user)
        .map_err(|error| Error::new(Kind::Other, error.to_string()))?;
    bucket
        .put(
            &key,
            bytes,
            "application/json",
            &Only::Always,
            run.spec.kms_key_arn.as_deref(),
        )
        .await?;
    Ok(())
}

/// This resource no longer uses the bucket: its record, the copies that nobody else reads and, with the last user,
/// the bucket itself go. True when nothing of this resource is left in it.
async fn leave_bucket(
    removal: &mut Removal<'_>,
    bucket: &Bucket,
    recorded: bool,
) -> Result<bool, Error> {
    let _alone = removal.aws.companion_lock(&bucket.name).await;
    match leave_standing(removal, bucket, recorded).await {
        // Its last user may be destroyed at the same time, and take it with it between any two of these calls.
        Err(error) if error.code() == Some("NoSuchBucket") => Ok(true),
        left => left,
    }
}

async fn leave_standing(
    removal: &mut Removal<'_>,
    bucket: &Bucket,
    recorded: bool,
) -> Result<bool, Error> {
    let Some(data) = removal
        .handle
        .data_bucket
        .as_ref()
        .map(|data| data.name.clone())
        .or_else(|| bucket_of_claim(removal))
    else {
        return Ok(true);
    };
    let ours = match bucket.head().await {
        Ok(_) => buckets::still_ours(bucket, recorded).await?,
        Err(error) if error.kind() == Kind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let own = naming::user_key(&data, &removal.handle.name);
    bucket.purge(&own, ours, &|key| key != own).await?;
    let nonce = removal.handle.nonce.clone();
    let purged = purge_unread(bucket, ours, &nonce, None).await;
    if let Err(error) = purged.map(|remark| removal.remarks.extend(remark)) {
        // Copies have to go; uploads that may not be looked at end with the bucket, or by its own rule.
        let call = error.call().map(|(_, operation)| operation);
        if call != Some("ListMultipartUploads") || error.kind() == Kind::NotFound {
            return Err(error);
        }
        removal.remarks.push(Remark::new(
            format!(
                "unfinished uploads in bucket {} were not looked for",
                bucket.name
            ),
            format!("They end with the bucket, or by its own rule. {error}"),
        ));
    }
    if !ours {
        return Ok(true);
    }
    // Once more: purging takes its time, and somebody in another process may have come.
    let others = users(bucket).await?;
    if !others.is_empty() {
        removal.leave(format!(
            "bucket {}: still used by {}",
            bucket.name,
            naming::counted(others.len(), "other training")
        ));
    } else if removal.options.force {
        buckets::empty_and_delete(bucket).await?;
        removal.deleted.push(bucket.name.clone());
    } else if let Some(holds) = buckets::delete_if_empty(bucket).await? {
        removal.leave(format!("bucket {}: it holds what was paid for ({holds}); force_destroy = true would remove it with everything in it", bucket.name));
    }
    Ok(true)
}

fn bucket_of_claim(removal: &Removal<'_>) -> Option<String> {
    removal
        .handle
        .claim
        .as_ref()
        .map(|claim| claim.bucket.clone())
}
