//! Names in S3: buckets, prefixes, URIs.

use super::says;
use crate::declare::Text;
use crate::report::shown;

pub(super) fn bucket(value: &str) -> Result<(), String> {
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

pub(super) fn prefix(value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("An empty prefix is the whole bucket, in which the provider keeps objects of its own under \"sustainable/\". Move the dataset under a prefix such as \"data/\".".into());
    }
    if "sustainable/".starts_with(value) && value != "sustainable/" {
        return Err(format!(
            "\"{}\" would read the provider's own objects too, whose keys begin with \"sustainable/\". Keep the dataset under another prefix, such as \"data/\".",
            shown(value)
        ));
    }
    if value.starts_with("sustainable/") {
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

pub(super) fn s3_uri(value: &str) -> Result<(), String> {
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
