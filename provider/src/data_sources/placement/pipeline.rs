//! The decision as a Training step for a pipeline of the user's own.
//!
//! What the step shares with a run is read by the same code: the step's own settings are put where the resource has them,
//! and `aws` writes the request that a run would send.

use std::collections::BTreeMap;

use planner::Decision;
use schemas::data_sources::placement::PipelineStep;
use schemas::ml_training::{Config, Effective, Surroundings};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Diagnostic, Diagnostics, Value, from_value};

use crate::configured::Configured;
use crate::object::{Object, object};
use crate::resources::image::{Container, container};
use crate::resources::spec::{Ingredients, spec};
use crate::settings::known_map;

/// Settings of the step that the resource has under the same name.
const SHARED: [&str; 8] = [
    "role_arn",
    "output_s3_uri",
    "source_s3_uri",
    "entry_point",
    "hyperparameters",
    "environment",
    "metric_definitions",
    "distribution",
];

/// `pipeline_step_json`; null where no step is asked for, or nothing says what it runs.
pub(super) fn json(
    configured: &Configured,
    written: &Value,
    decision: &Decision,
    provider_region: &str,
) -> Result<Attr<String>, Diagnostics> {
    let given = written.get("pipeline_step");
    let (Some(catalog), false) = (configured.catalog(), given.is_null()) else {
        return Ok(Attr::Null);
    };
    let step: PipelineStep = from_value(given)?;
    let mut meant = written.clone();
    for name in SHARED {
        if !given.get(name).is_null() {
            meant.set(name, given.get(name).clone());
        }
    }
    let config = Config::read(&meant)?;
    let (region, kind) = (
        decision.selected_region.as_str(),
        decision.selected_instance_type.as_str(),
    );
    let container = container(catalog, &config, region, kind)?;
    if matches!(container, Container::None | Container::Unknown) {
        return Ok(Attr::Null);
    }
    let surroundings = Surroundings {
        provider_region: Attr::Known(provider_region),
    };
    let effective = Effective::of(&meant, surroundings)?;
    let mut run = spec(&Ingredients {
        further: Vec::new(),
        written: &object(&meant),
        config: &effective,
        provider_region,
        decision,
        container: &container,
        planned: &Object::new(),
        tags: BTreeMap::new(),
        manifest: Json::Null,
        may_stop_previous: false,
        catalog,
    })?;
    // Settings for the code go in where a run is ours; a pipeline's environment is the pipeline's.
    run.environment = known_map(&step.environment).unwrap_or_default();
    run.output_s3_uri = step.output_s3_uri.as_ref().known().cloned();
    run.pass_compressed_uri = false;
    if config.input_channels.is_null() {
        match step.dataset_s3_uri.as_ref().known() {
            Some(uri) => run.channels.iter_mut().for_each(|channel| {
                channel.s3_uri.clone_from(uri);
            }),
            None => run.channels.clear(),
        }
    }
    let checkpoints = step.checkpoint_s3_uri.as_deref().known();
    let arguments = aws::pipeline::training_arguments(configured.aws()?, &run, checkpoints)
        .map_err(|error| Diagnostic::error(error.summary(), error.detail()).at("pipeline_step"))?;
    let mut whole = json!({
        "Name": step.name.as_ref().known().map_or("Training", String::as_str),
        "Type": "Training",
        "Arguments": arguments,
    });
    let after: Vec<&String> = step
        .depends_on
        .as_ref()
        .known()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_ref().known())
        .collect();
    if !after.is_empty() {
        whole["DependsOn"] = json!(after);
    }
    Ok(Attr::Known(whole.to_string()))
}
