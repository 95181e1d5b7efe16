"""Which actions a call needs, on which resources.

From the Service Authorization Reference: the action of a call is not always
its name (ListObjectsV2 needs s3:ListBucket), and some need several
(CreateTrainingJob with tags needs sagemaker:AddTags and iam:PassRole).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ..call import Call


@dataclass
class Need:
    """One action on one resource, with the condition keys that it carries."""

    action: str
    resource: str = "*"
    context: dict[str, Any] = field(default_factory=dict)


# IAM's service prefix, where it is not botocore's name.
_PREFIX = {"service-quotas": "servicequotas"}


def of(call: Call) -> list[Need]:
    """The needs of a call, the one that AWS names in a refusal first."""
    needs = _OF.get(call.service)
    if needs:
        return needs(call)
    return [Need(f"{_PREFIX.get(call.service, call.service)}:{call.operation}")]


def _tags(tags: Any) -> dict[str, Any]:
    pairs = {t.get("Key", ""): t.get("Value", "") for t in tags or []}
    context: dict[str, Any] = {f"aws:requesttag/{k.lower()}": v for k, v in pairs.items()}
    if pairs:
        context["aws:tagkeys"] = list(pairs)
    return context


def _sagemaker(call: Call) -> list[Need]:
    params = call.params
    base = f"arn:{call.partition}:sagemaker:{call.region}:{call.account}:training-job/"
    if "ResourceArn" in params:
        arn = params["ResourceArn"]
        context = {**_tags(params.get("Tags")), **_job_tags(call, arn)}
        if "TagKeys" in params:
            context["aws:tagkeys"] = params["TagKeys"]
        return [Need(f"sagemaker:{call.operation}", arn, context)]
    if "TrainingJobName" not in params:
        return _recorded(call)
    # SageMaker's ARNs are lower case.
    arn = base + params["TrainingJobName"].lower()
    if call.operation != "CreateTrainingJob":
        return [Need(f"sagemaker:{call.operation}", arn, _job_tags(call, arn))]
    context = _tags(params.get("Tags"))
    resources = params.get("ResourceConfig") or {}
    context["sagemaker:instancetypes"] = [resources.get("InstanceType", "")]
    stop = (params.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    if stop is not None:
        context["sagemaker:maxruntimeinseconds"] = stop
    needs = [Need("sagemaker:CreateTrainingJob", arn, context)]
    if params.get("Tags"):
        needs.append(Need("sagemaker:AddTags", arn, _tags(params["Tags"])))
    # AWS managed policy AmazonSageMakerFullAccess, statement AllowUseOfTrainingPlanResources.
    if resources.get("TrainingPlanArn"):
        needs.append(Need("sagemaker:CreateTrainingJob", resources["TrainingPlanArn"], context))
    needs.append(Need("iam:PassRole", params.get("RoleArn", "*"), {"iam:passedtoservice": "sagemaker.amazonaws.com"}))
    return needs


# Parameter, and the type of resource that it names.
_RECORDED = (
    ("TrialComponentName", "experiment-trial-component"),
    ("TrialName", "experiment-trial"),
    ("ExperimentName", "experiment"),
    ("ModelPackageName", "model-package"),
    ("ModelPackageGroupName", "model-package-group"),
)


def _recorded(call: Call) -> list[Need]:
    """Experiments and the model registry: lists are not limited to resources, the rest is."""
    action, params = f"sagemaker:{call.operation}", call.params
    if call.operation.startswith("List"):
        return [Need(action)]
    base = f"arn:{call.partition}:sagemaker:{call.region}:{call.account}:"
    context = _tags(params.get("Tags"))
    needs = []
    for name, kind in _RECORDED:
        given = params.get(name)
        if not given or (call.operation == "CreateTrial" and name == "ExperimentName"):
            continue
        arn = given if given.startswith("arn:") else f"{base}{kind}/{given.lower()}"
        if call.operation == "CreateModelPackage":
            needs.append(Need(action, f"{base}model-package/{given.lower()}/*"))
        needs.append(Need(action, arn, context))
        if params.get("Tags"):
            needs.append(Need("sagemaker:AddTags", arn, context))
    return needs or [Need(action)]


def _job_tags(call: Call, arn: str) -> dict[str, Any]:
    from ..world import world

    found = world(call.account).jobs.get(call.region, {}).values()
    tags = next((job.tags for job in found if job.arn == arn), {})
    return _resource_tags(tags)


def _resource_tags(tags: dict[str, str]) -> dict[str, Any]:
    return {f"aws:resourcetag/{k.lower()}": v for k, v in tags.items()}


def _iam(call: Call) -> list[Need]:
    params = call.params
    base = f"arn:{call.partition}:iam::{call.account}:"
    context = _tags(params.get("Tags"))
    if "PermissionsBoundary" in params:
        context["iam:permissionsboundary"] = params["PermissionsBoundary"]
    if "PolicyArn" in params:
        context["iam:policyarn"] = params["PolicyArn"]
    if "RoleName" in params:
        path, tags = _role(call)
        arn = f"{base}role{path}{params['RoleName']}"
        context.update(_resource_tags(tags))
        needs = [Need(f"iam:{call.operation}", arn, context)]
        if call.operation == "CreateRole" and params.get("Tags"):
            needs.append(Need("iam:TagRole", arn, context))
        return needs
    if "UserName" in params:
        return [Need(f"iam:{call.operation}", f"{base}user/{params['UserName']}", context)]
    if "PolicyArn" in params:
        return [Need(f"iam:{call.operation}", params["PolicyArn"], context)]
    if call.operation == "ListRoles":
        return [Need("iam:ListRoles", f"{base}role/")]
    return [Need(f"iam:{call.operation}", "*", context)]


def _role(call: Call) -> tuple[str, dict[str, str]]:
    """Path and tags of the role that a call is about."""
    from .. import moto_backend

    if call.operation == "CreateRole":
        return call.params.get("Path", "/"), {}
    roles = moto_backend.backend("iam", call.account, call.partition).roles.values()
    found = next((r for r in roles if r.name == call.params["RoleName"]), None)
    if found is None:
        return "/", {}
    return found.path, {t["Key"]: t["Value"] for t in found.tags}


def _cloudwatch(call: Call) -> list[Need]:
    params = call.params
    base = f"arn:{call.partition}:cloudwatch:"
    action = f"cloudwatch:{call.operation}"
    if "DashboardName" in params:
        arn = f"{base}:{call.account}:dashboard/{params['DashboardName']}"
        # As for alarms: API reference, TagResource names dashboards beside them.
        tagged = [Need("cloudwatch:TagResource", arn, _tags(params["Tags"]))] if params.get("Tags") else []
        return [Need(action, arn), *tagged]
    if params.get("DashboardNames"):
        return [Need(action, f"{base}:{call.account}:dashboard/{n}") for n in params["DashboardNames"]]
    alarms = f"{base}{call.region}:{call.account}:alarm:"
    if "AlarmName" in params:
        arn = f"{alarms}{params['AlarmName']}"
        needs = [Need(action, arn, _tags(params.get("Tags")))]
        if params.get("Tags"):
            needs.append(Need("cloudwatch:TagResource", arn, _tags(params["Tags"])))
        return needs
    if call.operation == "DeleteAlarms":
        return [Need(action, f"{alarms}{name}") for name in params["AlarmNames"]]
    if "ResourceARN" in params:
        return [Need(action, params["ResourceARN"], _tags(params.get("Tags")))]
    if call.operation == "PutMetricData":
        return [Need(action, "*", {"cloudwatch:namespace": params.get("Namespace", "")})]
    return [Need(action)]


def _events(call: Call) -> list[Need]:
    params = call.params
    action = f"events:{call.operation}"
    if "ResourceARN" in params:
        return [Need(action, params["ResourceARN"], _tags(params.get("Tags")))]
    name = params.get("Rule") or params.get("Name")
    if not name:
        return [Need(action)]
    arn = f"arn:{call.partition}:events:{call.region}:{call.account}:rule/{name}"
    needs = [Need(action, arn, _tags(params.get("Tags")))]
    if params.get("Tags"):
        needs.append(Need("events:TagResource", arn, _tags(params["Tags"])))
    return needs


def _logs(call: Call) -> list[Need]:
    base = f"arn:{call.partition}:logs:{call.region}:{call.account}:log-group:"
    group = call.params.get("logGroupName", "")
    if call.operation == "DescribeLogGroups":
        return [Need("logs:DescribeLogGroups", f"{base}*")]
    if "logStreamName" in call.params and call.operation in ("GetLogEvents", "PutLogEvents"):
        return [Need(f"logs:{call.operation}", f"{base}{group}:log-stream:{call.params['logStreamName']}")]
    return [Need(f"logs:{call.operation}", f"{base}{group}:*" if group else "*")]


def _sts(call: Call) -> list[Need]:
    return [Need(f"sts:{call.operation}", call.params.get("RoleArn", "*"))]


def _fsx(call: Call) -> list[Need]:
    """Linking a bucket makes a service-linked role (FSx for Lustre user guide, "Using service-linked roles" and
    "Prerequisites for linking to S3")."""
    params = call.params
    base = f"arn:{call.partition}:fsx:{call.region}:{call.account}:"
    context = _tags(params.get("Tags"))
    id = params.get("FileSystemId") or params.get("ResourceARN", "*").rpartition("/")[2]
    system = Need(f"fsx:{call.operation}", f"{base}file-system/{id}", {**context, **_file_system_tags(call, id)})
    creating = call.operation == "CreateFileSystem"
    tagging = [Need("fsx:TagResource", f"{base}file-system/{id}", context)] if creating and params.get("Tags") else []
    if call.operation == "CreateDataRepositoryAssociation":
        source = "s3.data-source.lustre.fsx.amazonaws.com"
        role = (
            f"arn:{call.partition}:iam::{call.account}:role/aws-service-role/{source}/AWSServiceRoleForFSxS3Access_{id}"
        )
        made = ("iam:CreateServiceLinkedRole", "iam:AttachRolePolicy", "iam:PutRolePolicy")
        return [system, *(Need(action, role, {"iam:awsservicename": source}) for action in made)]
    if call.operation == "DescribeDataRepositoryAssociations":
        return [Need(f"fsx:{call.operation}", f"{base}association/*")]
    return [system, *tagging]


def _file_system_tags(call: Call, id: str) -> dict[str, Any]:
    from ..world import world

    found = world(call.account).file_systems.get(id)
    return _resource_tags(found.tags) if found else {}


def _scheduler(call: Call) -> list[Need]:
    params = call.params
    base = f"arn:{call.partition}:scheduler:{call.region}:{call.account}:"
    action = f"scheduler:{call.operation}"
    if "ResourceArn" in params:
        return [Need(action, params["ResourceArn"], _tags(params.get("Tags")))]
    if call.operation.endswith("ScheduleGroup"):
        arn = f"{base}schedule-group/{params.get('Name', '')}"
        needs = [Need(action, arn, _tags(params.get("Tags")))]
        if params.get("Tags"):
            needs.append(Need("scheduler:TagResource", arn, _tags(params["Tags"])))
        return needs
    if "Name" not in params:
        return [Need(action)]
    needs = [Need(action, f"{base}schedule/{params.get('GroupName') or 'default'}/{params['Name']}")]
    if "Target" in params:
        passed = {"iam:passedtoservice": "scheduler.amazonaws.com"}
        needs.append(Need("iam:PassRole", params["Target"].get("RoleArn", "*"), passed))
    return needs


def _sqs(call: Call) -> list[Need]:
    params = call.params
    base = f"arn:{call.partition}:sqs:{call.region}:{call.account}:"
    name = params.get("QueueName") or params.get("QueueUrl", "").rsplit("/", 1)[-1]
    if not name:
        return [Need(f"sqs:{call.operation}")]
    needs = [Need(f"sqs:{call.operation}", base + name)]
    if call.operation == "CreateQueue" and params.get("tags"):
        needs.append(Need("sqs:TagQueue", base + name))
    return needs


# S3 operation -> action; an operation that is not here is its own action.
_S3 = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListBuckets": "ListAllMyBuckets",
    "ListParts": "ListMultipartUploadParts",
    "HeadObject": "GetObject",
    "GetObjectAttributes": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
}


def _s3(call: Call) -> list[Need]:
    params = call.params
    action = "s3:" + _S3.get(call.operation, call.operation)
    bucket = f"arn:{call.partition}:s3:::{params.get('Bucket', '')}"
    if "Bucket" not in params:
        return [Need(action)]
    if call.operation == "CreateBucket":
        return _create_bucket(call, bucket)
    if call.operation == "DeleteObjects":
        return _delete_objects(call, bucket)
    if "Key" not in params:
        return [Need(action, bucket, _listing(params))]
    if params.get("VersionId") and action in ("s3:GetObject", "s3:DeleteObject"):
        action += "Version"
    arn = f"{bucket}/{params['Key']}"
    needs = [Need(action, arn)]
    if params.get("Tagging") and call.operation in ("PutObject", "CopyObject"):
        needs.append(Need("s3:PutObjectTagging", arn))
    if params.get("CopySource"):
        source = unquote(params["CopySource"]).lstrip("/").split("?")[0]
        needs.append(Need("s3:GetObject", f"arn:{call.partition}:s3:::{source}"))
    return needs


def _create_bucket(call: Call, bucket: str) -> list[Need]:
    """Tags and ownership need rights of their own (API reference, CreateBucket)."""
    configuration = call.params.get("CreateBucketConfiguration") or {}
    context = {
        **_tags(configuration.get("Tags")),
        "s3:locationconstraint": configuration.get("LocationConstraint", call.region),
    }
    needs = [Need("s3:CreateBucket", bucket, context)]
    if configuration.get("Tags"):
        needs.append(Need("s3:TagResource", bucket, context))
    if "ObjectOwnership" in call.params:
        needs.append(Need("s3:PutBucketOwnershipControls", bucket))
    return needs


def _listing(params: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for name, key in (("Prefix", "s3:prefix"), ("Delimiter", "s3:delimiter"), ("MaxKeys", "s3:max-keys")):
        if params.get(name) is not None:
            context[key] = params[name]
    return context


def _delete_objects(call: Call, bucket: str) -> list[Need]:
    needs = []
    for item in (call.params.get("Delete") or {}).get("Objects", []):
        suffix = "Version" if item.get("VersionId") else ""
        needs.append(Need(f"s3:DeleteObject{suffix}", f"{bucket}/{item['Key']}"))
    return needs or [Need("s3:DeleteObject", f"{bucket}/*")]


_OF: dict[str, Callable[[Call], list[Need]]] = {
    "cloudwatch": _cloudwatch,
    "events": _events,
    "fsx": _fsx,
    "iam": _iam,
    "logs": _logs,
    "s3": _s3,
    "sagemaker": _sagemaker,
    "scheduler": _scheduler,
    "sqs": _sqs,
    "sts": _sts,
}
