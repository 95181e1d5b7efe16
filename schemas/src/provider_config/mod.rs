//! The provider block: the names and meanings that users know from other AWS providers.

mod carbon_signal;
mod rules;

use std::collections::BTreeMap;

use tfplugin::{Attr, Diagnostics, Schema, Value};

use crate::declare::{Kind, Preset, Text, declare, flag, of, one_of, text, whole};
use crate::ml_training::{TextMap, Texts, tags};
use crate::{Lists, check, protocol, report};

pub use carbon_signal::{CARBON_SIGNAL, CarbonSignal, SECRETS};

const PATH: Kind = Kind::Text(Text::UpTo(4096));
const ACCOUNT: Kind = Kind::Text(Text::Account);

const fn paths() -> crate::declare::Attribute {
    crate::declare::list(&PATH, 20)
}

declare! {
    /// The `assume_role` block.
    pub struct AssumeRole, pub const ASSUME_ROLE;
    "" {
        role_arn: String, "Role to assume.", text(Text::Arn("iam", "role")).required();
        session_name: String, "Name of the session.", text(Text::UpTo(64));
        external_id: String, "External ID that the role asks for.", text(Text::UpTo(1224));
        duration: String, "Length of the session, such as `1h`.", text(Text::Duration);
    }
}

declare! {
    /// The `default_tags` block.
    pub struct DefaultTags, pub const DEFAULT_TAGS;
    "" {
        tags: TextMap, "Tags of everything that is created.", tags();
    }
}

const fn url() -> crate::declare::Attribute {
    text(Text::Url)
}

declare! {
    /// The `endpoints` block.
    pub struct Endpoints, pub const ENDPOINTS;
    "" {
        sagemaker: String, "SageMaker.", url();
        s3: String, "S3.", url();
        iam: String, "IAM.", url();
        sts: String, "STS.", url();
        scheduler: String, "EventBridge Scheduler.", url();
        cloudwatch: String, "CloudWatch.", url();
        events: String, "EventBridge.", url();
        logs: String, "CloudWatch Logs.", url();
        sqs: String, "SQS.", url();
        fsx: String, "FSx.", url();
        ec2: String, "EC2.", url();
        pricing: String, "Price List.", url();
        servicequotas: String, "Service Quotas.", url();
    }
}

declare! {
    /// What the user typed in the provider block.
    pub struct Config, pub static INPUTS;

    "Where and who" {
        region: String, "Region of the provider.", text(Text::Region).preset(Preset::Derived("AWS_REGION, AWS_DEFAULT_REGION or the profile's"))
            .more("Where data buckets are unless `dataset_region` says otherwise. One provider serves every region: jobs go where the decision sends them.");
        profile: String, "Profile of the shared files.", text(Text::UpTo(256)).preset(Preset::Derived("AWS_PROFILE"));
        access_key: String, "Access key.", text(Text::UpTo(256)).secret().preset(Preset::Derived("AWS_ACCESS_KEY_ID"));
        secret_key: String, "Secret key.", text(Text::UpTo(256)).secret().preset(Preset::Derived("AWS_SECRET_ACCESS_KEY"));
        token: String, "Session token.", text(Text::UpTo(8192)).secret().preset(Preset::Derived("AWS_SESSION_TOKEN"));
        shared_config_files: Texts, "Configuration files.", paths().preset(Preset::Derived("AWS_CONFIG_FILE or ~/.aws/config"));
        shared_credentials_files: Texts, "Credentials files.", paths().preset(Preset::Derived("AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials"));
        allowed_account_ids: Texts, "Accounts that the provider may work in.", crate::declare::list(&ACCOUNT, 100)
            .more("Anything that would create or change something elsewhere is refused.");
        assume_role: AssumeRole, "A role to assume.", of(Kind::Block(ASSUME_ROLE));
    }
    "How it calls" {
        max_retries: i64, "Retries after a failure that may pass.", whole(0, 100).preset(Preset::Whole(8))
            .more("An outage of Service Quotas, the price list or EC2's spot prices is met with three at most: nothing depends on their answers, and a warning says what was not checked.");
        retry_mode: String, "How retries are spaced.", one_of(&[
            ("standard", "exponential, with jitter"),
            ("adaptive", "calls to S3 with a rate limit of their own as well"),
        ]).preset(Preset::Text("standard"));
        s3_use_path_style: bool, "Address buckets by path.", flag().preset(Preset::Bool(false));
        endpoints: Endpoints, "Other addresses of services.", of(Kind::Block(ENDPOINTS));
    }
    "What everything shares" {
        default_tags: DefaultTags, "Tags of everything that is created.", of(Kind::Block(DEFAULT_TAGS));
        carbon_signal: CarbonSignal, "The carbon signal of data sources.", of(Kind::Block(CARBON_SIGNAL))
            .more("Read by `data.sustainable_placement` and `data.sustainable_carbon_intensity` alone. A resource never asks a source while it plans: hand it a placement. Several provider blocks with an `alias` can have different sources.");
        catalog_overrides: String, "Local file with figures of your own.", text(Text::UpTo(4096))
            .more("Negotiated prices, a measured PUE, the intensity of a contract: see [figures of your own](guides/own-figures.md).");
    }
}

/// The protocol schema.
pub fn schema() -> Schema {
    protocol::schema(0, &[INPUTS])
}

/// Everything that can be said without AWS.
pub fn validate(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    let mut found = check::object(config, INPUTS, lists);
    check::and_where_legal(&mut found, |further| {
        if let Ok(typed) = tfplugin::from_value::<Config>(config) {
            rules::check(&typed, further);
        }
    });
    report::findable(found, INPUTS)
}

/// Own endpoints by service, those that are known.
pub fn endpoints(endpoints: &Endpoints) -> BTreeMap<&'static str, String> {
    let all: [(&'static str, &Attr<String>); 13] = [
        ("sagemaker", &endpoints.sagemaker),
        ("s3", &endpoints.s3),
        ("iam", &endpoints.iam),
        ("sts", &endpoints.sts),
        ("scheduler", &endpoints.scheduler),
        ("cloudwatch", &endpoints.cloudwatch),
        ("events", &endpoints.events),
        ("logs", &endpoints.logs),
        ("sqs", &endpoints.sqs),
        ("fsx", &endpoints.fsx),
        ("ec2", &endpoints.ec2),
        ("pricing", &endpoints.pricing),
        ("servicequotas", &endpoints.servicequotas),
    ];
    all.into_iter()
        .filter_map(|(name, url)| Some((name, url.as_deref().known()?.to_owned())))
        .collect()
}
