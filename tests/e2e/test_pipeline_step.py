"""`pipeline_step_json`: the decision as a Training step of SageMaker Pipelines."""

import json

import botocore.session
from botocore.validate import ParamValidator
from harness.config import Raw, data, output, resource

WORKLOAD = {
    "model_type": "natural_language",
    "dataset_size_gb": 1,
    "estimated_training_hours": 10,
    "training_image": "123456789012.dkr.ecr.{region}.amazonaws.com/train:1",
    "preferred_instance_types": ["ml.g5.xlarge"],
}
STEP = {"role_arn": "arn:aws:iam::123456789012:role/training", "output_s3_uri": "s3://models/bert"}

# Members of a Training step that the published JSON schema of definition version 2020-12-01 knows. It is older than the
# service, which takes every member of CreateTrainingJob: what a setting asks for beyond it is in `NEWER`.
KNOWN = {
    "": {"Name", "Type", "DependsOn", "DisplayName", "Description", "RetryPolicies", "CacheConfig", "Arguments"},
    "Arguments": {
        "AlgorithmSpecification",
        "CheckpointConfig",
        "EnableInterContainerTrafficEncryption",
        "EnableManagedSpotTraining",
        "EnableNetworkIsolation",
        "HyperParameters",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "RoleArn",
        "StoppingCondition",
        "Tags",
        "VpcConfig",
    },
    "AlgorithmSpecification": {"AlgorithmName", "MetricDefinitions", "TrainingImage", "TrainingInputMode"},
    "OutputDataConfig": {"KmsKeyId", "S3OutputPath"},
    "ResourceConfig": {"InstanceCount", "InstanceType", "VolumeKmsKeyId", "VolumeSizeInGB"},
    "StoppingCondition": {"MaxRuntimeInSeconds", "MaxWaitTimeInSeconds"},
}
NEWER = {"Environment"}


def step_of(scene, step=None, items=(), told="", **workload):
    """What the data source answers; `told`: what a warning says, where there has to be one."""
    given = {**WORKLOAD, **workload}
    if step is not None:
        given["pipeline_step"] = step
    given = {key: value for key, value in given.items() if value is not None}
    scene.write(
        *items,
        data("sustainable_placement", "bert", **given),
        output("step", "data.sustainable_placement.bert.pipeline_step_json"),
    )
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    assert not told or any(told in str(warning) for warning in result.warnings), result.explain()
    outputs = plan["planned_values"].get("outputs", {})
    text = outputs.get("step", {}).get("value")
    return json.loads(text) if text else None


def check(step) -> dict:
    """Every member is a known one, and with a name the arguments are a request that botocore's model accepts."""
    assert step["Type"] == "Training" and set(step) <= KNOWN[""], step
    arguments = step["Arguments"]
    assert set(arguments) - NEWER <= KNOWN["Arguments"], set(arguments) - KNOWN["Arguments"]
    for name in KNOWN.keys() & arguments.keys():
        assert set(arguments[name]) <= KNOWN[name], (name, arguments[name])
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTrainingJob")
    report = ParamValidator().validate({"TrainingJobName": "by-the-pipeline", **arguments}, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    return arguments


def test_the_least_that_a_step_needs(scene):
    step = step_of(scene, STEP)
    assert set(step) == {"Name", "Type", "Arguments"} and step["Name"] == "Training"
    arguments = check(step)
    assert arguments["RoleArn"] == STEP["role_arn"]
    assert (
        arguments["AlgorithmSpecification"]["TrainingImage"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1"
    )
    assert arguments["OutputDataConfig"] == {"S3OutputPath": "s3://models/bert"}
    assert arguments["ResourceConfig"] == {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}
    assert "InputDataConfig" not in arguments and "Tags" not in arguments and "TrainingJobName" not in arguments
    assert not scene.emulator.calls(), scene.emulator.calls()


def test_everything_that_a_step_can_say(scene):
    """A source in a framework's image, checkpoints on spot, what comes before."""
    step = step_of(
        scene,
        {
            **STEP,
            "name": "Fit",
            "dataset_s3_uri": "s3://data/prepared/",
            "source_s3_uri": "s3://code/sourcedir.tar.gz",
            "entry_point": "train.py",
            "checkpoint_s3_uri": "s3://models/checkpoints/",
            "hyperparameters": {"epochs": "3"},
            "environment": {"SEED": "1"},
            "metric_definitions": {"loss": "loss=([0-9.]+)"},
            "distribution": "torchrun",
            "depends_on": ["Prepare"],
        },
        training_image=None,
        supports_checkpointing=True,
        use_spot_instances=True,
    )
    arguments = check(step)
    assert step["Name"] == "Fit" and step["DependsOn"] == ["Prepare"]
    assert (
        "/pytorch-training:" in arguments["AlgorithmSpecification"]["TrainingImage"]
        or "/pytorch:" in (arguments["AlgorithmSpecification"]["TrainingImage"])
    )
    assert arguments["EnableManagedSpotTraining"] is True
    assert arguments["CheckpointConfig"] == {"S3Uri": "s3://models/checkpoints/", "LocalPath": "/opt/ml/checkpoints"}
    assert arguments["Environment"] == {"SEED": "1", "SUSTAINABLE_CHECKPOINT_URI": "s3://models/checkpoints/"}
    [channel] = arguments["InputDataConfig"]
    assert channel["ChannelName"] == "train" and channel["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data/prepared/"
    settings = arguments["HyperParameters"]
    assert settings["epochs"] == "3" and settings["sagemaker_program"] == "train.py"
    assert settings["sagemaker_submit_directory"] == "s3://code/sourcedir.tar.gz"
    assert "sagemaker_job_name" not in settings


def test_no_step_where_nothing_is_asked_for_or_nothing_runs(scene):
    assert step_of(scene) is None
    assert step_of(scene, STEP, training_image=None) is None


def test_a_provider_block_that_is_not_known_yet(scene):
    """The decision needs none of it; the step is written by what launches runs, which does. A warning says so."""
    later = resource("terraform_data", "later", input="key")
    provider = scene.provider(access_key=Raw("terraform_data.later.output"))
    told = "pipeline_step_json is null: The provider configuration is not known yet"
    assert step_of(scene, STEP, items=(later, provider), told=told) is None
