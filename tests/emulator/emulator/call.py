"""One request, understood: which service, operation, account and parameters."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import BackendRequest

from . import models
from .errors import ApiError, NotSimulated

DEFAULT_ACCOUNT = "123456789012"

# An access key of this form belongs to the account named by its last twelve
# digits: tests get an account of their own without any set-up.
ACCOUNT_KEY = re.compile(r"AKIAEMUL(\d{12})")

_SCOPE = re.compile(r"Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


@dataclass
class Call:
    """A request to an emulated service."""

    environ: dict[str, Any]
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    access_key: str = ""
    service: str = ""
    region: str = ""
    account: str = DEFAULT_ACCOUNT
    operation: str = ""
    protocol: str = "json"
    model: OperationModel | None = None
    params: dict[str, Any] = field(default_factory=dict)
    principal: str = ""
    needs: list[Any] = field(default_factory=list)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def header(self, name: str, default: str = "") -> str:
        """A request header, empty when it was not sent."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"), default)

    @property
    def partition(self) -> str:
        """The AWS partition of the call's region."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"


def from_environ(environ: dict[str, Any], body: bytes) -> Call:
    """Read what does not depend on the service: scope and access key."""
    call = Call(
        environ=environ,
        method=environ["REQUEST_METHOD"],
        path=environ.get("RAW_URI", environ.get("PATH_INFO", "/")).split("?", 1)[0],
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        body=body,
    )
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        # Unsigned: the service is unknown, the protocol shows.
        if call.header("X-Amz-Target"):
            call.protocol = "json"
        elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            call.protocol = "query"
        else:
            call.service, call.protocol = "s3", "rest-xml"
        return call
    call.access_key, _, call.region, signing = scope.groups()
    call.service = models.SIGNING_NAMES.get(signing, signing)
    if signing in models.SIGNING_NAMES:
        call.protocol = _protocol(call)
    return call


def _protocol(call: Call) -> str:
    model = models.service_model(call.service)
    content_type = call.environ.get("CONTENT_TYPE", "")
    if call.service == "s3":
        return "rest-xml"
    if content_type.startswith("application/x-www-form-urlencoded"):
        return "ec2" if call.service == "ec2" else "query"
    if content_type.startswith("application/x-amz-json"):
        return "json"
    return model.protocol


def resolve(call: Call) -> None:
    """Find the operation and parse its parameters."""
    if call.protocol == "smithy-rpc-v2-cbor":
        raise NotSimulated("RPC v2 CBOR: use the query or JSON protocol")
    model = models.service_model(call.service)
    request = _request(call)
    uri: dict[str, Any] = {}
    if call.protocol in ("rest-xml", "rest-json"):
        try:
            found, uri = get_service_router(call.service).match(request)
        except (NotFound, NotImplementedError) as error:
            raise NotSimulated(f"{call.method} {call.path} matches no operation") from error
        call.operation = found.name
    elif call.protocol == "json":
        call.operation = call.header("X-Amz-Target").split(".")[-1]
    else:
        call.operation = request.values.get("Action", "")
    if call.operation not in model.operation_names:
        raise ApiError(
            "InvalidAction" if call.protocol in ("query", "ec2") else "UnknownOperationException",
            f"The action {call.operation} is not valid for this web service.",
        )
    call.model = model.operation_model(call.operation)
    call.params = _parse(call, request, uri)


def _request(call: Call) -> BackendRequest:
    from . import moto_backend

    return BackendRequest(moto_backend.environ_for(call))


def _parse(call: Call, request: BackendRequest, uri: dict[str, Any]) -> dict[str, Any]:
    if call.protocol == "json":
        return _json_body(call)
    body = request.get_data() if call.protocol.startswith("rest") else request.data
    # moto's parsers want moto's subclass of the same model.
    model = get_service_model(call.service).operation_model(call.operation)
    parser = PROTOCOL_PARSERS[call.protocol](model, map_type=dict)
    try:
        return (
            parser.parse(
                {
                    "method": call.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": body,
                    "url_path": request.path,
                    "url_params": uri,
                }
            )
            or {}
        )
    except (RequestParserError, ValueError, TypeError, AttributeError) as error:
        raise _unreadable(call, error) from error


def _json_body(call: Call) -> dict[str, Any]:
    # Read as it was sent: validation looks at types and unknown members.
    try:
        parsed = json.loads(call.body or b"{}")
    except ValueError as error:
        raise ApiError("SerializationException", str(error)) from error
    if not isinstance(parsed, dict):
        raise ApiError("SerializationException", "Start of structure or map expected.")
    return parsed


def _unreadable(call: Call, error: Exception) -> ApiError:
    if call.protocol == "rest-xml":
        # S3 API reference, "List of error codes".
        return ApiError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    if call.protocol in ("query", "ec2"):
        return ApiError("MalformedInput", str(error))
    return ApiError("SerializationException", str(error))
