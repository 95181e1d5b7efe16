"""What CreateTrainingJob refuses, beyond the service model.

Where AWS refuses and its words are not known, the answer is 501: a test that
leans on it learns that nobody has checked it.

Sources of the sentences:
* "Could not assume role": quoted in full in many reports; hashicorp/aws
  (internal/service/sagemaker/training_job.go) retries on it.
* "No S3 objects found under S3 URL": aws/amazon-sagemaker-examples issue
  2267; with "Error message from S3" for a bucket of another region.
* "Access denied to OutputDataConfig S3 bucket": training_job.go; only this
  part of the sentence is known.
* "Training job names must be unique": quoted in AWS sample repositories.
* "The account-level service limit": SageMaker developer guide,
  troubleshooting, and many reports.
* "Invalid MaxWaitTimeInSeconds": hashicorp/aws issue tracker.
"""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlparse

from .. import moto_backend
from ..auth import policy, principals
from ..auth.authorise import refusal
from ..auth.requirements import Need
from ..call import Call
from ..errors import ApiError, NotSimulated
from ..world import World
from . import jobs, quotas

MAX_TAGS = 50
_MAX_RUNTIME = 28 * jobs.DAY


def check(world: World, call: Call, arn: str) -> None:
    """Refuse what SageMaker refuses, in its order as far as it is known."""
    request = call.params
    _rate(world)
    _shape(request)
    _machine(call)
    _stopping(request)
    check_tags(request.get("Tags") or [])
    if jobs.find(world, call.region, request["TrainingJobName"]):
        raise ApiError(
            "ResourceInUse",
            "Training job names must be unique within an AWS account and region, and a training "
            f"job with this name already exists ({arn})",
        )
    quotas.check(world, call)
    if world.settings.check_job_access:
        _role(world, call)
        role = principals.role_principal(call, request["RoleArn"])
        for channel in request.get("InputDataConfig") or []:
            _input(call, role, channel)
        _output(call, role)


def _shape(request: dict[str, Any]) -> None:
    algorithm = request.get("AlgorithmSpecification")
    if request.get("ServerlessJobConfig") or algorithm is None:
        raise NotSimulated("a job without AlgorithmSpecification (serverless)")
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        raise NotSimulated("exactly one of TrainingImage and AlgorithmName: AWS refuses, its words are not known")
    resources = request.get("ResourceConfig")
    if resources is None or ("InstanceType" in resources) == ("InstancePreferences" in resources):
        raise NotSimulated(
            "not exactly one of InstanceType and InstancePreferences: AWS refuses, its words are not known"
        )
    if "InstancePreferences" in resources and request.get("EnableManagedSpotTraining"):
        raise NotSimulated("InstancePreferences together with spot: AWS refuses, its words are not known")
    types = [one["InstanceType"] for one in resources.get("InstancePreferences", [])]
    if len(set(types)) != len(types) or any("InstanceCount" in one for one in resources.get("InstancePreferences", [])):
        raise NotSimulated("a type twice, or counts by preference")
    if resources.get("KeepAlivePeriodInSeconds") and request.get("EnableManagedSpotTraining"):
        raise NotSimulated("a warm pool together with spot: AWS refuses, its words are not known")
    if resources.get("TrainingPlanArn") and request.get("EnableManagedSpotTraining"):
        raise NotSimulated("a training plan together with spot: AWS refuses, its words are not known")
    if "StoppingCondition" not in request:
        raise NotSimulated("a job without StoppingCondition")


def _rate(world: World) -> None:
    rate = world.settings.create_jobs_per_second
    if not rate:
        return
    now = time.monotonic()
    if now < world.next_create:
        raise ApiError("ThrottlingException", "Rate exceeded")
    world.next_create = now + 1 / rate


# Types with local NVMe get no EBS volume (API reference, ResourceConfig; the
# rule is that of the SageMaker Python SDK, with the families that it lacks).
_NVME = re.compile(r"ml\.(g4dn|g5|g6|g6e|g7e|p3dn|p4d|p4de|p5|p5e|p5en|p6|p6e|trn1|trn1n|trn2|r5d)[.-]")
_IMAGE_REGION = re.compile(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


def _machine(call: Call) -> None:
    """Volume and image."""
    resources = call.params["ResourceConfig"]
    if "InstancePreferences" in resources:
        kinds = {_NVME.match(one["InstanceType"]) is not None for one in resources["InstancePreferences"]}
        if len(kinds) > 1:
            raise NotSimulated("types with and without local NVMe in one list")
    local = _NVME.match(jobs.first_type(resources)) is not None
    if local and "VolumeKmsKeyId" in resources:
        raise NotSimulated("VolumeKmsKeyId on a type with local NVMe: AWS refuses, its words are not known")
    if not local and not resources.get("VolumeSizeInGB"):
        raise NotSimulated("no VolumeSizeInGB on a type with EBS volumes: AWS refuses, its words are not known")
    image = _IMAGE_REGION.match(call.params["AlgorithmSpecification"].get("TrainingImage", ""))
    if image and image[1] != call.region:
        raise NotSimulated(f"an image of {image[1]} in {call.region}: AWS refuses, its words are not known")


def _stopping(request: dict[str, Any]) -> None:
    stop = request["StoppingCondition"]
    runtime = stop.get("MaxRuntimeInSeconds", jobs.DAY)
    wait = stop.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining"):
        if wait is None or wait < runtime:
            raise ApiError(
                "ValidationException",
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
            )
    elif wait is not None:
        raise ApiError(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
        )
    if runtime > _MAX_RUNTIME:
        raise NotSimulated("MaxRuntimeInSeconds above 28 days: AWS refuses, its words are not known")


def check_tags(tags: list[dict[str, str]]) -> None:
    """Tag rules (API reference, Tag; "aws:" is reserved)."""
    keys = [tag["Key"] for tag in tags]
    if any(key.lower().startswith("aws:") for key in keys):
        raise ApiError(
            "ValidationException",
            "Tag keys starting with 'aws:' are reserved for system use",
        )
    if len(set(keys)) != len(keys):
        raise NotSimulated("a tag key twice in one request")


def _role(world: World, call: Call) -> None:
    arn = call.params["RoleArn"]
    iam = moto_backend.backend("iam", call.account, call.partition)
    role = principals.role_by_arn(iam, arn)
    if role is not None and _trusts(role) and not propagating(world, role.name):
        return
    raise ApiError(
        "ValidationException",
        f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role.",
    )


def _trusts(role: Any) -> bool:
    for statement in policy.statements(role.assume_role_policy_document):
        service = (statement.get("Principal") or {}).get("Service", [])
        if statement.get("Effect") == "Allow" and "sagemaker.amazonaws.com" in policy.as_list(service):
            return True
    return False


def propagating(world: World, name: str) -> bool:
    """Whether IAM has not spread a new role yet."""
    settings = world.settings
    born = world.role_born.get(name)
    if born is not None and world.clock.now() - born < settings.role_propagation_seconds:
        return True
    refused = world.role_refusals.get(name, 0)
    if born is not None and refused < settings.role_propagation_attempts:
        world.role_refusals[name] = refused + 1
        return True
    return False


def _split(uri: str) -> tuple[str, str]:
    parsed = urlparse(uri)
    return parsed.netloc, parsed.path.lstrip("/")


def _input(call: Call, role: Any, channel: dict[str, Any]) -> None:
    source = (channel.get("DataSource") or {}).get("S3DataSource")
    if source is None:
        return
    uri = source["S3Uri"]
    bucket_name, prefix = _split(uri)
    bucket = _bucket(call, bucket_name)
    sentence = (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
        f"the bucket exists in the selected region ({call.region}), that objects exist under that "
        f'S3 prefix, and that the role "{call.params["RoleArn"]}" has "s3:ListBucket" permissions '
        f'on bucket "{bucket_name}".'
    )
    if bucket is None:
        raise ApiError("ValidationException", sentence)
    if bucket.region_name != call.region:
        raise ApiError(
            "ValidationException",
            f"{sentence} Error message from S3: The bucket is in this region: "
            f"{bucket.region_name}. Please use this region to retry the request",
        )
    need = Need("s3:ListBucket", f"arn:{call.partition}:s3:::{bucket_name}", {"s3:prefix": prefix})
    denied = refusal(call, role, need)
    if denied:
        raise ApiError("ValidationException", f"{sentence} Error message from S3: {denied}")
    if not any(key.startswith(prefix) for key in list(bucket.keys)):
        raise ApiError("ValidationException", sentence)


def _output(call: Call, role: Any) -> None:
    name, prefix = _split(call.params["OutputDataConfig"]["S3OutputPath"])
    prefix = "/".join(p for p in (prefix.rstrip("/"), call.params["TrainingJobName"]) if p)
    denied = _bucket(call, name) is None or refusal(
        call, role, Need("s3:PutObject", f"arn:{call.partition}:s3:::{name}/{prefix}/output/x")
    )
    if denied:
        raise ApiError("ValidationException", f"Access denied to OutputDataConfig S3 bucket: {name}")


def _bucket(call: Call, name: str) -> Any:
    return moto_backend.backend("s3", call.account, call.partition).buckets.get(name)
