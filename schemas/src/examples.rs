//! The check of examples: does a file name only attributes that exist, at any depth?
//!
//! A small scanner of HCL, enough for the examples: it follows blocks, objects, lists, strings, comments and heredocs. It
//! looks at the argument names of our blocks and of the objects in them, and at references such as
//! `sustainable_ml_training.bert.estimate.emissions_kg.value`, to their end.

use crate::data_sources::{carbon_intensity, instance_types, placement};
use crate::declare::{Attribute, Kind};
use crate::hcl::{Token, blank_out, tokens};
use crate::{ml_training, provider_config, training_dashboard, training_report};

/// What is wrong with the file: one line for each name that does not exist.
pub fn unknown_names(hcl: &str) -> Vec<String> {
    let code = blank_out(hcl);
    let mut found = Vec::new();
    blocks(&tokens(&code), &mut found);
    references(&code, &mut found);
    found
}

/// The inputs and the outputs of everything that is ours, by kind and name of the block.
fn declarations(kind: &str, name: &str) -> Option<(Vec<Attribute>, Vec<Attribute>)> {
    let (inputs, outputs) = match (kind, name) {
        ("provider", "sustainable") => (provider_config::INPUTS.to_vec(), Vec::new()),
        ("resource", "sustainable_ml_training") => {
            (ml_training::INPUTS.to_vec(), ml_training::OUTPUTS.to_vec())
        }
        ("resource", "sustainable_training_dashboard") => (
            training_dashboard::INPUTS.to_vec(),
            training_dashboard::OUTPUTS.to_vec(),
        ),
        ("resource", "sustainable_training_report") => (
            training_report::resource_inputs(),
            [training_report::WRITTEN, training_report::FIGURES].concat(),
        ),
        ("data", "sustainable_instance_types") => (
            instance_types::INPUTS.to_vec(),
            instance_types::OUTPUTS.to_vec(),
        ),
        ("data", "sustainable_placement") => (placement::inputs(), placement::OUTPUTS.to_vec()),
        ("data", "sustainable_training_report") => (
            training_report::QUERY.to_vec(),
            [training_report::FIGURES, training_report::CONTENTS].concat(),
        ),
        ("data", "sustainable_carbon_intensity") => (
            carbon_intensity::INPUTS.to_vec(),
            carbon_intensity::OUTPUTS.to_vec(),
        ),
        _ => return None,
    };
    Some((inputs, outputs))
}

/// Arguments that Terraform itself knows.
const META: &[&str] = &[
    "alias",
    "count",
    "depends_on",
    "dynamic",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
    "connection",
    "version",
];

/// Functions that answer what they are given.
const TRANSPARENT: &[&str] = &["coalesce", "concat", "merge", "tolist", "tomap", "try"];

/// What the braces of an expression hold.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// Nothing that is declared.
    Anything,
    /// An object with these fields.
    Object(&'static [Attribute]),
    /// Objects with these fields, by keys of the user's.
    Entries(&'static [Attribute]),
    /// A list of objects with these fields.
    List(&'static [Attribute]),
}

impl Expected {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Object(fields) | Kind::Block(fields) => Self::Object(fields),
            Kind::ObjectMap { of, .. } => Self::Entries(of),
            Kind::Objects(fields) => Self::List(fields),
            _ => Self::Anything,
        }
    }
}

/// What an open brace, bracket or parenthesis holds.
enum Frame {
    /// Arguments: of a block of ours, or fields of an object in one.
    Arguments {
        of: Vec<Attribute>,
        /// Header and names on the way here.
        path: String,
        /// At the top of a block, where Terraform's own arguments may stand.
        top: bool,
    },
    /// Objects by key.
    Entries(&'static [Attribute], String),
    /// A part of an expression, whose braces hold this.
    Expression(Expected, String),
}

/// A frame, and where the scanner is in it.
struct Open {
    frame: Frame,
    /// An argument begins here.
    begins: bool,
    /// What the braces of the value hold, and the name that it is given to.
    value: (Expected, String),
}

impl Open {
    fn new(frame: Frame) -> Self {
        let value = match &frame {
            Frame::Expression(expected, path) => (*expected, path.clone()),
            _ => (Expected::Anything, String::new()),
        };
        Self {
            frame,
            begins: true,
            value,
        }
    }
}

fn blocks(tokens: &[(usize, Token<'_>)], found: &mut Vec<String>) {
    let mut stack: Vec<Open> = Vec::new();
    let mut header: Vec<&str> = Vec::new();
    let mut own: Option<Vec<Attribute>> = None;
    for (at, (line, token)) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map_or(Token::End, |(_, token)| *token);
        let before = at.checked_sub(1).map(|at| tokens[at].1);
        let Some(open) = stack.last_mut() else {
            match token {
                Token::Word(word) | Token::Text(word) => header.push(word),
                Token::Mark('{') => {
                    own = attributes(&header);
                    stack.push(Open::new(block(&header, *line, found)));
                    header.clear();
                }
                Token::Mark(c @ ('(' | '[')) => stack.push(opened(*c, None, &Open::new(free()))),
                _ => header.clear(),
            }
            continue;
        };
        if let (Token::Word(word), Some(own)) = (token, &own)
            && let Some(rest) = word.strip_prefix("self")
        {
            let unknown = unknown_step(own, rest);
            found.extend(
                unknown.map(|path| format!("line {line}: self.{path}: there is no such attribute")),
            );
        }
        match token {
            Token::End | Token::Mark(',') if !matches!(open.frame, Frame::Expression(..)) => {
                *open = Open::new(std::mem::replace(&mut open.frame, free()));
            }
            Token::Mark(c @ ('{' | '[' | '(')) => {
                let inner = opened(*c, before, open);
                open.begins = false;
                stack.push(inner);
            }
            Token::Mark('}' | ']' | ')') => drop(stack.pop()),
            Token::Word("for") if open.begins => {
                // `{ for key, value in values : key => { .. } }`
                let (expected, path) = match &open.frame {
                    Frame::Entries(of, path) => (Expected::Object(of), path.clone()),
                    _ => (Expected::Anything, String::new()),
                };
                if !matches!(open.frame, Frame::Expression(..)) {
                    *open = Open::new(Frame::Expression(expected, path));
                }
            }
            Token::Word(name) | Token::Text(name) if open.begins => {
                open.begins = false;
                if let Frame::Arguments { of, path, top } = &open.frame {
                    let (value, problem) = argument(of, *top, name, next);
                    open.value = (value, format!("{path}{name}."));
                    found.extend(
                        problem.map(|problem| format!("line {line}: {path}{name}: {problem}")),
                    );
                }
            }
            Token::Mark('=' | ':') => {
                if let Frame::Entries(of, path) = &open.frame {
                    open.value = (Expected::Object(of), path.clone());
                }
            }
            _ => {}
        }
    }
}

fn free() -> Frame {
    Frame::Expression(Expected::Anything, String::new())
}

/// What `self` has in a block of ours.
fn attributes(header: &[&str]) -> Option<Vec<Attribute>> {
    let (inputs, outputs) = declarations(header.first()?, header.get(1)?)?;
    Some([inputs, outputs].concat())
}

/// The frame of a block at the top of the file.
fn block(header: &[&str], line: usize, found: &mut Vec<String>) -> Frame {
    let (kind, name) = match header {
        [kind, name] | [kind, name, _] => (*kind, *name),
        _ => return free(),
    };
    let Some((inputs, _)) = declarations(kind, name) else {
        if matches!(kind, "resource" | "data") && name.starts_with("sustainable_") {
            found.push(format!(
                "line {line}: {kind} {name}: there is no such {kind}"
            ));
        }
        return free();
    };
    Frame::Arguments {
        of: inputs,
        path: format!("{}: ", header.join(" ")),
        top: true,
    }
}

/// What a brace, bracket or parenthesis in this place opens.
fn opened(c: char, before: Option<Token<'_>>, outer: &Open) -> Open {
    let (expected, path) = outer.value.clone();
    Open::new(match (c, expected) {
        ('{', Expected::Object(fields)) => Frame::Arguments {
            of: fields.to_vec(),
            path,
            top: false,
        },
        ('{', Expected::Entries(fields)) => Frame::Entries(fields, path),
        ('[', Expected::List(fields)) => Frame::Expression(Expected::Object(fields), path),
        ('(', expected) => match before {
            Some(Token::Word(word)) if !TRANSPARENT.contains(&word) => free(),
            _ => Frame::Expression(expected, path),
        },
        _ => free(),
    })
}

/// What the value of an argument holds, and what is wrong with the argument.
fn argument(
    of: &[Attribute],
    top: bool,
    name: &str,
    next: Token<'_>,
) -> (Expected, Option<&'static str>) {
    let block = match next {
        Token::Mark('{') | Token::Text(_) => true,
        Token::Mark('=') => false,
        Token::Mark(':') if !top => false,
        _ => return (Expected::Anything, None),
    };
    match of.iter().find(|one| one.name == name) {
        None if top && META.contains(&name) => (Expected::Anything, None),
        None => (Expected::Anything, Some("there is no such argument")),
        Some(one) if matches!(one.kind, Kind::Block(_)) != block => (
            Expected::of(one.kind),
            Some("an argument is written with =, a block without"),
        ),
        Some(one) => (Expected::of(one.kind), None),
    }
}

fn references(code: &str, found: &mut Vec<String>) {
    for (number, line) in code.lines().enumerate() {
        for (at, _) in line.match_indices("sustainable_") {
            let before = &line[..at];
            let (kind, before) = match before.strip_suffix("data.") {
                Some(before) => ("data", before),
                None => ("resource", before),
            };
            let whole = !before.ends_with(|c: char| is_of_name(c) || c == '.');
            let (name, rest) = name_of(&line[at..]);
            // A label in a block's header is followed by no dot.
            let Some((_, rest)) = rest.strip_prefix('.').filter(|_| whole).map(name_of) else {
                continue;
            };
            let problem = match declarations(kind, name) {
                None => Some(String::new()),
                Some((inputs, outputs)) => {
                    let all = [inputs, outputs].concat();
                    unknown_step(&all, rest).map(|path| format!(".*.{path}"))
                }
            };
            found.extend(problem.map(|path| {
                format!(
                    "line {}: {kind} {name}{path}: there is no such attribute",
                    number + 1
                )
            }));
        }
    }
}

const fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn name_of(code: &str) -> (&str, &str) {
    code.split_at(code.find(|c| !is_of_name(c)).unwrap_or(code.len()))
}

/// The names up to the first that does not exist, of a reference that goes on from attributes like these.
fn unknown_step(attributes: &[Attribute], rest: &str) -> Option<String> {
    let mut fields = Some(attributes);
    let mut kind: Option<Kind> = None;
    let mut path = String::new();
    let mut rest = rest;
    loop {
        if let Some(inside) = rest.strip_prefix('[') {
            // One of several trainings, or a member of what was named.
            let (_, after) = inside.split_once(']')?;
            rest = after;
            (fields, kind) = match kind {
                None => (fields, None),
                Some(Kind::Objects(of) | Kind::ObjectMap { of, .. }) => (Some(of), None),
                Some(Kind::List { of, .. } | Kind::Map { of, .. }) => (None, Some(*of)),
                // No indexes there: Terraform's own message will do.
                Some(_) => return None,
            };
            continue;
        }
        let (name, after) = name_of(rest.strip_prefix('.')?);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        rest = after;
        let inner = match kind {
            Some(Kind::Object(of) | Kind::Block(of)) => Some(of),
            Some(Kind::ObjectMap { of, .. }) => {
                kind = Some(Kind::Object(of));
                continue;
            }
            Some(Kind::Map { of, .. }) => {
                kind = Some(*of);
                continue;
            }
            Some(_) => None,
            None => fields,
        };
        match inner.and_then(|of| of.iter().find(|one| one.name == name)) {
            Some(one) => kind = Some(one.kind),
            None => return Some(path),
        }
    }
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

    #[test]
    fn names_inside_objects_count_too() {
        let hcl = r#"
            provider "sustainable" {
              carbon_signal {
                source = "file"
                pth    = "a.csv"
              }
            }
            resource "sustainable_ml_training" "bert" {
              vpc_config = { subnets = ["a"], security_groups = ["b"] }
              input_channels = {
                train = { s3_uri = "s3://a/${var.b}/", mode = "File" }
                "odd name" : { file_system = { id = "fs-1", directory = "/x" } }
              }
              regional = merge({ for r, v in var.nets : r => { vpc_config = { subnet = v } } }, {
                (var.home) = { kms_key = "arn" }
              })
              experiment = var.tracked ? { name = "x", trail = "y" } : null
              environment = { nope = "free" }
              timeouts {
                created = "1h"
              }
              lifecycle {
                postcondition {
                  condition = self.estimate.emissions_kg.high < self.estimate.emissions.high
                }
              }
              placement = { estimate = { energy_kwh = { valeu = 1 } } }
            }
            resource "sustainable_training_dashboard" "d" {
              jobs = [for run in sustainable_ml_training.bert : { name = run.x, regoin = "y" }]
            }
            resource "sustainable_trainings" "no" {}
            output "x" {
              value = [
                sustainable_ml_training.bert.estimate.emissions_kg.valeu,
                sustainable_ml_training.bert["a"].tags_all.team,
                sustainable_ml_training.bert.candidates[0],
                sustainable_ml_training.bert.input_channels.train.s3_uri,
                sustainable_ml_training.bert.input_channels["train"].uri,
                data.sustainable_placement.p.selected.regoin,
                data.sustainable_training_report.p.runs[0].outcom,
                data.sustainable_training_report.p.totals.energy_kwh.value,
                sustainable_training_report.p.runs,
              ]
            }
        "#;
        let expected = [
            "provider sustainable: carbon_signal.pth:",
            "bert: vpc_config.security_groups:",
            "bert: input_channels.mode:",
            "bert: input_channels.file_system.directory:",
            "bert: regional.vpc_config.subnet:",
            "bert: regional.kms_key:",
            "bert: experiment.trail:",
            "bert: timeouts.created:",
            "self.estimate.emissions:",
            "bert: placement.estimate.energy_kwh.valeu:",
            "d: jobs.regoin:",
            "resource sustainable_trainings: there is no such resource",
            "resource sustainable_ml_training.*.estimate.emissions_kg.valeu:",
            "resource sustainable_ml_training.*.input_channels.uri:",
            "data sustainable_placement.*.selected.regoin:",
            "data sustainable_training_report.*.runs.outcom:",
            "resource sustainable_training_report.*.runs:",
        ];
        let found = unknown_names(hcl);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} is not {expected}");
        }
    }
}
