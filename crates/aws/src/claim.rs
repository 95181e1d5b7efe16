//! The claim on a name: one object in S3, taken by conditional write, kept alive by a lease.
//!
//! It decides between three cases that look alike from outside: another apply is at work (its lease is renewed),
//! the name is taken (the claim is confirmed: its state was saved), and a run of ours was lost in a crash (the lease
//! is over and nobody confirmed). Ages are taken from S3's own dates, never from this machine's clock.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::error::{Error, Kind};
use crate::handle::{BucketRef, FileSystemRef, ScheduleRef};
use crate::retry::Watch;
use crate::s3::{Bucket, Only};

/// What the claim object says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Body {
    pub(crate) format: u32,
    pub(crate) name: String,
    pub(crate) data_bucket: String,
    pub(crate) nonce: String,
    pub(crate) request_digest: String,
    pub(crate) stage: Stage,
    /// Region of the job.
    pub(crate) region: String,
    /// Set before CreateTrainingJob is called.
    pub(crate) job_name: Option<String>,
    pub(crate) manifest_uri: Option<String>,
    /// Set before CreateSchedule is called: the start lies in the future.
    pub(crate) schedule: Option<ScheduleRef>,
    /// ARN of who runs the apply.
    pub(crate) owner: String,
    /// Buckets in which this run is a user, so that a lost run's are found again.
    pub(crate) companions: Vec<BucketRef>,
    /// File systems of this run, so that a lost run's are found again.
    pub(crate) file_systems: Vec<FileSystemRef>,
    /// Set before CreateModelPackageGroup is called: a state that a crash has not saved does not name it.
    pub(crate) model_package_group: Option<String>,
    /// Key that the claim itself is encrypted with, where it lies in the key's region.
    pub(crate) kms_key_arn: Option<String>,
    /// Counts the renewals: it makes every write differ.
    pub(crate) renewed: u64,
}

/// How far the run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// An apply is at work, or was.
    #[default]
    Claimed,
    /// The job exists.
    Created,
    /// The state was saved: a read has seen it.
    Confirmed,
}

struct State {
    bucket: Bucket,
    key: String,
    body: Body,
    etag: String,
    lost: bool,
}

/// A claim that is held; the lease is renewed until it is dropped.
pub(crate) struct Claim {
    state: Arc<Mutex<State>>,
    renewal: JoinHandle<()>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// A claim was taken.
pub(crate) struct Taken {
    pub(crate) claim: Claim,
    /// What the claim said before, when it belonged to a run that was lost or precedes this one.
    pub(crate) before: Option<Body>,
    /// No claim of this name was there.
    pub(crate) fresh: bool,
}

/// Takes the claim, waits for it, or says who has it. `previous`: nonce of the run that this one follows.
pub(crate) async fn take(
    bucket: Bucket,
    key: &str,
    body: Body,
    previous: Option<&str>,
    watch: &Watch<'_>,
) -> Result<Taken, Error> {
    let timing = watch.timing();
    let lease_seconds = i64::try_from(timing.lease.as_secs()).unwrap_or(i64::MAX);
    let mut seen: Option<String> = None;
    let mut waited = Duration::ZERO;
    loop {
        match write(&bucket, key, &body, &Only::IfAbsent).await {
            Ok(etag) => {
                return Ok(Taken {
                    claim: hold(bucket, key, body, etag, timing.renewal()),
                    before: None,
                    fresh: true,
                });
            }
            Err(error) if error.kind() == Kind::Conflict => {}
            Err(error) => return Err(error),
        }
        let Some((old, etag, age)) = read(&bucket, key).await? else {
            continue;
        };
        if old.nonce == body.nonce {
            // Our own write, whose answer was lost.
            return Ok(Taken {
                claim: hold(bucket, key, body, etag, timing.renewal()),
                before: None,
                fresh: true,
            });
        }
        if old.data_bucket != body.data_bucket {
            return Err(other_data(&old, &bucket.uri(key)));
        }
        if previous == Some(old.nonce.as_str())
            || age >= lease_seconds && old.stage != Stage::Confirmed
        {
            match write(&bucket, key, &body, &Only::IfEtag(etag)).await {
                Ok(etag) => {
                    return Ok(Taken {
                        claim: hold(bucket, key, body, etag, timing.renewal()),
                        before: Some(old),
                        fresh: false,
                    });
                }
                Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => continue,
                Err(error) => return Err(error),
            }
        }
        if old.stage == Stage::Confirmed {
            return Err(taken(&old, &bucket.uri(key)));
        }
        if seen.get_or_insert_with(|| etag.clone()) != &etag || waited >= timing.patience() {
            return Err(at_work(&old));
        }
        tracing::info!(
            name = old.name,
            age,
            "another run's lease is not over; waiting"
        );
        watch.sleep(timing.look_at_claim()).await?;
        waited += timing.look_at_claim();
    }
}

/// The claim as it stands; entity tag; age in seconds.
pub(crate) async fn read(bucket: &Bucket, key: &str) -> Result<Option<(Body, String, i64)>, Error> {
    let Some(found) = bucket.get(key).await? else {
        return Ok(None);
    };
    let body = serde_json::from_slice(&found.bytes).map_err(|error| {
        Error::new(
            Kind::Conflict,
            format!("{} is no claim of this provider: {error}", bucket.uri(key)),
        )
        .advise("Look at the object; if nothing uses it, delete it and apply again.")
    })?;
    Ok(Some((body, found.etag, found.age_seconds)))
}

/// Marks a claim as confirmed if it is this run's and is not yet.
pub(crate) async fn confirm(bucket: &Bucket, key: &str, nonce: &str) -> Result<bool, Error> {
    let Some((mut body, etag, _)) = read(bucket, key).await? else {
        return Ok(false);
    };
    if body.nonce != nonce {
        return Ok(false);
    }
    if body.stage != Stage::Confirmed {
        body.stage = Stage::Confirmed;
        write(bucket, key, &body, &Only::IfEtag(etag)).await?;
    }
    Ok(true)
}

/// Notes a model package group that is about to be made, if the claim is this run's.
pub(crate) async fn note_group(
    bucket: &Bucket,
    key: &str,
    nonce: &str,
    group: &str,
) -> Result<(), Error> {
    let Some((mut body, etag, _)) = read(bucket, key).await? else {
        return Ok(());
    };
    if body.nonce == nonce && body.model_package_group.as_deref() != Some(group) {
        body.model_package_group = Some(group.to_owned());
        let written = write(bucket, key, &body, &Only::IfEtag(etag)).await;
        if let Err(error) = written {
            // It may be our own write, whose answer was lost.
            let found = read(bucket, key).await?;
            if found.is_none_or(|(found, ..)| found != body) {
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Deletes the claim if it is this run's.
pub(crate) async fn release(
    bucket: &Bucket,
    key: &str,
    nonce: &str,
    versions: bool,
) -> Result<bool, Error> {
    match read(bucket, key).await {
        Ok(Some((body, _, _))) if body.nonce == nonce => {}
        Ok(Some(_)) => return Ok(false),
        Ok(None) if !versions => return Ok(true),
        Ok(None) => {}
        Err(error) if error.code() == Some("NoSuchBucket") => return Ok(true),
        Err(error) => return Err(error),
    }
    if versions {
        bucket.purge(key, true, &|found| found != key).await?;
    } else {
        bucket.delete(key).await?;
    }
    Ok(true)
}

async fn write(bucket: &Bucket, key: &str, body: &Body, only: &Only) -> Result<String, Error> {
    let bytes = serde_json::to_vec_pretty(body)
        .map_err(|error| Error::new(Kind::Other, error.to_string()))?;
    let kms_key = body.kms_key_arn.as_deref();
    bucket
        .put(key, bytes, "application/json", only, kms_key)
        .await
}

fn hold(bucket: Bucket, key: &str, body: Body, etag: String, renew_every: Duration) -> Claim {
    let state = Arc::new(Mutex::new(State {
        bucket,
        key: key.to_owned(),
        body,
        etag,
        lost: false,
    }));
    let renewed = Arc::clone(&state);
    let renewal = tokio::spawn(async move {
        loop {
            tokio::time::sleep(renew_every).await;
            let mut state = renewed.lock().await;
            state.body.renewed += 1;
            if let Err(error) = state.store().await {
                tracing::warn!(%error, "the claim could not be renewed");
            }
            if state.lost {
                return;
            }
        }
    });
    Claim { state, renewal }
}

impl State {
    async fn store(&mut self) -> Result<(), Error> {
        if self.lost {
            return Err(lost(&self.body));
        }
        match write(
            &self.bucket,
            &self.key,
            &self.body,
            &Only::IfEtag(self.etag.clone()),
        )
        .await
        {
            Ok(etag) => {
                self.etag = etag;
                Ok(())
            }
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {
                match read(&self.bucket, &self.key).await? {
                    // Our own write, whose answer was lost.
                    Some((body, etag, _)) if body.nonce == self.body.nonce => {
                        self.etag =
                            write(&self.bucket, &self.key, &self.body, &Only::IfEtag(etag)).await?;
                        Ok(())
                    }
                    _ => {
                        self.lost = true;
                        Err(lost(&self.body))
                    }
                }
            }
            Err(error) => Err(error),
        }
    }
}

impl Claim {
    /// Changes what the claim says.
    pub(crate) async fn set(&self, change: impl FnOnce(&mut Body) + Send) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        change(&mut state.body);
        state.body.renewed += 1;
        state.store().await
    }

    /// Another apply has taken it.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let state = self.state.lock().await;
        if state.lost {
            Err(lost(&state.body))
        } else {
            Ok(())
        }
    }
}

/// Two resources of one name on different data may send their results to one bucket: claim, code, checkpoints and reports
/// would lie in the same places.
fn other_data(old: &Body, uri: &str) -> Error {
    Error::new(
        Kind::Conflict,
        format!("the name \"{}\" is taken in the bucket of the results, by a training on the data of bucket {}", old.name, old.data_bucket),
    )
    .advise(format!(
        "Choose another name, or another bucket in output_s3_uri. If that training and its state are gone, delete the claim {uri}."
    ))
    .on("name")
}

fn taken(old: &Body, uri: &str) -> Error {
    let job = old.job_name.as_deref().unwrap_or("(none yet)");
    Error::new(Kind::Conflict, format!("the name \"{}\" in bucket {} is taken: training job {job} in {} belongs to another state", old.name, old.data_bucket, old.region))
        .advise(format!(
            "To manage that run here: terraform import ADDRESS {}/{job}. To have another run beside it, choose another name. \
             With create_before_destroy the new run meets its own claim: use rerun_triggers to start a new run in place. \
             If that run and its state are gone, delete the claim {uri}.",
            old.region
        ))
        .on("name")
}

fn at_work(old: &Body) -> Error {
    Error::new(
        Kind::Conflict,
        format!(
            "another apply is at work on \"{}\" in bucket {}: {} renews its lease",
            old.name,
            old.data_bucket,
            who(old)
        ),
    )
    .advise("Wait until it has ended, then apply again.")
    .on("name")
}

fn lost(body: &Body) -> Error {
    Error::new(
        Kind::Conflict,
        format!(
            "another apply has taken over \"{}\" in bucket {} meanwhile",
            body.name, body.data_bucket
        ),
    )
    .advise("Wait until it has ended, then apply again.")
    .on("name")
}

fn who(old: &Body) -> &str {
    if old.owner.is_empty() {
        "somebody"
    } else {
        &old.owner
    }
}
