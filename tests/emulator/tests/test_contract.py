"""The S3, IAM and CloudWatch behaviour that the provider leans on.

The same tests run against the emulator and against ministack, which shares no
code with moto: where two independent implementations agree, a mistake of one
of them is less likely to be taken for AWS.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from conftest import Emulator
from jobs import TRUST, allow

REGION = "eu-north-1"


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The second implementation, as a process."""
    home = tmp_path_factory.mktemp("ministack")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(home),
        "S3_DATA_DIR": str(home / "s3"),
        "PERSIST_STATE": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        cwd=home,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        assert process.poll() is None, "ministack did not start"
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            break
        except OSError:
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


@pytest.fixture(params=["emulator", "ministack"])
def cloud(request: pytest.FixtureRequest) -> Emulator:
    """One of the two, under one face."""
    if request.param == "emulator":
        return request.getfixturevalue("aws")
    return Emulator(request.getfixturevalue("ministack"), "000000000000")


@pytest.fixture
def s3(cloud: Emulator) -> Any:
    return cloud.client("s3", REGION)


@pytest.fixture
def bucket(cloud: Emulator, s3: Any) -> str:
    name = f"contract-{time.monotonic_ns()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


class Streamed(S3SigV4Auth):
    """Signs with whatever the caller says about the payload."""

    def payload(self, request: AWSRequest) -> str:
        return request.context.get("payload") or super().payload(request)


def signed(cloud: Emulator, service: str, method: str, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    """A request as the provider's own small client signs it."""
    request = AWSRequest(method, cloud.url + path, data=body, headers=headers)
    keys = Credentials(f"AKIAEMUL{cloud.account}", "any")
    request.context["payload"] = headers.get("X-Amz-Content-Sha256")
    kind = Streamed if service == "s3" else SigV4Auth
    kind(keys, service, REGION).add_auth(request)
    wire = urllib.request.Request(request.url, method=method, data=body, headers=dict(request.headers.items()))
    try:
        with urllib.request.urlopen(wire) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def query(cloud: Emulator, action: str, **parameters: str) -> tuple[int, str]:
    """CloudWatch in the query protocol."""
    body = urlencode({"Action": action, "Version": "2010-08-01", **parameters}).encode()
    status, answer = signed(
        cloud, "monitoring", "POST", "/", body, **{"Content-Type": "application/x-www-form-urlencoded"}
    )
    return status, answer.decode()


# S3


def test_conditional_writes(s3: Any, bucket: str) -> None:
    at = {"Bucket": bucket, "Key": "sustainable/claims/a.json"}
    tag = s3.put_object(**at, Body=b"1", IfNoneMatch="*")["ETag"]
    assert code(s3.put_object, **at, Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.put_object, **at, Body=b"2", IfMatch='"0"') == "PreconditionFailed"
    s3.put_object(**at, Body=b"2", IfMatch=tag)
    assert s3.get_object(**at)["Body"].read() == b"2"
    assert code(s3.put_object, Bucket=bucket, Key="none", Body=b"", IfMatch=tag) == "NoSuchKey"


def chunked(body: bytes, checksum: str) -> tuple[bytes, dict[str, str]]:
    """A body in the framing that the Rust SDK uses for streams."""
    framed = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(body), body, checksum.encode())
    return framed, {
        "Content-Encoding": "aws-chunked",
        "Content-Type": "application/octet-stream",
        "X-Amz-Trailer": "x-amz-checksum-crc32",
        "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Decoded-Content-Length": str(len(body)),
        "X-Amz-Sdk-Checksum-Algorithm": "CRC32",
    }


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_chunked_uploads_with_a_trailing_checksum(cloud: Emulator, s3: Any, bucket: str) -> None:
    body = b"source archive" * 1000
    framed, headers = chunked(body, crc32(body))
    status, answer = signed(cloud, "s3", "PUT", f"/{bucket}/a.tar.gz", framed, **headers)
    assert status == 200, answer
    got = s3.get_object(Bucket=bucket, Key="a.tar.gz")
    assert (got["Body"].read(), got.get("ContentEncoding")) == (body, None)


def test_copies_and_multipart_copies(s3: Any, bucket: str) -> None:
    body = os.urandom(1024) * 6 * 1024
    s3.put_object(Bucket=bucket, Key="data/a b.bin", Body=body)
    source = {"Bucket": bucket, "Key": "data/a b.bin"}
    s3.copy_object(Bucket=bucket, Key="copy.bin", CopySource=source)
    to = {"Bucket": bucket, "Key": "big.bin"}
    upload = s3.create_multipart_upload(**to)["UploadId"]
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big.bin"]
    parts = []
    for number, span in enumerate(("0-5242879", f"5242880-{len(body) - 1}"), 1):
        part = s3.upload_part_copy(
            **to, UploadId=upload, PartNumber=number, CopySource=source, CopySourceRange=f"bytes={span}"
        )["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(**to, UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(**to)["Body"].read() == body
    assert s3.head_object(**to)["ETag"].endswith('-2"')
    assert code(s3.copy_object, Bucket=bucket, Key="x", CopySource={"Bucket": bucket, "Key": "none"}) == "NoSuchKey"


def test_listing_in_pages_and_folders(s3: Any, bucket: str) -> None:
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"data/part {number}.csv", Body=b"x")
    s3.put_object(Bucket=bucket, Key="other/x", Body=b"")
    first = s3.list_objects_v2(Bucket=bucket, Prefix="data/", MaxKeys=3)
    assert first["IsTruncated"]
    rest = s3.list_objects_v2(Bucket=bucket, Prefix="data/", ContinuationToken=first["NextContinuationToken"])
    assert [o["Key"] for o in first["Contents"] + rest["Contents"]] == [f"data/part {n}.csv" for n in range(5)]
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    assert [f["Prefix"] for f in folders] == ["data/", "other/"]


def test_a_versioned_bucket_is_emptied_by_version(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
    s3.delete_object(Bucket=bucket, Key="k")
    assert code(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"
    listed = s3.list_object_versions(Bucket=bucket)
    assert (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (2, 1)
    doomed = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in listed["Versions"] + listed["DeleteMarkers"]]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed})["Deleted"]) == 3
    s3.delete_bucket(Bucket=bucket)
    assert code(s3.head_bucket, Bucket=bucket) == "404"
    assert code(s3.list_objects_v2, Bucket=bucket) == "NoSuchBucket"


def tls_only(bucket: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )


def test_what_a_managed_bucket_is_given(s3: Any, bucket: str) -> None:
    at = {"Bucket": bucket}
    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    s3.put_public_access_block(**at, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(**at)["PublicAccessBlockConfiguration"] == block
    s3.put_bucket_policy(**at, Policy=tls_only(bucket))
    assert json.loads(s3.get_bucket_policy(**at)["Policy"]) == json.loads(tls_only(bucket))
    s3.put_object(**at, Key="k", Body=b"")  # the tests speak HTTP, and count as TLS
    public = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    assert code(s3.put_bucket_policy, **at, Policy=json.dumps(public)) == "AccessDenied"
    tags = [{"Key": "ManagedBy", "Value": "terraform-provider-sustainable"}]
    s3.put_bucket_tagging(**at, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(**at)["TagSet"] == tags
    rule = s3.get_bucket_encryption(**at)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    expiry = {
        "ID": "checkpoints",
        "Status": "Enabled",
        "Expiration": {"Days": 30},
        "Filter": {"Prefix": "sustainable/checkpoints/"},
    }
    s3.put_bucket_lifecycle_configuration(**at, LifecycleConfiguration={"Rules": [expiry]})
    assert s3.get_bucket_lifecycle_configuration(**at)["Rules"][0] == expiry
    broken = {**expiry, "Expiration": {"Days": 0}}
    assert (
        code(s3.put_bucket_lifecycle_configuration, **at, LifecycleConfiguration={"Rules": [broken]})
        == "InvalidArgument"
    )
    s3.delete_bucket_policy(**at)
    assert code(s3.get_bucket_policy, **at) == "NoSuchBucketPolicy"


def test_names_of_buckets(s3: Any) -> None:
    for name in ("Upper-case", "a_b", "ab", "x" * 64, "dot..dot"):
        assert (
            code(s3.create_bucket, Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
            == "InvalidBucketName"
        ), name


def test_deleting_what_is_not_there_is_no_error(s3: Any, bucket: str) -> None:
    s3.delete_object(Bucket=bucket, Key="none")
    assert code(s3.head_object, Bucket=bucket, Key="none") == "404"
    assert code(s3.get_object, Bucket=bucket, Key="none") == "NoSuchKey"
    assert (
        code(s3.create_bucket, Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        == "BucketAlreadyOwnedByYou"
    )


# IAM


def test_the_life_of_a_role(cloud: Emulator) -> None:
    iam = cloud.client("iam", REGION)
    name = f"role-{time.monotonic_ns()}"
    trust = json.dumps(TRUST)
    tags = [{"Key": "ManagedBy", "Value": "x"}]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Path="/ml/", Tags=tags)
    assert code(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust) == "EntityAlreadyExists"
    role = iam.get_role(RoleName=name)["Role"]
    assert (role["Arn"].split(":", 5)[5], role["AssumeRolePolicyDocument"], role["Tags"]) == (
        f"role/ml/{name}",
        TRUST,
        tags,
    )
    policy = allow("s3:GetObject", "arn:aws:s3:::b/*")
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    assert iam.get_role_policy(RoleName=name, PolicyName="p")["PolicyDocument"] == policy
    assert code(iam.delete_role, RoleName=name) == "DeleteConflict"
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["p"]
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)
    for call in (iam.get_role, iam.delete_role, iam.list_role_policies):
        assert code(call, RoleName=name) == "NoSuchEntity"


# CloudWatch

BODY = {
    "widgets": [
        {
            "type": "metric",
            "x": 0,
            "y": 0,
            "width": 12,
            "height": 6,
            "properties": {
                "region": REGION,
                "metrics": [["/aws/sagemaker/TrainingJobs", "loss", "TrainingJobName", "a"]],
                "stat": "Average",
                "period": 60,
            },
        }
    ]
}


def test_dashboards_in_the_query_protocol(cloud: Emulator) -> None:
    name = f"sustainable-{time.monotonic_ns()}"
    assert query(cloud, "PutDashboard", DashboardName=name, DashboardBody=json.dumps(BODY))[0] == 200
    status, answer = query(cloud, "GetDashboard", DashboardName=name)
    assert status == 200
    assert "/aws/sagemaker/TrainingJobs" in answer
    assert query(cloud, "DeleteDashboards", **{"DashboardNames.member.1": name})[0] == 200
    status, answer = query(cloud, "GetDashboard", DashboardName=name)
    assert (status, "ResourceNotFound" in answer) == (404, True)
