//! A training job that this provider did not make: what its description tells, as SageMaker spells it.
//!
//! The description is DescribeTrainingJob's answer as JSON. A resource of another provider that stands for a training job
//! is put into the same form, so that there is one reading of both.

use serde_json::Value as Json;

use crate::handle::{BucketRef, Handle};
use crate::naming;
use crate::spec::Compression;

/// Region and account of a training job's ARN, `arn:aws:sagemaker:<region>:<account>:training-job/<name>`.
pub fn place(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "sagemaker", region, account, resource]
            if resource.starts_with("training-job/") =>
        {
            Some((region, account))
        }
        _ => None,
    }
}

/// What is known of a job from its description alone: names, nothing that a destroy would remove beside the job.
///
/// `region` and `account` stand where the description has no ARN.
pub fn handle(description: &Json, region: &str, account: &str) -> Handle {
    let text = |value: &Json| {
        value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let name = text(&description["TrainingJobName"]).unwrap_or_default();
    let arn = text(&description["TrainingJobArn"]);
    let (region, account) = arn.as_deref().and_then(place).unwrap_or((region, account));
    let resources = &description["ResourceConfig"];
    let output = &description["OutputDataConfig"];
    let bucket = |uri: &str| {
        naming::split_s3_uri(uri).map(|(name, _)| BucketRef {
            name: name.to_owned(),
            region: region.to_owned(),
            managed: false,
        })
    };
    let results = output["S3OutputPath"].as_str().and_then(bucket);
    let data = data_uri(description).and_then(bucket);
    Handle {
        foreign: true,
        name: name.clone(),
        account_id: account.to_owned(),
        partition: naming::partition(region).to_owned(),
        region: region.to_owned(),
        job_arn: arn,
        job_name: Some(name),
        data_bucket: data.clone().or_else(|| results.clone()),
        job_bucket: data.or(results),
        role_arn: text(&description["RoleArn"]),
        checkpoint_uri: text(&description["CheckpointConfig"]["S3Uri"]),
        output_path: text(&output["S3OutputPath"]),
        output_compression: if output["CompressionType"] == "NONE" {
            Compression::None
        } else {
            Compression::Gzip
        },
        image: text(&description["AlgorithmSpecification"]["TrainingImage"]),
        // Of several types the one that SageMaker took; before it has chosen, the first.
        instance_type: text(&resources["SelectedInstanceType"])
            .or_else(|| text(&resources["InstanceType"]))
            .or_else(|| text(&resources["InstancePreferences"][0]["InstanceType"]))
            .unwrap_or_default(),
        instance_count: resources["InstanceCount"]
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1),
        spot: description["EnableManagedSpotTraining"] == true,
        ..Handle::default()
    }
}

/// Where the first channel that reads from S3 reads from.
pub fn data_uri(description: &Json) -> Option<&str> {
    let channels = description["InputDataConfig"].as_array()?;
    channels
        .iter()
        .find_map(|channel| channel["DataSource"]["S3DataSource"]["S3Uri"].as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_handle_names_the_job_and_nothing_to_remove() {
        let description = json!({
            "TrainingJobName": "xgb-1",
            "TrainingJobArn": "arn:aws:sagemaker:eu-north-1:123456789012:training-job/xgb-1",
            "InputDataConfig": [
                {"ChannelName": "fs", "DataSource": {"FileSystemDataSource": {"FileSystemId": "fs-1"}}},
                {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://data/train/"}}},
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://results/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        });
        let handle = handle(&description, "us-east-1", "");
        assert!(handle.foreign);
        assert_eq!(
            (handle.region.as_str(), handle.account_id.as_str()),
            ("eu-north-1", "123456789012")
        );
        assert_eq!(
            handle.data_bucket.map(|bucket| bucket.name).as_deref(),
            Some("data")
        );
        assert_eq!(handle.instance_count, 2);
        // Prefixes of ours are removed from the work bucket at destroy: a foreign job has none.
        assert_eq!(handle.work_bucket, None);
        assert_eq!(
            (handle.claim, handle.managed_role, handle.dashboard),
            (None, None, None)
        );
    }
}
