//! Importing: by the job's ARN, by `region/job-name`, by `s3_bucket_name/name`, or by identity. Every argument comes back
//! from the run manifest, so that the next plan is empty.

use aws::lifecycle::{self, ImportId};
use tfplugin::{Diagnostic, Diagnostics, ImportRequest, ImportResponse, Value};

use super::apply::remarks;
use super::manifest::Manifest;
use super::private::Remembered;
use super::{foreseen, identity, run};
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
    let block = schemas::ml_training::resource_schema().block;
    let attributes = block
        .attributes
        .iter()
        .map(|attribute| attribute.name.to_string());
    let blocks = block.blocks.iter().map(|block| block.name.to_string());
    let mut state: Object = attributes
        .chain(blocks)
        .map(|name| (name, Value::Null))
        .collect();
    match &manifest {
        Some(manifest) => state.extend(manifest.state(&found.environment)),
        None => diagnostics.push(Diagnostic::warning(
            "The run has no manifest",
            "What it was made from is not known. The arguments of the configuration are taken over as they are at the first apply, without a new run; decision and estimate stay null until the next one.",
        )),
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
    for (name, value) in [
        ("selected_region", found.handle.region.as_str()),
        (
            "selected_instance_type",
            found.handle.instance_type.as_str(),
        ),
        (
            "selected_capacity",
            if found.handle.spot {
                "spot"
            } else {
                "on_demand"
            },
        ),
    ] {
        state.insert(name.to_owned(), value.into());
    }
    let catalog = configured
        .catalog()
        .unwrap_or_else(|| catalog::Catalog::embedded());
    let outputs = run::outputs(catalog, &state, &found.handle, Some(&found.observation))?;
    state.extend(outputs.into_iter().filter(|(_, value)| !value.is_null()));
    state.insert("launchable".to_owned(), true.into());
    let remembered = Remembered {
        adopted: true,
        handle: Some(found.handle),
        intent: None,
        tried: None,
    };
    Ok(ImportResponse {
        identity: identity::of(&state),
        state: Value::Map(state),
        private: remembered.write(),
        diagnostics,
    })
}

fn failed(error: aws::Error) -> Diagnostics {
    Diagnostic::error(error.summary(), error.detail()).into()
}
