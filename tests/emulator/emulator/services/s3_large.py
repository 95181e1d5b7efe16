"""Objects that say they are larger than they are.

A multipart copy starts at 5 GiB. Nobody wants to keep that in memory, so the
control plane (`POST /_test/objects`) can make an object whose declared size is
any number while a few bytes are stored. Listing, HeadObject, copies and
multipart copies go by the declared size; reading it is refused.
"""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeKey, S3Backend

from ..call import Call
from ..errors import ApiError, NotSimulated
from ..world import World
from . import before
from .s3_objects import COPY_LIMIT, source_of

PART_LIMIT = COPY_LIMIT
_STORED = b"declared"


def declare(world: World, bucket: str, key: str, size: int) -> None:
    """Make such an object."""
    from .. import moto_backend

    backend = moto_backend.backend("s3", world.account, "aws")
    made = backend.put_object(bucket, key, _STORED)
    made.contentsize = size


def is_declared(key: FakeKey) -> bool:
    """Whether a key's size is not that of its content."""
    return key.contentsize != len(key.value)


@before("s3", "GetObject")
def get_object(call: Call) -> None:
    """There is nothing to read."""
    key = _find(call.params["Bucket"], call.params["Key"], call.params.get("VersionId"))
    if isinstance(key, FakeKey) and is_declared(key):
        raise NotSimulated("reading an object whose size is only declared")


@before("s3", "UploadPartCopy")
def upload_part_copy(call: Call) -> None:
    """A part is at most 5 GiB, and its range lies within the source."""
    key = _find(*source_of(call))
    if not isinstance(key, FakeKey):
        return
    text = call.params.get("CopySourceRange")
    if text is None:
        size = key.contentsize
    else:
        first, _, last = text.removeprefix("bytes=").partition("-")
        if int(last) >= key.contentsize:
            raise ApiError(
                "InvalidArgument",
                f"Range specified is not valid for source object of size: {key.contentsize}",
                ArgumentName="x-amz-copy-source-range",
                ArgumentValue=text,
            )
        size = int(last) - int(first) + 1
    if size > PART_LIMIT:
        raise ApiError(
            "InvalidRequest",
            f"The specified copy source is larger than the maximum allowable size for a copy source: {PART_LIMIT}",
        )


def _find(bucket: str, key: str, version: str | None) -> Any:
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(bucket)
    if owner is None:
        return None
    return s3_backends[owner[1]][owner[0]].get_object(bucket, key, version)


def _patch() -> None:
    """Carry declared sizes through moto's copies."""
    part_copy, complete = S3Backend.upload_part_copy, S3Backend.complete_multipart_upload
    copy = S3Backend.copy_object

    def upload_part_copy(self: Any, *args: Any, **kw: Any) -> FakeKey:
        source = self.get_object(kw["src_bucket_name"], kw["src_key_name"], version_id=kw["src_version_id"])
        declared = is_declared(source)
        start, end = kw["start_byte"], kw["end_byte"]
        if declared:
            kw = {**kw, "start_byte": None, "end_byte": None}
        part = part_copy(self, *args, **kw)
        if declared:
            part.contentsize = source.contentsize if start is None else end - start + 1
        return part

    def complete_multipart_upload(self: Any, bucket: str, upload: str, body: Any) -> Any:
        # moto disposes of the parts, so look first.
        parts = self.get_bucket(bucket).multiparts[upload].parts.values()
        declared, size = any(map(is_declared, parts)), sum(p.contentsize for p in parts)
        key = complete(self, bucket, upload, body)
        if key is not None and declared:
            key.contentsize = size
        return key

    def copy_object(self: Any, src_key: FakeKey, bucket: str, name: str, *a: Any, **k: Any) -> None:
        size = src_key.contentsize if is_declared(src_key) else None
        copy(self, src_key, bucket, name, *a, **k)
        if size is not None:
            self.get_object(bucket, name).contentsize = size

    S3Backend.upload_part_copy = upload_part_copy
    S3Backend.complete_multipart_upload = complete_multipart_upload
    S3Backend.copy_object = copy_object


_patch()
