//! Tags of what SageMaker keeps: jobs, experiments, trials and model package groups.

use serde_json::{Value, json};

use crate::clients::Aws;
use crate::error::Error;
use crate::settings::Service;
use crate::tags::{self, Tags};

/// All of them.
pub(crate) async fn of(aws: &Aws, region: &str, arn: &str) -> Result<Tags, Error> {
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

/// Whether it carries the tags of this training.
pub(crate) async fn are_ours(
    aws: &Aws,
    region: &str,
    arn: &str,
    name: &str,
) -> Result<bool, Error> {
    Ok(tags::belong_to(&of(aws, region, arn).await?, name))
}

/// Puts these on it.
pub(crate) async fn put(aws: &Aws, region: &str, arn: &str, tags: &Tags) -> Result<(), Error> {
    let body = json!({ "ResourceArn": arn, "Tags": tags::as_json(tags) });
    call(aws, region, "AddTags", arn, &body).await.map(|_| ())
}

/// Brings the user's tags from what they are now to what is wanted; ours stay.
pub(crate) async fn change(
    aws: &Aws,
    region: &str,
    arn: &str,
    now: &Tags,
    wanted: &Tags,
) -> Result<(), Error> {
    let (changed, removed) = tags::changes(now, wanted);
    // Removing first keeps below the limit of 50.
    if !removed.is_empty() {
        let body = json!({ "ResourceArn": arn, "TagKeys": removed });
        call(aws, region, "DeleteTags", arn, &body).await?;
    }
    if !changed.is_empty() {
        put(aws, region, arn, &changed).await?;
    }
    Ok(())
}

/// The same, if it carries the tags of this training.
pub(crate) async fn change_ours(
    aws: &Aws,
    region: &str,
    arn: &str,
    wanted: &Tags,
    name: &str,
) -> Result<(), Error> {
    let now = of(aws, region, arn).await?;
    if tags::belong_to(&now, name) {
        change(aws, region, arn, &now, wanted).await?;
    }
    Ok(())
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
