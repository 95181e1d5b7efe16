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

/// Adds what further checks find, except about values that are not legal in the first place.
pub(crate) fn and_where_legal(found: &mut Diagnostics, further: impl FnOnce(&mut Diagnostics)) {
    let mut more = Diagnostics::new();
    further(&mut more);
    let illegal: Vec<Option<Path>> = found.iter().map(|one| one.path.clone()).collect();
    found.extend(
        more.into_iter()
            .filter(|one| one.path.is_none() || !illegal.contains(&one.path)),
    );
}

fn fields(
    value: &Value,
    attributes: &[Attribute],
    at: &Path,
    lists: &Lists<'_>,
    found: &mut Diagnostics,
) {
    for attribute in attributes.iter().filter(|one| one.need != Need::Computed) {
        let value = value.get(attribute.name);
        // Most are null: no path is made for them.
        if !value.is_null() && !value.is_unknown() {
            let mut check = Check {
                secret: attribute.sensitive,
                lists,
                found,
            };
            check.kind(
                value,
                &attribute.kind,
                &at.clone().attribute(attribute.name),
            );
        }
    }
}

struct Check<'a> {
    /// The value must not be said.
    secret: bool,
    lists: &'a Lists<'a>,
    found: &'a mut Diagnostics,
}

impl Check<'_> {
    fn report(&mut self, at: &Path, problem: impl Into<String>) {
        self.found.push(invalid(at.clone(), problem));
    }

    fn kind(&mut self, value: &Value, rule: &Kind, at: &Path) {
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
                        self.report(
                            at,
                            format!("{} is out of range: it takes {bounds}.", plain(number)),
                        );
                    }
                }
            }
            Kind::Whole { least, most } => {
                if let Some(number) = value.as_number()
                    && !number
                        .as_i64()
                        .is_some_and(|number| (*least..=*most).contains(&number))
                {
                    self.report(
                        at,
                        format!(
                            "{number} is out of range: it takes {}.",
                            whole_bounds(*least, *most)
                        ),
                    );
                }
            }
            Kind::Text(rule) => {
                if let Some(value) = value.as_str() {
                    self.text(value, *rule, at);
                }
            }
            Kind::OneOf(choices) => {
                if let Some(problem) = value
                    .as_str()
                    .and_then(|value| not_one_of(value, choices, at))
                {
                    self.report(at, problem);
                }
            }
            Kind::List {
                of,
                least,
                most,
                distinct,
            } => self.list(value, of, *distinct, (*least, *most), at),
            Kind::Map { key, of, most } => self.map(value, *key, of, *most, at),
            Kind::Object(attributes) | Kind::Block(attributes) => {
                self.fields(value, attributes, at)
            }
            Kind::Objects(attributes) => {
                for (index, item) in value.as_seq().unwrap_or_default().iter().enumerate() {
                    self.fields(item, attributes, &at.clone().index(index));
                }
            }
            Kind::ObjectMap { key, of, most } => {
                let Some(entries) = value.as_map() else {
                    return;
                };
                self.length(entries.len(), (1, *most), at);
                for (name, item) in entries {
                    let at = at.clone().key(name);
                    self.key(name, *key, &at);
                    self.fields(item, of, &at);
                }
            }
        }
    }

    fn fields(&mut self, value: &Value, attributes: &[Attribute], at: &Path) {
        fields(value, attributes, at, self.lists, self.found);
    }

    fn text(&mut self, value: &str, rule: Text, at: &Path) {
        if let Err(problem) = text::check(rule, value, self.secret, self.lists) {
            self.report(at, problem);
        }
    }

    /// The key of a map; it is never a secret.
    fn key(&mut self, name: &str, rule: Text, at: &Path) {
        if let Err(problem) = text::check(rule, name, false, self.lists) {
            self.report(at, problem);
        }
    }

    fn list(
        &mut self,
        value: &Value,
        of: &Kind,
        distinct: bool,
        bounds: (usize, usize),
        at: &Path,
    ) {
        let Some(items) = value.as_seq() else { return };
        self.length(items.len(), bounds, at);
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let at = at.clone().index(index);
            if item.is_null() {
                self.report(&at, "The entry is null. Leave it out.");
                continue;
            }
            if let (true, Some(text)) = (distinct, item.as_str())
                && !seen.insert(text)
            {
                self.report(
                    &at,
                    format!(
                        "\"{}\" stands in the list twice. Name it once.",
                        shown(text)
                    ),
                );
            }
            self.kind(item, of, &at);
        }
    }

    fn map(&mut self, value: &Value, key: Text, of: &Kind, most: usize, at: &Path) {
        let Some(entries) = value.as_map() else {
            return;
        };
        if key == Text::TagKey && entries.len() > most {
            self.report(at, format!("It has {} tags. AWS allows 50, of which four are the provider's own, so at most {most} are possible.", entries.len()));
        } else {
            self.length(entries.len(), (0, most), at);
        }
        for (name, item) in entries {
            let at = at.clone().key(name);
            self.key(name, key, &at);
            if item.is_null() {
                self.report(
                    &at,
                    "The value is null. Give it a value or leave the entry out.",
                );
                continue;
            }
            self.kind(item, of, &at);
        }
    }

    fn length(&mut self, count: usize, (least, most): (usize, usize), at: &Path) {
        if count < least {
            self.report(
                at,
                "It is empty. Name at least one entry, or leave the attribute out for its default.",
            );
        } else if count > most {
            self.report(
                at,
                format!("It has {count} entries, and at most {most} are possible."),
            );
        }
    }
}

/// `a number above 0 and up to 672`.
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

/// `a whole number from 1 to 20`.
pub(crate) fn whole_bounds(least: i64, most: i64) -> String {
    if most == i64::MAX {
        format!("a whole number from {least}")
    } else {
        format!("a whole number from {least} to {most}")
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
