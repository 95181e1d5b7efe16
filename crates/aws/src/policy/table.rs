//! The table: features, statement, actions, and what they apply to.

use serde_json::{Value, json};

/// What actions apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
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
    TrainingPlans,
}

impl On {
    pub(super) fn resource(self) -> Value {
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
            On::TrainingPlans => json!([
                "arn:aws:sagemaker:*:*:training-plan/*",
                "arn:aws:sagemaker:*:*:reserved-capacity/*"
            ]),
        }
    }

    /// Name of a statement that several features share.
    pub(super) fn sid(self) -> Option<&'static str> {
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

    pub(super) fn condition(self) -> Option<Value> {
        let service = match self {
            On::PassedRoles => "sagemaker.amazonaws.com",
            On::StarterRoles => "scheduler.amazonaws.com",
            _ => return None,
        };
        Some(json!({ "StringEquals": { "iam:PassedToService": service } }))
    }
}

/// Feature, actions, resource; the statements appear in this order.
pub(super) const TABLE: &[(&[&str], &str, &[&str], On)] = &[
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
    // Narrower than to all it can be refused even where only names of ours are asked for.
    (
        &["plan", "alarms"],
        "FindAlarms",
        &["cloudwatch:DescribeAlarms"],
        On::Any,
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
            "cloudwatch:TagResource",
            "cloudwatch:GetDashboard",
            "cloudwatch:DeleteDashboards",
        ],
        On::Dashboards,
    ),
    (
        &["plan", "delayed_start", "fsx"],
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
    // AWS managed policy AmazonSageMakerFullAccess, AllowUseOfTrainingPlanResources.
    (
        &["training_plan"],
        "UseTrainingPlans",
        &["sagemaker:CreateTrainingJob"],
        On::TrainingPlans,
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
            "s3:AbortMultipartUpload",
        ],
        On::Objects,
    ),
];
