//! A job that this provider did not make, taken over by an import or a move: its inputs as the job's description tells them.
//!
//! The configuration of such a run rarely repeats the description word for word (an image with placeholders, a name of its
//! own, defaults that are written out). Until the first apply everything therefore passes in place: what the configuration
//! says is recorded, and applies to the next run. No new run is started, which would have to be paid for.

use std::collections::BTreeMap;

use schemas::ml_training::{Class, class_of};
use serde_json::Value as Json;
use tfplugin::{Diagnostic, Number, Value};

use super::change::{Change, same};
use crate::object::{Object, get};
use crate::text::list;

/// Keys by which SageMaker's training toolkit is told what to run.
const PROGRAM: &str = "sagemaker_program";
const SUBMITTED: &str = "sagemaker_submit_directory";
const CHECKPOINTS: &str = "/opt/ml/checkpoints";

/// The inputs of a job by its description. What stands at SageMaker's default is left null.
pub(crate) fn inputs(description: &Json) -> Object {
    let algorithm = &description["AlgorithmSpecification"];
    let resources = &description["ResourceConfig"];
    let output = &description["OutputDataConfig"];
    let limits = &description["StoppingCondition"];
    let toolkit = &description["HyperParameters"];
    let mode = algorithm["TrainingInputMode"].as_str();
    let (prefix, channels) = data(&description["InputDataConfig"], mode);
    let bucket = aws::foreign::data_uri(description)
        .or(output["S3OutputPath"].as_str())
        .and_then(aws::naming::split_s3_uri)
        .map(|(bucket, _)| bucket);
    let named = !algorithm["AlgorithmName"].is_null();
    let found = [
        ("name", text(&description["TrainingJobName"])),
        ("s3_bucket_name", bucket.map_or(Value::Null, Value::from)),
        ("algorithm", text(&algorithm["AlgorithmName"])),
        (
            "training_image",
            if named {
                Value::Null
            } else {
                text(&algorithm["TrainingImage"])
            },
        ),
        (
            "container_entrypoint",
            texts(&algorithm["ContainerEntrypoint"]),
        ),
        (
            "container_arguments",
            texts(&algorithm["ContainerArguments"]),
        ),
        ("metric_definitions", metrics(description)),
        ("entry_point", unquoted(&toolkit[PROGRAM])),
        ("source_s3_uri", unquoted(&toolkit[SUBMITTED])),
        (
            "hyperparameters",
            entries(toolkit, |key| !key.starts_with("sagemaker_")),
        ),
        (
            "environment",
            entries(&description["Environment"], |key| {
                ![
                    aws::naming::COMPRESSED_URI_ENV,
                    aws::naming::CHECKPOINT_URI_ENV,
                ]
                .contains(&key)
            }),
        ),
        ("dataset_s3_prefix", prefix),
        ("input_channels", channels),
        ("output_s3_uri", text(&output["S3OutputPath"])),
        (
            "output_compression",
            unless(&output["CompressionType"], "GZIP"),
        ),
        ("kms_key_arn", arn(&output["KmsKeyId"])),
        ("instance_count", above(&resources["InstanceCount"], 1)),
        ("volume_size_gb", above(&resources["VolumeSizeInGB"], 0)),
        ("volume_kms_key_arn", arn(&resources["VolumeKmsKeyId"])),
        (
            "keep_alive_minutes",
            units(&resources["KeepAlivePeriodInSeconds"], 60, 1),
        ),
        ("training_plan_arn", arn(&resources["TrainingPlanArn"])),
        ("role_arn", arn(&description["RoleArn"])),
        ("vpc_config", network(&description["VpcConfig"])),
        (
            "enable_network_isolation",
            flag(&description["EnableNetworkIsolation"]),
        ),
        (
            "encrypt_inter_container_traffic",
            flag(&description["EnableInterContainerTrafficEncryption"]),
        ),
        (
            "use_spot_instances",
            flag(&description["EnableManagedSpotTraining"]),
        ),
        (
            "max_runtime_hours",
            hours(&limits["MaxRuntimeInSeconds"], 1.0),
        ),
        (
            "max_wait_hours",
            hours(&limits["MaxWaitTimeInSeconds"], 1.0),
        ),
        (
            "max_pending_hours",
            hours(&limits["MaxPendingTimeInSeconds"], 2.0),
        ),
        (
            "max_retry_attempts",
            above(&description["RetryStrategy"]["MaximumRetryAttempts"], 0),
        ),
        (
            "supports_checkpointing",
            if description["CheckpointConfig"]["S3Uri"].is_string() {
                true.into()
            } else {
                Value::Null
            },
        ),
        (
            "checkpoint_local_path",
            unless(&description["CheckpointConfig"]["LocalPath"], CHECKPOINTS),
        ),
        ("experiment", experiment(&description["ExperimentConfig"])),
        (
            "mlflow_resource_arn",
            arn(&description["MlflowConfig"]["MlflowResourceArn"]),
        ),
    ];
    found
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The user's own among tags: neither AWS's nor ours.
pub(crate) fn tags(tags: &BTreeMap<String, String>) -> Value {
    let own: Vec<_> = tags
        .iter()
        .filter(|(key, _)| !aws::naming::is_own_tag(key) && !key.starts_with("aws:"))
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect();
    if own.is_empty() {
        Value::Null
    } else {
        Value::object(own)
    }
}

/// Lets every difference between the configuration and a job that was just taken over pass in place, and says of which of
/// them the job knows nothing.
pub(crate) fn taken_over(
    change: Change,
    written: &Object,
    prior: &Object,
) -> (Change, Option<Diagnostic>) {
    let differing: Vec<String> = written
        .iter()
        .filter(|(name, wanted)| class_of(name).is_some() && !same(name, wanted, get(prior, name)))
        .map(|(name, _)| name.clone())
        // There is no dashboard of ours for a job that is not.
        .filter(|name| name != "dashboard")
        .collect();
    let unlike: Vec<&str> = differing
        .iter()
        .map(String::as_str)
        .filter(|name| class_of(name) == Some(Class::Run) && !get(prior, name).is_null())
        .collect();
    let warning = (!unlike.is_empty()).then(|| {
        let job = get(prior, "training_job_name").as_str().unwrap_or("the job");
        Diagnostic::warning(
            "The job was made with other settings",
            format!(
                "What the configuration says of {} is not what {job} was made with. {job} is taken over as it is, without a new run; the settings are recorded and apply to the next run. To train with them, apply once more with -replace, or change rerun_triggers after this apply.",
                list(&unlike)
            ),
        )
    });
    let change = match change {
        Change::Create => Change::Create,
        _ if differing.is_empty() => Change::None,
        _ => Change::InPlace(differing),
    };
    (change, warning)
}

/// The first apply gives the job the name and the bucket of the configuration.
pub(crate) fn settle(handle: &mut aws::Handle, planned: &Object) {
    if let Some(name) = get(planned, "name").as_str() {
        name.clone_into(&mut handle.name);
    }
    let bucket = get(planned, "s3_bucket_name").as_str();
    if let Some(bucket) = bucket
        && handle
            .data_bucket
            .as_ref()
            .is_none_or(|known| known.name != bucket)
    {
        let region = get(planned, "dataset_region").as_str();
        handle.data_bucket = Some(aws::handle::BucketRef {
            name: bucket.to_owned(),
            region: region.unwrap_or(&handle.region).to_owned(),
            managed: false,
        });
    }
}

fn text(json: &Json) -> Value {
    match json.as_str() {
        Some(text) if !text.is_empty() => text.into(),
        _ => Value::Null,
    }
}

/// The SageMaker Python SDK writes hyperparameters as JSON.
fn unquoted(json: &Json) -> Value {
    match json.as_str().map(|text| text.trim_matches('"')) {
        Some(text) if !text.is_empty() => text.into(),
        _ => Value::Null,
    }
}

fn unless(json: &Json, default: &str) -> Value {
    if json == default {
        Value::Null
    } else {
        text(json)
    }
}

/// A key ID alone cannot be written where an ARN is asked for.
fn arn(json: &Json) -> Value {
    match json.as_str() {
        Some(arn) if arn.starts_with("arn:") => arn.into(),
        _ => Value::Null,
    }
}

fn flag(json: &Json) -> Value {
    if json == true {
        true.into()
    } else {
        Value::Null
    }
}

fn texts(json: &Json) -> Value {
    match json.as_array() {
        Some(items) if !items.is_empty() => Value::Seq(
            items
                .iter()
                .filter_map(Json::as_str)
                .map(Value::from)
                .collect(),
        ),
        _ => Value::Null,
    }
}

fn entries(json: &Json, keep: impl Fn(&str) -> bool) -> Value {
    let kept: Vec<_> = json
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| keep(key))
        .filter_map(|(key, value)| Some((key.clone(), Value::from(value.as_str()?))))
        .collect();
    if kept.is_empty() {
        Value::Null
    } else {
        Value::object(kept)
    }
}

/// SageMaker adds dozens of definitions of its own to jobs of its own images: only those of private images are the user's.
fn metrics(description: &Json) -> Value {
    let algorithm = &description["AlgorithmSpecification"];
    let account = description["TrainingJobArn"]
        .as_str()
        .and_then(aws::foreign::place)
        .map(|(_, account)| account);
    let private = match (algorithm["TrainingImage"].as_str(), account) {
        (Some(image), Some(account)) => image.starts_with(&format!("{account}.dkr.")),
        _ => false,
    };
    let definitions: Vec<_> = algorithm["MetricDefinitions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| {
            Some((
                one["Name"].as_str()?.to_owned(),
                Value::from(one["Regex"].as_str()?),
            ))
        })
        .collect();
    if private && !definitions.is_empty() {
        Value::object(definitions)
    } else {
        Value::Null
    }
}

fn above(json: &Json, least: i64) -> Value {
    match json.as_i64() {
        Some(number) if number > least => number.into(),
        _ => Value::Null,
    }
}

/// Whole units of so many seconds.
fn units(seconds: &Json, of: i64, least: i64) -> Value {
    match seconds.as_i64() {
        Some(seconds) if seconds % of == 0 && seconds / of >= least => (seconds / of).into(),
        _ => Value::Null,
    }
}

/// Hours, where two decimals write them exactly.
fn hours(seconds: &Json, least: f64) -> Value {
    match seconds.as_i64() {
        Some(seconds) if seconds % 36 == 0 => {
            let hundredths = seconds / 36;
            let hours = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            let hours = hours.trim_end_matches('0').trim_end_matches('.');
            match Number::parse(hours) {
                Some(number) if number.as_f64() >= least => Value::Number(number),
                _ => Value::Null,
            }
        }
        _ => Value::Null,
    }
}

fn network(json: &Json) -> Value {
    let (subnets, groups) = (texts(&json["Subnets"]), texts(&json["SecurityGroupIds"]));
    if subnets.is_null() || groups.is_null() {
        return Value::Null;
    }
    Value::object([("subnets", subnets), ("security_group_ids", groups)])
}

fn experiment(json: &Json) -> Value {
    let name = text(&json["ExperimentName"]);
    if name.is_null() {
        return Value::Null;
    }
    Value::object([
        ("name", name),
        ("trial", text(&json["TrialName"])),
        ("run", text(&json["RunName"])),
    ])
}

/// `dataset_s3_prefix` where one plain channel `train` reads a prefix, else `input_channels`.
fn data(channels: &Json, mode: Option<&str>) -> (Value, Value) {
    let channels: Vec<(String, Value)> = channels
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one["ChannelName"].as_str()?.to_owned(), channel(one, mode))))
        .collect();
    if let [(name, only)] = &channels[..]
        && name == "train"
        && let Some(uri) = only.get("s3_uri").as_str()
        && let Some((_, prefix)) = aws::naming::split_s3_uri(uri)
        && only
            .as_map()
            .into_iter()
            .flatten()
            .all(|(key, value)| key == "s3_uri" || value.is_null())
    {
        let default = prefix.trim_end_matches('/') == "data";
        return (
            if default { Value::Null } else { prefix.into() },
            Value::Null,
        );
    }
    if channels.is_empty() {
        return (Value::Null, Value::Null);
    }
    (Value::Null, Value::object(channels))
}

fn channel(json: &Json, mode: Option<&str>) -> Value {
    let bucket = &json["DataSource"]["S3DataSource"];
    let files = &json["DataSource"]["FileSystemDataSource"];
    let file_system = match (
        files["FileSystemId"].as_str(),
        files["DirectoryPath"].as_str(),
    ) {
        (Some(id), Some(path)) => {
            Value::object([("id", Value::from(id)), ("directory_path", path.into())])
        }
        _ => Value::Null,
    };
    let mode = json["InputMode"]
        .as_str()
        .or(mode)
        .filter(|mode| *mode != "File");
    Value::object([
        ("s3_uri", text(&bucket["S3Uri"])),
        ("input_mode", mode.map_or(Value::Null, Value::from)),
        ("content_type", text(&json["ContentType"])),
        ("compression", unless(&json["CompressionType"], "None")),
        ("record_wrapper", unless(&json["RecordWrapperType"], "None")),
        ("s3_data_type", unless(&bucket["S3DataType"], "S3Prefix")),
        (
            "distribution",
            unless(&bucket["S3DataDistributionType"], "FullyReplicated"),
        ),
        ("shuffle_seed", above(&json["ShuffleConfig"]["Seed"], -1)),
        ("file_system", file_system),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::to_json;

    #[test]
    fn a_description_becomes_inputs() {
        let description = json!({
            "TrainingJobName": "xgb-1",
            "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/xgb-1",
            "AlgorithmSpecification": {
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
                "TrainingInputMode": "FastFile",
                "ContainerArguments": ["--fast"],
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
            },
            "HyperParameters": {
                "sagemaker_program": "\"train.py\"", "sagemaker_region": "\"us-east-1\"",
                "sagemaker_submit_directory": "\"s3://data/code.tar.gz\"", "lr": "0.1"},
            "Environment": {"MODE": "fast", "SUSTAINABLE_CHECKPOINT_URI": "s3://x"},
            "InputDataConfig": [
                {"ChannelName": "train", "CompressionType": "None", "RecordWrapperType": "None",
                 "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/a/", "S3DataDistributionType": "FullyReplicated"}}}],
            "OutputDataConfig": {"S3OutputPath": "s3://results/out", "KmsKeyId": "1234abcd", "CompressionType": "GZIP"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30, "KeepAlivePeriodInSeconds": 1800},
            "StoppingCondition": {"MaxRuntimeInSeconds": 5400, "MaxPendingTimeInSeconds": 7201},
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "EnableNetworkIsolation": false,
            "EnableManagedSpotTraining": true,
            "CheckpointConfig": {"S3Uri": "s3://results/c", "LocalPath": "/opt/ml/checkpoints"},
        });
        let told: serde_json::Map<_, _> = inputs(&description)
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), to_json(value)))
            .collect();
        let expected = json!({
            "name": "xgb-1", "s3_bucket_name": "data",
            "training_image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
            "container_arguments": ["--fast"], "metric_definitions": {"loss": "loss=(.*)"},
            "entry_point": "train.py", "source_s3_uri": "s3://data/code.tar.gz", "hyperparameters": {"lr": "0.1"},
            "environment": {"MODE": "fast"},
            "input_channels": {"train": {
                "s3_uri": "s3://data/a/", "input_mode": "FastFile", "content_type": null, "compression": null,
                "record_wrapper": null, "s3_data_type": null, "distribution": null, "shuffle_seed": null, "file_system": null}},
            "output_s3_uri": "s3://results/out", "volume_size_gb": 30, "keep_alive_minutes": 30,
            "max_runtime_hours": 1.5, "role_arn": "arn:aws:iam::123456789012:role/r",
            "use_spot_instances": true, "supports_checkpointing": true,
        });
        assert_eq!(Json::Object(told), expected);
    }
}
