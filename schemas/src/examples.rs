//! The check of examples: does a file name only attributes that exist?
//!
//! A small scanner of HCL, enough for the examples: it follows blocks, strings, comments and heredocs, and looks at the
//! argument names at the top of our blocks and at references such as `sustainable_ml_training.bert.summary`.

use crate::data_sources::{carbon_intensity, instance_types, placement};
use crate::declare::{Attribute, Kind};
use crate::{ml_training, provider_config, training_dashboard, training_report};

/// What is wrong with the file: one line for each name that does not exist.
pub fn unknown_names(hcl: &str) -> Vec<String> {
    let code = blank_out(hcl);
    let mut found = Vec::new();
    blocks(&code, &mut found);
    references(&code, &mut found);
    found
}

/// The declarations of a kind of block, by its header.
fn declarations(header: &[&str]) -> Option<Vec<Attribute>> {
    let all = |tables: &[&[Attribute]]| {
        tables
            .iter()
            .flat_map(|table| table.iter().copied())
            .collect()
    };
    match header {
        ["provider", "sustainable"] => Some(all(&[provider_config::INPUTS])),
        ["resource", "sustainable_ml_training", _] => Some(all(&[ml_training::INPUTS])),
        ["resource", "sustainable_training_dashboard", _] => {
            Some(all(&[training_dashboard::INPUTS]))
        }
        ["data", "sustainable_instance_types", _] => Some(all(&[instance_types::INPUTS])),
        ["data", "sustainable_placement", _] => Some(placement::inputs()),
        ["data", "sustainable_training_report", _] => Some(all(&[training_report::QUERY])),
        ["resource", "sustainable_training_report", _] => Some(training_report::resource_inputs()),
        ["data", "sustainable_carbon_intensity", _] => Some(all(&[carbon_intensity::INPUTS])),
        _ => None,
    }
}

/// Arguments that Terraform itself knows.
const META: &[&str] = &[
    "alias",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
    "connection",
    "version",
];

fn blocks(code: &str, found: &mut Vec<String>) {
    let mut depth = 0_usize;
    let mut current: Option<(String, Vec<Attribute>)> = None;
    for (number, line) in code.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if depth == 0 && line.trim_end().ends_with('{') {
            let header: Vec<&str> = words
                .iter()
                .map(|word| word.trim_matches('"'))
                .take_while(|word| *word != "{")
                .collect();
            current = declarations(&header).map(|known| (header.join(" "), known));
        } else if depth == 1
            && let (Some((header, known)), Some(first)) = (&current, words.first())
            && first
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && matches!(words.get(1), Some(&"=" | &"{"))
        {
            let declared = known.iter().find(|one| one.name == *first);
            let block = words.get(1) == Some(&"{");
            let problem = match declared {
                None if META.contains(first) => None,
                None => Some("there is no such argument"),
                Some(one) if matches!(one.kind, Kind::Block(_)) != block => {
                    Some("an argument is written with =, a block without")
                }
                Some(_) => None,
            };
            found.extend(
                problem.map(|problem| format!("line {}: {header}: {first}: {problem}", number + 1)),
            );
        }
        for c in line.chars() {
            match c {
                '{' | '[' | '(' => depth += 1,
                '}' | ']' | ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}

fn references(code: &str, found: &mut Vec<String>) {
    for (prefix, known) in [
        (
            "data.sustainable_instance_types.",
            [
                instance_types::INPUTS.to_vec(),
                instance_types::OUTPUTS.to_vec(),
            ]
            .concat(),
        ),
        (
            "data.sustainable_placement.",
            [placement::inputs(), placement::OUTPUTS.to_vec()].concat(),
        ),
        (
            "data.sustainable_carbon_intensity.",
            [
                carbon_intensity::INPUTS.to_vec(),
                carbon_intensity::OUTPUTS.to_vec(),
            ]
            .concat(),
        ),
        (
            "sustainable_ml_training.",
            [ml_training::INPUTS.to_vec(), ml_training::OUTPUTS.to_vec()].concat(),
        ),
        (
            "sustainable_training_dashboard.",
            [
                training_dashboard::INPUTS.to_vec(),
                training_dashboard::OUTPUTS.to_vec(),
            ]
            .concat(),
        ),
    ] {
        for (number, line) in code.lines().enumerate() {
            for (at, _) in line.match_indices(prefix) {
                let rest = &line[at + prefix.len()..];
                let rest = rest.trim_start_matches(|c: char| {
                    c.is_ascii_alphanumeric() || c == '_' || c == '-'
                });
                let rest = if rest.starts_with('[') {
                    rest.split_once(']').map_or("", |(_, rest)| rest)
                } else {
                    rest
                };
                let Some(rest) = rest.strip_prefix('.') else {
                    continue;
                };
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                if !name.is_empty() && !known.iter().any(|one| one.name == name) {
                    found.push(format!(
                        "line {}: {prefix}*.{name}: there is no such attribute",
                        number + 1
                    ));
                }
            }
        }
    }
}

/// The same text with comments, heredocs and the inside of strings blanked out; interpolations stay.
fn blank_out(hcl: &str) -> String {
    let mut out = String::new();
    let mut heredoc: Option<String> = None;
    let mut comment = false;
    for line in hcl.lines() {
        if let Some(end) = &heredoc {
            if line.trim() == end {
                heredoc = None;
            }
            out.push('\n');
            continue;
        }
        let mut characters = line.char_indices().peekable();
        // Nesting of strings and interpolations: true is inside a string.
        let mut inside = vec![false];
        while let Some((at, c)) = characters.next() {
            let rest = &line[at..];
            if comment {
                if rest.starts_with("*/") {
                    comment = false;
                    characters.next();
                }
                continue;
            }
            if inside.last() == Some(&true) {
                match c {
                    '\\' => drop(characters.next()),
                    '"' => {
                        inside.pop();
                        out.push('"');
                    }
                    '$' | '%' if rest[1..].starts_with('{') => {
                        characters.next();
                        inside.push(false);
                        out.push('(');
                    }
                    // Labels keep their text; what else a string says does not matter.
                    c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => out.push(c),
                    _ => {}
                }
                continue;
            }
            match c {
                '#' => break,
                '/' if rest.starts_with("//") => break,
                '/' if rest.starts_with("/*") => comment = true,
                '"' => {
                    inside.push(true);
                    out.push('"');
                }
                '}' if inside.len() > 1 => {
                    inside.pop();
                    out.push(')');
                }
                '<' if rest.starts_with("<<") => {
                    heredoc = Some(rest.trim_start_matches(['<', '-']).trim().to_owned());
                    break;
                }
                c => out.push(c),
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_do_not_exist_are_found() {
        let hcl = r#"
            # resource "sustainable_ml_training" "no" { nope = 1 }
            provider "sustainable" {
              region  = "eu-north-1"
              regions = ["eu-north-1"]
              default_tags { tags = { nope = "1" } }
              endpoints = {}
            }
            resource "sustainable_ml_training" "bert" {
              name = "x${var.suffix}{" // nope = 1
              hyperparameters = {
                nope = "16"
              }
              dataset_size = 1
              count = 2
              lifecycle {
                nope = 1
              }
            }
            locals {
              nope = <<-EOT
                sustainable_ml_training.bert.nope
              EOT
            }
            output "x" { value = "${sustainable_ml_training.bert[0].summary} ${sustainable_ml_training.bert[0].sumary}" }
            output "y" { value = data.sustainable_placement.p.selected.region }
        "#;
        let found = unknown_names(hcl);
        let expected = [
            "regions: there is",
            "endpoints: an argument",
            "dataset_size: there is",
            "*.sumary: there is",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }
}
