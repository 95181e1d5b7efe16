//! The start that lies in the future: one schedule that sends the very CreateTrainingJob request, is looked at instead
//! of the job until there is one, and is taken back by whatever ends or replaces the run.

use serde_json::Value;

use super::{manifest, name, started};
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::{Handle, ScheduleRef};
use crate::naming;
use crate::observation::{LAUNCH_FAILED, LAUNCHING, Observation, Outcome, SCHEDULED};
use crate::request;
use crate::retry::{Poll, Watch};
use crate::run::Run;
use crate::scheduler::{self, OneTime, SOON_OR_NEVER};
use crate::tags::{self, Tags};

/// A start this near may be under way already, seconds.
const BEFORE_SECONDS: i64 = 30;
/// In the last two minutes nothing is put into a schedule any more: it might start with the old request, or twice.
const TOO_NEAR_SECONDS: i64 = 120;
/// Signatures bear clocks that differ by five minutes; AWS may find a moment passed that is not passed here.
const SKEW_SECONDS: i64 = 300;
/// So long after the time either the job or the dead letter is to be seen.
const SILENCE_SECONDS: i64 = 600;

/// Leaves the start to EventBridge Scheduler. `false`: the time has come meanwhile, and the job is to be created now.
pub(super) async fn create(run: &mut Run<'_>) -> Result<bool, Error> {
    let Some(start) = run.start else {
        return Ok(false);
    };
    let mut attempt = 0;
    loop {
        let input = input(run)?;
        let planned = ScheduleRef {
            group: naming::scheduling_name(&run.spec.data_bucket.name, &run.spec.name),
            at: format!("{}Z", scheduler::clock_time(start)),
            failure: None,
        };
        // Noted first, like the job's name: after a crash it is found by it.
        if let Some(claim) = &run.claim {
            let schedule = Some(planned.clone());
            claim.set(|body| body.schedule = schedule).await?;
        }
        let error = match send(run, &planned, start, &input, attempt).await {
            Ok(()) => {
                run.handle.schedule = Some(planned);
                return Ok(true);
            }
            Err(error) => error,
        };
        if error.code() == Some("ValidationException") && start <= run.aws.now() + SKEW_SECONDS {
            tracing::info!(%error, "the time has come");
            return Ok(false);
        }
        if !matches!(error.kind(), Kind::Conflict | Kind::Network | Kind::Other) {
            return Err(error);
        }
        // The answer to our own call may have been lost.
        match look_again(run, &planned.group).await {
            Ok(Some(found)) if nonce(&found).as_deref() == Some(&run.handle.nonce) => {
                run.handle.schedule = Some(planned);
                return Ok(true);
            }
            Ok(Some(_)) => {
                attempt += 1;
                name::choose(run, attempt).await?;
                manifest::write(run).await?;
            }
            Ok(None) => return Err(error),
            Err(unseen) => {
                // It may start: better a start in the state that turns out not to be planned.
                run.handle.job_name = Some(run.job_name.clone());
                run.handle.job_arn = Some(request::job_arn(&run.handle, &run.job_name));
                run.handle.schedule = Some(planned);
                return Err(error.advise(format!(
                    "Whether the start of training job {} was planned could not be found out ({}). The next refresh tells; nothing was undone.",
                    run.job_name,
                    unseen.message()
                )));
            }
        }
    }
}

/// The request, which has to fit.
fn input(run: &Run<'_>) -> Result<String, Error> {
    let input = request::build(run)?.to_string();
    if input.len() > scheduler::INPUT_MAX_BYTES {
        return Err(Error::new(
            Kind::Invalid,
            format!(
                "the request of the training job has {} bytes; EventBridge Scheduler takes {}",
                input.len(),
                scheduler::INPUT_MAX_BYTES
            ),
        )
        .advise("Move hyperparameters or environment into a file of source_dir, or start at once.")
        .on("hyperparameters"));
    }
    Ok(input)
}

async fn send(
    run: &Run<'_>,
    planned: &ScheduleRef,
    start: i64,
    input: &str,
    attempt: u32,
) -> Result<(), Error> {
    let region = &run.spec.region;
    let description = format!("Starts training job {} of {}", run.job_name, run.spec.name);
    let once = OneTime {
        region,
        group: &planned.group,
        name: &run.job_name,
        at: start,
        target: "sagemaker:createTrainingJob",
        input,
        role_arn: run.handle.scheduler_role_arn.as_deref().unwrap_or_default(),
        dead_letters: &run.handle.dead_letters_in(region).unwrap_or_default(),
        description: &description,
        patience: SOON_OR_NEVER,
    };
    let token = format!("{}-{attempt}", run.handle.nonce);
    once.create(run.aws, &token, &run.watch).await
}

async fn look_again(run: &Run<'_>, group: &str) -> Result<Option<Value>, Error> {
    let mut poll = Poll::new(run.aws.timing().look_again);
    let mut tries = 0;
    loop {
        match scheduler::get(run.aws, &run.spec.region, group, &run.job_name).await {
            Ok(found) => return Ok(found),
            Err(error) => {
                tries += 1;
                if tries == 4 || run.watch.sleep(poll.pause()).await.is_err() {
                    return Err(error);
                }
            }
        }
    }
}

/// The request that a schedule will send.
fn sends(schedule: &Value) -> Option<Value> {
    serde_json::from_str(schedule["Target"]["Input"].as_str()?).ok()
}

/// The request of a start that lies in the future; `None` once it has begun.
pub(crate) async fn planned_request(aws: &Aws, handle: &Handle) -> Result<Option<Value>, Error> {
    let (Some(planned), Some(job)) = (&handle.schedule, &handle.job_name) else {
        return Ok(None);
    };
    let found = scheduler::get(aws, &handle.region, &planned.group, job).await?;
    Ok(found.as_ref().and_then(sends))
}

/// The nonce of the run that a schedule will start.
pub(super) fn nonce(schedule: &Value) -> Option<String> {
    let sent = sends(schedule)?;
    sent["Tags"]
        .as_array()?
        .iter()
        .find(|tag| tag["Key"] == naming::TAG_RUN)
        .and_then(|tag| tag["Value"].as_str())
        .map(str::to_owned)
}

/// Takes a planned start back. `true`: it came too late, the job exists. A start that may be under way is waited for.
pub(super) async fn cancel(aws: &Aws, handle: &Handle, watch: &Watch<'_>) -> Result<bool, Error> {
    let (Some(planned), Some(job)) = (&handle.schedule, &handle.job_name) else {
        return Ok(true);
    };
    let region = handle.region.as_str();
    let existed = scheduler::delete(aws, region, &planned.group, job).await?;
    let after = i64::try_from(aws.timing().starting.as_secs()).unwrap_or(i64::MAX);
    let at = scheduler::seconds(&planned.at).unwrap_or_default();
    let near = |now: i64| now >= at - BEFORE_SECONDS;
    // A repeated call of a start that failed may be under way too.
    let last = at.max(if existed { aws.now() } else { 0 }) + after;
    let mut poll = Poll::new(aws.timing().short);
    loop {
        if started(aws, handle).await?.is_some() {
            return Ok(true);
        }
        let now = aws.now();
        let gone_before = !existed && now > at + after;
        if !near(now) || gone_before || now > last {
            return Ok(false);
        }
        tracing::info!(job, "the planned start may be under way; waiting for it");
        watch.sleep(poll.pause()).await?;
    }
}

/// What a planned start is doing while there is no job. What the dead letter says is kept.
pub(crate) async fn observe(aws: &Aws, handle: &mut Handle) -> Result<Observation, Error> {
    let mut seen = Observation::default();
    let (region, job) = (
        handle.region.clone(),
        handle.job_name.clone().unwrap_or_default(),
    );
    let queue = handle
        .scheduling_in(&region)
        .map(|known| known.queue_url.clone())
        .filter(|url| !url.is_empty());
    let account = handle.account_id.clone();
    let Some(planned) = handle.schedule.clone() else {
        return Ok(seen);
    };
    let failed = |reason: String| Observation {
        status: LAUNCH_FAILED.to_owned(),
        outcome: Outcome::FailedToLaunch,
        failure_reason: Some(reason),
        ..Observation::default()
    };
    if let Some(reason) = &planned.failure {
        return Ok(failed(reason.clone()));
    }
    let waiting = scheduler::get(aws, &region, &planned.group, &job)
        .await?
        .is_some();
    let at = scheduler::seconds(&planned.at).unwrap_or_default();
    let now = aws.now();
    if !waiting {
        // It may have fired between the look at the job and the look at the schedule.
        if started(aws, handle).await?.is_some() {
            seen.status = LAUNCHING.to_owned();
            return Ok(seen);
        }
        if let Some(url) = queue {
            let arn = scheduler::arn(&region, &account, &planned.group, &job);
            if let Some(reason) = scheduler::dead_letter(aws, &region, &url, &arn).await? {
                handle.schedule = Some(ScheduleRef {
                    failure: Some(reason.clone()),
                    ..planned
                });
                return Ok(failed(reason));
            }
        }
        if now < at - BEFORE_SECONDS {
            // Somebody else has deleted it.
            seen.status = "NotFound".to_owned();
            seen.outcome = Outcome::Unknown;
            return Ok(seen);
        }
        if now > at + SILENCE_SECONDS {
            return Ok(failed(format!(
                "the start was due at {}, but there is neither training job {job} nor a dead letter that says why: the schedule, its role or its queue was removed, or \
                 the job's record was deleted since",
                planned.at
            )));
        }
    }
    seen.status = if waiting && now < at {
        SCHEDULED
    } else {
        LAUNCHING
    }
    .to_owned();
    Ok(seen)
}

/// Puts other tags into the request of a start that lies in the future. `false`: it has begun.
pub(crate) async fn retag(
    aws: &Aws,
    handle: &Handle,
    wanted: &Tags,
    watch: &Watch<'_>,
) -> Result<bool, Error> {
    let (Some(planned), Some(job)) = (&handle.schedule, &handle.job_name) else {
        return Ok(false);
    };
    let region = handle.region.as_str();
    let Some(found) = scheduler::get(aws, region, &planned.group, job).await? else {
        return Ok(false);
    };
    let at = scheduler::seconds(&planned.at).unwrap_or_default();
    if at - aws.now() < TOO_NEAR_SECONDS {
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "training job {job} starts at {}, within two minutes",
                planned.at
            ),
        )
        .advise("Its tags can be changed again once it runs: apply again then."));
    }
    let mut sent = sends(&found).ok_or_else(|| {
        Error::new(
            Kind::Invalid,
            format!("schedule {job} in {region} holds no request"),
        )
        .advise("Somebody has changed it: replace the resource (-replace).")
    })?;
    sent["Tags"] = tags::as_json(&tags::with_own(wanted, &handle.name, &handle.nonce));
    let (target, text) = (&found["Target"], sent.to_string());
    let once = OneTime {
        region,
        group: &planned.group,
        name: job,
        at,
        target: "sagemaker:createTrainingJob",
        input: &text,
        role_arn: target["RoleArn"].as_str().unwrap_or_default(),
        dead_letters: target["DeadLetterConfig"]["Arn"]
            .as_str()
            .unwrap_or_default(),
        description: found["Description"].as_str().unwrap_or_default(),
        patience: SOON_OR_NEVER,
    };
    match once.update(aws, watch).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
