//! The CreateTrainingJob request as the API spells it: sent, and recorded in the manifest, from one document.

use serde_json::{Map, Value, json};

use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::naming;
use crate::run::Run;
use crate::spec::{Algorithm, Channel, Compression, Distribution, Mounted, RunSpec, Source};
use crate::steps::experiment_config;
use crate::tags;

/// Channel of the source when the container has no network.
const CODE_CHANNEL: &str = "code";

/// ARN of a training job of the handle's account and region.
pub(crate) fn job_arn(handle: &Handle, job: &str) -> String {
    format!(
        "arn:{}:sagemaker:{}:{}:training-job/{job}",
        handle.partition, handle.region, handle.account_id
    )
}

/// The request for the job name that was chosen.
pub(crate) fn build(run: &Run<'_>) -> Result<Value, Error> {
    let spec = run.spec;
    let mut algorithm = Map::new();
    match &spec.algorithm {
        Algorithm::Image(uri) => algorithm.insert("TrainingImage".to_owned(), json!(uri)),
        Algorithm::Arn(arn) => algorithm.insert("AlgorithmName".to_owned(), json!(arn)),
    };
    algorithm.insert("TrainingInputMode".to_owned(), json!("File"));
    if !spec.container_entrypoint.is_empty() {
        algorithm.insert(
            "ContainerEntrypoint".to_owned(),
            json!(spec.container_entrypoint),
        );
    }
    if !spec.container_arguments.is_empty() {
        algorithm.insert(
            "ContainerArguments".to_owned(),
            json!(spec.container_arguments),
        );
    }
    if !spec.metric_definitions.is_empty() {
        let metrics: Vec<Value> = spec
            .metric_definitions
            .iter()
            .map(|(name, regex)| json!({ "Name": name, "Regex": regex }))
            .collect();
        algorithm.insert("MetricDefinitions".to_owned(), json!(metrics));
    }

    let mut resources = json!({ "InstanceCount": spec.instance_count });
    if run.handle.fallback_types.is_empty() {
        resources["InstanceType"] = json!(spec.instance_type);
    } else {
        // In the place of InstanceType: SageMaker takes the first with capacity.
        let types = std::iter::once(&spec.instance_type).chain(&run.handle.fallback_types);
        let preferences: Vec<Value> = types.map(|name| json!({ "InstanceType": name })).collect();
        resources["InstancePreferences"] = json!(preferences);
    }
    // Types with a local disk have no volume: neither a size nor a key.
    if let Some(size) = spec.volume_gb {
        resources["VolumeSizeInGB"] = json!(size);
        if let Some(key) = &spec.volume_kms_key_arn {
            resources["VolumeKmsKeyId"] = json!(key);
        }
    }

    if let Some(seconds) = spec.keep_alive_seconds {
        resources["KeepAlivePeriodInSeconds"] = json!(seconds);
    }
    if let Some(arn) = &spec.training_plan_arn {
        resources["TrainingPlanArn"] = json!(arn);
    }

    let mut stopping = json!({ "MaxRuntimeInSeconds": spec.max_runtime_seconds });
    if spec.spot {
        stopping["MaxWaitTimeInSeconds"] = json!(
            spec.max_wait_seconds
                .unwrap_or(spec.max_runtime_seconds)
                .max(spec.max_runtime_seconds)
        );
    }
    if let Some(pending) = spec.max_pending_seconds {
        stopping["MaxPendingTimeInSeconds"] = json!(pending);
    }

    let output_path = run.output_path()?;
    let mut output = json!({
        "S3OutputPath": output_path,
        "CompressionType": match spec.output_compression { Compression::Gzip => "GZIP", Compression::None => "NONE" },
    });
    if let Some(key) = &spec.kms_key_arn {
        output["KmsKeyId"] = json!(key);
    }

    let mut environment = spec.environment.clone();
    if spec.pass_compressed_uri {
        let mut named = run.handle.clone();
        named.job_name = Some(run.job_name.clone());
        named.output_path = Some(output_path);
        if let Some(uri) = named.compressed_uri() {
            environment.insert(naming::COMPRESSED_URI_ENV.to_owned(), uri);
        }
    }

    // MlflowConfig belongs to serverless jobs; every image with the client reads this variable.
    if let Some(arn) = &spec.mlflow_resource_arn {
        environment.insert("MLFLOW_TRACKING_URI".to_owned(), arn.clone());
    }

    let checkpoint_uri = checkpoint_uri(run)?;
    if let Some(uri) = &checkpoint_uri {
        environment.insert(naming::CHECKPOINT_URI_ENV.to_owned(), uri.clone());
    }

    let tags = tags::as_json(&run.tags());
    let mut request = json!({
        "TrainingJobName": run.job_name,
        "AlgorithmSpecification": algorithm,
        "RoleArn": run.handle.role_arn,
        "OutputDataConfig": output,
        "ResourceConfig": resources,
        "StoppingCondition": stopping,
        "Tags": tags,
        "EnableManagedSpotTraining": spec.spot,
        "EnableNetworkIsolation": spec.network_isolation,
        "EnableInterContainerTrafficEncryption": spec.encrypt_inter_container_traffic,
        // The profiler costs CPU time and S3 writes and nobody asked for it.
        "ProfilerConfig": { "DisableProfiler": true },
    });
    let hyperparameters = hyperparameters(run)?;
    if !hyperparameters.is_empty() {
        request["HyperParameters"] = Value::Object(hyperparameters);
    }
    if !environment.is_empty() {
        request["Environment"] = json!(environment);
    }
    let channels = channels(run)?;
    if !channels.is_empty() {
        request["InputDataConfig"] = Value::Array(channels);
    }
    if let (Some(checkpoint), Some(uri)) = (&spec.checkpoint, checkpoint_uri) {
        request["CheckpointConfig"] = json!({ "S3Uri": uri, "LocalPath": checkpoint.local_path });
    }
    if let Some(config) = experiment_config(run) {
        request["ExperimentConfig"] = config;
    }
    if let Some(vpc) = &spec.vpc {
        request["VpcConfig"] =
            json!({ "Subnets": vpc.subnets, "SecurityGroupIds": vpc.security_group_ids });
    }
    if let Some(attempts) = spec.max_retry_attempts.filter(|attempts| *attempts > 0) {
        request["RetryStrategy"] = json!({ "MaximumRetryAttempts": attempts });
    }
    Ok(request)
}

fn checkpoint_uri(run: &Run<'_>) -> Result<Option<String>, Error> {
    let prefix = naming::checkpoint_prefix(&run.spec.name, &run.job_name);
    Ok(run
        .spec
        .checkpoint
        .is_some()
        .then_some(format!("s3://{}/{prefix}", run.work_bucket_name()?)))
}

/// URI of the source archive.
fn source_uri(run: &Run<'_>) -> Result<Option<String>, Error> {
    Ok(match &run.spec.source {
        Source::None => None,
        Source::S3(uri) => Some(uri.clone()),
        Source::Directory { digest, .. } => Some(format!(
            "s3://{}/{}",
            run.work_bucket_name()?,
            naming::source_key(&run.spec.name, digest)
        )),
    })
}

/// The user's hyperparameters and the training toolkit's reserved ones.
fn hyperparameters(run: &Run<'_>) -> Result<Map<String, Value>, Error> {
    let spec = run.spec;
    let mut all: Map<String, Value> = spec
        .hyperparameters
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    let mut reserve = |key: &str, value: String| {
        all.insert(key.to_owned(), Value::String(value));
    };
    if let Some(uri) = source_uri(run)? {
        let directory = if spec.network_isolation {
            in_container(&uri)
        } else {
            uri
        };
        reserve("sagemaker_submit_directory", directory);
        if let Some(entry) = &spec.entry_point {
            reserve("sagemaker_program", entry.clone());
        }
        reserve("sagemaker_region", spec.region.clone());
        reserve("sagemaker_job_name", run.job_name.clone());
        reserve("sagemaker_container_log_level", "20".to_owned());
    }
    for (key, value) in distribution(spec, &run.handle) {
        reserve(key, value);
    }
    if all.len() > 100 {
        return Err(Error::new(
            Kind::Invalid,
            format!(
                "{} hyperparameters with the training toolkit's own; SageMaker takes 100",
                all.len()
            ),
        )
        .advise("Move some into a file of source_dir or into environment.")
        .on("hyperparameters"));
    }
    Ok(all)
}

fn distribution(spec: &RunSpec, handle: &Handle) -> Vec<(&'static str, String)> {
    match spec.distribution {
        Distribution::None => Vec::new(),
        Distribution::Torchrun => {
            let mut all = vec![("sagemaker_torch_distributed_enabled", "true".to_owned())];
            // Which of several it will be is not known yet; resourceconfig.json tells the container.
            if handle.fallback_types.is_empty() {
                all.push(("sagemaker_instance_type", spec.instance_type.clone()));
            }
            all
        }
        Distribution::Mpi => vec![("sagemaker_mpi_enabled", "true".to_owned())],
        Distribution::Smddp => {
            vec![
                (
                    "sagemaker_distributed_dataparallel_enabled",
                    "true".to_owned(),
                ),
                ("sagemaker_instance_type", spec.instance_type.clone()),
            ]
        }
    }
}

/// Where the code channel puts the archive.
fn in_container(uri: &str) -> String {
    let file = uri.rsplit('/').next().unwrap_or_default();
    format!("/opt/ml/input/data/{CODE_CHANNEL}/{file}")
}

fn channels(run: &Run<'_>) -> Result<Vec<Value>, Error> {
    let mut all: Vec<Value> = run
        .spec
        .channels
        .iter()
        .filter(|channel| !run.left_out.contains(&channel.name))
        .map(|channel| {
            let mounted = run.mounted.get(&channel.name);
            match mounted.or(channel.file_system.as_ref()) {
                Some(mounted) => from_file_system(channel, mounted),
                None => one(channel, run.inputs.get(&channel.name)),
            }
        })
        .collect();
    // Without a network the toolkit cannot fetch the code: SageMaker delivers it like data.
    if run.spec.network_isolation
        && let Some(uri) = source_uri(run)?
    {
        if run
            .spec
            .channels
            .iter()
            .any(|channel| channel.name == CODE_CHANNEL)
        {
            return Err(Error::new(Kind::Invalid, "with enable_network_isolation the source needs a channel called code, which input_channels already has")
                    .advise("Rename that channel.")
                    .on("channels"));
        }
        all.push(one(
            &Channel {
                name: CODE_CHANNEL.to_owned(),
                s3_uri: uri,
                ..Channel::default()
            },
            None,
        ));
    }
    Ok(all)
}

fn one(channel: &Channel, staged: Option<&String>) -> Value {
    let uri = staged.unwrap_or(&channel.s3_uri);
    let mut value = json!({
        "ChannelName": channel.name,
        "DataSource": { "S3DataSource": {
            "S3DataType": channel.s3_data_type.as_deref().unwrap_or("S3Prefix"),
            "S3Uri": uri,
            "S3DataDistributionType": channel.distribution.as_deref().unwrap_or("FullyReplicated"),
        } },
    });
    let optional = [
        ("InputMode", &channel.input_mode),
        ("ContentType", &channel.content_type),
        ("CompressionType", &channel.compression),
        ("RecordWrapperType", &channel.record_wrapper),
    ];
    for (key, text) in optional {
        if let Some(text) = text {
            value[key] = json!(text);
        }
    }
    if let Some(seed) = channel.shuffle_seed {
        value["ShuffleConfig"] = json!({ "Seed": seed });
    }
    value
}

/// A channel that is mounted: SageMaker takes File mode only, and no settings of S3.
fn from_file_system(channel: &Channel, mounted: &Mounted) -> Value {
    let mut value = json!({
        "ChannelName": channel.name,
        "InputMode": "File",
        "DataSource": { "FileSystemDataSource": {
            "FileSystemId": mounted.file_system_id,
            "FileSystemType": "FSxLustre",
            "FileSystemAccessMode": "ro",
            "DirectoryPath": mounted.directory_path,
        } },
    });
    if let Some(text) = &channel.content_type {
        value["ContentType"] = json!(text);
    }
    value
}

/// The request with the values of the environment replaced by digests.
pub(crate) fn without_secrets(mut request: Value) -> Value {
    if let Some(environment) = request
        .get_mut("Environment")
        .and_then(Value::as_object_mut)
    {
        for value in environment.values_mut() {
            *value = json!(naming::value_digest(value.as_str().unwrap_or_default()));
        }
    }
    request
}
