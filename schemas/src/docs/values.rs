//! Types, legal values and defaults in the words of a reference page.

use crate::check::{bounds, whole_bounds};
use crate::declare::{Attribute, Kind, Preset, Text};
use crate::report::group;
use crate::text;

/// `Number`, `List of String`: what Terraform calls it.
pub(super) fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "Boolean".into(),
        Kind::Number { .. } | Kind::Whole { .. } => "Number".into(),
        Kind::Text(_) | Kind::OneOf(_) => "String".into(),
        Kind::List { of, .. } => format!("List of {}", type_name(of)),
        Kind::Map { of, .. } => format!("Map of {}", type_name(of)),
        Kind::Object(_) => "Object".into(),
        Kind::Objects(_) => "List of Object".into(),
        Kind::ObjectMap { .. } => "Map of Object".into(),
        Kind::Block(_) => "Block".into(),
    }
}

/// `number`, `list of string`: as a function's signature is written.
pub(super) fn wire_type(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".into(),
        other => type_name(other).to_lowercase(),
    }
}

/// The legal values as a sentence, where there is something to say.
pub(super) fn legal(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Number { least, above, most } if least.is_finite() || most.is_finite() => Some(
            format!("{}.", capital(&grouped(&bounds(*least, *above, *most)))),
        ),
        Kind::Whole { least, most } => Some(format!(
            "{}.",
            capital(&grouped(&whole_bounds(*least, *most)))
        )),
        // How long free text may be is of interest only in maps, where SageMaker's limits are tight.
        Kind::Text(Text::Any | Text::UpTo(_) | Text::AtMost(_) | Text::Line(_)) => None,
        // The sentence before names the thing; an example is enough.
        Kind::Text(Text::Region) => Some("Such as `eu-north-1`.".into()),
        Kind::Text(Text::InstanceType) => Some("Such as `ml.p4d.24xlarge`.".into()),
        Kind::Text(Text::S3Uri) => Some("Such as `s3://my-bucket/prefix/`.".into()),
        Kind::Text(Text::Time) => Some("RFC 3339, such as `2026-03-01T22:00:00Z`.".into()),
        Kind::Text(Text::Duration) => Some("Such as `90m` or `1h30m`, at most `8760h`.".into()),
        Kind::Text(Text::Url) => None,
        Kind::Text(Text::Id(prefix)) => Some(format!("Such as `{prefix}0123456789abcdef0`.")),
        Kind::Text(rule) => Some(format!("{}.", capital(&text::says(*rule)))),
        Kind::List { of, most, .. } if *most < usize::MAX => Some(match legal(of) {
            Some(each) if each.starts_with("Such as") => format!("Up to {most}, {}", small(&each)),
            Some(each) => format!("Up to {most}. Each: {}", small(&each)),
            None => format!("Up to {most}."),
        }),
        Kind::Map { key, of, most } if *most < usize::MAX => {
            let keys = (*key != Text::Any).then(|| format!(" Keys: {}.", text::says(*key)));
            let values = match of {
                Kind::Text(rule @ (Text::UpTo(_) | Text::AtMost(_) | Text::Line(_))) => {
                    Some(format!(" Values: {}.", text::says(*rule)))
                }
                of => legal(of).map(|each| format!(" Values: {}", small(&each))),
            };
            Some(format!(
                "Up to {most}.{}{}",
                keys.unwrap_or_default(),
                values.unwrap_or_default()
            ))
        }
        Kind::ObjectMap { key, most, .. } => {
            Some(format!("1 to {most} entries. Keys: {}.", text::says(*key)))
        }
        _ => None,
    }
}

/// The default as a sentence, where there is one.
pub(super) fn default(attribute: &Attribute) -> Option<String> {
    match attribute.preset {
        Preset::Absent => None,
        Preset::Bool(flag) => Some(format!("Default: `{flag}`.")),
        Preset::Whole(number) => Some(format!("Default: `{number}`.")),
        Preset::Number(number) => Some(format!("Default: `{number}`.")),
        Preset::Text(text) => Some(format!("Default: `{text}`.")),
        Preset::Derived(words) => Some(format!("Default: {words}.")),
    }
}

fn capital(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + characters.as_str()
    })
}

fn small(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + characters.as_str()
    })
}

/// Numbers from 10,000 with separators.
fn grouped(sentence: &str) -> String {
    sentence.split(' ').map(group).collect::<Vec<_>>().join(" ")
}
