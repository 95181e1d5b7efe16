//! Rules over what records a run and what is done after its end.

use tfplugin::{Attr, Diagnostics, Path};

use super::Config;
use super::rules::own_objects;
use super::workload::entries;
use crate::report::{error, invalid};

/// What the MLflow client reads: set by the provider with `mlflow_resource_arn`.
const TRACKING_URI: &str = "MLFLOW_TRACKING_URI";

pub(super) fn check(config: &Config, found: &mut Diagnostics) {
    experiments(config, found);
    mlflow(config, found);
    copies(config, found);
}

fn experiments(config: &Config, found: &mut Diagnostics) {
    let enabled = &config.enable_experiment_tracking;
    if *enabled == Attr::Known(true)
        && config.experiment.is_null()
        && config.mlflow_resource_arn.is_null()
    {
        found.push(error(
            Path::root("enable_experiment_tracking"),
            "enable_experiment_tracking needs experiment or mlflow_resource_arn",
            "Nothing says where the run is recorded. Set experiment with a name, or mlflow_resource_arn, or both; or leave enable_experiment_tracking out.",
        ));
    }
    // Written out, false is a switch; left out, the setting would be ignored without a word.
    if !enabled.is_null() {
        return;
    }
    for (name, set) in [
        ("experiment", config.experiment.is_known()),
        ("mlflow_resource_arn", config.mlflow_resource_arn.is_known()),
    ] {
        if set {
            found.push(error(
                Path::root(name),
                format!("{name} needs enable_experiment_tracking"),
                format!("Set enable_experiment_tracking = true to record the run there, or false to keep {name} and record nothing."),
            ));
        }
    }
}

fn mlflow(config: &Config, found: &mut Diagnostics) {
    if !config.mlflow_resource_arn.is_known() {
        return;
    }
    if config.enable_network_isolation == Attr::Known(true) {
        found.push(error(
            Path::root("mlflow_resource_arn"),
            "mlflow_resource_arn and enable_network_isolation exclude each other",
            "Without a network the container cannot reach MLflow. experiment works in isolation too: SageMaker records the run itself.",
        ));
    }
    if entries(&config.environment).any(|(key, _)| key == TRACKING_URI) {
        found.push(invalid(
            Path::root("environment").key(TRACKING_URI),
            format!("\"{TRACKING_URI}\" is set by the provider, to mlflow_resource_arn. Keep one of the two."),
        ));
    }
}

fn copies(config: &Config, found: &mut Diagnostics) {
    let Some(to) = config.copy_artifacts_to.as_deref().known() else {
        return;
    };
    let at = Path::root("copy_artifacts_to");
    if let Some(bucket) = config.s3_bucket_name.as_deref().known() {
        own_objects(&at, to, bucket, "mix with", found);
    }
    let trimmed = |uri: &str| uri.trim_end_matches('/').to_owned();
    if config
        .output_s3_uri
        .as_deref()
        .known()
        .is_some_and(|output| trimmed(output) == trimmed(to))
    {
        found.push(error(
            at,
            "copy_artifacts_to and output_s3_uri are the same place",
            "The model would be copied onto itself. Choose another prefix, or leave copy_artifacts_to out: output_s3_uri holds the model already.",
        ));
    }
}
