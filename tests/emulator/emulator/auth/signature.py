"""SigV4: the signature is calculated again and compared."""

from __future__ import annotations

import re

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..call import Call
from ..errors import ApiError
from .principals import Principal


def check(call: Call, principal: Principal) -> None:
    """Refuse a wrong secret or session token."""
    text = call.header("Authorization")
    sent = re.search(r"Signature=([0-9a-f]+)", text)
    scope = re.search(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/", text)
    if principal.token != call.header("X-Amz-Security-Token"):
        raise ApiError(
            "InvalidToken" if call.service == "s3" else "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            403,
        )
    signed = re.search(r"SignedHeaders=([^,]+)", text)
    if not (sent and signed and scope):
        raise _mismatch(call)
    credentials = Credentials(call.access_key, principal.secret, principal.token or None)
    kind = S3SigV4Auth if call.service == "s3" else SigV4Auth
    signer = kind(credentials, scope[2], scope[1])
    request = _request(call, signed[1].split(";"))
    canonical = signer.canonical_request(request)
    if signer.signature(signer.string_to_sign(request, canonical), request) != sent[1]:
        raise _mismatch(call)


def _request(call: Call, names: list[str]) -> AWSRequest:
    headers = {n: _header(call, n) for n in names}
    host = call.environ.get("HTTP_HOST", "127.0.0.1")
    query = call.environ.get("QUERY_STRING", "")
    url = f"http://{host}{call.path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=call.method, url=url, data=call.body, headers=headers)
    request.context["timestamp"] = call.header("X-Amz-Date")
    return request


def _header(call: Call, name: str) -> str:
    if name == "content-type":
        return call.environ.get("CONTENT_TYPE", "")
    if name == "content-length":
        return call.environ.get("CONTENT_LENGTH", "")
    return call.header(name)


def _mismatch(call: Call) -> ApiError:
    code = "InvalidSignatureException" if call.protocol in ("json", "rest-json") else "SignatureDoesNotMatch"
    return ApiError(
        code,
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
        400 if code == "InvalidSignatureException" else 403,
    )
