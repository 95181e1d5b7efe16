//! A look at the job: AWS's answer, turned into what a user asks.

use serde_json::{Value, json};

use crate::claim;
use crate::clients::Aws;
use crate::control::{Control, NoProgress};
use crate::error::Error;
use crate::handle::Handle;
use crate::lifecycle::{DestroyOptions, ReadOptions};
use crate::metrics;
use crate::naming;
use crate::observation::{Observation, Outcome, Phase};
use crate::removal::Removal;
use crate::report::{ReadReport, Remark};
use crate::request;
use crate::s3::{Bucket, rfc3339, seconds_between};
use crate::settings::Service;
use crate::spec::Compression;
use crate::steps::{
    Job, STEPS, describe, forget_gone_file_systems, moment, observe_schedule, same_account, started,
};

const LOG_GROUP: &str = "/aws/sagemaker/TrainingJobs";
const LOG_LINES: usize = 20;
/// Streams that are looked at: one for each instance.
const LOG_STREAMS: usize = 8;

/// What [`crate::lifecycle::read`] does.
pub(crate) async fn read(
    aws: &Aws,
    handle: &Handle,
    options: ReadOptions,
) -> Result<ReadReport, Error> {
    let mut report = ReadReport {
        handle: handle.clone(),
        observation: Observation {
            status: "NotFound".to_owned(),
            outcome: Outcome::Unknown,
            ..Observation::default()
        },
        remarks: Vec::new(),
        missing: Vec::new(),
        dashboard_missing: false,
        alarms_missing: false,
    };
    let Some(name) = &handle.job_name else {
        return Ok(report);
    };
    // In another account everything would look deleted.
    let account = aws.account_id().await?;
    same_account(&handle.account_id, &account)?;
    // A job that came by a move may know neither.
    report.handle.account_id = account;
    if handle.job_arn.is_none() {
        report.handle.job_arn = Some(request::job_arn(&report.handle, name));
    }
    let found = look(aws, &mut report.handle).await?;
    if let Found::Start(seen) = found {
        report.observation = *seen;
    } else if let Found::Job(job) = found {
        report.handle.job_arn = Some(job.arn().to_owned());
        report.observation = observe(&job, handle);
        match job.tags(aws).await {
            Ok(tags) => {
                report.observation.released = tags.contains_key(naming::TAG_RELEASED);
                report.handle.tags.clone_from(&tags);
                report.observation.tags = Some(tags);
            }
            Err(error) => tracing::debug!(%error, "tags not readable"),
        }
        if matches!(
            report.observation.outcome,
            Outcome::Succeeded | Outcome::OverRun | Outcome::StoppedByUser
        ) {
            artifacts(aws, handle, &mut report.observation).await;
        }
        if options.utilisation && report.observation.is_terminal() {
            report.observation.utilisation = utilisation(aws, handle, &report.observation).await;
        }
        if report.observation.outcome == Outcome::Failed && options.capture_logs {
            match last_lines(aws, &handle.region, name).await {
                Ok(lines) => report.observation.last_log_lines = lines,
                Err(error) => report
                    .remarks
                    .push(Remark::new("the log could not be read", error.to_string())),
            }
        }
    }
    if report.observation.is_terminal() {
        report.handle.wait_pending = false;
        forget_gone_file_systems(aws, &mut report.handle).await;
    }
    confirm(aws, &mut report.handle).await;
    if options.check_parts {
        let (_stop, stop) = tokio::sync::watch::channel(false);
        let control = Control {
            stop,
            timeout: aws.timing().looking,
            progress: &NoProgress,
        };
        let look = Removal::new(aws, &report.handle, DestroyOptions::default(), &control);
        for step in STEPS {
            if let Some(line) = step.observe(&look).await {
                report.dashboard_missing |= step.name() == "dashboard";
                report.alarms_missing |= ["event rule", "waste alarm"].contains(&step.name());
                report.missing.push(line);
            }
        }
    }
    Ok(report)
}

/// What stands behind a job's name.
pub(crate) enum Found {
    /// The job.
    Job(Box<Job>),
    /// No job yet: its planned start.
    Start(Box<Observation>),
    /// Neither.
    Nothing,
}

impl Found {
    /// What it says to a user, without what takes more calls.
    pub(crate) fn observation(&self, handle: &Handle) -> Option<Observation> {
        match self {
            Found::Job(job) => Some(observe(job, handle)),
            Found::Start(seen) => Some(seen.as_ref().clone()),
            Found::Nothing => None,
        }
    }
}

/// Looks for the job, and for its planned start while there is no job. A start that was seen to have happened is
/// forgotten.
pub(crate) async fn look(aws: &Aws, handle: &mut Handle) -> Result<Found, Error> {
    let Some(name) = handle.job_name.clone() else {
        return Ok(Found::Nothing);
    };
    let job = match handle.schedule {
        Some(_) => started(aws, handle).await?,
        None => describe(aws, &handle.region, &name).await?,
    };
    if let Some(job) = job {
        handle.schedule = None;
        return Ok(Found::Job(Box::new(job)));
    }
    if handle.schedule.is_none() {
        return Ok(Found::Nothing);
    }
    Ok(Found::Start(Box::new(observe_schedule(aws, handle).await?)))
}

/// The state was saved: nobody may take the job for lost. A plan's role is often read-only, so a refusal is no news.
async fn confirm(aws: &Aws, handle: &mut Handle) {
    let Some(reference) = handle
        .claim
        .as_mut()
        .filter(|reference| !reference.confirmed)
    else {
        return;
    };
    let bucket = Bucket::new(
        aws,
        &reference.bucket,
        &reference.region,
        &handle.account_id,
    )
    .await;
    match claim::confirm(&bucket, &reference.key, &handle.nonce).await {
        Ok(confirmed) => reference.confirmed = confirmed,
        Err(error) => tracing::debug!(%error, "the claim could not be confirmed"),
    }
}

/// What DescribeTrainingJob says.
pub(crate) fn observe(job: &Job, handle: &Handle) -> Observation {
    let answer = &job.0;
    let status = job.status().to_owned();
    let text = |value: &Value| {
        let text = value.as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    let date = |value: &Value| moment(value).as_ref().and_then(rfc3339);
    let secondary = text(&answer["SecondaryStatus"]);
    let failure = text(&answer["FailureReason"]);
    let transitions = answer["SecondaryStatusTransitions"].as_array();
    let phases: Vec<Phase> = transitions
        .into_iter()
        .flatten()
        .map(|phase| Phase {
            status: text(&phase["Status"]).unwrap_or_default(),
            start: date(&phase["StartTime"]).unwrap_or_default(),
            seconds: moment(&phase["StartTime"])
                .zip(moment(&phase["EndTime"]))
                .and_then(|(start, end)| seconds_between(&start, &end)),
            message: text(&phase["StatusMessage"]),
        })
        .collect();
    let training = answer["TrainingTimeInSeconds"].as_u64();
    let billable = answer["BillableTimeInSeconds"].as_u64();
    Observation {
        outcome: outcome(&status, secondary.as_deref(), failure.as_deref()),
        attempts: u32::try_from(
            phases
                .iter()
                .filter(|phase| phase.status == "Training")
                .count(),
        )
        .unwrap_or(u32::MAX),
        status,
        secondary_status: secondary,
        failure_reason: failure,
        created_at: date(&answer["CreationTime"]),
        started_at: date(&answer["TrainingStartTime"]),
        ended_at: date(&answer["TrainingEndTime"]),
        last_modified_at: date(&answer["LastModifiedTime"]),
        training_seconds: training,
        billable_seconds: billable,
        instance_type: text(&answer["ResourceConfig"]["SelectedInstanceType"]),
        pool_seconds: answer["WarmPoolStatus"]["ResourceRetainedBillableTimeInSeconds"].as_u64(),
        spot_saving_percent: saving(handle.spot, training, billable),
        phases,
        final_metrics: answer["FinalMetricDataList"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|metric| Some((text(&metric["MetricName"])?, decimal(&metric["Value"])?)))
            .collect(),
        model_artifacts: text(&answer["ModelArtifacts"]["S3ModelArtifacts"]),
        ..Observation::default()
    }
}

/// AWS keeps single precision, and may send more digits than that has; 0.1 is to stay 0.1.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it was single precision before"
)]
fn decimal(value: &Value) -> Option<f64> {
    let single = value.as_f64()? as f32;
    single
        .is_finite()
        .then(|| single.to_string().parse().ok())
        .flatten()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a run are far below 2^52"
)]
fn saving(spot: bool, training: Option<u64>, billable: Option<u64>) -> Option<f64> {
    match (training, billable) {
        (Some(training), Some(billable)) if spot && training > 0 => {
            Some(100.0 * (1.0 - billable as f64 / training as f64))
        }
        _ => None,
    }
}

fn outcome(status: &str, secondary: Option<&str>, failure: Option<&str>) -> Outcome {
    match (status, secondary) {
        ("Completed", _) => Outcome::Succeeded,
        ("Failed", _) if failure.is_some_and(|reason| reason.starts_with("CapacityError")) => {
            Outcome::Capacity
        }
        ("Failed", _) => Outcome::Failed,
        ("Stopped", Some("MaxRuntimeExceeded")) => Outcome::OverRun,
        ("Stopped", Some("MaxWaitTimeExceeded")) => Outcome::SpotExhausted,
        ("Stopped", _) => Outcome::StoppedByUser,
        _ => Outcome::Pending,
    }
}

/// Sizes of the results. Not allowed to look: not known.
async fn artifacts(aws: &Aws, handle: &Handle, observation: &mut Observation) {
    if let Some((bucket, key)) = observation
        .model_artifacts
        .as_deref()
        .and_then(naming::split_s3_uri)
    {
        let bucket = Bucket::new(aws, bucket, &handle.region, &handle.account_id).await;
        observation.model_size_bytes = match handle.output_compression {
            Compression::Gzip => bucket.size(key).await.ok().flatten(),
            Compression::None => {
                let folder = format!("{}/", key.trim_end_matches('/'));
                let compressed = format!("{folder}compressed/");
                let objects = bucket.list(&folder, None).await.unwrap_or_default();
                let own: Vec<u64> = objects
                    .iter()
                    .filter(|object| !object.key.starts_with(&compressed))
                    .map(|object| object.size)
                    .collect();
                (!own.is_empty()).then(|| own.iter().sum())
            }
        };
    }
    if let Some(uri) = handle.compressed_uri()
        && let Some((bucket, key)) = naming::split_s3_uri(&uri)
    {
        let bucket = Bucket::new(aws, bucket, &handle.region, &handle.account_id).await;
        observation.compressed_size_bytes = bucket.size(key).await.ok().flatten();
        observation.compressed_model_uri = observation.compressed_size_bytes.map(|_| uri);
    }
}

/// How busy the instances were. Not allowed to look: not known.
async fn utilisation(
    aws: &Aws,
    handle: &Handle,
    seen: &Observation,
) -> Option<metrics::Utilisation> {
    let asked = metrics::Asked {
        region: &handle.region,
        job_name: handle.job_name.as_deref()?,
        instances: handle.instance_count,
        started_at: seen.started_at.as_deref()?,
        ended_at: seen.ended_at.as_deref()?,
    };
    match metrics::utilisation(aws, &asked).await {
        Ok(found) => Some(found).filter(|found| !found.is_empty()),
        Err(error) => {
            tracing::debug!(%error, "metrics not readable");
            None
        }
    }
}

/// The last lines of all instances, in the order of time.
async fn last_lines(aws: &Aws, region: &str, job: &str) -> Result<Vec<String>, Error> {
    let body = json!({ "logGroupName": LOG_GROUP, "logStreamNamePrefix": format!("{job}/"), "limit": LOG_STREAMS });
    let streams = match aws
        .json(Service::Logs, region, "DescribeLogStreams", &body)
        .await
    {
        Ok(streams) => streams,
        // The job never came so far.
        Err(error) if error.kind() == crate::error::Kind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut lines: Vec<(i64, String)> = Vec::new();
    for stream in streams["logStreams"].as_array().into_iter().flatten() {
        let body = json!({ "logGroupName": LOG_GROUP, "logStreamName": stream["logStreamName"], "limit": LOG_LINES, "startFromHead": false });
        let events = aws
            .json(Service::Logs, region, "GetLogEvents", &body)
            .await?;
        let text = |event: &Value| {
            (
                event["timestamp"].as_i64().unwrap_or(0),
                event["message"]
                    .as_str()
                    .unwrap_or_default()
                    .trim_end()
                    .to_owned(),
            )
        };
        lines.extend(events["events"].as_array().into_iter().flatten().map(text));
    }
    lines.sort_by_key(|(time, _)| *time);
    let skip = lines.len().saturating_sub(LOG_LINES);
    Ok(lines.into_iter().skip(skip).map(|(_, line)| line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_keeps_its_decimals() {
        assert_eq!(decimal(&json!(0.100_000_001_490_116_12)), Some(0.1));
        assert_eq!(decimal(&json!("NaN")), None);
    }
}
