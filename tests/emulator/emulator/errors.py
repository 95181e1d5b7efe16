"""AWS errors, and how each protocol writes them on the wire.

The shapes are the ones that botocore's parsers read (botocore/parsers.py):
JSON puts the code in ``__type``, query and S3 use XML, EC2 has XML of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


@dataclass
class Response:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error that AWS itself would answer.

    ``status`` is the HTTP status where it differs from the protocol's usual
    one; ``extra`` holds further members (S3's ``BucketName``, for one).
    """

    def __init__(self, code: str, message: str, status: int = 400, **extra: str):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra


class NotSimulated(Exception):
    """The emulator does not know what AWS would answer: HTTP 501, never a guess."""


def render(error: ApiError, protocol: str, request_id: str, head: bool = False) -> Response:
    """Write an error in the given protocol's shape."""
    if protocol in ("json", "smithy-rpc-v2-cbor"):
        return _json(error)
    if protocol == "rest-json":
        response = _json(error)
        response.headers["x-amzn-ErrorType"] = error.code
        return response
    if protocol == "rest-xml":
        # An answer to HEAD has no body, so the code is lost: AWS does the same.
        return Response(error.status, b"" if head else _s3(error, request_id), _XML)
    if protocol == "ec2":
        return Response(error.status, _ec2(error, request_id), _XML)
    return Response(error.status, _query(error, request_id), _XML)


_XML = {"Content-Type": "text/xml"}


def _json(error: ApiError) -> Response:
    # SageMaker, Logs and the others write "message"; AccessDenied of the
    # front end writes "Message". botocore and the Rust SDK read both.
    key = "Message" if error.code == "AccessDeniedException" else "message"
    body = {"__type": error.code, key: error.message, **error.extra}
    return Response(
        error.status,
        json.dumps(body).encode(),
        {"Content-Type": "application/x-amz-json-1.1"},
    )


def _members(members: dict[str, str]) -> str:
    return "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in members.items())


def _query(error: ApiError, request_id: str) -> bytes:
    side = "Sender" if error.status < 500 else "Receiver"
    inner = _members({"Type": side, "Code": error.code, "Message": error.message, **error.extra})
    return (f"<ErrorResponse><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>").encode()


def _s3(error: ApiError, request_id: str) -> bytes:
    inner = _members({"Code": error.code, "Message": error.message, **error.extra})
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error>{inner}<RequestId>{request_id}</RequestId><HostId>emulator</HostId></Error>"
    ).encode()


def _ec2(error: ApiError, request_id: str) -> bytes:
    inner = _members({"Code": error.code, "Message": error.message})
    return (f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>").encode()
