//! The run as a Training step of SageMaker Pipelines: the same CreateTrainingJob request, without what the pipeline gives
//! itself. Pure: nothing is asked of AWS.

use serde_json::{Value, json};

use crate::clients::Aws;
use crate::control::{Control, NoProgress};
use crate::error::Error;
use crate::naming;
use crate::request;
use crate::run::Run;
use crate::spec::{Role, RunSpec};
use crate::tags;

/// `Arguments` of the step (definition version 2020-12-01): a CreateTrainingJob request without `TrainingJobName`.
///
/// Left out, too, is what belongs to a run of ours alone: our tags, our folders for checkpoints and compressed models,
/// and members that say what is the default anyway. `checkpoints` is a prefix of the caller's.
///
/// # Errors
/// The run's description contradicts itself.
pub fn training_arguments(
    aws: &Aws,
    spec: &RunSpec,
    checkpoints: Option<&str>,
) -> Result<Value, Error> {
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let control = Control {
        stop,
        timeout: aws.timing().looking,
        progress: &NoProgress,
    };
    let mut run = Run::new(aws, spec, None, &control);
    run.handle.role_arn = match &spec.role {
        Role::Given { arn } => Some(arn.clone()),
        Role::Managed { .. } => None,
    };
    let mut request = request::build(&run)?;
    let Some(members) = request.as_object_mut() else {
        return Ok(request);
    };
    for name in [
        "TrainingJobName",
        "ProfilerConfig",
        "Tags",
        "CheckpointConfig",
        "Environment",
    ] {
        members.remove(name);
    }
    for name in [
        "EnableNetworkIsolation",
        "EnableInterContainerTrafficEncryption",
    ] {
        if members.get(name) == Some(&Value::Bool(false)) {
            members.remove(name);
        }
    }
    if !spec.tags.is_empty() {
        members.insert("Tags".to_owned(), tags::as_json(&spec.tags));
    }
    let mut environment = spec.environment.clone();
    if let (Some(checkpoint), Some(uri)) = (&spec.checkpoint, checkpoints) {
        environment.insert(naming::CHECKPOINT_URI_ENV.to_owned(), uri.to_owned());
        members.insert(
            "CheckpointConfig".to_owned(),
            json!({ "S3Uri": uri, "LocalPath": checkpoint.local_path }),
        );
    }
    if !environment.is_empty() {
        members.insert("Environment".to_owned(), json!(environment));
    }
    if request["OutputDataConfig"]["CompressionType"] == "GZIP"
        && let Some(output) = request["OutputDataConfig"].as_object_mut()
    {
        output.remove("CompressionType");
    }
    if let Some(hyperparameters) = request
        .get_mut("HyperParameters")
        .and_then(Value::as_object_mut)
    {
        // The pipeline names the job.
        hyperparameters.remove("sagemaker_job_name");
    }
    Ok(request)
}
