//! What a plan would do to an existing training: nothing, a change in place, a new run, or a replacement.
//!
//! A pure function of what the user wrote (raw, before any default), the prior state, and three facts about the world.
//! Comparing raw values is the point: an effective value that moves because a default, the catalogue or a digest rule
//! moved must never buy a training.

use schemas::ml_training::{Class, class_of};
use tfplugin::Value;

use crate::object::{Object, get};

/// The verdict, with the attributes that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// No prior state.
    Create,
    /// These attributes force a replacement.
    Replace(Vec<String>),
    /// A run-defining attribute differs, or the last run is gone without success.
    NewRun(Vec<String>),
    /// A run-defining attribute is unknown until apply: a new run, or none.
    PerhapsNewRun(Vec<String>),
    /// Only attributes that need no run differ.
    InPlace(Vec<String>),
    /// Nothing differs.
    None,
}

/// What the comparison needs to know beside the two objects.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts<'a> {
    /// The state came from an import or a move and was not applied since: null to value passes in place.
    pub(crate) adopted: bool,
    /// The digest of the source folder as it is now; none without a folder.
    pub(crate) source_digest: Option<&'a str>,
    /// The job's record is gone and its last outcome was not a success.
    pub(crate) lost: bool,
}

/// Compares what is configured with what is there.
pub(crate) fn classify(config: &Object, prior: Option<&Object>, facts: Facts<'_>) -> Change {
    let Some(prior) = prior else { return Change::Create };
    let mut replace = Vec::new();
    let mut run = Vec::new();
    let mut perhaps = Vec::new();
    let mut in_place = Vec::new();
    for (name, wanted) in config {
        let Some(class) = class_of(name) else { continue };
        let had = get(prior, name);
        if same(name, wanted, had) || (facts.adopted && had.is_null()) && class != Class::Replace {
            if !same(name, wanted, had) {
                in_place.push(name.clone());
            }
            continue;
        }
        match class {
            Class::Replace => replace.push(name.clone()),
            // Where the folder lies is not what is in it: the digest below decides.
            Class::Run if name == "source_dir" && !wanted.is_null() && !had.is_null() && !wanted.is_unknown() => {
                in_place.push(name.clone());
            }
            Class::Run if !wanted.is_wholly_known() => perhaps.push(name.clone()),
            Class::Run => run.push(name.clone()),
            Class::Decision | Class::InPlace | Class::DestroyTime => in_place.push(name.clone()),
        }
    }
    if let (Some(now), Value::String(then)) = (facts.source_digest, get(prior, "source_digest")) {
        if now != then {
            run.push("source_digest".to_owned());
        }
    }
    if !replace.is_empty() {
        Change::Replace(replace)
    } else if !run.is_empty() || facts.lost {
        Change::NewRun(run)
    } else if !perhaps.is_empty() {
        Change::PerhapsNewRun(perhaps)
    } else if !in_place.is_empty() {
        Change::InPlace(in_place)
    } else {
        Change::None
    }
}

/// Lists whose order says nothing: they are equal when they hold the same members.
pub(crate) const UNORDERED: [&str; 2] = ["preferred_training_regions", "preferred_instance_types"];

/// Equal as the user would say it.
pub(crate) fn same(name: &str, wanted: &Value, had: &Value) -> bool {
    if wanted == had {
        return true;
    }
    match (wanted, had) {
        (Value::Seq(wanted), Value::Seq(had)) if UNORDERED.contains(&name) => {
            wanted.iter().all(|item| had.contains(item)) && had.iter().all(|item| wanted.contains(item))
        }
        _ => false,
    }
}
