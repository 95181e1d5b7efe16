//! The provider's configuration as plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::timing::Timing;

/// How to reach AWS. Every field may be left at its default; the standard environment variables, config files,
/// web identity and instance roles then apply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The provider's own region. `None`: environment, then profile.
    pub region: Option<String>,
    /// Named profile of the shared files.
    pub profile: Option<String>,
    /// Static access key; needs `secret_key`.
    pub access_key: Option<String>,
    /// Static secret key.
    pub secret_key: Option<Secret>,
    /// Session token of static keys.
    pub token: Option<Secret>,
    /// Instead of `~/.aws/config`.
    pub shared_config_files: Vec<String>,
    /// Instead of `~/.aws/credentials`.
    pub shared_credentials_files: Vec<String>,
    /// Role to assume with the credentials found.
    pub assume_role: Option<AssumeRole>,
    /// When not empty: any other account is refused before the first change.
    pub allowed_account_ids: Vec<String>,
    /// Retries after the first try. `None`: the SDK's own default.
    pub max_retries: Option<u32>,
    /// How retries are paced.
    pub retry_mode: RetryMode,
    /// `https://host/bucket/key` instead of `https://bucket.host/key`.
    pub s3_use_path_style: bool,
    /// Other endpoints than AWS's own.
    pub endpoints: BTreeMap<Service, String>,
    /// Objects larger than this are copied in parts; `None`: S3's own limit of 5 GB. A test sets less.
    pub multipart_copy_threshold_bytes: Option<u64>,
    /// How long everything takes that waits.
    pub timing: Timing,
    /// Added to the `User-Agent` header, for example `terraform-provider-sustainable/0.1.0`.
    pub user_agent: Option<String>,
}

/// The role that every call is made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssumeRole {
    /// ARN of the role.
    pub role_arn: String,
    /// Name of the session; ours when `None`.
    pub session_name: Option<String>,
    /// External ID that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Lifetime of the credentials.
    pub duration: Option<Duration>,
}

/// The SDK's pacing of retries, of calls to S3. The pauses of all others double from try to try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RetryMode {
    /// Exponential back-off.
    #[default]
    Standard,
    /// Back-off and a client-side rate limit.
    Adaptive,
}

/// A string that never reaches a log or a diagnostic.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Secret(secret.into())
    }

    /// The secret itself, for the one place that signs with it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(redacted)")
    }
}

/// The AWS services that have an endpoint setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Service {
    Sagemaker,
    S3,
    Iam,
    Sts,
    Scheduler,
    Cloudwatch,
    Events,
    Logs,
    Sqs,
    Fsx,
    Ec2,
    Pricing,
    Servicequotas,
}

impl Service {
    /// Every service, in the order of the documentation.
    pub const ALL: [Service; 13] = [
        Service::Sagemaker,
        Service::S3,
        Service::Iam,
        Service::Sts,
        Service::Scheduler,
        Service::Cloudwatch,
        Service::Events,
        Service::Logs,
        Service::Sqs,
        Service::Fsx,
        Service::Ec2,
        Service::Pricing,
        Service::Servicequotas,
    ];

    /// The name in the `endpoints` block.
    pub fn key(self) -> &'static str {
        match self {
            Service::Sagemaker => "sagemaker",
            Service::S3 => "s3",
            Service::Iam => "iam",
            Service::Sts => "sts",
            Service::Scheduler => "scheduler",
            Service::Cloudwatch => "cloudwatch",
            Service::Events => "events",
            Service::Logs => "logs",
            Service::Sqs => "sqs",
            Service::Fsx => "fsx",
            Service::Ec2 => "ec2",
            Service::Pricing => "pricing",
            Service::Servicequotas => "servicequotas",
        }
    }

    /// Nothing that is made depends on its answers, which are about quotas and prices: where there are none, a remark says so.
    pub(crate) fn only_informs(self) -> bool {
        matches!(
            self,
            Service::Ec2 | Service::Pricing | Service::Servicequotas
        )
    }

    /// The name that AWS's documentation uses, for error sentences.
    pub fn title(self) -> &'static str {
        match self {
            Service::Sagemaker => "SageMaker",
            Service::S3 => "S3",
            Service::Iam => "IAM",
            Service::Sts => "STS",
            Service::Scheduler => "EventBridge Scheduler",
            Service::Cloudwatch => "CloudWatch",
            Service::Events => "EventBridge",
            Service::Logs => "CloudWatch Logs",
            Service::Sqs => "SQS",
            Service::Fsx => "FSx",
            Service::Ec2 => "EC2",
            Service::Pricing => "Pricing",
            Service::Servicequotas => "Service Quotas",
        }
    }

    /// The service's ID in AWS's models, which names its section in a profile and its environment variable
    /// ("Service-specific endpoints" in the AWS SDKs and Tools Reference Guide).
    pub(crate) fn id(self) -> &'static str {
        match self {
            Service::Scheduler => "Scheduler",
            other => other.title(),
        }
    }

    /// The service with this name in the `endpoints` block.
    pub fn from_key(key: &str) -> Option<Self> {
        Service::ALL
            .into_iter()
            .find(|service| service.key() == key)
    }

    /// The service's prefix in IAM actions.
    pub(crate) fn action_prefix(self) -> &'static str {
        match self {
            Service::Iam => "iam",
            other => other.key(),
        }
    }
}
