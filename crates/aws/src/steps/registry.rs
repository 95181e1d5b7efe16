//! The model package group: made after the end of a run, not by a create. A destroy takes it away when it is ours and
//! empty; a registered model was paid for and stays, with its group.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Step;
use crate::after::{Group, arn_of_group, empty_group_goes, group_of};
use crate::clients::Aws;
use crate::error::Error;
use crate::handle::Handle;
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
    Ok(tags::belong_to(&tags_of(aws, region, arn).await?, name))
}

async fn tags_of(aws: &Aws, region: &str, arn: &str) -> Result<Tags, Error> {
    let mut body = json!({ "ResourceArn": arn, "MaxResults": 100 });
    let mut tags = Tags::new();
    loop {
        let answer = call(aws, region, "ListTags", arn, &body).await?;
        tags.extend(tags::from_json(&answer["Tags"]));
        match answer["NextToken"].as_str() {
            Some(token) => body["NextToken"] = json!(token),
            None => return Ok(tags),
        }
    }
}

async fn call(
    aws: &Aws,
    region: &str,
    operation: &'static str,
    arn: &str,
    body: &Value,
) -> Result<Value, Error> {
    aws.json(Service::Sagemaker, region, operation, body)
        .await
        .map_err(|error| error.about(arn.to_owned()))
}

/// Brings the tags of something of SageMaker to what is wanted, if it carries those of this training; ours stay.
pub(crate) async fn retag_ours(
    aws: &Aws,
    region: &str,
    arn: &str,
    wanted: &Tags,
    name: &str,
) -> Result<(), Error> {
    let now = tags_of(aws, region, arn).await?;
    if !tags::belong_to(&now, name) {
        return Ok(());
    }
    let (changed, removed) = tags::changes(&now, wanted);
    // Removing first keeps below the limit of 50.
    if !removed.is_empty() {
        let body = json!({ "ResourceArn": arn, "TagKeys": removed });
        call(aws, region, "DeleteTags", arn, &body).await?;
    }
    if !changed.is_empty() {
        let body = json!({ "ResourceArn": arn, "Tags": tags::as_json(&changed) });
        call(aws, region, "AddTags", arn, &body).await?;
    }
    Ok(())
}

/// Brings the tags of the group to what is wanted, if it is ours.
pub(crate) async fn retag(aws: &Aws, handle: &Handle, wanted: &Tags) -> Result<(), Error> {
    let Some(group) = group_of(handle) else {
        return Ok(());
    };
    match arn_of_group(aws, &handle.region, group).await? {
        Some(arn) => retag_ours(aws, &handle.region, &arn, wanted, &handle.name).await,
        None => Ok(()),
    }
}
