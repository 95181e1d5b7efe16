"""The model registry and Experiments: what has to exist, what has to be empty, what a repeated call does."""

from __future__ import annotations

from typing import Any

from jobs import Setting
from test_jobs import refusal


def test_a_version_is_made_once_per_token_and_keeps_its_group(aws: Any) -> None:
    at = Setting(aws)
    at.create()
    at.finish()
    sagemaker = aws.client("sagemaker")
    group = {"ModelPackageGroupName": "bert"}
    code, text = refusal(sagemaker.describe_model_package_group, **group)
    assert code == "ValidationException" and text.endswith(":model-package-group/bert does not exist."), text
    sagemaker.create_model_package_group(**group, Tags=[{"Key": "a", "Value": "b"}])
    arn = sagemaker.describe_model_package_group(**group)["ModelPackageGroupArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    version = {
        **group,
        "InferenceSpecification": {
            "Containers": [{"Image": "i", "ModelDataUrl": f"s3://{at.bucket}/out/bert-1/output/model.tar.gz"}]
        },
        "CustomerMetadataProperties": {"energy_kwh": "1.5", "sustainable:run": "a"},
        "ClientToken": "one",
    }
    made = [sagemaker.create_model_package(**version)["ModelPackageArn"] for _ in range(2)]
    made.append(sagemaker.create_model_package(**{**version, "ClientToken": "two"})["ModelPackageArn"])
    assert [one.rsplit("/", 1)[1] for one in made] == ["1", "1", "2"]
    listed = sagemaker.list_model_packages(**group, SortOrder="Descending")["ModelPackageSummaryList"]
    assert [one["ModelPackageVersion"] for one in listed] == [2, 1]
    described = sagemaker.describe_model_package(ModelPackageName=made[0])
    assert described["CustomerMetadataProperties"]["energy_kwh"] == "1.5"
    assert refusal(sagemaker.delete_model_package_group, **group)[0] == "ConflictException"
    missing = {
        **version,
        "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://none/m.tar.gz"}]},
    }
    assert refusal(sagemaker.create_model_package, **missing)[0] == "NotSimulated"


def test_a_job_is_recorded_under_a_trial_that_exists(aws: Any) -> None:
    at, sagemaker = Setting(aws), aws.client("sagemaker")
    config = {"ExperimentName": "bert", "TrialName": "eu"}
    assert refusal(at.create, ExperimentConfig=config)[0] == "NotSimulated"
    assert refusal(sagemaker.create_trial, **config)[0] == "ResourceNotFound"
    sagemaker.create_experiment(ExperimentName="bert")
    code, text = refusal(sagemaker.create_experiment, ExperimentName="BERT")
    assert code == "ValidationException" and "already exists" in text, text
    sagemaker.create_trial(**config)
    arn = at.create(ExperimentConfig=config)
    [component] = sagemaker.list_trial_components(SourceArn=arn, MaxResults=10)["TrialComponentSummaries"]
    name = {"TrialComponentName": component["TrialComponentName"]}
    assert refusal(sagemaker.delete_trial, TrialName="eu")[0] == "NotSimulated"
    assert refusal(sagemaker.delete_trial_component, **name)[0] == "NotSimulated"
    sagemaker.disassociate_trial_component(**name, TrialName="eu")
    sagemaker.delete_trial_component(**name)
    assert refusal(sagemaker.delete_experiment, ExperimentName="bert")[0] == "NotSimulated"
    sagemaker.delete_trial(TrialName="eu")
    sagemaker.delete_experiment(ExperimentName="bert")
    assert aws.control("GET", "inventory")["experiments"] == []
