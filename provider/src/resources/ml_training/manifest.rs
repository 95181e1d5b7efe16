//! What the run manifest keeps: every input as written, what was asked, what was decided, and what the plan showed.
//!
//! It makes an import complete and the decision re-executable. Values of `environment` are kept as digests only.

use std::collections::BTreeMap;

use planner::{Decision, Request};
use schemas::ml_training::{Class, class_of};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tfplugin::Value;

use super::planned::{DECIDED, NAMED};
use crate::json::{from_json, plain, to_json};
use crate::object::{Object, get};

/// Layout of our part of the manifest.
const VERSION: u32 = 1;

/// Our part of the run manifest.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    version: u32,
    provider_version: String,
    catalog_version: String,
    methodology_version: String,
    catalog_overrides_sha256: Option<String>,
    /// Inputs as written.
    inputs: Map<String, Json>,
    /// Outputs that the plan decided.
    outputs: Map<String, Json>,
    request: Json,
    decision: Json,
}

/// The manifest of a run.
pub(crate) fn manifest(
    written: &Object,
    planned: &Object,
    request: &Request,
    decision: &Decision,
    overrides: Option<&str>,
) -> Json {
    let inputs = written
        .iter()
        .filter(|(name, value)| {
            schemas::ml_training::is_input(name) && *name != "placement" && !value.is_null()
        })
        .map(|(name, value)| {
            (
                name.clone(),
                if name == "environment" {
                    digests(value)
                } else {
                    to_json(value)
                },
            )
        })
        .collect();
    let outputs = DECIDED
        .into_iter()
        .chain(NAMED)
        .map(|name| (name.to_owned(), to_json(get(planned, name))))
        .filter(|(_, value)| !value.is_null())
        .collect();
    let mut decided = json!(decision);
    if let (Some(_), Json::Object(decided)) = (&request.only, &mut decided) {
        // The figures are those of the placement, which stands among the outputs, and not of the embedded signal.
        for name in [
            "estimate",
            "breakdown",
            "baseline",
            "savings",
            "signal",
            "summary",
        ] {
            decided.remove(name);
        }
    }
    json!(Manifest {
        version: VERSION,
        provider_version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog_version: decision.audit.catalog_version.clone(),
        methodology_version: decision.audit.methodology_version.to_owned(),
        catalog_overrides_sha256: overrides.map(str::to_owned),
        inputs,
        outputs,
        request: json!(request),
        decision: decided,
    })
}

impl Manifest {
    /// Reads our part of a manifest; none when it is not ours or from a newer provider.
    pub(crate) fn read(json: &Json) -> Option<Self> {
        Self::deserialize(json)
            .ok()
            .filter(|manifest| manifest.version <= VERSION)
    }

    /// An input as it was written; none when it was left out.
    pub(crate) fn input(&self, name: &str) -> Option<&Json> {
        self.inputs.get(name)
    }

    /// An output that the plan decided.
    pub(crate) fn output(&self, name: &str) -> Option<&Json> {
        self.outputs.get(name)
    }

    /// Inputs and decided outputs of the state. Of `environment` the manifest knows the names; the values are the job's.
    pub(crate) fn state(&self, environment: &BTreeMap<String, String>) -> Object {
        let all = self.outputs.iter().chain(&self.inputs);
        all.map(|(name, value)| {
            let value = match value {
                // Neither job nor planned request tells the values: the first apply takes them over.
                Json::Object(names)
                    if name == "environment" && environment.is_empty() && !names.is_empty() =>
                {
                    Value::Null
                }
                Json::Object(names) if name == "environment" => {
                    let known = environment
                        .iter()
                        .filter(|(key, _)| names.contains_key(*key));
                    Value::object(
                        known.map(|(key, value)| (key.clone(), Value::from(value.as_str()))),
                    )
                }
                other => from_json(other),
            };
            (name.clone(), value)
        })
        .collect()
    }
}

fn digests(environment: &Value) -> Json {
    let entries = environment.as_map().into_iter().flatten();
    Json::Object(
        entries
            .filter_map(|(key, value)| {
                Some((
                    key.clone(),
                    Json::String(aws::naming::value_digest(value.as_str()?)),
                ))
            })
            .collect(),
    )
}

/// The digest of what defines a run: the raw run-defining inputs, the code, and the place. A job that was lost in a crash
/// is taken over only when it is equal.
pub(crate) fn request_digest(
    written: &Object,
    decision: &Decision,
    source_digest: &Value,
) -> String {
    let inputs: Map<String, Json> = written
        .iter()
        .filter(|(name, value)| {
            class_of(name) == Some(Class::Run) && *name != "source_dir" && !value.is_null()
        })
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect();
    aws::naming::request_digest(&json!({
        "inputs": inputs,
        "source": to_json(source_digest),
        "region": decision.selected_region,
        "instance_type": decision.selected_instance_type,
        "capacity": decision.selected_capacity.as_str(),
    }))
}
