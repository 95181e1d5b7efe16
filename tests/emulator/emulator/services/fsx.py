"""FSx for Lustre: file systems, their links to S3, imports, and their lives by the account's clock.

Sources: FSx API reference (CreateFileSystem, CreateDataRepositoryAssociation,
DeleteFileSystem, DescribeFileSystems) as in botocore's model: capacities,
versions, client request tokens, at most 8 links with paths that do not
overlap, links only on AVAILABLE file systems of version 2.12 or later, one
task at a time and only with a link, a deletion that a running task refuses,
FileSystemNotFound once it is gone. TagResource and UntagResource, of file
systems only.
Which subnets exist is not known here: one is enough and at most one is taken.
Sentences of refusals are ours unless the model has them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..world import World, world
from . import before
from .reply import reply

_LINKS = 8
_VERSIONS_WITH_LINKS = ("2.12", "2.15")


@dataclass
class Link:
    """A data repository association."""

    id: str
    arn: str
    request: dict[str, Any]
    born: float


@dataclass
class Task:
    """An import."""

    id: str
    request: dict[str, Any]
    born: float

    def lifecycle(self, here: World) -> str:
        """Its state at this moment."""
        if here.clock.now() < self.born + here.settings.fsx_import_seconds:
            return "EXECUTING"
        return "FAILED" if here.settings.fsx_import_failure else "SUCCEEDED"


@dataclass
class FileSystem:
    """One file system, from its creation on."""

    id: str
    arn: str
    mount: str
    region: str
    request: dict[str, Any]
    born: float
    failure: str
    tags: dict[str, str]
    dying: float | None = None
    links: dict[str, Link] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)

    def lifecycle(self, here: World) -> str:
        """Its state at this moment; empty once it is gone."""
        now, takes = here.clock.now(), here.settings.fsx_seconds
        if self.dying is not None:
            return "DELETING" if now < self.dying + takes else ""
        if now < self.born + takes:
            return "CREATING"
        return "FAILED" if self.failure else "AVAILABLE"


def every(here: World) -> list[FileSystem]:
    """All file systems of an account that exist still; what is gone is forgotten."""
    here.file_systems = {k: f for k, f in here.file_systems.items() if f.lifecycle(here)}
    return list(here.file_systems.values())


def find(here: World, region: str, id: str) -> FileSystem:
    """The file system of this id in this region."""
    for one in every(here):
        if one.id == id and one.region == region:
            return one
    raise ApiError("FileSystemNotFound", f"File system '{id}' does not exist.")


@before("fsx", "CreateFileSystem")
def create_file_system(call: Call) -> Response:
    """Lustre only."""
    here, params = world(call.account), call.params
    if params["FileSystemType"] != "LUSTRE":
        raise NotSimulated(f"a file system of type {params['FileSystemType']}")
    token = params.get("ClientRequestToken")
    for known in every(here):
        if token and known.region == call.region and known.request.get("ClientRequestToken") == token:
            if known.request != params:
                raise ApiError(
                    "IncompatibleParameterError",
                    "The client request token was used with other parameters.",
                    Parameter="ClientRequestToken",
                )
            return reply(call, {"FileSystem": _described(here, known)})
    _check(params)
    made = FileSystem(
        id="fs-0" + secrets.token_hex(8),
        arn="",
        mount=secrets.token_hex(4),
        region=call.region,
        request=params,
        born=here.clock.now(),
        failure=here.settings.fsx_failure,
        tags={t["Key"]: t["Value"] for t in params.get("Tags", [])},
    )
    made.arn = f"arn:{call.partition}:fsx:{call.region}:{call.account}:file-system/{made.id}"
    here.file_systems[made.id] = made
    return reply(call, {"FileSystem": _described(here, made)})


def _check(params: dict[str, Any]) -> None:
    lustre = params.get("LustreConfiguration") or {}
    kind = lustre.get("DeploymentType", "SCRATCH_1")
    capacity = params.get("StorageCapacity", 0)
    step = 3600 if kind == "SCRATCH_1" else 2400
    if params.get("StorageType", "SSD") != "SSD":
        raise NotSimulated("capacities of HDD file systems")
    if capacity not in (1200, 2400) and (capacity <= 2400 or capacity % step):
        raise ApiError(
            "BadRequest",
            f"{capacity} is not a valid storage capacity for {kind}: 1200, 2400, and increments of {step} GiB.",
        )
    if len(params["SubnetIds"]) != 1:
        raise ApiError("InvalidNetworkSettings", "Exactly one subnet ID is required for Lustre file systems.")
    if kind.startswith("SCRATCH") and params.get("KmsKeyId"):
        # CreateFileSystem, KmsKeyId: persistent deployment types only.
        raise ApiError("BadRequest", "KmsKeyId is not supported for scratch file systems.")


@before("fsx", "DescribeFileSystems")
def describe_file_systems(call: Call) -> Response:
    """By id, or all in pages."""
    here, params = world(call.account), call.params
    if params.get("FileSystemIds"):
        found = [find(here, call.region, id) for id in params["FileSystemIds"]]
    else:
        found = [f for f in every(here) if f.region == call.region]
    return _page(call, "FileSystems", [_described(here, f) for f in found])


@before("fsx", "DeleteFileSystem")
def delete_file_system(call: Call) -> Response:
    """Not while a task runs."""
    here = world(call.account)
    one = find(here, call.region, call.params["FileSystemId"])
    delete(here, one)
    return reply(call, {"FileSystemId": one.id, "Lifecycle": "DELETING"})


def delete(here: World, one: FileSystem) -> None:
    """What the call and a schedule that makes it do."""
    now = here.clock.now()
    if one.dying is None and _busy(here, one):
        raise ApiError("BadRequest", "A data repository task is in progress on the file system.")
    if one.dying is None:
        one.dying = now


def _busy(here: World, one: FileSystem) -> bool:
    return any(task.lifecycle(here) == "EXECUTING" for task in one.tasks.values())


@before("fsx", "CreateDataRepositoryTask")
def create_task(call: Call) -> Response:
    """Imports of everything that is linked."""
    here, params = world(call.account), call.params
    if params["Type"] != "IMPORT_METADATA_FROM_REPOSITORY" or params.get("Paths") or params["Report"]["Enabled"]:
        raise NotSimulated(f"a task {params}")
    one = find(here, call.region, params["FileSystemId"])
    token = params.get("ClientRequestToken")
    for task in one.tasks.values():
        if token and task.request.get("ClientRequestToken") == token:
            return reply(call, {"DataRepositoryTask": _task(here, task)})
    if not one.links:
        raise ApiError("BadRequest", "No data repository is linked to the file system.")
    if _busy(here, one):
        raise ApiError(
            "DataRepositoryTaskExecuting",
            "An existing data repository task is currently executing on the file system.",
        )
    id = "task-0" + secrets.token_hex(8)
    made = one.tasks[id] = Task(id, params, here.clock.now())
    return reply(call, {"DataRepositoryTask": _task(here, made)})


@before("fsx", "DescribeDataRepositoryTasks")
def describe_tasks(call: Call) -> Response:
    """By id."""
    here = world(call.account)
    tasks = {k: v for f in every(here) if f.region == call.region for k, v in f.tasks.items()}
    found = []
    for id in call.params.get("TaskIds", []):
        if id not in tasks:
            raise ApiError("DataRepositoryTaskNotFound", f"{id} does not exist.")
        found.append(_task(here, tasks[id]))
    return _page(call, "DataRepositoryTasks", found)


@before("fsx", "CreateDataRepositoryAssociation")
def create_link(call: Call) -> Response:
    """A folder of the file system for a prefix of a bucket."""
    here, params = world(call.account), call.params
    one = find(here, call.region, params["FileSystemId"])
    token = params.get("ClientRequestToken")
    for link in one.links.values():
        if token and link.request.get("ClientRequestToken") == token:
            if link.request != params:
                raise ApiError("IncompatibleParameterError", "The client request token was used with other parameters.")
            return reply(call, {"Association": _link(here, link)})
    if one.lifecycle(here) != "AVAILABLE":
        raise ApiError("BadRequest", f"The file system is {one.lifecycle(here)}, not AVAILABLE.")
    lustre = one.request.get("LustreConfiguration") or {}
    version = one.request.get("FileSystemTypeVersion", "2.10")
    if lustre.get("DeploymentType", "SCRATCH_1") == "SCRATCH_1" or version not in _VERSIONS_WITH_LINKS:
        raise ApiError("UnsupportedOperation", "The file system does not support data repository associations.")
    if len(one.links) == _LINKS:
        raise ApiError("ServiceLimitExceeded", f"A file system has at most {_LINKS} data repository associations.")
    path, source = _folder(params["FileSystemPath"]), _folder(params["DataRepositoryPath"])
    for link in one.links.values():
        other = _folder(link.request["FileSystemPath"])
        if path.startswith(other) or other.startswith(path):
            raise ApiError("BadRequest", f"File system path {path} overlaps with {other}.")
        if source == _folder(link.request["DataRepositoryPath"]):
            raise ApiError("BadRequest", f"{source} is linked already.")
    id = "dra-0" + secrets.token_hex(8)
    arn = f"arn:{call.partition}:fsx:{call.region}:{call.account}:association/{one.id}/{id}"
    made = one.links[id] = Link(id, arn, params, here.clock.now())
    return reply(call, {"Association": _link(here, made)})


@before("fsx", "DescribeDataRepositoryAssociations")
def describe_links(call: Call) -> Response:
    """By id, or those of a file system."""
    here, params = world(call.account), call.params
    links = {k: v for f in every(here) if f.region == call.region for k, v in f.links.items()}
    if params.get("AssociationIds"):
        missing = [id for id in params["AssociationIds"] if id not in links]
        if missing:
            raise ApiError("DataRepositoryAssociationNotFound", f"{missing[0]} does not exist.")
        found = [links[id] for id in params["AssociationIds"]]
    else:
        wanted = [v for f in params.get("Filters", []) if f["Name"] == "file-system-id" for v in f["Values"]]
        found = [link for link in links.values() if not wanted or link.request["FileSystemId"] in wanted]
    return _page(call, "Associations", [_link(here, link) for link in found])


@before("fsx", "TagResource")
def tag_resource(call: Call) -> Response:
    """Of a file system."""
    _by_arn(call).tags.update({t["Key"]: t["Value"] for t in call.params["Tags"]})
    return reply(call, {})


@before("fsx", "UntagResource")
def untag_resource(call: Call) -> Response:
    """Of a file system; keys that it does not carry are no error."""
    tags = _by_arn(call).tags
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return reply(call, {})


def _by_arn(call: Call) -> FileSystem:
    kind, _, id = call.params["ResourceARN"].split(":")[-1].partition("/")
    if kind != "file-system":
        raise NotSimulated(f"tags of a {kind}")
    return find(world(call.account), call.region, id)


def _page(call: Call, key: str, found: list[dict[str, Any]]) -> Response:
    first = int(call.params.get("NextToken", "0"))
    size = call.params.get("MaxResults", 20)
    answer: dict[str, Any] = {key: found[first : first + size]}
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return reply(call, answer)


def _folder(path: str) -> str:
    return path if path.endswith("/") else path + "/"


def _described(here: World, one: FileSystem) -> dict[str, Any]:
    request, lifecycle = one.request, one.lifecycle(here)
    lustre = request.get("LustreConfiguration") or {}
    answer: dict[str, Any] = {
        "OwnerId": here.account,
        "CreationTime": one.born,
        "FileSystemId": one.id,
        "FileSystemType": "LUSTRE",
        "Lifecycle": lifecycle,
        "StorageCapacity": request["StorageCapacity"],
        "StorageType": request.get("StorageType", "SSD"),
        "SubnetIds": request["SubnetIds"],
        "DNSName": f"{one.id}.fsx.{one.region}.amazonaws.com",
        "ResourceARN": one.arn,
        "Tags": [{"Key": k, "Value": v} for k, v in one.tags.items()],
        "FileSystemTypeVersion": request.get("FileSystemTypeVersion", "2.10"),
        "LustreConfiguration": {
            "DeploymentType": lustre.get("DeploymentType", "SCRATCH_1"),
            "MountName": one.mount,
            "DataCompressionType": lustre.get("DataCompressionType", "NONE"),
        },
    }
    if lifecycle == "FAILED":
        answer["FailureDetails"] = {"Message": one.failure}
    return answer


def _task(here: World, task: Task) -> dict[str, Any]:
    answer = {
        "TaskId": task.id,
        "Lifecycle": task.lifecycle(here),
        "Type": task.request["Type"],
        "CreationTime": task.born,
        "FileSystemId": task.request["FileSystemId"],
        "Report": task.request["Report"],
    }
    if answer["Lifecycle"] == "FAILED":
        answer["FailureDetails"] = {"Message": here.settings.fsx_import_failure}
    return answer


def _link(here: World, link: Link) -> dict[str, Any]:
    failure = here.settings.fsx_link_failure
    ready = here.clock.now() >= link.born + here.settings.fsx_seconds
    answer = {
        "AssociationId": link.id,
        "ResourceARN": link.arn,
        "FileSystemId": link.request["FileSystemId"],
        "Lifecycle": ("MISCONFIGURED" if failure else "AVAILABLE") if ready else "CREATING",
        "FileSystemPath": link.request["FileSystemPath"],
        "DataRepositoryPath": link.request["DataRepositoryPath"],
        "BatchImportMetaDataOnCreate": link.request.get("BatchImportMetaDataOnCreate", False),
        "Tags": link.request.get("Tags", []),
        "CreationTime": link.born,
    }
    if ready and failure:
        answer["FailureDetails"] = {"Message": failure}
    return answer
