//! The model package group: made after the end of a run, not by a create. A destroy takes it away when it is ours and
//! empty; a registered model was paid for and stays, with its group.

use async_trait::async_trait;

use super::{Step, sagemaker_tags};
use crate::after::{Group, arn_of_group, empty_group_goes, group_of};
use crate::clients::Aws;
use crate::error::Error;
use crate::handle::Handle;
use crate::removal::Removal;
use crate::run::Run;
use crate::tags::Tags;

pub(crate) struct ModelGroup;

#[async_trait]
impl Step for ModelGroup {
    fn name(&self) -> &'static str {
        "model package group"
    }

    async fn act(&self, _run: &mut Run<'_>) -> Result<(), Error> {
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        let Some(group) = group_of(&removal.handle).map(str::to_owned) else {
            return Ok(());
        };
        let region = removal.handle.region.clone();
        match empty_group_goes(removal.aws, &removal.handle, &group).await? {
            Group::Gone | Group::Deleted => {}
            Group::Holds => removal.leave(format!(
                "registered models in model package group {group}, {region}"
            )),
            Group::NotOurs => removal.leave(format!(
                "model package group {group} in {region}: it does not carry our tags"
            )),
        }
        removal.handle.model_package_group = None;
        Ok(())
    }
}

/// Brings the tags of the group to what is wanted, if it is ours.
pub(crate) async fn retag(aws: &Aws, handle: &Handle, wanted: &Tags) -> Result<(), Error> {
    let Some(group) = group_of(handle) else {
        return Ok(());
    };
    match arn_of_group(aws, &handle.region, group).await? {
        Some(arn) => {
            sagemaker_tags::change_ours(aws, &handle.region, &arn, wanted, &handle.name).await
        }
        None => Ok(()),
    }
}
