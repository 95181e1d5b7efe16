"""File systems: the life of one, and what FSx refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

SCRATCH = {
    "FileSystemType": "LUSTRE",
    "StorageCapacity": 1200,
    "SubnetIds": ["subnet-0123456789abcdef0"],
    "FileSystemTypeVersion": "2.15",
    "LustreConfiguration": {"DeploymentType": "SCRATCH_2"},
}


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_the_life_of_a_file_system(aws: Any) -> None:
    fsx = aws.client("fsx")
    aws.control("POST", "settings", {"fsx_seconds": 300, "fsx_import_seconds": 600})
    made = fsx.create_file_system(**SCRATCH, ClientRequestToken="one")["FileSystem"]
    id = made["FileSystemId"]
    assert made["Lifecycle"] == "CREATING" and made["LustreConfiguration"]["MountName"]
    again = fsx.create_file_system(**SCRATCH, ClientRequestToken="one")["FileSystem"]
    assert again["FileSystemId"] == id, "the token makes it idempotent"
    other = {**SCRATCH, "StorageCapacity": 2400}
    assert code(fsx.create_file_system, **other, ClientRequestToken="one") == "IncompatibleParameterError"
    link = {"FileSystemId": id, "FileSystemPath": "/train", "DataRepositoryPath": "s3://bucket/data/"}
    assert code(fsx.create_data_repository_association, **link) == "BadRequest", "not AVAILABLE yet"

    aws.control("POST", "clock", {"advance_seconds": 300})
    assert fsx.describe_file_systems(FileSystemIds=[id])["FileSystems"][0]["Lifecycle"] == "AVAILABLE"
    made = fsx.create_data_repository_association(**link)["Association"]
    assert made["Lifecycle"] == "CREATING"
    within = {**link, "FileSystemPath": "/train/a", "DataRepositoryPath": "s3://bucket/other/"}
    assert code(fsx.create_data_repository_association, **within) == "BadRequest", "paths overlap"
    task = {"Type": "IMPORT_METADATA_FROM_REPOSITORY", "FileSystemId": id, "Report": {"Enabled": False}}
    made = fsx.create_data_repository_task(**task)["DataRepositoryTask"]
    assert made["Lifecycle"] == "EXECUTING"
    assert code(fsx.create_data_repository_task, **task) == "DataRepositoryTaskExecuting"
    assert code(fsx.delete_file_system, FileSystemId=id) == "BadRequest", "the import is under way"

    aws.control("POST", "clock", {"advance_seconds": 600})
    found = fsx.describe_data_repository_associations(Filters=[{"Name": "file-system-id", "Values": [id]}])
    assert [a["Lifecycle"] for a in found["Associations"]] == ["AVAILABLE"]
    [task] = fsx.describe_data_repository_tasks(TaskIds=[made["TaskId"]])["DataRepositoryTasks"]
    assert task["Lifecycle"] == "SUCCEEDED"
    arn = fsx.describe_file_systems(FileSystemIds=[id])["FileSystems"][0]["ResourceARN"]
    fsx.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "nlp"}, {"Key": "old", "Value": "x"}])
    fsx.untag_resource(ResourceARN=arn, TagKeys=["old", "never there"])
    tags = fsx.describe_file_systems(FileSystemIds=[id])["FileSystems"][0]["Tags"]
    assert tags == [{"Key": "team", "Value": "nlp"}]
    assert fsx.delete_file_system(FileSystemId=id)["Lifecycle"] == "DELETING"
    aws.control("POST", "clock", {"advance_seconds": 300})
    assert code(fsx.describe_file_systems, FileSystemIds=[id]) == "FileSystemNotFound"


BAD = [
    ({"StorageCapacity": 1800}, "BadRequest"),
    ({"StorageCapacity": 6000}, "BadRequest"),
    ({"SubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}, "InvalidNetworkSettings"),
    ({"KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/k"}, "BadRequest"),
]


@pytest.mark.parametrize(("change", "expected"), BAD, ids=str)
def test_refusals(aws: Any, change: dict[str, Any], expected: str) -> None:
    assert code(aws.client("fsx").create_file_system, **{**SCRATCH, **change}) == expected


def test_failures(aws: Any) -> None:
    aws.control("POST", "settings", {"fsx_seconds": 0, "fsx_failure": "no addresses left"})
    id = aws.client("fsx").create_file_system(**SCRATCH)["FileSystem"]["FileSystemId"]
    [found] = aws.client("fsx").describe_file_systems(FileSystemIds=[id])["FileSystems"]
    assert found["Lifecycle"] == "FAILED" and found["FailureDetails"]["Message"] == "no addresses left"
