"""S3 objects: checksums, limits and the size of copies.

Sources: S3 API reference ("List of error codes", PutObject, DeleteObjects,
CopyObject) and user guide ("Checking object integrity").
"""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from urllib.parse import parse_qs, unquote, urlparse

from ..auth import principals
from ..auth.authorise import refusal
from ..auth.requirements import Need
from ..call import Call
from ..errors import ApiError, Response
from ..world import world
from . import after, before

COPY_LIMIT = 5 * 1024**3
KEY_LIMIT = 1024
DELETE_LIMIT = 1000

_CHECKSUMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
_CHUNKED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@before("s3", "*")
def limits(call: Call) -> None:
    """Key length."""
    if len(call.params.get("Key", "").encode()) > KEY_LIMIT:
        raise ApiError(
            "KeyTooLongError",
            "Your key is too long",
            Size=str(len(call.params["Key"].encode())),
            MaxSizeAllowed=str(KEY_LIMIT),
        )


@before("s3", "PutObject", "UploadPart", "DeleteObjects")
def integrity(call: Call) -> None:
    """What the client says about the body has to be true."""
    body, trailers = payload(call)
    declared = call.header("x-amz-decoded-content-length")
    if declared and int(declared) != len(body):
        raise ApiError(
            "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."
        )
    md5 = call.header("Content-MD5")
    if md5 and base64.b64encode(hashlib.md5(body).digest()).decode() != md5:
        raise ApiError("BadDigest", "The Content-MD5 you specified did not match what we received.", ExpectedDigest=md5)
    for name in _CHECKSUMS:
        sent = call.header(f"x-amz-checksum-{name}") or trailers.get(f"x-amz-checksum-{name}", "")
        computed = digest(name, body) if sent else ""
        if sent and computed and computed != sent:
            raise ApiError("BadDigest", f"The {name.upper()} you specified did not match the calculated checksum.")


def payload(call: Call) -> tuple[bytes, dict[str, str]]:
    """The body without aws-chunked framing, and its trailers."""
    if call.header("x-amz-content-sha256") != _CHUNKED:
        return call.body, {}
    stream, parts = io.BytesIO(call.body), []
    try:
        while size := int(stream.readline().split(b";")[0], 16):
            parts.append(stream.read(size))
            stream.readline()
    except ValueError:
        raise ApiError("IncompleteBody", "The request body terminated unexpectedly") from None
    trailers = {}
    for line in stream.read().decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if value:
            trailers[name.strip().lower()] = value.strip()
    wanted = call.header("x-amz-trailer").lower()
    if wanted and wanted not in trailers:
        raise ApiError(
            "MalformedTrailerError",
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        )
    return b"".join(parts), trailers


def digest(name: str, body: bytes) -> str:
    """The checksum in base64; empty for those that would need a native library."""
    if name == "crc32":
        raw = zlib.crc32(body).to_bytes(4, "big")
    elif name in ("sha1", "sha256"):
        raw = hashlib.new(name, body).digest()
    else:
        return ""
    return base64.b64encode(raw).decode()


@before("s3", "DeleteObjects")
def delete_objects(call: Call) -> None:
    """At most 1,000 keys, and a checksum is required."""
    if len((call.params.get("Delete") or {}).get("Objects", [])) > DELETE_LIMIT:
        raise ApiError(
            "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
        )
    sums = ("Content-MD5", *(f"x-amz-checksum-{n}" for n in _CHECKSUMS), "x-amz-trailer")
    if not any(call.header(n) for n in sums):
        raise ApiError("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")


def source_of(call: Call) -> tuple[str, str, str | None]:
    """Bucket, key and version of a copy source."""
    parsed = urlparse(call.params["CopySource"])
    bucket, _, key = unquote(parsed.path).lstrip("/").partition("/")
    return bucket, key, parse_qs(parsed.query).get("versionId", [None])[0]


@before("s3", "CopyObject")
def copy_object(call: Call) -> None:
    """5 GiB in one copy."""
    from moto.s3.models import s3_backends

    bucket, key, version = source_of(call)
    owner = s3_backends.bucket_accounts.get(bucket)
    if owner is None:
        return
    found = s3_backends[owner[1]][owner[0]].get_object(bucket, key, version)
    if found is not None and found.size > COPY_LIMIT:
        raise ApiError(
            "InvalidRequest",
            f"The specified copy source is larger than the maximum allowable size for a copy source: {COPY_LIMIT}",
        )


@after("s3", "GetObject", "HeadObject")
def hide_missing(call: Call, response: Response) -> Response | None:
    """Without s3:ListBucket a missing key is 403, not 404 (API reference, GetObject)."""
    if response.status != 404 or not world(call.account).settings.enforce_iam:
        return None
    principal = principals.find(call)
    if principal is None or principal.root:
        return None
    need = Need("s3:ListBucket", f"arn:{call.partition}:s3:::{call.params['Bucket']}")
    denied = refusal(call, principal, need)
    if denied is None:
        return None
    from ..errors import render

    return render(ApiError("AccessDenied", denied, 403), "rest-xml", call.request_id, head=call.method == "HEAD")
