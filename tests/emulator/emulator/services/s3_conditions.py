"""S3: conditions of copies, uploads that are gone, and headers that every answer has.

Source: S3 API reference (CopyObject, CompleteMultipartUpload, PutObject).
"""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ApiError, Response
from . import after, before
from .s3_buckets import bucket_of
from .s3_objects import source_of


def _object(bucket: str, key: str, version: str | None = None) -> Any:
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(bucket)
    if owner is None:
        return None
    return s3_backends[owner[1]][owner[0]].get_object(bucket, key, version)


def _failed(condition: str) -> ApiError:
    return ApiError(
        "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412, Condition=condition
    )


@before("s3", "CopyObject", "UploadPartCopy")
def copy_conditions(call: Call) -> None:
    """x-amz-copy-source-if-match and its opposite, and If-None-Match of the target."""
    source = _object(*source_of(call))
    if source is None:
        return
    tag = source.etag.strip('"')
    match = call.params.get("CopySourceIfMatch")
    if match and match.strip('"') != tag:
        raise _failed("x-amz-copy-source-If-Match")
    other = call.params.get("CopySourceIfNoneMatch")
    if other and other.strip('"') == tag:
        raise _failed("x-amz-copy-source-If-None-Match")
    there = _object(call.params["Bucket"], call.params["Key"])
    if call.operation == "CopyObject" and call.params.get("IfNoneMatch") == "*" and there:
        raise _failed("If-None-Match")


@before("s3", "CompleteMultipartUpload", "UploadPart", "UploadPartCopy")
def upload_is_there(call: Call) -> None:
    """moto crashes on an upload that has been aborted."""
    bucket = bucket_of(call)
    if bucket is not None and call.params["UploadId"] not in bucket.multiparts:
        raise ApiError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may "
            "have been aborted or completed.",
            404,
        )


@after(
    "s3",
    "PutObject",
    "GetObject",
    "HeadObject",
    "CopyObject",
    "CreateMultipartUpload",
    "CompleteMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
)
def usual_headers(call: Call, response: Response) -> None:
    """Every object is encrypted, and only versioned buckets have versions."""
    if response.status not in (200, 206):
        return
    names = {n.lower(): n for n in response.headers}
    if "x-amz-server-side-encryption" not in names:
        response.headers["x-amz-server-side-encryption"] = "AES256"
    bucket = bucket_of(call)
    if bucket is not None and not bucket.versioning_status and "x-amz-version-id" in names:
        del response.headers[names["x-amz-version-id"]]


@after("s3", "ListParts")
def root_of_parts(call: Call, response: Response) -> None:
    """moto names the root element ListPartsResponse; the API reference has ListPartsResult, and the Rust SDK looks."""
    response.body = response.body.replace(b"ListPartsResponse", b"ListPartsResult")
    response.headers = {n: v for n, v in response.headers.items() if n.lower() != "content-length"}
