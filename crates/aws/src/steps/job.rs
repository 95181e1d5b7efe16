//! The training job: the last creating call, and the first thing to end.

use async_trait::async_trait;
use aws_smithy_types::DateTime;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::pool::{self, Pool};
use super::{Step, manifest, name, quota, sagemaker_tags, schedule};
use crate::after::abandon_copy;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::{Handle, ScheduleRef};
use crate::lifecycle::OnDestroy;
use crate::naming;
use crate::removal::Removal;
use crate::report::Remark;
use crate::request;
use crate::retry::{Poll, Watch, is_propagating};
use crate::run::Run;
use crate::s3::{Bucket, rfc3339};
use crate::scheduler;
use crate::settings::Service;
use crate::tags::Tags;

pub(crate) struct TrainingJob;

#[async_trait]
impl Step for TrainingJob {
    fn name(&self) -> &'static str {
        "training job"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if let Some(claim) = &run.claim {
            // Asked of S3 and not of memory: this process may have slept longer than its lease.
            claim.set(|_| {}).await?;
        }
        let arn = if run.adopted || run.is_delayed() && schedule::create(run).await? {
            request::job_arn(&run.handle, &run.job_name)
        } else {
            create(run).await?
        };
        run.handle.job_name = Some(run.job_name.clone());
        run.handle.job_arn = Some(arn);
        run.handle.tags = run.tags();
        run.handle.wait_pending = run.spec.wait_for_completion;
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        end(removal).await
    }
}

/// Ends the job, or takes its start back.
pub(crate) async fn end(removal: &mut Removal<'_>) -> Result<(), Error> {
    if removal.handle.job_name.is_none()
        && let Some((job, planned)) = claimed_job(removal).await?
    {
        removal.handle.job_name = Some(job);
        removal.handle.schedule = planned;
    }
    let Some(job) = removal.handle.job_name.clone() else {
        return Ok(());
    };
    abandon_copy(removal, &job).await;
    if removal.handle.schedule.is_some() {
        let begun = schedule::cancel(removal.aws, &removal.handle, &removal.watch).await?;
        removal.handle.schedule = None;
        if !begun {
            // Nothing has run: there is nothing to retain and no record.
            removal.handle.job_name = None;
            removal.handle.job_arn = None;
            return Ok(());
        }
    } else if let Some(place) = removal.handle.scheduling_in(&removal.handle.region) {
        // A scheduler that has not heard the answer to its call tries again, and would start a job whose record is gone.
        scheduler::delete(removal.aws, &place.region, &place.group, &job).await?;
    }
    if removal.options.on_destroy == OnDestroy::Retain {
        let running = describe(removal.aws, &removal.handle.region, &job)
            .await?
            .is_some_and(|found| !found.is_terminal());
        if removal.handle.warm_pool && !running {
            removal.leave(format!(
                "warm pool of {job} in {}: its instances bill until keep_alive_minutes are over",
                removal.handle.region
            ));
        }
        removal.retained = running;
        removal.leave(format!(
            "training job {job} in {}{}",
            removal.handle.region,
            if running {
                ": it goes on running and billing"
            } else {
                ""
            }
        ));
        if running {
            removal.remarks.push(Remark::new(
                    format!("training job {job} goes on"),
                    "on_destroy = \"retain\": its role, claim and buckets stay as long as it runs, and are no longer managed here.",
                ));
        }
        removal.handle.job_name = None;
        removal.handle.job_arn = None;
        return Ok(());
    }
    let ended = let_go_and_stop(
        removal.aws,
        &removal.handle,
        &removal.watch,
        &mut removal.remarks,
    )
    .await?;
    let region = removal.handle.region.clone();
    for (region, job) in std::mem::take(&mut removal.handle.former_pools) {
        pool::end(removal.aws, &region, &job, &removal.watch).await?;
    }
    if removal.handle.warm_pool && !matches!(ended, Stopping::NotOurs) {
        match pool::end(removal.aws, &region, &job, &removal.watch).await? {
            Pool::None | Pool::Ended => {}
            Pool::Taken(by) => removal.leave(format!(
                "warm pool of {job} in {region}: job {by} has taken it over"
            )),
        }
    }
    match ended {
        Stopping::Gone => {}
        Stopping::NotOurs => removal.leave(format!(
            "training job {job} in {region}: it no longer carries this run's tag"
        )),
        _ if removal.delete_record() => {
            delete(removal.aws, &region, &job, &removal.watch).await?;
            removal.leave(format!(
                "log streams {job}/ in /aws/sagemaker/TrainingJobs, {region}"
            ));
        }
        _ => {
            removal.leave(format!(
                "record of training job {job} in {region} (on_destroy = \"delete\" would remove it)"
            ));
            removal.leave(format!(
                "log streams {job}/ in /aws/sagemaker/TrainingJobs, {region}"
            ));
        }
    }
    if let Some(location) = removal.handle.model_artifacts_location()
        && holds_something(removal, &location).await
    {
        removal.leave(format!("artifacts under {location}"));
    }
    removal.handle.job_name = None;
    removal.handle.job_arn = None;
    Ok(())
}

/// A create that was cut short may have created the job, or planned its start, without hearing of it: the claim names
/// it then. What cannot be looked at may run and bill: an error.
async fn claimed_job(
    removal: &Removal<'_>,
) -> Result<Option<(String, Option<ScheduleRef>)>, Error> {
    let Some(reference) = removal.handle.claim.as_ref() else {
        return Ok(None);
    };
    let bucket = Bucket::new(
        removal.aws,
        &reference.bucket,
        &reference.region,
        &removal.handle.account_id,
    )
    .await;
    let found = Removal::gone_is_fine(crate::claim::read(&bucket, &reference.key).await)?;
    let Some((body, _, _)) = found.flatten() else {
        return Ok(None);
    };
    let named = (body.job_name).filter(|_| body.nonce == removal.handle.nonce);
    let Some(job) = named else {
        return Ok(None);
    };
    let region = &removal.handle.region;
    if let Some(planned) = body.schedule
        && scheduler::get(removal.aws, region, &planned.group, &job)
            .await?
            .is_some()
    {
        return Ok(Some((job, Some(planned))));
    }
    let Some(found) = describe(removal.aws, region, &job).await? else {
        return Ok(None);
    };
    let tags = found.tags(removal.aws).await?;
    Ok((tags.get(naming::TAG_RUN) == Some(&body.nonce)).then_some((job, None)))
}

/// Not allowed to look: better one line too many.
async fn holds_something(removal: &Removal<'_>, uri: &str) -> bool {
    let Some((bucket, key)) = naming::split_s3_uri(uri) else {
        return false;
    };
    let bucket = Bucket::new(
        removal.aws,
        bucket,
        &removal.handle.region,
        &removal.handle.account_id,
    )
    .await;
    match bucket.list(&format!("{key}/"), Some(1)).await {
        Ok(found) => !found.is_empty(),
        Err(error) => error.kind() != Kind::NotFound,
    }
}

/// Creates the job. Whatever the last answer is, an earlier try may have gone unanswered and have created it: the job
/// itself holds the quota that the next try is then refused for.
async fn create(run: &mut Run<'_>) -> Result<String, Error> {
    let mut tried = false;
    let error = match send(run, &mut tried).await {
        Err(error) if tried && run.handle.job_name.is_none() => error,
        sent => return sent,
    };
    match seen(run).await {
        Ok(Seen::Ours) => Ok(exists(run)),
        Ok(Seen::Nothing | Seen::Anothers) => Err(error),
        Err(unseen) if unseen.may_pass() => Err(may_exist(run, error, &unseen)),
        Err(_) => Err(error),
    }
}

/// The job was created by a call whose answer was lost.
fn exists(run: &mut Run<'_>) -> String {
    run.remark(
        format!(
            "the answer to CreateTrainingJob was lost, training job {} exists",
            run.job_name
        ),
        "It carries this run's nonce and is used; no second job was created.",
    );
    request::job_arn(&run.handle, &run.job_name)
}

/// It may run and bill: better a job in the state that turns out not to exist.
fn may_exist(run: &mut Run<'_>, error: Error, unseen: &Error) -> Error {
    run.handle.job_name = Some(run.job_name.clone());
    run.handle.job_arn = Some(request::job_arn(&run.handle, &run.job_name));
    error.advise(format!(
        "Whether training job {} was created could not be found out ({}). The next refresh tells; nothing was undone.",
        run.job_name,
        unseen.message()
    ))
}

/// Sends the request: waits for IAM, tells a lost answer from a taken name, and names the quota. `tried`: it was sent at all.
async fn send(run: &mut Run<'_>, tried: &mut bool) -> Result<String, Error> {
    let timing = run.aws.timing();
    let until = Instant::now() + timing.propagation;
    let mut poll = Poll::new(timing.create);
    let mut attempt = 0;
    loop {
        let body = request::build(run)?;
        let region = run.spec.region.as_str();
        let turn = run.aws.turn_to_create(region, &run.watch).await?;
        *tried = true;
        let call = run
            .aws
            .json(Service::Sagemaker, region, "CreateTrainingJob", &body);
        let error = match turn.with(call).await {
            Ok(answer) => {
                let arn = answer["TrainingJobArn"].as_str().map(str::to_owned);
                return Ok(arn.unwrap_or_else(|| request::job_arn(&run.handle, &run.job_name)));
            }
            Err(error) => error.about(format!("training job {}", run.job_name)),
        };
        if error.code() == Some("ResourceInUse")
            || matches!(error.kind(), Kind::Network | Kind::Other)
        {
            // The answer to our own call may have been lost while the job was created.
            let found = match look_again(run).await {
                Ok(found) => found,
                Err(unseen) => return Err(may_exist(run, error, &unseen)),
            };
            match found {
                Seen::Ours => return Ok(exists(run)),
                Seen::Anothers => {
                    attempt += 1;
                    name::choose(run, attempt).await?;
                    manifest::write(run).await?;
                    continue;
                }
                Seen::Nothing => return Err(error),
            }
        }
        if is_propagating(&error) {
            if Instant::now() < until {
                tracing::info!(%error, "IAM has not caught up; trying again");
                run.watch.sleep(poll.pause()).await?;
                continue;
            }
            let role = run.handle.role_arn.clone().unwrap_or_default();
            return Err(error
                .advise(format!(
                    "It was tried for {} s. Role {role} must trust sagemaker.amazonaws.com and allow what the message names (list and read of the inputs, write of \
                     the output, pull of the image).",
                    timing.propagation.as_secs()
                ))
                .on("role"));
        }
        if error.kind() == Kind::Throttled && Instant::now() < until {
            run.watch.sleep(poll.pause()).await?;
            continue;
        }
        return Err(match error.kind() {
            Kind::Quota => quota::explain(error, &run.spec.region),
            Kind::AccessDenied => error.advise(
                "The credentials need sagemaker:CreateTrainingJob, sagemaker:AddTags and iam:PassRole on the execution role; the permissions guide and the \
                 function iam_policy list everything.",
            ),
            _ => error,
        });
    }
}

enum Seen {
    Nothing,
    Ours,
    Anothers,
}

/// The job of the name that was used.
async fn seen(run: &Run<'_>) -> Result<Seen, Error> {
    let Some(job) = describe(run.aws, &run.spec.region, &run.job_name).await? else {
        return Ok(Seen::Nothing);
    };
    let ours = job.tags(run.aws).await?.get(naming::TAG_RUN) == Some(&run.handle.nonce);
    Ok(if ours { Seen::Ours } else { Seen::Anothers })
}

/// Looks for the job of the name that was used, with patience: an outage may last longer than a call's retries.
async fn look_again(run: &Run<'_>) -> Result<Seen, Error> {
    let mut poll = Poll::new(run.aws.timing().look_again);
    let mut tries = 0;
    loop {
        match seen(run).await {
            Ok(seen) => return Ok(seen),
            Err(error) => {
                tries += 1;
                if tries == 4 || run.watch.sleep(poll.pause()).await.is_err() {
                    return Err(error);
                }
            }
        }
    }
}

/// The job that a run's planned start has made. One of the same name that does not carry the run's tag is somebody else's; one
/// whose tags may not be looked at is taken for the run's.
pub(crate) async fn started(aws: &Aws, handle: &Handle) -> Result<Option<Job>, Error> {
    let name = handle.job_name.as_deref().unwrap_or_default();
    let Some(job) = describe(aws, &handle.region, name).await? else {
        return Ok(None);
    };
    let ours = match job.tags(aws).await {
        Ok(tags) => tags.get(naming::TAG_RUN) == Some(&handle.nonce),
        Err(_) => true,
    };
    Ok(ours.then_some(job))
}

/// A job as SageMaker describes it: DescribeTrainingJob's answer, as it comes over the wire.
pub(crate) struct Job(pub(crate) Value);

/// The job of this name; `None` when there is none.
pub(crate) async fn describe(aws: &Aws, region: &str, name: &str) -> Result<Option<Job>, Error> {
    let answer = call(aws, region, "DescribeTrainingJob", name).await;
    Ok(Removal::gone_is_fine(answer)?.map(Job))
}

/// A call that takes the job's name and nothing else.
async fn call(
    aws: &Aws,
    region: &str,
    operation: &'static str,
    name: &str,
) -> Result<Value, Error> {
    let body = json!({ "TrainingJobName": name });
    let answer = aws.json(Service::Sagemaker, region, operation, &body).await;
    answer.map_err(|error| error.about(format!("training job {name} in {region}")))
}

/// A point in time as JSON has it: seconds since 1970.
pub(crate) fn moment(seconds: &Value) -> Option<DateTime> {
    seconds.as_f64().map(DateTime::from_secs_f64)
}

impl Job {
    pub(crate) fn status(&self) -> &str {
        self.0["TrainingJobStatus"].as_str().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.0["TrainingJobName"].as_str().unwrap_or_default()
    }

    /// Prefix of its results, `s3://`.
    pub(crate) fn output_path(&self) -> Option<&str> {
        self.0["OutputDataConfig"]["S3OutputPath"].as_str()
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(
            self.status(),
            "Completed" | "Failed" | "Stopped" | "Deleting"
        )
    }

    pub(crate) fn created_at(&self) -> Option<String> {
        moment(&self.0["CreationTime"]).as_ref().and_then(rfc3339)
    }

    pub(crate) fn arn(&self) -> &str {
        self.0["TrainingJobArn"].as_str().unwrap_or_default()
    }

    pub(crate) async fn tags(&self, aws: &Aws) -> Result<Tags, Error> {
        let region = self.arn().split(':').nth(3).unwrap_or_default();
        sagemaker_tags::of(aws, region, self.arn()).await
    }

    /// It was created for the same name on the same buckets, and nobody has let go of it.
    pub(crate) async fn belongs_to(&self, run: &Run<'_>) -> Result<bool, Error> {
        let bucket = self.output_path().and_then(naming::split_s3_uri);
        let bucket = bucket.map(|(bucket, _)| bucket);
        if bucket != Some(run.work_bucket_name()?) {
            return Ok(false);
        }
        let tags = self.tags(run.aws).await?;
        let is = |key: &str, value: &str| tags.get(key).map(String::as_str) == Some(value);
        Ok(is(naming::TAG_MANAGED_BY, naming::MANAGED_BY)
            && is(naming::TAG_TRAINING, &run.spec.name)
            && !tags.contains_key(naming::TAG_RELEASED))
    }
}

/// How a stop went.
pub(crate) enum Stopping {
    /// There is no such job.
    Gone,
    /// Another run has the name.
    NotOurs,
    /// It had ended before.
    WasOver,
    /// It was stopped for this.
    Stopped { seconds: u64 },
}

/// Marks the job that a handle names as released, then stops it and waits for its end. A start that is still planned is
/// the caller's ([`schedule::cancel`]). What could not be done and holds nothing up is remarked.
pub(crate) async fn let_go_and_stop(
    aws: &Aws,
    handle: &Handle,
    watch: &Watch<'_>,
    remarks: &mut Vec<Remark>,
) -> Result<Stopping, Error> {
    let (Some(name), region) = (handle.job_name.as_deref(), handle.region.as_str()) else {
        return Ok(Stopping::Gone);
    };
    let Some(job) = describe(aws, region, name).await? else {
        return Ok(Stopping::Gone);
    };
    if !handle.nonce.is_empty() {
        match job.tags(aws).await {
            Ok(tags) => {
                let run = tags.get(naming::TAG_RUN);
                if run.is_some_and(|run| *run != handle.nonce) {
                    return Ok(Stopping::NotOurs);
                }
            }
            Err(error) => remarks.push(Remark::new(
                format!("tags of training job {name} could not be read"),
                format!("It is let go of by its name, as the state says. {error}"),
            )),
        }
    }
    // A foreign job is stopped because the user says so, and stays as it is otherwise.
    if job.status() != "Deleting" && !handle.foreign {
        let released = [(naming::TAG_RELEASED.to_owned(), "true".to_owned())];
        let marked = sagemaker_tags::put(aws, region, job.arn(), &released.into()).await;
        if let Some(error) = marked.err().filter(|error| error.kind() != Kind::NotFound) {
            remarks.push(Remark::new(
                format!("training job {name} could not be marked as released"),
                format!("It ends all the same. {error}"),
            ));
        }
    }
    if job.is_terminal() {
        return Ok(Stopping::WasOver);
    }
    if job.status() != "Stopping"
        && let Err(error) = call(aws, region, "StopTrainingJob", name).await
    {
        // It ended by itself a moment ago.
        let over =
            error.code() == Some("ValidationException") && error.message().contains("in status");
        if !over && error.kind() != Kind::NotFound {
            return Err(error);
        }
    }
    let begun = Instant::now();
    let mut poll = Poll::new(aws.timing().end);
    loop {
        match describe(aws, region, name).await? {
            None => return Ok(Stopping::Gone),
            Some(job) if job.is_terminal() => {
                return Ok(Stopping::Stopped {
                    seconds: begun.elapsed().as_secs(),
                });
            }
            Some(job) => tracing::debug!(name, status = job.status(), "waiting for the end"),
        }
        watch.sleep(poll.pause()).await?;
    }
}

/// Deletes the record of an ended job and waits until it is gone.
async fn delete(aws: &Aws, region: &str, name: &str, watch: &Watch<'_>) -> Result<(), Error> {
    let mut poll = Poll::new(aws.timing().end);
    while let Err(error) = call(aws, region, "DeleteTrainingJob", name).await {
        match error.kind() {
            Kind::NotFound => return Ok(()),
            // Still ending, or its deletion is under way.
            Kind::Conflict => watch.sleep(poll.pause()).await?,
            _ => return Err(error),
        }
    }
    while describe(aws, region, name).await?.is_some() {
        watch.sleep(poll.pause()).await?;
    }
    Ok(())
}
