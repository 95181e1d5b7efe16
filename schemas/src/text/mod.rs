//! Rules for strings: what is legal, and how it is said.

mod names;
mod places;
mod says;
mod storage;

use names::{arn, name, tag_character, tag_key};
use places::{instance_type, region};
pub(crate) use says::says;
use storage::{bucket, prefix, s3_uri};

use crate::Lists;
use crate::declare::Text;
use crate::report::shown;

/// Characters of a training's name: with a digest, a suffix and two hyphens a job name of 63 has room for no more.
pub const NAME_MAX: usize = 52;
/// Characters of a training job's name.
pub const JOB_NAME_MAX: usize = 63;

/// The longest duration that can be meant, in seconds: a year.
const LONGEST_SECONDS: f64 = 365.0 * 24.0 * 3600.0;

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
        Text::Entity(most) => {
            (1..=most).contains(&value.len())
                && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !value.starts_with('-')
                && !value.ends_with('-')
        }
        Text::TrainingName => return name(value),
        Text::Bucket => return bucket(value),
        Text::Prefix => return prefix(value),
        Text::Region => return region(value, lists),
        Text::InstanceType => return instance_type(value, lists),
        Text::S3Uri => return s3_uri(value),
        Text::Arn(service, resource) => arn(value, service, resource),
        Text::Time => value.parse::<jiff::Timestamp>().is_ok(),
        Text::Duration => duration_seconds(value)
            .is_some_and(|seconds| seconds > 0.0 && seconds <= LONGEST_SECONDS),
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
