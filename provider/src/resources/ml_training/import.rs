//! Importing: by the job's ARN, by `region/job-name`, by `s3_bucket_name/name`, or by identity. Every argument comes back
//! from the run manifest, so that the next plan is empty; of a job that this provider did not make, what SageMaker tells.

use aws::Handle;
use aws::lifecycle::{self, ImportId};
use serde_json::Value as Json;
use tfplugin::{Diagnostic, Diagnostics, ImportRequest, ImportResponse, Value};

use super::apply::remarks;
use super::manifest::Manifest;
use super::private::Remembered;
use super::{foreign, foreseen, identity, run};
use crate::configured::Configured;
use crate::object::Object;

/// Finds a run.
pub(crate) async fn import(
    configured: &Configured,
    request: ImportRequest,
) -> Result<ImportResponse, Diagnostics> {
    let id = match &request.identity {
        Some(identity) if request.id.is_empty() => ImportId::Identity {
            bucket: identity
                .get("s3_bucket_name")
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            region: None,
            name: identity.get("name").as_str().unwrap_or_default().to_owned(),
        },
        _ => ImportId::parse(&request.id).map_err(failed)?,
    };
    let found = lifecycle::import(configured.aws()?, &id)
        .await
        .map_err(failed)?;
    let mut diagnostics: Diagnostics = remarks(&found.remarks).collect();
    let manifest = found.manifest.as_ref().and_then(Manifest::read);
    let mut state = empty();
    match &manifest {
        Some(manifest) => state.extend(manifest.state(&found.environment)),
        None => {
            let description = found.description.as_ref().unwrap_or(&Json::Null);
            state.extend(foreign::inputs(description));
            state.insert("tags".to_owned(), foreign::tags(&found.handle.tags));
            diagnostics.push(without_manifest(&found.handle));
        }
    }
    let bucket = found
        .handle
        .data_bucket
        .as_ref()
        .map(|bucket| bucket.name.clone());
    for (name, value) in [
        ("name", Some(found.handle.name.clone())),
        ("s3_bucket_name", bucket.clone()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            state.insert(name.to_owned(), value.into());
        }
    }
    let name = crate::object::get(&state, "name")
        .as_str()
        .map(str::to_owned);
    if let (Some(bucket), Some(name)) = (bucket, name) {
        state.insert("id".to_owned(), foreseen::id(&bucket, &name).into());
    }
    placed(&mut state, &found.handle);
    let catalog = configured.figures();
    let outputs = run::outputs(catalog, &state, &found.handle, Some(&found.observation))?;
    state.extend(outputs.into_iter().filter(|(_, value)| !value.is_null()));
    let remembered = Remembered {
        adopted: true,
        handle: Some(found.handle),
        intent: None,
        tried: None,
    };
    Ok(ImportResponse {
        identity: identity::settled(&state, &remembered),
        state: Value::Map(state),
        private: remembered.write(),
        diagnostics,
    })
}

/// Every attribute and block, null.
pub(super) fn empty() -> Object {
    let block = schemas::ml_training::resource_schema().block;
    let attributes = block
        .attributes
        .iter()
        .map(|attribute| attribute.name.to_string());
    let blocks = block.blocks.iter().map(|block| block.name.to_string());
    attributes
        .chain(blocks)
        .map(|name| (name, Value::Null))
        .collect()
}

/// Where a job is, and what follows from names alone.
pub(super) fn placed(state: &mut Object, handle: &Handle) {
    let capacity = if handle.spot { "spot" } else { "on_demand" };
    let mut put = |name: &str, value: Value| state.insert(name.to_owned(), value);
    put("selected_region", handle.region.as_str().into());
    put(
        "selected_instance_type",
        handle.instance_type.as_str().into(),
    );
    put("selected_capacity", capacity.into());
    put("launchable", true.into());
    if !handle.foreign {
        return;
    }
    put(
        "training_image_resolved",
        handle.image.as_deref().map_or(Value::Null, Value::from),
    );
    if let Some(bucket) = &handle.data_bucket {
        put("job_bucket_name", bucket.name.as_str().into());
        put(
            "s3_bucket_arn",
            format!("arn:{}:s3:::{}", handle.partition, bucket.name).into(),
        );
    }
}

fn without_manifest(handle: &Handle) -> Diagnostic {
    let job = handle.job_name.as_deref().unwrap_or_default();
    if handle.foreign {
        return Diagnostic::warning(
            "A training job that this provider did not make",
            format!(
                "The arguments of {job} are what SageMaker tells of them; decision and estimate stay null until the next run. The first apply records the configuration as it is, without a new run. A destroy does to the job what on_destroy says, and removes nothing else."
            ),
        );
    }
    Diagnostic::warning(
        "The run has no manifest",
        format!(
            "{job} was made by this provider, but what it was decided from is gone. The arguments are what SageMaker tells of them; those of the configuration are taken over at the first apply where SageMaker tells nothing. Decision and estimate stay null until the next run."
        ),
    )
}

fn failed(error: aws::Error) -> Diagnostics {
    Diagnostic::error(error.summary(), error.detail()).into()
}
