"""S3 behaviour that only the emulator has (moto and ministack are laxer)."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobs import allow
from test_contract import chunked, signed


@pytest.fixture
def bucket(aws: Any) -> str:
    name = f"rules-{aws.account}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    return name


def error(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


def code(call: Any, **arguments: Any) -> str:
    return error(call, **arguments)["Error"]["Code"]


def test_a_bucket_is_addressed_in_its_own_region(aws: Any, bucket: str) -> None:
    away = aws.client("s3", "us-west-2")
    away.head_bucket(Bucket=bucket)  # boto3 follows to the region that the answer names
    seen = aws.control("GET", "requests?operation=HeadBucket")["requests"]
    assert [(r["region"], r["status"]) for r in seen] == [("us-west-2", 301), ("eu-north-1", 200)]
    here = aws.client("s3").head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    assert here["x-amz-bucket-region"] == "eu-north-1"


def test_where_a_bucket_is_made(aws: Any) -> None:
    name = f"made-{aws.account}"
    west, east = aws.client("s3", "us-west-2"), aws.client("s3", "us-east-1")
    for place in ("eu-north-1", None):
        configuration = {"CreateBucketConfiguration": {"LocationConstraint": place}} if place else {}
        assert code(west.create_bucket, Bucket=name, **configuration) == "IllegalLocationConstraintException"
    assert (
        code(east.create_bucket, Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
        == "InvalidLocationConstraint"
    )
    east.create_bucket(Bucket=name)
    east.create_bucket(Bucket=name)
    assert (
        code(west.create_bucket, Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        == "BucketAlreadyOwnedByYou"
    )


def test_one_of_many_conditional_writes_wins(aws: Any, bucket: str) -> None:
    s3 = aws.client("s3")

    def write(number: int) -> int:
        try:
            s3.put_object(Bucket=bucket, Key="claim", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "PreconditionFailed"
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(40))) == 1


def test_defaults_and_tags_of_a_new_bucket(aws: Any) -> None:
    s3, name = aws.client("s3"), f"new-{aws.account}"
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": "eu-north-1", "Tags": [{"Key": "a", "Value": "b"}]},
    )
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    rule = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0]
    assert rule["ObjectOwnership"] == "BucketOwnerEnforced"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "a", "Value": "b"}]


def test_the_owner_is_checked(aws: Any, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=aws.account)
    assert code(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="999999999999") == "AccessDenied"
    other = aws.client("s3", aws_access_key_id="AKIAEMUL999999999999", aws_secret_access_key="x")
    assert code(other.head_bucket, Bucket=bucket) == "403"
    assert (
        code(other.create_bucket, Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        == "BucketAlreadyExists"
    )


MALFORMED = {
    "Missing required field Principal": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{}/*"},
    "Policy has invalid resource": {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::elsewhere/*",
    },
    "Policy has invalid action": {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "ec2:Run",
        "Resource": "arn:aws:s3:::{}",
    },
}


@pytest.mark.parametrize("sentence", MALFORMED)
def test_malformed_policies(aws: Any, bucket: str, sentence: str) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [MALFORMED[sentence]]})
    answer = error(aws.client("s3").put_bucket_policy, Bucket=bucket, Policy=text.replace("{}", bucket))["Error"]
    assert (answer["Code"], answer["Message"]) == ("MalformedPolicy", sentence)


def test_enforcement_reads_the_bucket_policy(aws: Any, bucket: str) -> None:
    s3, iam = aws.client("s3"), aws.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(allow("s3:*", "*")))
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    aws.control("POST", "settings", {"enforce_iam": True})
    mine = aws.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    mine.list_objects_v2(Bucket=bucket)
    assert (
        "explicit deny in a resource-based policy"
        in error(mine.put_object, Bucket=bucket, Key="k", Body=b"")["Error"]["Message"]
    )


def test_wrong_checksums_are_noticed(aws: Any, bucket: str) -> None:
    s3 = aws.client("s3")
    wrong = base64.b64encode(b"\0\0\0\0").decode()
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ChecksumCRC32=wrong) == "BadDigest"
    assert (
        code(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5=base64.b64encode(b"0" * 16).decode())
        == "BadDigest"
    )
    framed, headers = chunked(b"body", wrong)
    status, answer = signed(aws, "s3", "PUT", f"/{bucket}/k", framed, **headers)
    assert (status, b"BadDigest" in answer) == (400, True)
    assert code(s3.head_object, Bucket=bucket, Key="k") == "404"


def test_large_objects_need_a_multipart_copy(aws: Any, bucket: str) -> None:
    s3, size = aws.client("s3"), 6 * 1024**3
    aws.control("POST", "objects", {"bucket": bucket, "key": "data/big", "size": size})
    assert s3.head_object(Bucket=bucket, Key="data/big")["ContentLength"] == size
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Size"] == size
    source, to = f"{bucket}/data/big", {"Bucket": bucket, "Key": "copy"}
    assert code(s3.copy_object, **to, CopySource=source) == "InvalidRequest"
    upload = s3.create_multipart_upload(**to)["UploadId"]
    parts, half = [], size // 2
    part = {**to, "UploadId": upload, "CopySource": source}
    assert code(s3.upload_part_copy, **part, PartNumber=1, CopySourceRange=f"bytes=0-{size}") == "InvalidArgument"
    for number in (1, 2):
        span = f"bytes={(number - 1) * half}-{number * half - 1}"
        made = s3.upload_part_copy(**part, PartNumber=number, CopySourceRange=span)
        parts.append({"PartNumber": number, "ETag": made["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(**to, UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.head_object(**to)["ContentLength"] == size
    assert code(s3.get_object, **to) == "NotSimulated"


def test_conditions_of_copies_and_gone_uploads(aws: Any, bucket: str) -> None:
    s3, at = aws.client("s3"), {"Bucket": bucket, "Key": "copy"}
    tag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
    source = {**at, "CopySource": f"{bucket}/a"}
    assert code(s3.copy_object, **source, CopySourceIfMatch='"0"') == "PreconditionFailed"
    made = s3.copy_object(**source, CopySourceIfMatch=tag, IfNoneMatch="*")
    assert (made["ServerSideEncryption"], made.get("VersionId")) == ("AES256", None)
    assert code(s3.copy_object, **source, IfNoneMatch="*") == "PreconditionFailed"
    upload = {**at, "UploadId": s3.create_multipart_upload(**at)["UploadId"]}
    s3.abort_multipart_upload(**upload)
    assert (
        code(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
        == "NoSuchUpload"
    )


def test_dates_follow_the_clock(aws: Any, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    aws.control("POST", "clock", {"advance_seconds": 90})
    s3.put_object(Bucket=bucket, Key="b", Body=b"")
    first, second = (s3.head_object(Bucket=bucket, Key=k)["LastModified"] for k in "ab")
    assert 89 <= (second - first).total_seconds() <= 92


def test_xml_is_validated(aws: Any, bucket: str) -> None:
    assert (
        code(aws.client("s3").put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "On"})
        == "MalformedXML"
    )
