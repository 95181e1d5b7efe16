"""SageMaker's model registry: groups, and versions in them.

What is refused is documented (API reference, developer guide "Delete a model group"); where AWS's words are not known
the words are ours, which the table in README.md says.
"""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..world import World, world
from . import before
from .sagemaker_jobs import reply


def _arn(call: Call, kind: str, name: str) -> str:
    return f"arn:{call.partition}:sagemaker:{call.region}:{call.account}:{kind}/{name}"


def _name(call: Call, name: str) -> str:
    """The name in a name or an ARN."""
    return name.split("/")[-1] if name.startswith("arn:") else name


def _group(call: Call, name: str) -> tuple[World, dict[str, Any]]:
    here = world(call.account)
    found = here.model_groups.get((call.region, _name(call, name)))
    if found is None:
        # Quoted in getmoto/moto pull request 7246.
        arn = _arn(call, "model-package-group", _name(call, name))
        raise ApiError("ValidationException", f"ModelPackageGroup {arn} does not exist.")
    return here, found


@before("sagemaker", "CreateModelPackageGroup")
def create_group(call: Call) -> Response:
    """A group with its tags."""
    here, params = world(call.account), call.params
    name = params["ModelPackageGroupName"]
    arn = _arn(call, "model-package-group", name)
    if (call.region, name) in here.model_groups:
        # That it is refused is documented by sagemaker-python-sdk pull request 5063; the words are ours.
        raise ApiError("ValidationException", f"ModelPackageGroup {arn} already exists.")
    here.model_groups[call.region, name] = {
        "name": name,
        "region": call.region,
        "arn": arn,
        "tags": {t["Key"]: t["Value"] for t in params.get("Tags") or []},
        "created": here.clock.now(),
        "versions": [],
    }
    return reply({"ModelPackageGroupArn": arn})


@before("sagemaker", "DescribeModelPackageGroup")
def describe_group(call: Call) -> Response:
    """What there is to say of a group."""
    _, group = _group(call, call.params["ModelPackageGroupName"])
    return reply(
        {
            "ModelPackageGroupName": group["name"],
            "ModelPackageGroupArn": group["arn"],
            "CreationTime": group["created"],
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
        }
    )


@before("sagemaker", "DeleteModelPackageGroup")
def delete_group(call: Call) -> Response:
    """Empty groups only (developer guide, "Delete a model group"; the code is the API reference's)."""
    here, group = _group(call, call.params["ModelPackageGroupName"])
    if group["versions"]:
        raise ApiError("ConflictException", f"ModelPackageGroup {group['arn']} holds model packages.", 409)
    del here.model_groups[call.region, group["name"]]
    return reply({})


@before("sagemaker", "CreateModelPackage")
def create_package(call: Call) -> Response:
    """A version of a group. The same client token gives the same version (API reference, ClientToken)."""
    params = call.params
    if "ModelPackageGroupName" not in params:
        raise NotSimulated("CreateModelPackage without a group")
    if "Tags" in params:
        # API reference, CreateModelPackage, Tags: "you cannot supply a tag argument". The words are ours.
        raise ApiError("ValidationException", "Tags cannot be supplied for a model package in a group.")
    here, group = _group(call, params["ModelPackageGroupName"])
    _artifacts(call)
    token = params.get("ClientToken")
    for version in group["versions"]:
        if token and version["request"].get("ClientToken") == token:
            return reply({"ModelPackageArn": version["arn"]})
    number = 1 + max([v["number"] for v in group["versions"]], default=0)
    arn = _arn(call, "model-package", f"{group['name']}/{number}")
    group["versions"].append({"arn": arn, "number": number, "request": params, "created": here.clock.now()})
    return reply({"ModelPackageArn": arn})


def _artifacts(call: Call) -> None:
    """The model has to be there, in a bucket of this region (API reference, ModelDataUrl)."""
    from .. import moto_backend

    params = call.params
    entries = (params.get("InferenceSpecification") or {}).get("Containers") or []
    entries += (params.get("SourceAlgorithmSpecification") or {}).get("SourceAlgorithms") or []
    for entry in entries:
        source = (entry.get("ModelDataSource") or {}).get("S3DataSource") or {}
        uri = entry.get("ModelDataUrl") or source.get("S3Uri") or ""
        if source and not uri.endswith("/"):
            raise NotSimulated("S3ModelDataSource: a prefix without a slash at its end")
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = moto_backend.backend("s3", call.account, call.partition).buckets.get(bucket)
        if found is None or found.region_name != call.region:
            raise NotSimulated(
                f"a model in {bucket}, which is not in {call.region}: AWS refuses, its words are not known"
            )
        if not any(name == key or (source and name.startswith(key)) for name in found.keys):
            raise NotSimulated(f"a model that is not there, {uri}: AWS refuses, its words are not known")


@before("sagemaker", "DescribeModelPackage")
def describe_package(call: Call) -> Response:
    """One version, by its ARN."""
    arn = call.params["ModelPackageName"]
    for group in world(call.account).model_groups.values():
        for version in group["versions"]:
            if version["arn"] == arn and group["region"] == call.region:
                request = {k: v for k, v in version["request"].items() if k not in ("ClientToken", "Tags")}
                return reply(
                    {
                        **request,
                        "ModelPackageName": f"{group['name']}/{version['number']}",
                        "ModelPackageArn": arn,
                        "ModelPackageVersion": version["number"],
                        "CreationTime": version["created"],
                        "ModelPackageStatus": "Completed",
                        "ModelPackageStatusDetails": {"ValidationStatuses": []},
                    }
                )
    raise NotSimulated("DescribeModelPackage of one that does not exist")


@before("sagemaker", "ListModelPackages")
def list_packages(call: Call) -> Response:
    """The versions of a group, oldest first as the default is."""
    params = call.params
    unknown = set(params) - {
        "ModelPackageGroupName",
        "SortBy",
        "SortOrder",
        "MaxResults",
        "CreationTimeAfter",
        "NextToken",
    }
    if unknown or "ModelPackageGroupName" not in params:
        raise NotSimulated(f"ListModelPackages with {', '.join(sorted(params))}")
    _, group = _group(call, params["ModelPackageGroupName"])
    found = [v for v in group["versions"] if v["created"] > float(params.get("CreationTimeAfter", 0))]
    if params.get("SortOrder") == "Descending":
        found.reverse()
    first, size = int(params.get("NextToken", "0")), params.get("MaxResults", 10)
    answer: dict[str, Any] = {
        "ModelPackageSummaryList": [
            {
                "ModelPackageGroupName": group["name"],
                "ModelPackageVersion": v["number"],
                "ModelPackageArn": v["arn"],
                "CreationTime": v["created"],
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": v["request"].get("ModelApprovalStatus", "PendingManualApproval"),
            }
            for v in found[first : first + size]
        ]
    }
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return reply(answer)
