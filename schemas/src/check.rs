//! Legal values: a configuration against its declarations, without looking at two attributes at a time.
//!
//! What is null or unknown is skipped: Terraform asks again when it is known.

use std::collections::BTreeSet;

use tfplugin::{Diagnostics, Path, Value};

use crate::declare::{Attribute, Choice, Kind, Need, Text};
use crate::near::nearest;
use crate::report::{invalid, plain, shown};
use crate::{Lists, text};

/// Everything that is wrong with the attributes of a block.
pub(crate) fn object(value: &Value, attributes: &[Attribute], lists: &Lists<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    fields(value, attributes, &Path::empty(), lists, &mut found);
    found
}

fn fields(
    value: &Value,
    attributes: &[Attribute],
    at: &Path,
    lists: &Lists<'_>,
    found: &mut Diagnostics,
) {
    for attribute in attributes.iter().filter(|one| one.need != Need::Computed) {
        kind(
            value.get(attribute.name),
            &attribute.kind,
            &at.clone().attribute(attribute.name),
            lists,
            found,
        );
    }
}

fn kind(value: &Value, rule: &Kind, at: &Path, lists: &Lists<'_>, found: &mut Diagnostics) {
    if value.is_null() || value.is_unknown() {
        return;
    }
    match rule {
        Kind::Bool => {}
        Kind::Number { least, above, most } => {
            if let Some(number) = value.as_f64() {
                let low = number < *least || (*above && number <= *least);
                if low || number > *most || number.is_nan() {
                    let bounds = bounds(*least, *above, *most);
                    found.push(invalid(
                        at.clone(),
                        format!("{} is not {bounds}.", plain(number)),
                    ));
                }
            }
        }
        Kind::Whole { least, most } => {
            if let Some(number) = value.as_number()
                && !number
                    .as_i64()
                    .is_some_and(|number| (*least..=*most).contains(&number))
            {
                let bounds = if *most == i64::MAX {
                    format!("a whole number from {least}")
                } else {
                    format!("a whole number from {least} to {most}")
                };
                found.push(invalid(at.clone(), format!("{number} is not {bounds}.")));
            }
        }
        Kind::Text(rule) => {
            if let Some(text) = value.as_str()
                && let Err(problem) = text::check(*rule, text, lists)
            {
                found.push(invalid(at.clone(), problem));
            }
        }
        Kind::OneOf(choices) => {
            if let Some(text) = value.as_str()
                && let Some(problem) = not_one_of(text, choices, at)
            {
                found.push(invalid(at.clone(), problem));
            }
        }
        Kind::List {
            of,
            least,
            most,
            distinct,
        } => {
            let Some(items) = value.as_seq() else { return };
            length(items.len(), *least, *most, "entries", at, found);
            let mut seen = BTreeSet::new();
            for (index, item) in items.iter().enumerate() {
                let at = at.clone().index(index);
                if item.is_null() {
                    found.push(invalid(at, "The entry is null. Leave it out."));
                    continue;
                }
                if let (true, Some(text)) = (*distinct, item.as_str())
                    && !seen.insert(text)
                {
                    found.push(invalid(
                        at.clone(),
                        format!(
                            "\"{}\" stands in the list twice. Name it once.",
                            shown(text)
                        ),
                    ));
                }
                kind(item, of, &at, lists, found);
            }
        }
        Kind::Map { key, of, most } => {
            let Some(entries) = value.as_map() else {
                return;
            };
            length(entries.len(), 0, *most, "entries", at, found);
            for (name, item) in entries {
                let at = at.clone().key(name);
                entry(name, *key, &at, lists, found);
                if item.is_null() {
                    found.push(invalid(
                        at,
                        "The value is null. Give it a value or leave the entry out.",
                    ));
                    continue;
                }
                kind(item, of, &at, lists, found);
            }
        }
        Kind::Object(attributes) | Kind::Block(attributes) => {
            fields(value, attributes, at, lists, found)
        }
        Kind::Objects(attributes) => {
            for (index, item) in value.as_seq().unwrap_or_default().iter().enumerate() {
                fields(item, attributes, &at.clone().index(index), lists, found);
            }
        }
        Kind::ObjectMap { key, of, most } => {
            let Some(entries) = value.as_map() else {
                return;
            };
            length(entries.len(), 1, *most, "entries", at, found);
            for (name, item) in entries {
                let at = at.clone().key(name);
                entry(name, *key, &at, lists, found);
                fields(item, of, &at, lists, found);
            }
        }
    }
}

/// The key of a map.
fn entry(name: &str, rule: Text, at: &Path, lists: &Lists<'_>, found: &mut Diagnostics) {
    if let Err(problem) = text::check(rule, name, lists) {
        found.push(invalid(
            at.clone(),
            format!("The key is not legal: {problem}"),
        ));
    }
}

fn length(count: usize, least: usize, most: usize, what: &str, at: &Path, found: &mut Diagnostics) {
    if count < least {
        found.push(invalid(
            at.clone(),
            "It is empty. Name at least one entry, or leave the attribute out for its default.",
        ));
    } else if count > most {
        found.push(invalid(
            at.clone(),
            format!("It has {count} {what}, and at most {most} are possible."),
        ));
    }
}

/// `a number above 0, up to 672`.
pub(crate) fn bounds(least: f64, above: bool, most: f64) -> String {
    match (least.is_finite(), above, most.is_finite()) {
        (true, true, true) => format!("a number above {} and up to {}", plain(least), plain(most)),
        (true, false, true) => format!("a number from {} to {}", plain(least), plain(most)),
        (true, true, false) => format!("a number above {}", plain(least)),
        (true, false, false) => format!("a number from {}", plain(least)),
        (false, _, true) => format!("a number up to {}", plain(most)),
        (false, _, false) => "a number".into(),
    }
}

/// Words that people bring along from EC2, where they exist.
fn explained(at: &Path, value: &str) -> Option<&'static str> {
    let attribute = at.to_string();
    match (attribute.as_str(), value) {
        ("spot_interruption_behavior", "hibernate") => Some(
            "SageMaker cannot hibernate a training instance: its disk and memory are gone with it. Use \"checkpoint\" and let the code write checkpoints.",
        ),
        ("spot_interruption_behavior", "terminate") => Some(
            "SageMaker always ends a reclaimed instance and starts the job again from the last checkpoint. Use \"checkpoint\" for that.",
        ),
        _ => None,
    }
}

fn not_one_of(value: &str, choices: &[Choice], at: &Path) -> Option<String> {
    let names = || choices.iter().map(|(name, _)| *name);
    if names().any(|name| name == value) {
        return None;
    }
    if let Some(reason) = explained(at, value) {
        return Some(format!("\"{value}\" is not possible. {reason}"));
    }
    let near = nearest(value, names())
        .map_or_else(String::new, |name| format!(" Did you mean \"{name}\"?"));
    Some(format!(
        "\"{}\" is not one of its values: {}.{near}",
        shown(value),
        crate::report::either(names())
    ))
}
