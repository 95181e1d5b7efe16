"""The life of a training job."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobs import Setting, allow

SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 10_000},
}


@pytest.fixture
def at(aws: Any) -> Setting:
    return Setting(aws)


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_job_goes_through_its_life_and_leaves_a_model(at: Setting) -> None:
    arn = at.create(Environment={"A": "b"}, HyperParameters={"lr": "0.1"}, **SPOT)
    assert at.finish() == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    job = at.describe()
    assert job["TrainingJobArn"] == arn
    assert (job["Environment"], job["HyperParameters"]) == ({"A": "b"}, {"lr": "0.1"})
    steps = [(t["Status"], (t["EndTime"] - t["StartTime"]).total_seconds()) for t in job["SecondaryStatusTransitions"]]
    assert steps == [("Starting", 120), ("Downloading", 60), ("Training", 3600), ("Uploading", 30), ("Completed", 0)]
    assert (job["TrainingTimeInSeconds"], job["BillableTimeInSeconds"]) == (3690, 1107)
    uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == f"s3://{at.bucket}/out/bert-1/output/model.tar.gz"
    body = at.s3.get_object(Bucket=at.bucket, Key="out/bert-1/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert archive.getnames() == ["model.bin"]


SCRIPTS = {
    "capacity": (
        {
            "steps": [
                "Starting",
                {"status": "Failed", "reason": "CapacityError: Unable to provision requested ML compute capacity."},
            ]
        },
        {},
        ["Starting", "Failed"],
        "Failed",
        None,
    ),
    "crash": (
        {
            "steps": [
                "Starting",
                "Downloading",
                "Training",
                {"status": "Failed", "reason": "AlgorithmError: ExecuteUserScriptError"},
            ]
        },
        {},
        ["Starting", "Downloading", "Training", "Failed"],
        "Failed",
        3660,
    ),
    "over-run": (
        {"steps": ["Starting", "Downloading", {"status": "Training", "seconds": 99_999}, "Uploading", "Completed"]},
        {},
        ["Starting", "Downloading", "Training", "Uploading", "MaxRuntimeExceeded"],
        "Stopped",
        7230,
    ),
    "reclaimed and resumed": (
        {
            "steps": [
                "Starting",
                "Downloading",
                "Training",
                "Interrupted",
                "Starting",
                "Downloading",
                {"status": "Training", "seconds": 600},
                "Uploading",
                "Completed",
            ]
        },
        SPOT,
        [
            "Starting",
            "Downloading",
            "Training",
            "Interrupted",
            "Starting",
            "Downloading",
            "Training",
            "Uploading",
            "Completed",
        ],
        "Completed",
        4350,
    ),
    "starved on spot": (
        {"steps": ["Starting", {"status": "Pending", "seconds": 99_999}, "Training"]},
        SPOT,
        ["Starting", "Pending", "MaxWaitTimeExceeded"],
        "Stopped",
        None,
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(aws: Any, at: Setting, name: str) -> None:
    script, changes, seen, status, seconds = SCRIPTS[name]
    aws.control("POST", "jobs", {"name": "bert-*", **script})
    at.create(**changes)
    assert at.finish() == seen
    job = at.describe()
    assert job["TrainingJobStatus"] == status
    assert job.get("TrainingTimeInSeconds") == seconds
    assert (
        job.get("FailureReason", "") == script["steps"][-1].get("reason", "")
        if isinstance(script["steps"][-1], dict)
        else "FailureReason" not in job
    )


def test_the_clock_moves_jobs_that_are_not_polled(aws: Any, at: Setting) -> None:
    aws.control("POST", "jobs", {"advance": "clock", "metrics": {"loss": 0.5}, "log": ["epoch 1"]})
    at.create()
    assert at.describe()["SecondaryStatus"] == at.describe()["SecondaryStatus"] == "Starting"
    aws.control("POST", "clock", {"advance_seconds": 200})
    assert at.describe()["SecondaryStatus"] == "Training"
    aws.control("POST", "clock", {"advance_seconds": 4000})
    keys = [o["Key"] for o in at.s3.list_objects_v2(Bucket=at.bucket)["Contents"]]
    assert "out/bert-1/output/model.tar.gz" in keys
    assert at.describe()["FinalMetricDataList"][0]["MetricName"] == "loss"
    logs = aws.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    stream = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="bert-1/")["logStreams"][0][
        "logStreamName"
    ]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    assert [e["message"] for e in events] == ["epoch 1"]


def test_stop_uploads_what_is_there_and_delete_frees_the_name(aws: Any, at: Setting) -> None:
    aws.control("POST", "jobs", {"steps": ["Starting", "Downloading", {"status": "Training", "forever": True}]})
    at.create()
    for _ in range(4):
        at.describe()
    name = {"TrainingJobName": "bert-1"}
    assert refusal(at.sagemaker.delete_training_job, **name)[0] == "ResourceInUse"
    at.sagemaker.stop_training_job(**name)
    assert at.describe()["TrainingJobStatus"] == "Stopping"
    assert at.finish() == ["Uploading", "Stopped"]
    assert refusal(at.sagemaker.stop_training_job, **name) == (
        "ValidationException",
        "The request was rejected because the training job is in status Stopped",
    )
    at.sagemaker.delete_training_job(**name)
    assert refusal(at.sagemaker.describe_training_job, **name) == (
        "ValidationException",
        "Requested resource not found.",
    )
    at.create()


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name that the model forbids": (
        {"TrainingJobName": "bert_1"},
        "ValidationException",
        "Value 'bert_1' at 'trainingJobName' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    "an unknown type": (
        {"ResourceConfig": {"InstanceType": "ml.g9.xlarge", "InstanceCount": 1}},
        "ValidationException",
        "Member must satisfy enum value set: [",
    ),
    "a count of zero": (
        {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": -1}},
        "ValidationException",
        "Value '-1' at 'resourceConfig.instanceCount' failed to satisfy "
        "constraint: Member must have value greater than or equal to 0",
    ),
    "a long environment value": (
        {"Environment": {"A": "x" * 513}},
        "ValidationException",
        "Map value must satisfy constraint: [Member must have length less than or equal to 512]",
    ),
    "a wait without spot": (
        {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}},
        "ValidationException",
        "Invalid MaxWaitTimeInSeconds. It is only supported when",
    ),
    "spot without a wait": (
        {"EnableManagedSpotTraining": True},
        "ValidationException",
        "Invalid MaxWaitTimeInSeconds. It must be present",
    ),
    "a role that is not there": (
        {"RoleArn": "arn:aws:iam::111122223333:role/nobody"},
        "ValidationException",
        "Could not assume role arn:aws:iam::111122223333:role/nobody. Please ensure that",
    ),
    "a runtime above the quota": (
        {"StoppingCondition": {"MaxRuntimeInSeconds": 500_000}},
        "ResourceLimitExceeded",
        "The account-level service limit 'Longest run time for a training job' is 432000 Seconds",
    ),
    "a reserved tag": ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "ValidationException", "reserved"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_create_refuses(at: Setting, name: str) -> None:
    changes, code, text = REFUSED[name]
    got = refusal(at.sagemaker.create_training_job, **at.request(**changes))
    assert got[0] == code
    assert text in got[1]


def test_inputs_are_checked_with_the_role(aws: Any, at: Setting) -> None:
    create, name = at.sagemaker.create_training_job, at.bucket + "-us"
    aws.client("s3", "us-east-1").create_bucket(Bucket=name)

    def channel(uri: str) -> dict[str, Any]:
        return at.request(
            InputDataConfig=[
                {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
            ]
        )

    empty = refusal(create, **channel(f"s3://{at.bucket}/nothing/"))
    assert empty[1].startswith(f'No S3 objects found under S3 URL "s3://{at.bucket}/nothing/" given')
    elsewhere = refusal(create, **channel(f"s3://{name}/data/"))
    assert "The bucket is in this region: us-east-1." in elsewhere[1]
    at.policy(allow("s3:ListBucket", f"arn:aws:s3:::{at.bucket}", Condition={"StringLike": {"s3:prefix": ["data/*"]}}))
    assert "Access denied to OutputDataConfig S3 bucket" in refusal(create, **at.request())[1]
    at.policy(allow("s3:PutObject", f"arn:aws:s3:::{at.bucket}/out/*"))
    assert "no identity-based policy allows the s3:ListBucket action" in refusal(create, **at.request())[1]


def test_quotas_propagation_and_names(aws: Any, at: Setting) -> None:
    create = at.sagemaker.create_training_job
    quota = "ml.g5.xlarge for training job usage"
    aws.control("POST", "settings", {"quotas": {quota: 1}, "role_propagation_attempts": 2})
    for _ in range(2):
        assert "Could not assume role" in refusal(create, **at.request())[1]
    arn = at.create()
    assert refusal(create, **at.request()) == (
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and "
        f"a training job with this name already exists ({arn})",
    )
    code, text = refusal(create, **at.request("other"))
    assert code == "ResourceLimitExceeded"
    assert text.startswith(
        f"The account-level service limit '{quota}' is 1 Instances, with current utilization of 1 "
        "Instances and a request delta of 1 Instances. Please use AWS Service Quotas"
    )
    listed = (
        aws.client("service-quotas")
        .get_paginator("list_service_quotas")
        .paginate(ServiceCode="sagemaker")
        .build_full_result()["Quotas"]
    )
    assert [q["Value"] for q in listed if q["QuotaName"] == quota] == [1.0]


def test_tags(at: Setting) -> None:
    arn = at.create(Tags=[{"Key": "a", "Value": "1"}])
    tags = at.sagemaker.list_tags
    at.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
    assert tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert refusal(at.sagemaker.add_tags, ResourceArn=arn, Tags=many)[0] == "ResourceLimitExceeded"
    at.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert tags(ResourceArn=arn)["Tags"] == []
    assert refusal(tags, ResourceArn=arn + "x")[0] == "ValidationException"


def test_metric_definitions_are_added_for_images_of_aws(at: Setting) -> None:
    own = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]
    at.create(
        AlgorithmSpecification={
            "TrainingImage": "763104351884.dkr.ecr.eu-north-1.amazonaws.com/pytorch:2.13",
            "TrainingInputMode": "File",
            "MetricDefinitions": own,
        }
    )
    found = at.describe()["AlgorithmSpecification"]["MetricDefinitions"]
    assert found[0] == own[0]
    assert 30 < len(found) <= 40


def test_update_changes_only_what_aws_lets_change(at: Setting) -> None:
    at.create()
    at.sagemaker.update_training_job(TrainingJobName="bert-1", ProfilerConfig={"DisableProfiler": True})
    assert at.describe()["ProfilerConfig"]["DisableProfiler"] is True
    listed = at.sagemaker.list_training_jobs(NameContains="bert", StatusEquals="InProgress")
    assert [j["TrainingJobName"] for j in listed["TrainingJobSummaries"]] == ["bert-1"]
