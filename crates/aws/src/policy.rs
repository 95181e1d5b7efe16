//! The least-privilege policy of the caller, for the features in use.
//!
//! One table: feature, action, resource. The end-to-end tests run with exactly what it gives, so that a call that is
//! not in the table fails there first.

mod table;

use serde::Serialize;
use serde_json::Value;

use self::table::{On, TABLE};

/// Features that [`iam_policy`] knows: name and what it is for.
pub const FEATURES: &[(&str, &str)] = &[
    ("plan", "refresh and plan only: nothing can be changed"),
    (
        "run",
        "create, update and destroy a training job in an existing bucket with an existing role",
    ),
    ("create_bucket", "create_bucket = true"),
    (
        "companion_bucket",
        "regions other than the dataset's: companion bucket and staging",
    ),
    (
        "managed_role",
        "no role_arn: the execution role is made and removed",
    ),
    (
        "delayed_start",
        "a start that lies in the future: schedule group, dead-letter queue and role for it",
    ),
    (
        "fsx",
        "use_fsx_lustre: a file system, its link to S3 and its planned deletion",
    ),
    (
        "dashboard",
        "the run's CloudWatch dashboard, and sustainable_training_dashboard",
    ),
    ("alarms", "alarm_sns_topic_arn: event rule and alarm"),
    ("metrics", "how busy the instances were, after its end"),
    ("logs", "last log lines after a failure"),
    (
        "quotas",
        "the quota is looked up before anything is created",
    ),
    ("warm_pool", "keep_alive_minutes: the pool is ended"),
    ("training_plan", "training_plan_arn: the plan is looked at"),
    ("prices", "published prices: spot, use_live_prices"),
    ("kms", "kms_key_arn, volume_kms_key_arn"),
    (
        "experiments",
        "experiment: experiment and trial are made and removed",
    ),
    (
        "model_registry",
        "model_package_group_name: the model is registered after the run",
    ),
    (
        "copy_artifacts",
        "copy_artifacts_to: narrow the last statement to its prefix",
    ),
];

/// Partitions that a policy can be for. IAM refuses one that names resources of another.
pub const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

/// The policy document for these features in one of the [`PARTITIONS`], indented.
///
/// # Errors
/// The name of an unknown feature, with the known ones.
pub fn iam_policy(features: &[&str], partition: &str) -> Result<String, String> {
    if let Some(unknown) = features
        .iter()
        .find(|feature| !FEATURES.iter().any(|(name, _)| name == *feature))
    {
        let known: Vec<&str> = FEATURES.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "\"{unknown}\" is no feature; legal are {}",
            known.join(", ")
        ));
    }
    if features.is_empty() {
        return Err("no feature was named: a policy for nothing allows nothing".to_owned());
    }
    serde_json::to_string_pretty(&Policy {
        version: "2012-10-17",
        statement: statements(features),
    })
    .map(|policy| policy.replace("arn:aws:", &format!("arn:{partition}:")))
    .map_err(|error| error.to_string())
}

/// One statement for each resource, since IAM allows a managed policy 6,144 characters. What objects anywhere are used for
/// stays apart: those are the statements that a user narrows.
fn statements(features: &[&str]) -> Vec<Statement> {
    let mut all: Vec<(On, Statement)> = Vec::new();
    let needed = TABLE
        .iter()
        .filter(|(needed_by, ..)| needed_by.iter().any(|feature| features.contains(feature)));
    for (_, sid, actions, on) in needed {
        let shared = all
            .iter_mut()
            .find(|(resource, _)| resource == on && *on != On::Objects);
        if let Some((_, statement)) = shared {
            statement.sid = on.sid().unwrap_or(statement.sid);
            let known = statement.action.clone();
            let new = actions.iter().filter(|action| !known.contains(action));
            statement.action.extend(new);
            continue;
        }
        let statement = Statement {
            sid,
            effect: "Allow",
            action: actions.to_vec(),
            resource: on.resource(),
            condition: on.condition(),
        };
        all.push((*on, statement));
    }
    all.into_iter().map(|(_, statement)| statement).collect()
}

/// In the order in which people write policies.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

#[cfg(test)]
mod tests;
