//! The model package group: made after the end of a run, not by a create. A destroy takes it away when it is ours and
//! empty; a registered model was paid for and stays, with its group.

use async_trait::async_trait;
use serde_json::json;

use super::Step;
use crate::after::{Group, empty_group_goes, group_of};
use crate::clients::Aws;
use crate::error::Error;
use crate::removal::Removal;
use crate::run::Run;
use crate::settings::Service;
use crate::tags::{self, Tags};

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

/// Whether something of SageMaker carries the tags of this training.
pub(crate) async fn carries_our_tags(
    aws: &Aws,
    region: &str,
    arn: &str,
    name: &str,
) -> Result<bool, Error> {
    let mut body = json!({ "ResourceArn": arn, "MaxResults": 100 });
    let mut tags = Tags::new();
    loop {
        let answer = aws
            .json(Service::Sagemaker, region, "ListTags", &body)
            .await
            .map_err(|error| error.about(arn.to_owned()))?;
        tags.extend(tags::from_json(&answer["Tags"]));
        match answer["NextToken"].as_str() {
            Some(token) => body["NextToken"] = json!(token),
            None => return Ok(tags::belong_to(&tags, name)),
        }
    }
}
