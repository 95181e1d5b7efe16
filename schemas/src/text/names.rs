//! Names that AWS and the provider give rules for: trainings, tags, ARNs.

use super::{JOB_NAME_MAX, NAME_MAX, says};
use crate::declare::Text;
use crate::report::shown;

pub(super) fn name(value: &str) -> Result<(), String> {
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

pub(super) fn tag_character(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}

pub(super) fn tag_key(value: &str) -> Result<(), String> {
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

pub(super) fn arn(value: &str, service: &str, resource: &str) -> bool {
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
