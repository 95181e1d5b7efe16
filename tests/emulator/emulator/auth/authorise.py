"""The decision about one call, when enforcement is on."""

from __future__ import annotations

import json

from .. import faults, moto_backend
from ..call import Call
from ..errors import ApiError
from ..world import world
from . import policy, principals, requirements, signature
from .principals import Principal
from .requirements import Need

# "No permissions are required to call this operation" (STS API reference).
_FREE = {("sts", "GetCallerIdentity")}


def authorise(call: Call) -> None:
    """Raise AWS's refusal unless the caller may do what it asks for."""
    principal = principals.find(call)
    if principal is not None and principal.expires is not None and principal.expires <= world(call.account).clock.utc():
        raise _expired(call)
    if not world(call.account).settings.enforce_iam:
        return
    if principal is None:
        raise _unknown_key(call)
    if principal.root:
        return
    signature.check(call, principal)
    if (call.service, call.operation) in _FREE:
        return
    call.needs = requirements.of(call)
    for need in call.needs:
        sentence = refusal(call, principal, need)
        if sentence:
            raise faults.access_denied(call, sentence)


def refusal(call: Call, principal: Principal, need: Need) -> str | None:
    """IAM's sentence if the principal may not, else None."""
    context = {**_context(call, principal), **need.context}
    ask = (need.action, need.resource, context)
    resource_policies = _bucket_policies(call, need)
    for documents, kind in ((principal.policies, "identity-based"), (resource_policies, "resource-based")):
        if policy.denies(documents, *ask):
            return faults.denial(principal.arn, need.action, need.resource, kind, explicit=True)
    if principal.boundary is not None:
        if policy.denies([principal.boundary], *ask):
            return faults.denial(principal.arn, need.action, need.resource, "permissions boundary", explicit=True)
        if not policy.allows([principal.boundary], *ask):
            return (
                f"User: {principal.arn} is not authorized to perform: {need.action} on resource: "
                f"{need.resource} because no permissions boundary allows the {need.action} action"
            )
    granted = policy.allows(principal.policies, *ask) or _bucket_grants(resource_policies, principal, ask)
    if not granted:
        return faults.denial(principal.arn, need.action, need.resource, "identity-based")
    return None


def _context(call: Call, principal: Principal) -> policy.Context:
    # The emulator speaks plain HTTP; calls count as TLS, since on AWS they are.
    return {
        "aws:securetransport": "true",
        "aws:principalarn": principal.arn,
        "aws:principalaccount": call.account,
        "aws:requestedregion": call.region,
        "aws:username": principal.arn.split("/")[-1],
        "s3:resourceaccount": call.account,
        "aws:resourceaccount": call.account,
    }


def _bucket_policies(call: Call, need: Need) -> list[str]:
    if not need.action.startswith("s3:") or not need.resource.startswith("arn:"):
        return []
    name = need.resource.split(":::", 1)[-1].split("/", 1)[0]
    buckets = moto_backend.backend("s3", call.account, call.partition).buckets
    bucket = buckets.get(name)
    text = bucket.policy if bucket is not None else None
    if not text:
        return []
    return [text.decode() if isinstance(text, bytes) else text]


def _bucket_grants(documents: list[str], principal: Principal, ask: tuple) -> bool:
    account = principal.arn.split(":")[4]
    names = {"*", account, principal.arn, f"arn:aws:iam::{account}:root"}
    for document in documents:
        for statement in policy.statements(json.loads(document)):
            who = statement.get("Principal", {})
            listed = ["*"] if who == "*" else policy.as_list(who.get("AWS", []))
            # The account's root in a bucket policy delegates to IAM, it does
            # not grant by itself; only a principal named outright is granted.
            named = principal.arn in listed or ("*" in listed and "*" in names)
            if statement.get("Effect") == "Allow" and named and policy.applies(statement, *ask):
                return True
    return False


def _expired(call: Call) -> ApiError:
    # S3 error codes: ExpiredToken, 400. Common errors: ExpiredTokenException
    # (JSON), ExpiredToken (query), 403.
    if call.protocol == "rest-xml":
        return ApiError("ExpiredToken", "The provided token has expired.", 400)
    text = "The security token included in the request is expired"
    if call.protocol in ("json", "rest-json"):
        return ApiError("ExpiredTokenException", text)
    return ApiError("ExpiredToken", text, 403)


def _unknown_key(call: Call) -> ApiError:
    # S3 error codes: InvalidAccessKeyId. Common errors: InvalidClientTokenId
    # (query) and UnrecognizedClientException (JSON).
    if call.protocol == "rest-xml":
        return ApiError(
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403,
            AWSAccessKeyId=call.access_key,
        )
    text = "The security token included in the request is invalid."
    if call.protocol in ("json", "rest-json"):
        return ApiError("UnrecognizedClientException", text)
    return ApiError("InvalidClientTokenId", text, 403)
