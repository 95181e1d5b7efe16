//! Rules for strings: what is legal, and how it is said.

use crate::Lists;
use crate::declare::Text;
use crate::near::did_you_mean;
use crate::report::{either, shown};

/// Characters of a training's name: with a digest, a suffix and two hyphens a job name of 63 has room for no more.
pub const NAME_MAX: usize = 52;
/// Characters of a training job's name.
pub const JOB_NAME_MAX: usize = 63;

/// Says what is wrong with `value`, or nothing. The value of a secret is never said.
pub(crate) fn check(
    rule: Text,
    value: &str,
    secret: bool,
    lists: &Lists<'_>,
) -> Result<(), String> {
    let problem = match problem(rule, value, lists) {
        Ok(()) => return Ok(()),
        Err(_) if secret => format!("The value is not {}.", says(rule)),
        Err(problem) => problem,
    };
    // Reference pages mark code with backticks; a diagnostic has none.
    Err(problem.replace('`', "\""))
}

fn problem(rule: Text, value: &str, lists: &Lists<'_>) -> Result<(), String> {
    let legal = match rule {
        Text::Any => true,
        Text::UpTo(most) => (1..=most).contains(&value.chars().count()),
        Text::AtMost(most) => value.chars().count() <= most,
        Text::Line(most) => value.chars().count() <= most && !value.contains(['\n', '\r']),
        Text::TrainingName => return name(value),
        Text::Bucket => return bucket(value),
        Text::Prefix => return prefix(value),
        Text::Region => return region(value, lists),
        Text::InstanceType => return instance_type(value, lists),
        Text::S3Uri => return s3_uri(value),
        Text::Arn(service, resource) => arn(value, service, resource),
        Text::Time => value.parse::<jiff::Timestamp>().is_ok(),
        Text::Duration => duration_seconds(value).is_some_and(|seconds| seconds > 0.0),
        Text::ContainerPath => {
            value.starts_with('/') && value.chars().count() <= 4096 && !has_parent(value)
        }
        Text::RelativePath => {
            !value.is_empty()
                && value.chars().count() <= 1024
                && !value.starts_with('/')
                && !has_parent(value)
        }
        Text::Algorithm => arn(value, "sagemaker", "algorithm") || name_and_version(value),
        Text::Framework => name_and_version(value),
        Text::Image => {
            (1..=255).contains(&value.chars().count())
                && !value.contains(char::is_whitespace)
                && !value.contains("://")
        }
        Text::ResumeFrom => matches!(value, "none" | "previous_run") || s3_uri(value).is_ok(),
        Text::IamPath => {
            value.len() <= 512
                && value.starts_with('/')
                && value.ends_with('/')
                && value.chars().all(|c| c.is_ascii_graphic())
        }
        Text::Id(prefix) => value.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && value.len() <= 32 && rest.chars().all(|c| c.is_ascii_alphanumeric())
        }),
        Text::Url => value
            .strip_prefix("https://")
            .or_else(|| value.strip_prefix("http://"))
            .is_some_and(|rest| {
                !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)
            }),
        Text::Account => value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()),
        Text::Channel => {
            (1..=64).contains(&value.len())
                && value
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        }
        Text::Variable => {
            value.len() <= 512
                && value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        }
        Text::Metric => (1..=500).contains(&value.chars().count()) && value.contains('('),
        Text::TagKey => return tag_key(value),
        Text::TagValue => value.chars().count() <= 256 && value.chars().all(tag_character),
    };
    if legal {
        Ok(())
    } else {
        Err(format!("\"{}\" is not {}.", shown(value), says(rule)))
    }
}

/// What a legal value is, as a phrase.
pub(crate) fn says(rule: Text) -> String {
    match rule {
        Text::Any => "any string".into(),
        Text::UpTo(most) => format!("a string of 1 to {most} characters"),
        Text::AtMost(most) => format!("a string of at most {most} characters"),
        Text::Line(most) => format!("one line of at most {most} characters"),
        Text::TrainingName => format!("1 to {NAME_MAX} letters, digits and hyphens, with a letter or digit at both ends"),
        Text::Bucket => "an S3 bucket name: 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends".into(),
        Text::Prefix => "a key prefix such as `data/`, without `s3://`, the bucket or a leading slash, outside `sustainable/`".into(),
        Text::S3Uri => "an S3 URI such as `s3://my-bucket/prefix/`".into(),
        Text::Region => "an AWS region such as `eu-north-1`".into(),
        Text::InstanceType => "a SageMaker training instance type such as `ml.p4d.24xlarge`".into(),
        Text::Arn("kms", _) => "the ARN of a KMS key, such as `arn:aws:kms:eu-north-1:123456789012:key/...`".into(),
        Text::Arn("iam", "role") => "the ARN of an IAM role, such as `arn:aws:iam::123456789012:role/training`".into(),
        Text::Arn("iam", _) => "the ARN of an IAM policy, such as `arn:aws:iam::123456789012:policy/boundary`".into(),
        Text::Arn("sns", _) => "the ARN of an SNS topic".into(),
        Text::Arn(_, "mlflow") => "the ARN of a SageMaker MLflow app or tracking server".into(),
        Text::Arn(service, resource) => format!("the ARN of a {service} {resource}"),
        Text::Time => "a time in RFC 3339 such as `2026-03-01T22:00:00Z`".into(),
        Text::Duration => "a duration above zero such as `90m` or `1h30m`".into(),
        Text::ContainerPath => "an absolute path in the container such as `/opt/ml/checkpoints`, without `..`".into(),
        Text::RelativePath => "a path inside the source such as `train.py`, without a leading slash or `..`".into(),
        Text::Algorithm => "a built-in algorithm with its version, such as `xgboost:1.7-1`, or the ARN of an algorithm".into(),
        Text::Framework => "a framework with its version, such as `pytorch:2.13`".into(),
        Text::Image => "an image URI of 1 to 255 characters, such as `123456789012.dkr.ecr.{region}.amazonaws.com/train:1`, without `https://`".into(),
        Text::ResumeFrom => "`none`, `previous_run` or an S3 URI".into(),
        Text::IamPath => "an IAM path that begins and ends with a slash, such as `/training/`".into(),
        Text::Id(prefix) => format!("an ID such as `{prefix}0123456789abcdef0`"),
        Text::Url => "an address that begins with `http://` or `https://`".into(),
        Text::Account => "an account ID of twelve digits".into(),
        Text::Channel => "a channel name: 1 to 64 letters, digits, dots, hyphens and underscores".into(),
        Text::Variable => "a variable name: letters, digits and underscores, no digit at the front, at most 512".into(),
        Text::Metric => "a regular expression of 1 to 500 characters with one group around the number, such as `loss=([0-9.]+)`".into(),
        Text::TagKey => "a tag key: 1 to 128 letters, digits, spaces and `_.:/=+-@`, without the prefixes `aws:` and `sustainable:`".into(),
        Text::TagValue => "a tag value: at most 256 letters, digits, spaces and `_.:/=+-@`".into(),
    }
}

fn name(value: &str) -> Result<(), String> {
    let length = value.chars().count();
    if length > NAME_MAX {
        return Err(format!(
            "\"{}\" has {length} characters. A training job's name has at most {JOB_NAME_MAX}, of which the provider needs {} for a digest and a number, so a name has 1 to {NAME_MAX}.",
            shown(value),
            JOB_NAME_MAX - NAME_MAX
        ));
    }
    let legal = !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !value.starts_with('-')
        && !value.ends_with('-');
    if legal {
        return Ok(());
    }
    let better: String = value
        .chars()
        .map(|c| if matches!(c, '_' | '.' | ' ') { '-' } else { c })
        .collect::<String>()
        .trim_matches('-')
        .to_owned();
    let advice = if !better.is_empty()
        && better
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        format!(" \"{better}\" would do.")
    } else {
        String::new()
    };
    Err(format!(
        "\"{value}\" is not a legal name: {}.{advice}",
        says(Text::TrainingName)
    ))
}

fn bucket(value: &str) -> Result<(), String> {
    if let Some(rest) = value.strip_prefix("s3://") {
        let name = rest.split('/').next().unwrap_or(rest);
        return Err(format!(
            "\"{}\" is a URI. Write the bucket's name alone: \"{name}\".",
            shown(value)
        ));
    }
    if value.starts_with("arn:") {
        let name = value.rsplit(':').next().unwrap_or_default();
        return Err(format!(
            "\"{}\" is an ARN. Write the bucket's name alone: \"{name}\".",
            shown(value)
        ));
    }
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let shape = (3..=63).contains(&value.len())
        && value.chars().all(|c| edge(c) || matches!(c, '-' | '.'))
        && value.starts_with(edge)
        && value.ends_with(edge)
        && !value.contains("..");
    if !shape {
        let lower = value.to_lowercase().replace('_', "-");
        let advice = if lower != value && bucket(&lower).is_ok() {
            format!(" Did you mean \"{lower}\"?")
        } else {
            String::new()
        };
        return Err(format!(
            "\"{}\" is not {}.{advice}",
            shown(value),
            says(Text::Bucket)
        ));
    }
    if value.split('.').count() == 4 && value.split('.').all(|part| part.parse::<u8>().is_ok()) {
        return Err(format!(
            "\"{value}\" is shaped like an IP address, which S3 does not allow for a bucket."
        ));
    }
    for reserved in ["xn--", "sthree-", "amzn-s3-demo-"] {
        if value.starts_with(reserved) {
            return Err(format!(
                "\"{value}\" begins with \"{reserved}\", which S3 keeps for itself."
            ));
        }
    }
    for reserved in ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"] {
        if value.ends_with(reserved) {
            return Err(format!(
                "\"{value}\" ends with \"{reserved}\", which S3 keeps for things that are no general purpose bucket."
            ));
        }
    }
    Ok(())
}

fn prefix(value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("An empty prefix is the whole bucket, in which the provider keeps objects of its own under \"sustainable/\". Move the dataset under a prefix such as \"data/\".".into());
    }
    if value.starts_with("sustainable/") || value == "sustainable" {
        return Err(format!(
            "\"{}\" is where the provider keeps its own objects. Keep the dataset under another prefix, such as \"data/\".",
            shown(value)
        ));
    }
    if value.starts_with("s3://") || value.starts_with('/') || value.chars().count() > 1024 {
        return Err(format!(
            "\"{}\" is not {}.",
            shown(value),
            says(Text::Prefix)
        ));
    }
    Ok(())
}

fn s3_uri(value: &str) -> Result<(), String> {
    let Some(rest) = value.strip_prefix("s3://") else {
        return Err(format!(
            "\"{}\" is not {}.",
            shown(value),
            says(Text::S3Uri)
        ));
    };
    let name = rest.split('/').next().unwrap_or_default();
    bucket(name).map_err(|_| {
        format!(
            "\"{}\" is not {}: \"{name}\" is not a bucket name.",
            shown(value),
            says(Text::S3Uri)
        )
    })?;
    if value.chars().count() > 1024 {
        return Err(format!(
            "\"{}\" has more than the 1024 characters that SageMaker takes.",
            shown(value)
        ));
    }
    Ok(())
}

fn region(value: &str, lists: &Lists<'_>) -> Result<(), String> {
    if lists.regions.is_empty() || lists.region(value).is_some() {
        return Ok(());
    }
    let near = did_you_mean(value, lists.region_names());
    if near.is_empty() {
        return Err(format!(
            "There is no region \"{}\" with SageMaker training. Regions: {}.",
            shown(value),
            either(lists.region_names())
        ));
    }
    Err(format!(
        "There is no region \"{}\" with SageMaker training.{near}",
        shown(value)
    ))
}

fn instance_type(value: &str, lists: &Lists<'_>) -> Result<(), String> {
    if lists.instance_types.is_empty() || lists.instance_type(value).is_some() {
        return Ok(());
    }
    let family = value
        .trim_start_matches("ml.")
        .split('.')
        .next()
        .unwrap_or_default();
    if is_graviton(family) {
        return Err(format!(
            "\"{}\" is a Graviton type, and SageMaker trains on none of them. Leave preferred_instance_types out to compare every type that can do the work.",
            shown(value)
        ));
    }
    if family.starts_with("inf") {
        return Err(format!(
            "\"{}\" is an Inferentia type, which serves models. Trainium types such as \"ml.trn1.32xlarge\" train them.",
            shown(value)
        ));
    }
    // Only within the letter of the family: "ml.z9.xlarge" is no slip for "ml.c4.xlarge".
    let letter = family.chars().next();
    let akin = lists
        .type_names()
        .filter(|name| name.trim_start_matches("ml.").chars().next() == letter);
    let near = did_you_mean(value, akin);
    if !near.is_empty() {
        return Err(format!(
            "SageMaker has no training instance type \"{}\".{near}",
            shown(value)
        ));
    }
    let same_family: Vec<&str> = lists
        .type_names()
        .filter(|name| name.trim_start_matches("ml.").split('.').next() == Some(family))
        .collect();
    if same_family.is_empty() {
        let mut families: Vec<&str> = lists
            .type_names()
            .filter_map(|name| name.trim_start_matches("ml.").split('.').next())
            .collect();
        families.sort_unstable();
        families.dedup();
        return Err(format!(
            "SageMaker has no training instance type \"{}\". A type is \"ml.\", a family and a size, such as \"ml.p4d.24xlarge\"; the families are {}.",
            shown(value),
            families.join(", ")
        ));
    }
    Err(format!(
        "SageMaker has no training instance type \"{}\". Of that family it has {}.",
        shown(value),
        either(same_family)
    ))
}

/// `m6g`, `c7gn`, `r6gd`, `g5g`, `t4g`: a `g` after the generation.
fn is_graviton(family: &str) -> bool {
    let after = family
        .trim_start_matches(|c: char| c.is_ascii_alphabetic())
        .trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < family.len() && after.starts_with('g') && !family.starts_with('p')
}

fn tag_character(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}

fn tag_key(value: &str) -> Result<(), String> {
    let lower = value.to_lowercase();
    for (reserved, owner) in [("aws:", "AWS"), ("sustainable:", "the provider")] {
        if lower.starts_with(reserved) {
            return Err(format!(
                "\"{}\" begins with \"{reserved}\", which {owner} keeps for itself. Choose another key.",
                shown(value)
            ));
        }
    }
    if value == "ManagedBy" {
        return Err("\"ManagedBy\" is set by the provider, which finds its own objects by it. Choose another key.".into());
    }
    if (1..=128).contains(&value.chars().count()) && value.chars().all(tag_character) {
        return Ok(());
    }
    Err(format!(
        "\"{}\" is not {}.",
        shown(value),
        says(Text::TagKey)
    ))
}

fn has_parent(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

fn name_and_version(value: &str) -> bool {
    let Some((name, version)) = value.split_once(':') else {
        return false;
    };
    let legal = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    legal(name) && legal(version) && name.chars().all(|c| !c.is_ascii_uppercase())
}

fn arn(value: &str, service: &str, resource: &str) -> bool {
    let mut parts = value.splitn(6, ':');
    let (Some("arn"), Some(partition), Some(found), Some(_region), Some(account), Some(rest)) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return false;
    };
    let partition = partition == "aws" || partition.starts_with("aws-");
    let account = account == "aws"
        || (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
    let exact = !matches!(resource, "" | "mlflow");
    let kind = match rest.split_once('/') {
        Some((kind, id)) => {
            !id.is_empty()
                && if exact {
                    kind == resource
                } else {
                    kind.starts_with(resource)
                }
        }
        None => resource.is_empty() && !rest.is_empty(),
    };
    partition && found == service && account && kind && value.len() <= 2048
}

/// Seconds of a duration such as `90m`, `1h30m` or `1.5h`.
pub fn duration_seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, factor) = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)]
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))?;
        seconds += number * factor;
        rest = &rest[unit.len()..];
    }
    (!text.is_empty()).then_some(seconds)
}
