//! One-time schedules of EventBridge Scheduler: one call, made later by AWS itself with a role of ours.
//!
//! A schedule has one group per resource and region, one role per resource, and one dead-letter queue per resource and
//! region; [`crate::steps`]'s step "scheduling" makes them. A schedule carries no tags: what it sends does.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::naming;
use crate::retry::{Poll, Watch};
use crate::settings::Service;

/// Longest input of a universal target, bytes.
pub const INPUT_MAX_BYTES: usize = 262_144;

/// How often a call that failed is made again, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    attempts: u32,
    seconds: u32,
}

/// Of a start: enough for a throttled second, too few for another day.
pub(crate) const SOON_OR_NEVER: Patience = Patience {
    attempts: 5,
    seconds: 3600,
};
/// Of a deletion, which costs money until it comes: all that EventBridge Scheduler takes (API reference,
/// RetryPolicy).
pub(crate) const LATE_IS_FINE: Patience = Patience {
    attempts: 185,
    seconds: 86_400,
};
/// hashicorp/aws repeats a call that ends in this sentence: IAM has not spread the role yet.
const PROPAGATING: &str = "must allow AWS EventBridge Scheduler to assume the role";

/// One call, later.
#[derive(Debug)]
pub(crate) struct OneTime<'a> {
    pub(crate) region: &'a str,
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// `sagemaker:createTrainingJob`, `fsx:deleteFileSystem`.
    pub(crate) target: &'static str,
    /// The request, spelt as the API spells it.
    pub(crate) input: &'a str,
    pub(crate) role_arn: &'a str,
    /// ARN of the queue for what failed for good.
    pub(crate) dead_letters: &'a str,
    pub(crate) description: &'a str,
    pub(crate) patience: Patience,
}

impl OneTime<'_> {
    fn request(&self) -> Value {
        let partition = naming::partition(self.region);
        json!({
            "GroupName": self.group,
            "Description": self.description,
            "ScheduleExpression": format!("at({})", clock_time(self.at)),
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "ActionAfterCompletion": "DELETE",
            "State": "ENABLED",
            "Target": {
                "Arn": format!("arn:{partition}:scheduler:::aws-sdk:{}", self.target),
                "RoleArn": self.role_arn,
                "Input": self.input,
                "RetryPolicy": {
                    "MaximumRetryAttempts": self.patience.attempts,
                    "MaximumEventAgeInSeconds": self.patience.seconds,
                },
                "DeadLetterConfig": { "Arn": self.dead_letters },
            },
        })
    }

    /// Creates it; waits for IAM. `token` makes a repeated call the same call.
    pub(crate) async fn create(
        &self,
        aws: &Aws,
        token: &str,
        watch: &Watch<'_>,
    ) -> Result<(), Error> {
        let mut body = self.request();
        body["ClientToken"] = json!(token);
        self.send(aws, ("POST", "CreateSchedule"), &body, watch)
            .await
    }

    /// Puts all of it anew.
    pub(crate) async fn update(&self, aws: &Aws, watch: &Watch<'_>) -> Result<(), Error> {
        self.send(aws, ("PUT", "UpdateSchedule"), &self.request(), watch)
            .await
    }

    async fn send(
        &self,
        aws: &Aws,
        call: (&'static str, &'static str),
        body: &Value,
        watch: &Watch<'_>,
    ) -> Result<(), Error> {
        let timing = aws.timing();
        let until = Instant::now() + timing.propagation;
        let mut poll = Poll::new(timing.create);
        let path = ["schedules", self.name];
        loop {
            let answer = aws
                .rest(
                    Service::Scheduler,
                    self.region,
                    call,
                    &path,
                    &[],
                    Some(body),
                )
                .await;
            let error = match answer {
                Ok(_) => return Ok(()),
                Err(error) => about(error, self.name, self.region),
            };
            let propagating = error.message().contains(PROPAGATING);
            if (propagating || error.kind() == Kind::Throttled) && Instant::now() < until {
                tracing::info!(%error, "trying again");
                watch.sleep(poll.pause()).await?;
                continue;
            }
            return Err(match error.kind() {
                _ if propagating => error
                    .advise(format!(
                        "It was tried for {} s. Role {} must trust scheduler.amazonaws.com, with aws:SourceArn, if that is a condition, equal to the ARN of \
                         schedule group {}.",
                        timing.propagation.as_secs(),
                        self.role_arn,
                        self.group
                    ))
                    .on("scheduler_role"),
                Kind::AccessDenied => error.advise(
                    "The credentials need scheduler:CreateSchedule and iam:PassRole on the role that starts the run; the permissions guide and the function \
                     iam_policy list everything.",
                ),
                _ => error,
            });
        }
    }
}

/// `2026-03-02T01:00:00`: an `at()` expression takes neither a zone nor fractions.
pub(crate) fn clock_time(seconds: i64) -> String {
    DateTime::from_secs(seconds)
        .fmt(Format::DateTime)
        .unwrap_or_default()
        .trim_end_matches('Z')
        .to_owned()
}

/// RFC 3339 as seconds since 1970, fractions cut off.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    DateTime::from_str(text, Format::DateTimeWithOffset)
        .ok()
        .map(|moment| moment.secs())
}

/// ARN of a schedule.
pub(crate) fn arn(region: &str, account: &str, group: &str, name: &str) -> String {
    let partition = naming::partition(region);
    format!("arn:{partition}:scheduler:{region}:{account}:schedule/{group}/{name}")
}

/// One call about a schedule that may not be there; `None` when it is not.
async fn ask(
    aws: &Aws,
    region: &str,
    call: (&'static str, &'static str),
    (group, name): (&str, &str),
) -> Result<Option<Value>, Error> {
    let (path, query) = (["schedules", name], [("groupName", group)]);
    let answer = aws
        .rest(Service::Scheduler, region, call, &path, &query, None)
        .await;
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(about(error, name, region)),
    }
}

/// What is stored of a schedule; `None` when there is none, which is so too once it has fired.
pub(crate) async fn get(
    aws: &Aws,
    region: &str,
    group: &str,
    name: &str,
) -> Result<Option<Value>, Error> {
    ask(aws, region, ("GET", "GetSchedule"), (group, name)).await
}

/// Deletes a schedule; whether there was one.
pub(crate) async fn delete(
    aws: &Aws,
    region: &str,
    group: &str,
    name: &str,
) -> Result<bool, Error> {
    let answer = ask(aws, region, ("DELETE", "DeleteSchedule"), (group, name)).await?;
    Ok(answer.is_some())
}

/// Why the call of a schedule failed for good, as its dead letter says. The letter stays in the queue: who reads it
/// may not be able to keep what it says.
pub(crate) async fn dead_letter(
    aws: &Aws,
    region: &str,
    queue_url: &str,
    schedule_arn: &str,
) -> Result<Option<String>, Error> {
    // A long poll asks all of the queue's servers, a short one only some.
    let body = json!({
        "QueueUrl": queue_url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "WaitTimeSeconds": 1,
        "MessageAttributeNames": ["All"],
    });
    let answer = aws
        .json(Service::Sqs, region, "ReceiveMessage", &body)
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.kind() == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error.about(format!("dead-letter queue {queue_url}"))),
    };
    let letters = answer["Messages"].as_array().into_iter().flatten();
    Ok(letters
        .map(|letter| &letter["MessageAttributes"])
        .find(|told| told["SCHEDULE_ARN"]["StringValue"] == schedule_arn)
        .map(reason))
}

fn reason(told: &Value) -> String {
    let say = |name: &str| told[name]["StringValue"].as_str().unwrap_or_default();
    let message = say("ERROR_MESSAGE").trim_end_matches('.');
    let retries = match say("RETRY_ATTEMPTS") {
        "" | "0" => "no retry".to_owned(),
        "1" => "1 retry".to_owned(),
        number => format!("{number} retries"),
    };
    format!(
        "{}: {message} (EventBridge Scheduler gave up after {retries})",
        say("ERROR_CODE")
    )
}

fn about(error: Error, name: &str, region: &str) -> Error {
    error.about(format!("schedule {name} in {region}"))
}

#[cfg(test)]
mod tests {
    use super::{clock_time, seconds};

    #[test]
    fn a_moment_is_written_in_utc_without_fractions() {
        for (written, expected) in [
            ("2026-03-02T01:00:00Z", "2026-03-02T01:00:00"),
            ("2026-03-02T01:00:00.987Z", "2026-03-02T01:00:00"),
            ("2026-03-02T01:00:00+02:00", "2026-03-01T23:00:00"),
            ("2026-03-29T02:30:00-07:00", "2026-03-29T09:30:00"),
            ("2028-02-29T23:59:59+00:00", "2028-02-29T23:59:59"),
        ] {
            assert_eq!(
                seconds(written).map(clock_time).as_deref(),
                Some(expected),
                "{written}"
            );
        }
        assert_eq!(seconds("tomorrow"), None);
    }
}
