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
    /// There is no job to stand by: its record is gone without a success, or its launch was stopped.
    pub(crate) lost: bool,
    /// The start lies in the future: nothing has run, and what was decided may be decided anew.
    pub(crate) scheduled: bool,
}

/// Compares what is configured with what is there.
pub(crate) fn classify(config: &Object, prior: Option<&Object>, facts: Facts<'_>) -> Change {
    let Some(prior) = prior else {
        return Change::Create;
    };
    let mut replace = Vec::new();
    let mut run = Vec::new();
    let mut perhaps = Vec::new();
    let mut in_place = Vec::new();
    for (name, wanted) in config {
        let Some(class) = class_of(name) else {
            continue;
        };
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
            Class::Run
                if name == "source_dir"
                    && !wanted.is_null()
                    && !had.is_null()
                    && !wanted.is_unknown() =>
            {
                in_place.push(name.clone());
            }
            Class::Run if !wanted.is_wholly_known() => perhaps.push(name.clone()),
            Class::Run => run.push(name.clone()),
            // Nothing has begun: what was decided may be decided anew.
            Class::Decision if facts.scheduled => match wanted.is_wholly_known() {
                true => run.push(name.clone()),
                false => perhaps.push(name.clone()),
            },
            Class::Decision | Class::InPlace | Class::DestroyTime => in_place.push(name.clone()),
        }
    }
    if let (Some(now), Value::String(then)) = (facts.source_digest, get(prior, "source_digest"))
        && now != then
        && version(now) == version(then)
    {
        run.push("source_digest".to_owned());
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

/// The definition that a digest was made by: a newer definition is no newer code.
fn version(digest: &str) -> &str {
    digest.split_once(':').map_or("", |(version, _)| version)
}

/// Lists whose order says nothing: they are equal when they hold the same members.
pub(crate) const UNORDERED: [&str; 2] = ["preferred_training_regions", "preferred_instance_types"];

/// Moments that move from plan to plan where they come from `plantimestamp()`: a run that exists was decided by the one
/// that it has, and another one is no change of it.
pub(crate) const MOMENTS: [&str; 2] = ["earliest_start", "deadline"];

/// Equal as the user would say it.
pub(crate) fn same(name: &str, wanted: &Value, had: &Value) -> bool {
    if wanted == had {
        return true;
    }
    if MOMENTS.contains(&name) {
        return !wanted.is_null() && !had.is_null();
    }
    match (wanted, had) {
        (Value::Seq(wanted), Value::Seq(had)) if UNORDERED.contains(&name) => {
            wanted.iter().all(|item| had.contains(item))
                && had.iter().all(|item| wanted.contains(item))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Change, Facts, classify};
    use crate::json::from_json;
    use crate::object::{Object, object};

    /// An object from JSON in which the string `?` stands for an unknown value.
    fn read(text: serde_json::Value) -> Object {
        fn unknown(value: tfplugin::Value) -> tfplugin::Value {
            match value {
                tfplugin::Value::String(text) if text == "?" => tfplugin::Value::Unknown,
                tfplugin::Value::Seq(items) => {
                    tfplugin::Value::Seq(items.into_iter().map(unknown).collect())
                }
                tfplugin::Value::Map(entries) => tfplugin::Value::Map(
                    entries
                        .into_iter()
                        .map(|(key, value)| (key, unknown(value)))
                        .collect(),
                ),
                other => other,
            }
        }
        object(&unknown(from_json(&text)))
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_differs_decides_what_happens() {
        let none = Facts::default();
        let adopted = Facts {
            adopted: true,
            ..none
        };
        let lost = Facts { lost: true, ..none };
        let scheduled = Facts {
            scheduled: true,
            ..none
        };
        let code = |digest| Facts {
            source_digest: Some(digest),
            ..none
        };
        for (what, wanted, had, facts, expected) in [
            (
                "nothing",
                json!({"name": "a", "tags": null}),
                json!({"name": "a", "tags": null}),
                none,
                Change::None,
            ),
            (
                "a name",
                json!({"name": "b"}),
                json!({"name": "a"}),
                none,
                Change::Replace(names(&["name"])),
            ),
            (
                "a name that is not known yet",
                json!({"name": "?"}),
                json!({"name": "a"}),
                none,
                Change::Replace(names(&["name"])),
            ),
            (
                "a hyperparameter",
                json!({"hyperparameters": {"lr": "1"}, "tags": {"a": "b"}}),
                json!({"hyperparameters": {"lr": "2"}, "tags": null}),
                none,
                Change::NewRun(names(&["hyperparameters"])),
            ),
            (
                "a hyperparameter that is not known yet",
                json!({"hyperparameters": {"lr": "?"}}),
                json!({"hyperparameters": {"lr": "2"}}),
                none,
                Change::PerhapsNewRun(names(&["hyperparameters"])),
            ),
            (
                "a number written in another way",
                json!({"instance_count": 2}),
                json!({"instance_count": 2.0}),
                none,
                Change::None,
            ),
            (
                "a default that was written out",
                json!({"instance_count": 1}),
                json!({"instance_count": null}),
                none,
                Change::NewRun(names(&["instance_count"])),
            ),
            (
                "an estimate",
                json!({"estimated_training_hours": 90, "max_emissions_kg": 3}),
                json!({"estimated_training_hours": 96, "max_emissions_kg": null}),
                none,
                Change::InPlace(names(&["estimated_training_hours", "max_emissions_kg"])),
            ),
            (
                "the order of regions",
                json!({"preferred_training_regions": ["b", "a"]}),
                json!({"preferred_training_regions": ["a", "b"]}),
                none,
                Change::None,
            ),
            (
                "the order of arguments",
                json!({"container_arguments": ["b", "a"]}),
                json!({"container_arguments": ["a", "b"]}),
                none,
                Change::NewRun(names(&["container_arguments"])),
            ),
            (
                "the time of another plan",
                json!({"earliest_start": "2026-03-02T00:00:00Z", "deadline": "?"}),
                json!({"earliest_start": "2026-03-01T00:00:00Z", "deadline": "2026-03-05T00:00:00Z"}),
                none,
                Change::None,
            ),
            (
                "a time where there was none",
                json!({"earliest_start": "2026-03-02T00:00:00Z"}),
                json!({"earliest_start": null}),
                none,
                Change::InPlace(names(&["earliest_start"])),
            ),
            (
                "an empty map",
                json!({"tags": {}}),
                json!({"tags": null}),
                none,
                Change::InPlace(names(&["tags"])),
            ),
            (
                "code",
                json!({"source_dir": "train"}),
                json!({"source_dir": "train", "source_digest": "v1:a"}),
                code("v1:b"),
                Change::NewRun(names(&["source_digest"])),
            ),
            (
                "the place of the code",
                json!({"source_dir": "new"}),
                json!({"source_dir": "old", "source_digest": "v1:a"}),
                code("v1:a"),
                Change::InPlace(names(&["source_dir"])),
            ),
            (
                "the version of the digest",
                json!({"source_dir": "train"}),
                json!({"source_dir": "train", "source_digest": "v1:a"}),
                code("v2:c"),
                Change::None,
            ),
            (
                "anything, after an import",
                json!({"hyperparameters": {"lr": "1"}, "name": "a"}),
                json!({"hyperparameters": null, "name": "a"}),
                adopted,
                Change::InPlace(names(&["hyperparameters"])),
            ),
            (
                "a value, after an import",
                json!({"hyperparameters": {"lr": "1"}}),
                json!({"hyperparameters": {"lr": "2"}}),
                adopted,
                Change::NewRun(names(&["hyperparameters"])),
            ),
            (
                "a job that is gone",
                json!({"name": "a"}),
                json!({"name": "a"}),
                lost,
                Change::NewRun(Vec::new()),
            ),
            (
                "a limit, before the start",
                json!({"max_start_delay_hours": 12, "tags": {"a": "b"}}),
                json!({"max_start_delay_hours": 24, "tags": null}),
                scheduled,
                Change::NewRun(names(&["max_start_delay_hours"])),
            ),
            (
                "what moves with every plan, before the start",
                json!({"placement": {"region": "us-east-1"}, "earliest_start": "2026-03-02T00:00:00Z"}),
                json!({"placement": {"region": "eu-north-1"}, "earliest_start": "2026-03-01T00:00:00Z"}),
                scheduled,
                Change::None,
            ),
            (
                "outputs",
                json!({"summary": null}),
                json!({"summary": "x"}),
                none,
                Change::None,
            ),
            (
                "the decision in force",
                json!({"placement": null}),
                json!({"placement": {"region": "eu-north-1"}}),
                none,
                Change::None,
            ),
        ] {
            assert_eq!(
                classify(&read(wanted), Some(&read(had)), facts),
                expected,
                "{what}"
            );
        }
        assert_eq!(classify(&Object::new(), None, none), Change::Create);
    }
}
