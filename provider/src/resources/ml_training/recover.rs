//! Finding what exists without the private state.
//!
//! When a tainted object is replaced, Terraform plans its successor without the private state and then destroys the old one
//! with what that plan answered: the names of what exists have to be found again from the state. The same holds after a
//! provider that died in a change: Terraform keeps the state as it was then, and forgets the private one.

use aws::lifecycle::{self, ImportId};
use aws::{Aws, Handle, Kind};
use tfplugin::{Diagnostic, Diagnostics};

use crate::object::{Object, get};

/// What is remembered, else what the job named in the state leads to. None when there is no job.
pub(crate) async fn handle(
    aws: &Aws,
    remembered: Option<Handle>,
    state: &Object,
) -> Result<Option<Handle>, Diagnostics> {
    if remembered.is_some() {
        return Ok(remembered);
    }
    let (Some(region), Some(job_name)) = (
        get(state, "selected_region").as_str(),
        get(state, "training_job_name").as_str(),
    ) else {
        return Ok(None);
    };
    let id = ImportId::Job {
        region: region.to_owned(),
        job_name: job_name.to_owned(),
    };
    match lifecycle::import(aws, &id).await {
        Ok(found) => {
            let mut handle = found.handle;
            // Made after the end: no description of the job names it.
            handle.model_package_group = get(state, "model_package_group_name")
                .as_str()
                .map(str::to_owned);
            Ok(Some(handle))
        }
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(Diagnostic::error(error.summary(), error.detail()).into()),
    }
}
