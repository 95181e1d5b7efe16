//! How diagnostics are worded: the attribute in the summary; value, rule, legal values and advice in the detail.

use tfplugin::{Diagnostic, Diagnostics, Path, Step};

use crate::declare::{Attribute, Kind};

/// An error at `path`.
pub(crate) fn error(
    path: Path,
    summary: impl Into<String>,
    detail: impl Into<String>,
) -> Diagnostic {
    Diagnostic::error(summary, detail).at(path)
}

/// A warning at `path`.
pub(crate) fn warning(
    path: Path,
    summary: impl Into<String>,
    detail: impl Into<String>,
) -> Diagnostic {
    Diagnostic::warning(summary, detail).at(path)
}

/// A value that breaks the rule of its attribute.
pub(crate) fn invalid(path: Path, detail: impl Into<String>) -> Diagnostic {
    let summary = format!("Invalid {}", shown(&path.to_string()));
    error(path, summary, detail)
}

/// Cuts each path to what Terraform and OpenTofu can find in the configuration.
///
/// They take every attribute step for a nested block: a path into an object attribute (`vpc_config.subnets`) finds
/// nothing and points to the whole resource, or to an attribute at the top that has the same name. Keys and indexes
/// are found. The summary still names the full path.
pub(crate) fn findable(found: Diagnostics, attributes: &[Attribute]) -> Diagnostics {
    found
        .into_iter()
        .map(|mut one| {
            one.path = one.path.map(|path| cut(path, attributes));
            one
        })
        .collect()
}

fn cut(path: Path, attributes: &[Attribute]) -> Path {
    let Some(Step::Attribute(root)) = path.steps().first() else {
        return path;
    };
    let block = attributes
        .iter()
        .any(|one| one.name == root && matches!(one.kind, Kind::Block(_)));
    // Blocks hold attributes at one level below; everything else has its own attribute at the top.
    let attribute = usize::from(block);
    let inside = path.steps().iter().enumerate().skip(attribute + 1);
    let end = inside
        .filter(|(_, step)| matches!(step, Step::Attribute(_)))
        .map(|(at, _)| at)
        .next();
    Path::from(path.steps()[..end.unwrap_or(path.steps().len())].to_vec())
}

/// `"a", "b" or "c"`.
pub(crate) fn either<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    join(names, "or")
}

/// `"a", "b" and "c"`.
pub(crate) fn all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    join(names, "and")
}

fn join<'a>(names: impl IntoIterator<Item = &'a str>, word: &str) -> String {
    let quoted: Vec<String> = names
        .into_iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
    }
}

/// A number from 10,000 with separators; anything else as it is.
pub(crate) fn group(word: &str) -> String {
    let digits = word.trim_end_matches('.');
    if digits.len() < 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + &word[digits.len()..]
}

/// A number without needless digits: `672`, `0.95`.
pub(crate) fn plain(number: f64) -> String {
    number.to_string()
}

/// At most 60 characters of what the user wrote, on one line.
pub(crate) fn shown(text: &str) -> String {
    let text = text.replace('\n', "\\n").replace('\r', "\\r");
    if text.chars().count() <= 60 {
        return text;
    }
    let head: String = text.chars().take(57).collect();
    format!("{head}...")
}
