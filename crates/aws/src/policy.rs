//! The least-privilege policy of the caller, for the features in use.
//!
//! One table: feature, action, resource. The end-to-end tests run with exactly what it gives, so that a call that is
//! not in the table fails there first.

use serde::Serialize;
use serde_json::{Value, json};

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

/// What actions apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Any,
    Jobs,
    Buckets,
    /// Objects that are ours.
    OwnObjects,
    Objects,
    Roles,
    PassedRoles,
    Dashboards,
    FileSystems,
    LinkRoles,
    Schedules,
    ScheduleGroups,
    Queues,
    StarterRoles,
    Alarms,
    Rules,
    Logs,
    Keys,
    Experiments,
    ModelPackages,
}

impl On {
    fn resource(self) -> Value {
        match self {
            On::Any => json!("*"),
            On::Jobs => json!("arn:aws:sagemaker:*:*:training-job/*"),
            On::Buckets => json!("arn:aws:s3:::*"),
            On::OwnObjects => json!([
                "arn:aws:s3:::*/sustainable/*",
                "arn:aws:s3:::*/sustainability-reports/*"
            ]),
            On::Objects => json!("arn:aws:s3:::*/*"),
            On::Roles => json!([
                "arn:aws:iam::*:role/sustainable-*",
                "arn:aws:iam::*:role/*/sustainable-*"
            ]),
            On::PassedRoles | On::StarterRoles => json!("arn:aws:iam::*:role/*"),
            On::Dashboards => json!("arn:aws:cloudwatch::*:dashboard/sustainable-*"),
            On::FileSystems => json!([
                "arn:aws:fsx:*:*:file-system/*",
                "arn:aws:fsx:*:*:association/*",
                "arn:aws:fsx:*:*:task/*"
            ]),
            On::LinkRoles => json!("arn:aws:iam::*:role/aws-service-role/*fsx.amazonaws.com/*"),
            On::Schedules => json!("arn:aws:scheduler:*:*:schedule/sustainable-*"),
            On::ScheduleGroups => json!("arn:aws:scheduler:*:*:schedule-group/sustainable-*"),
            On::Queues => json!("arn:aws:sqs:*:*:sustainable-*"),
            On::Alarms => json!("arn:aws:cloudwatch:*:*:alarm:sustainable-*"),
            On::Rules => json!("arn:aws:events:*:*:rule/sustainable-*"),
            On::Logs => json!("arn:aws:logs:*:*:log-group:/aws/sagemaker/TrainingJobs*"),
            On::Keys => json!("arn:aws:kms:*:*:key/*"),
            On::Experiments => json!([
                "arn:aws:sagemaker:*:*:experiment/*",
                "arn:aws:sagemaker:*:*:experiment-trial/*",
                "arn:aws:sagemaker:*:*:experiment-trial-component/*"
            ]),
            On::ModelPackages => json!([
                "arn:aws:sagemaker:*:*:model-package-group/*",
                "arn:aws:sagemaker:*:*:model-package/*"
            ]),
        }
    }

    /// Name of a statement that several features share.
    fn sid(self) -> Option<&'static str> {
        Some(match self {
            On::Any => "LookUp",
            On::Jobs => "TrainingJobs",
            On::Buckets => "Buckets",
            On::OwnObjects => "OwnObjects",
            On::Roles => "Roles",
            On::Dashboards => "Dashboards",
            On::Schedules => "Schedules",
            On::Queues => "DeadLetterQueues",
            On::Alarms => "Alarms",
            On::Rules => "Rules",
            On::FileSystems => "FileSystems",
            _ => return None,
        })
    }

    fn condition(self) -> Option<Value> {
        let service = match self {
            On::PassedRoles => "sagemaker.amazonaws.com",
            On::StarterRoles => "scheduler.amazonaws.com",
            _ => return None,
        };
        Some(json!({ "StringEquals": { "iam:PassedToService": service } }))
    }
}

/// Feature, actions, resource; the statements appear in this order.
const TABLE: &[(&[&str], &str, &[&str], On)] = &[
    (
        &["plan", "run"],
        "ReadJobs",
        &["sagemaker:DescribeTrainingJob", "sagemaker:ListTags"],
        On::Jobs,
    ),
    (
        &["plan", "run"],
        "ReadBuckets",
        &["s3:ListBucket"],
        On::Buckets,
    ),
    (
        &["run"],
        "ReadBucketTags",
        &["s3:GetBucketTagging"],
        On::Buckets,
    ),
    (
        &["plan", "run"],
        "ReadOwnObjects",
        &["s3:GetObject"],
        On::OwnObjects,
    ),
    (&["plan"], "ReadRoles", &["iam:GetRole"], On::Roles),
    (
        &["plan"],
        "ReadDashboards",
        &["cloudwatch:GetDashboard"],
        On::Dashboards,
    ),
    (
        &["plan", "metrics"],
        "ReadMetrics",
        &["cloudwatch:GetMetricData"],
        On::Any,
    ),
    (
        &["plan", "alarms"],
        "ReadAlarms",
        &["cloudwatch:ListTagsForResource"],
        On::Alarms,
    ),
    (
        &["plan", "alarms"],
        "ReadRules",
        &["events:ListTagsForResource"],
        On::Rules,
    ),
    (
        &["plan", "logs"],
        "ReadLogs",
        &["logs:DescribeLogStreams", "logs:GetLogEvents"],
        On::Logs,
    ),
    (
        &["run"],
        "RunJobs",
        &[
            "sagemaker:CreateTrainingJob",
            "sagemaker:StopTrainingJob",
            "sagemaker:DeleteTrainingJob",
            "sagemaker:AddTags",
            "sagemaker:DeleteTags",
        ],
        On::Jobs,
    ),
    (
        &["run"],
        "PassExecutionRole",
        &["iam:PassRole"],
        On::PassedRoles,
    ),
    (
        &["run"],
        "WriteOwnObjects",
        &["s3:PutObject", "s3:DeleteObject"],
        On::OwnObjects,
    ),
    (
        &["run"],
        "NearestBucketName",
        &["s3:ListAllMyBuckets"],
        On::Any,
    ),
    (
        &["create_bucket", "companion_bucket"],
        "ManageBuckets",
        &[
            "s3:CreateBucket",
            "s3:TagResource",
            "s3:PutBucketTagging",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutEncryptionConfiguration",
            "s3:PutBucketVersioning",
            "s3:PutBucketPolicy",
            "s3:PutLifecycleConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucketVersions",
            "s3:DeleteBucket",
        ],
        On::Buckets,
    ),
    // force_destroy empties a managed bucket, whatever is in it, version by version.
    (
        &["create_bucket", "companion_bucket"],
        "EmptyBuckets",
        &["s3:DeleteObjectVersion"],
        On::Objects,
    ),
    (
        &["companion_bucket"],
        "FindUploads",
        &["s3:ListBucketMultipartUploads"],
        On::Buckets,
    ),
    (
        &["companion_bucket"],
        "StageFrom",
        &["s3:GetObject"],
        On::Objects,
    ),
    (
        &["companion_bucket"],
        "StageTo",
        &[
            "s3:PutObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ],
        On::OwnObjects,
    ),
    (
        &["managed_role"],
        "ManageRoles",
        &[
            "iam:CreateRole",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:GetRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:PutRolePolicy",
            "iam:ListRolePolicies",
            "iam:DeleteRolePolicy",
            "iam:DeleteRole",
        ],
        On::Roles,
    ),
    (
        &["dashboard"],
        "ManageDashboards",
        &[
            "cloudwatch:PutDashboard",
            "cloudwatch:GetDashboard",
            "cloudwatch:DeleteDashboards",
        ],
        On::Dashboards,
    ),
    (
        &["plan", "delayed_start"],
        "ReadSchedules",
        &["scheduler:GetSchedule"],
        On::Schedules,
    ),
    (
        &["plan", "delayed_start"],
        "ReadDeadLetters",
        &["sqs:ReceiveMessage"],
        On::Queues,
    ),
    (
        &["delayed_start", "fsx"],
        "ManageSchedules",
        &[
            "scheduler:CreateSchedule",
            "scheduler:UpdateSchedule",
            "scheduler:DeleteSchedule",
        ],
        On::Schedules,
    ),
    (
        &["delayed_start", "fsx"],
        "ManageScheduleGroups",
        &[
            "scheduler:CreateScheduleGroup",
            "scheduler:GetScheduleGroup",
            "scheduler:DeleteScheduleGroup",
            "scheduler:ListTagsForResource",
            "scheduler:TagResource",
            "scheduler:UntagResource",
        ],
        On::ScheduleGroups,
    ),
    (
        &["delayed_start", "fsx"],
        "ManageDeadLetterQueues",
        &[
            "sqs:CreateQueue",
            "sqs:GetQueueUrl",
            "sqs:ListQueueTags",
            "sqs:TagQueue",
            "sqs:UntagQueue",
            "sqs:DeleteQueue",
        ],
        On::Queues,
    ),
    (
        &["delayed_start", "fsx"],
        "PassSchedulerRole",
        &["iam:PassRole"],
        On::StarterRoles,
    ),
    (
        &["plan", "fsx"],
        "ReadFileSystems",
        &["fsx:DescribeFileSystems"],
        On::FileSystems,
    ),
    (
        &["fsx"],
        "ManageFileSystems",
        &[
            "fsx:CreateFileSystem",
            "fsx:TagResource",
            "fsx:UntagResource",
            "fsx:DeleteFileSystem",
            "fsx:CreateDataRepositoryAssociation",
            "fsx:DescribeDataRepositoryAssociations",
            "fsx:CreateDataRepositoryTask",
            "fsx:DescribeDataRepositoryTasks",
        ],
        On::FileSystems,
    ),
    // FSx makes roles of its own for its network and for the link to a bucket.
    (
        &["fsx"],
        "LinkFileSystems",
        &[
            "iam:CreateServiceLinkedRole",
            "iam:AttachRolePolicy",
            "iam:PutRolePolicy",
        ],
        On::LinkRoles,
    ),
    (
        &["alarms"],
        "ManageAlarms",
        &[
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
            "cloudwatch:DeleteAlarms",
        ],
        On::Alarms,
    ),
    (
        &["alarms"],
        "ManageRules",
        &[
            "events:PutRule",
            "events:PutTargets",
            "events:TagResource",
            "events:UntagResource",
            "events:RemoveTargets",
            "events:DeleteRule",
        ],
        On::Rules,
    ),
    (
        &["quotas"],
        "ReadQuotas",
        &["servicequotas:ListServiceQuotas"],
        On::Any,
    ),
    (
        &["warm_pool"],
        "EndWarmPools",
        &["sagemaker:UpdateTrainingJob"],
        On::Jobs,
    ),
    (
        &["training_plan"],
        "ReadTrainingPlans",
        &["sagemaker:DescribeTrainingPlan"],
        On::Any,
    ),
    (
        &["prices"],
        "ReadPrices",
        &["ec2:DescribeSpotPriceHistory", "pricing:GetProducts"],
        On::Any,
    ),
    (
        &["kms"],
        "UseKeys",
        &[
            "kms:GenerateDataKey",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:CreateGrant",
        ],
        On::Keys,
    ),
    (
        &["experiments"],
        "RecordRuns",
        &[
            "sagemaker:CreateExperiment",
            "sagemaker:CreateTrial",
            "sagemaker:DescribeExperiment",
            "sagemaker:DescribeTrial",
            "sagemaker:DisassociateTrialComponent",
            "sagemaker:DeleteTrialComponent",
            "sagemaker:DeleteTrial",
            "sagemaker:DeleteExperiment",
            "sagemaker:AddTags",
            "sagemaker:DeleteTags",
            "sagemaker:ListTags",
        ],
        On::Experiments,
    ),
    (
        &["experiments"],
        "ListRecords",
        &["sagemaker:ListTrials", "sagemaker:ListTrialComponents"],
        On::Any,
    ),
    (
        &["model_registry"],
        "RegisterModels",
        &[
            "sagemaker:CreateModelPackageGroup",
            "sagemaker:CreateModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:DescribeModelPackage",
            "sagemaker:DeleteModelPackageGroup",
            "sagemaker:AddTags",
            "sagemaker:DeleteTags",
            "sagemaker:ListTags",
        ],
        On::ModelPackages,
    ),
    (
        &["model_registry"],
        "ListModels",
        &["sagemaker:ListModelPackages"],
        On::Any,
    ),
    (
        &["copy_artifacts"],
        "FindCopies",
        &["s3:ListBucketMultipartUploads"],
        On::Buckets,
    ),
    (
        &["copy_artifacts"],
        "CopyArtifacts",
        &[
            "s3:GetObject",
            "s3:PutObject",
            "s3:ListMultipartUploadParts",
        ],
        On::Objects,
    ),
];

/// The policy document for these features, indented.
///
/// # Errors
/// The name of an unknown feature, with the known ones.
pub fn iam_policy(features: &[&str]) -> Result<String, String> {
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
