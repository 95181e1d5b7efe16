//! What EventBridge and CloudWatch are sent.

use serde_json::{Value, json};

use super::{PERIOD_SECONDS, TARGET};
use crate::handle::Handle;
use crate::metrics::{NAMESPACE, host};
use crate::spec::{Alarms, Waste};

/// Metrics that an alarm on an expression may look at, the expression not counted (user guide: 10).
const HOSTS_MAX: u32 = 9;

/// The rule and its target. An over-run and spot capacity that never came end as `Stopped`; the secondary status tells.
pub(super) fn rule(handle: &Handle, job: &str, alarms: &Alarms) -> (Value, Value) {
    let pattern = json!({
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": { "TrainingJobName": [job], "TrainingJobStatus": ["Failed", "Stopped"] },
    });
    let rule = json!({
        "Description": format!("Tells {} when training {} fails, is stopped or runs over", alarms.topic_arn, handle.name),
        "EventPattern": pattern.to_string(),
        "State": "ENABLED",
    });
    let url = log_url(handle, job);
    let template = format!(
        "\"Training {} (job <job> in <region>) ended with status <status> (<secondary>). <reason> Logs: {url}\"",
        handle.name
    );
    let target = json!({
        "Id": TARGET,
        "Arn": alarms.topic_arn,
        "InputTransformer": {
            "InputPathsMap": {
                "job": "$.detail.TrainingJobName",
                "region": "$.region",
                "status": "$.detail.TrainingJobStatus",
                "secondary": "$.detail.SecondaryStatus",
                "reason": "$.detail.FailureReason",
            },
            "InputTemplate": template,
        },
    });
    (rule, target)
}

fn log_url(handle: &Handle, job: &str) -> String {
    let named = Handle {
        job_name: Some(job.to_owned()),
        ..handle.clone()
    };
    named.log_url().unwrap_or_default()
}

/// The busiest instance is at less than the threshold, for as long as `waste` says. A job that has ended has no figures:
/// that is no alarm.
pub(super) fn alarm(
    handle: &Handle,
    job: &str,
    topic_arn: &str,
    waste: &Waste,
) -> Vec<(String, String)> {
    let periods = (waste.minutes * 60 / PERIOD_SECONDS).max(1);
    let hosts = handle.instance_count.clamp(1, HOSTS_MAX);
    let ids: Vec<String> = (1..=hosts).map(|number| format!("m{number}")).collect();
    let mut all: Vec<(String, String)> = [
        (
            "AlarmDescription",
            format!(
                "Training {}: the accelerators of {job} were used less than {} % for {} minutes, and are paid for",
                handle.name,
                waste.below_percent,
                waste.minutes
            ),
        ),
        ("ActionsEnabled", "true".to_owned()),
        ("AlarmActions.member.1", topic_arn.to_owned()),
        ("EvaluationPeriods", periods.to_string()),
        ("DatapointsToAlarm", periods.to_string()),
        ("Threshold", waste.below_percent.to_string()),
        ("ComparisonOperator", "LessThanThreshold".to_owned()),
        ("TreatMissingData", "notBreaching".to_owned()),
        ("Metrics.member.1.Id", "busiest".to_owned()),
        (
            "Metrics.member.1.Expression",
            // AWS counts 100 for each accelerator.
            format!("MAX([{}])/{}", ids.join(","), waste.accelerators.max(1)),
        ),
        (
            "Metrics.member.1.Label",
            "Use of the accelerators, busiest instance (%)".to_owned(),
        ),
        ("Metrics.member.1.ReturnData", "true".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    for number in 1..=hosts {
        let member = format!("Metrics.member.{}", number + 1);
        let stat = format!("{member}.MetricStat");
        let dimension = format!("{stat}.Metric.Dimensions.member.1");
        all.extend([
            (format!("{member}.Id"), format!("m{number}")),
            (format!("{member}.ReturnData"), "false".to_owned()),
            (format!("{stat}.Metric.Namespace"), NAMESPACE.to_owned()),
            (
                format!("{stat}.Metric.MetricName"),
                "GPUUtilization".to_owned(),
            ),
            (format!("{dimension}.Name"), "Host".to_owned()),
            (format!("{dimension}.Value"), host(job, number)),
            (format!("{stat}.Period"), PERIOD_SECONDS.to_string()),
            (format!("{stat}.Stat"), "Average".to_owned()),
        ]);
    }
    all
}
