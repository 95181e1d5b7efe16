//! Functions: what they take, give and say.

use crate::data_sources::carbon_intensity::SERIES;
use crate::declare::Kind;
use crate::declare::{ANY_NUMBER, ANY_TEXT, LINES, Text};
use crate::ml_training::outputs::{BASELINE, ESTIMATE};

/// One parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// One sentence.
    pub says: &'static str,
}

/// One function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Name.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// More words.
    pub description: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// What it takes beyond that, if it is given.
    pub optional: Option<Parameter>,
    /// What it gives.
    pub gives: Kind,
}

const fn parameter(name: &'static str, kind: Kind, says: &'static str) -> Parameter {
    Parameter { name, kind, says }
}

/// Features that `iam_policy` knows, with what each is for.
pub const POLICY_FEATURES: &[(&str, &str)] = &[
    ("plan", "refresh and plan only: nothing can be changed"),
    (
        "run",
        "create, update and destroy a training job in an existing bucket with an existing role",
    ),
    ("create_bucket", "`create_bucket = true`"),
    (
        "companion_bucket",
        "regions other than the dataset's: companion bucket and staging",
    ),
    (
        "managed_role",
        "no `role_arn`: the execution role is made and removed",
    ),
    (
        "delayed_start",
        "a start that lies in the future: schedule group, dead-letter queue and role for it",
    ),
    (
        "fsx",
        "`use_fsx_lustre`: a file system, its link to S3 and its planned deletion",
    ),
    (
        "dashboard",
        "the run's CloudWatch dashboard, and `sustainable_training_dashboard`",
    ),
    ("alarms", "`alarm_sns_topic_arn`: event rule and alarm"),
    (
        "metrics",
        "how busy the instances were, after the end of a run",
    ),
    ("logs", "last log lines after a failure"),
    (
        "quotas",
        "the quota is looked up before anything is created",
    ),
    ("warm_pool", "`keep_alive_minutes`: the pool is ended"),
    (
        "training_plan",
        "`training_plan_arn`: the plan is looked at",
    ),
    (
        "prices",
        "spot capacity and `use_live_prices`: published prices are looked up",
    ),
    ("kms", "`kms_key_arn` and `volume_kms_key_arn`"),
    (
        "experiments",
        "`experiment`: experiment and trial are made and removed",
    ),
    (
        "model_registry",
        "`model_package_group_name`: the model is registered after the run",
    ),
    (
        "copy_artifacts",
        "`copy_artifacts_to`: narrow the last statement to its prefix",
    ),
];

/// Every function.
pub static FUNCTIONS: &[Function] = &[
    Function {
        name: "grid_zone",
        summary: "Grid zone of an AWS region.",
        description: "Answers the zone, in the notation of Electricity Maps, whose carbon intensity stands for the region.",
        parameters: &[parameter("region", Kind::Text(Text::Region), "AWS region.")],
        optional: None,
        gives: ANY_TEXT,
    },
    Function {
        name: "emissions_kg",
        summary: "Emissions of an amount of electricity.",
        description: "Multiplies kilowatt hours by grams of CO2e per kilowatt hour and answers kilograms.",
        parameters: &[
            parameter("kwh", ANY_NUMBER, "Electricity in kWh."),
            parameter(
                "gco2_per_kwh",
                ANY_NUMBER,
                "Intensity in grams of CO2e per kWh.",
            ),
        ],
        optional: None,
        gives: ANY_NUMBER,
    },
    Function {
        name: "energy_kwh",
        summary: "Energy of an instance type over some hours.",
        description: "Uses the catalogue's power curve of the type, between idle (load 0) and full (load 1). The overhead of the data centre is not in it.",
        parameters: &[
            parameter(
                "instance_type",
                Kind::Text(Text::InstanceType),
                "Instance type, such as `ml.p4d.24xlarge`.",
            ),
            parameter("hours", ANY_NUMBER, "Hours."),
            parameter("load", ANY_NUMBER, "Load, from 0 (idle) to 1 (full)."),
        ],
        optional: None,
        gives: ANY_NUMBER,
    },
    Function {
        name: "mean_intensity",
        summary: "Mean intensity of some hours of a series.",
        description: "The arithmetic of the decision without any network: the mean over `hours` from `start`, exact where they begin or end within a step. The series has one even step, takes two values or more, and has to cover all of the hours; its last value lasts as long as the others. Times are RFC 3339.",
        parameters: &[
            parameter(
                "series",
                SERIES,
                "Values in the order of time, as `data.sustainable_carbon_intensity` gives them in `series`, or from a file of your own.",
            ),
            parameter(
                "start",
                Kind::Text(Text::Time),
                "The beginning, such as `2026-03-01T22:00:00Z`.",
            ),
            parameter(
                "hours",
                ANY_NUMBER,
                "How many hours; parts of an hour count.",
            ),
        ],
        optional: None,
        gives: ANY_NUMBER,
    },
    Function {
        name: "plan_markdown",
        summary: "A table for a pull-request comment.",
        description: "Takes the outputs of the same name of a `sustainable_ml_training` resource and answers Markdown.",
        parameters: &[
            parameter("summary", ANY_TEXT, "The resource's `summary`."),
            parameter(
                "estimate",
                Kind::Object(ESTIMATE),
                "The resource's `estimate`.",
            ),
            parameter(
                "baseline",
                Kind::Object(BASELINE),
                "The resource's `baseline`.",
            ),
            parameter("candidates", LINES, "The resource's `candidates`."),
        ],
        optional: None,
        gives: ANY_TEXT,
    },
    Function {
        name: "iam_policy",
        summary: "Least-privilege policy for the features in use.",
        description: "Answers a policy document in JSON for the identity that runs Terraform. The end-to-end tests run with exactly this policy enforced.",
        parameters: &[parameter("features", LINES, "Names of features.")],
        optional: Some(parameter(
            "partition",
            ANY_TEXT,
            "`aws` (default), `aws-cn` or `aws-us-gov`.",
        )),
        gives: ANY_TEXT,
    },
];
