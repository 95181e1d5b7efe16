"""S3 buckets: rules that moto lacks.

Sources: Amazon S3 user guide ("Bucket naming rules", "Default encryption
FAQ", "Block Public Access", "Default settings for new buckets", April 2023)
and the S3 API reference ("List of error codes").
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from .. import moto_backend
from ..call import Call
from ..errors import ApiError, NotSimulated, Response, render
from ..models import enum
from . import after, before

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BAD_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_BAD_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")

# Calls that do not go to a bucket's own region.
_ANYWHERE = ("CreateBucket", "ListBuckets")


def bucket_of(call: Call) -> Any:
    """The bucket's model, whichever account it belongs to; None if there is none."""
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(call.params.get("Bucket", ""))
    if owner is None:
        return None
    partition, account = owner
    return s3_backends[account][partition].buckets.get(call.params["Bucket"])


def valid_name(name: str) -> bool:
    """S3 user guide, "General purpose bucket naming rules"."""
    try:
        ipaddress.ip_address(name)
        return False
    except ValueError:
        pass
    return (
        _NAME.fullmatch(name) is not None
        and ".." not in name
        and not name.startswith(_BAD_STARTS)
        and not name.endswith(_BAD_ENDS)
    )


@before("s3", "*")
def right_place(call: Call) -> Response | None:
    """The bucket is addressed in its own region, by whom the caller expects."""
    bucket = bucket_of(call)
    if bucket is None:
        return None
    # A bucket of another account that grants nothing: 403, before all else.
    expected = call.header("x-amz-expected-bucket-owner")
    if expected and expected != bucket.account_id:
        raise ApiError("AccessDenied", "Access Denied", 403)
    elsewhere = bucket.region_name != call.region
    free = call.operation in _ANYWHERE or (call.operation == "GetBucketLocation" and call.region == "us-east-1")
    if not elsewhere or free:
        return None
    error = ApiError(
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint.",
        301,
        Endpoint=f"{bucket.name}.s3.{bucket.region_name}.amazonaws.com",
        Bucket=bucket.name,
    )
    answer = render(error, "rest-xml", call.request_id, head=call.method == "HEAD")
    answer.headers["x-amz-bucket-region"] = bucket.region_name
    return answer


@before("s3", "CopyObject", "UploadPartCopy")
def right_source(call: Call) -> None:
    """x-amz-source-expected-bucket-owner."""
    from urllib.parse import unquote

    from moto.s3.models import s3_backends

    expected = call.header("x-amz-source-expected-bucket-owner")
    source = unquote(call.params.get("CopySource", "")).lstrip("/").split("/")[0]
    owner = s3_backends.bucket_accounts.get(source)
    if expected and owner and owner[1] != expected:
        raise ApiError("AccessDenied", "Access Denied", 403)


@before("s3", "CreateBucket")
def create_bucket(call: Call) -> None:
    """Names, and a location that fits the endpoint."""
    name = call.params["Bucket"]
    if not valid_name(name):
        raise ApiError("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)
    wanted = (call.params.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
    if wanted is not None and wanted not in enum("s3", "BucketLocationConstraint"):
        raise ApiError(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
            LocationConstraint=wanted,
        )
    bucket = bucket_of(call)
    if bucket is not None and bucket.account_id != call.account:
        raise ApiError(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all "
            "users of the system. Please select a different name and try again.",
            409,
            BucketName=name,
        )
    if bucket is not None and (bucket.region_name, call.region) != ("us-east-1", "us-east-1"):
        raise ApiError(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            409,
            BucketName=name,
        )
    if call.region != "us-east-1" and wanted != call.region:
        raise ApiError(
            "IllegalLocationConstraintException",
            f"The {wanted or 'unspecified'} location constraint is incompatible for the region "
            "specific endpoint this request was sent to.",
        )


@after("s3", "CreateBucket")
def bucket_created(call: Call, response: Response) -> None:
    """The defaults of new buckets, and the tags that moto ignores."""
    bucket = bucket_of(call)
    if response.status != 200 or bucket is None or bucket.account_id != call.account:
        return
    if getattr(bucket, "emulator_defaults", False):
        return  # us-east-1 answers 200 for a bucket that one has already
    bucket.emulator_defaults = True
    backend = moto_backend.backend("s3", call.account, call.partition)
    from moto.s3.models import PublicAccessBlock

    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    if not bucket.ownership_rule:
        bucket.ownership_rule = "BucketOwnerEnforced"
    tags = (call.params.get("CreateBucketConfiguration") or {}).get("Tags")
    if tags:
        backend.put_bucket_tagging(bucket.name, {t["Key"]: t["Value"] for t in tags})


@after("s3", "HeadBucket")
def head_bucket(call: Call, response: Response) -> None:
    """Every answer about a bucket names its region."""
    bucket = bucket_of(call)
    if bucket is not None:
        response.headers["x-amz-bucket-region"] = bucket.region_name


@after("s3", "GetBucketEncryption")
def get_bucket_encryption(call: Call, response: Response) -> Response | None:
    """SSE-S3 unless something else was set (default encryption, since 2023)."""
    if response.status != 404 or b"ServerSideEncryptionConfigurationNotFound" not in response.body:
        return None
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ServerSideEncryptionConfiguration '
        'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault>'
        "<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
        "<BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
    )
    return Response(200, body.encode(), {"Content-Type": "application/xml"})


@before("s3", "PutBucketLifecycleConfiguration")
def put_lifecycle(call: Call) -> None:
    """Days are positive, and a rule says what it is for."""
    rules = (call.params.get("LifecycleConfiguration") or {}).get("Rules", [])
    for rule in rules:
        if "Filter" not in rule and "Prefix" not in rule:
            raise ApiError(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            )
        expiration = rule.get("Expiration") or {}
        if "Days" in expiration and int(expiration["Days"]) <= 0:
            raise ApiError(
                "InvalidArgument",
                "'Days' for Expiration action must be a positive integer",
                ArgumentName="Days",
                ArgumentValue=str(expiration["Days"]),
            )


@before(
    "s3",
    "PutBucketNotificationConfiguration",
    "PutBucketReplication",
    "PutBucketAccelerateConfiguration",
    "PutBucketLogging",
    "PutBucketWebsite",
)
def not_looked_at(call: Call) -> None:
    """The provider makes none of these calls, so nobody has compared them."""
    raise NotSimulated(call.operation)
