"""Bucket policies: their grammar, and which count as public.

Sources: S3 user guide ("Blocking public access", "The meaning of public"); the
sentences are quoted in many issue trackers of Terraform modules.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..errors import ApiError
from . import before
from .s3_buckets import bucket_of


@before("s3", "PutBucketPolicy")
def put_bucket_policy(call: Call) -> None:
    """Grammar, resources of this bucket only, and BlockPublicPolicy."""
    text = call.params.get("Policy", "")
    document = _parse_policy(text)
    bucket = bucket_of(call)
    if bucket is None:
        return
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    for statement in statements:
        _policy_statement(statement, bucket)
    block = bucket.public_access_block
    if block is not None and _true(block.block_public_policy) and any(map(_public, statements)):
        raise ApiError(
            "AccessDenied",
            f"User: {call.principal} is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"arn:{call.partition}:s3:::{bucket.name}" because public policies are blocked by '
            "the BlockPublicPolicy block public access setting.",
            403,
        )


def _leave_to_us() -> None:
    """moto applies statements for everyone without looking at their conditions:
    a policy that refuses plain HTTP would refuse every call. `auth/` decides."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL


_leave_to_us()


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _parse_policy(text: Any) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    if "Statement" not in document:
        raise _malformed("Missing required field Statement")
    return document


def _malformed(message: str) -> ApiError:
    return ApiError("MalformedPolicy", message)


def _policy_statement(statement: dict[str, Any], bucket: Any) -> None:
    for field in ("Effect", "Principal", "Action", "Resource"):
        if field not in statement and f"Not{field}" not in statement:
            raise _malformed(f"Missing required field {field}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise _malformed("Invalid effect: " + str(statement["Effect"]))
    for action in _list(statement.get("Action", [])):
        if action != "*" and not action.startswith("s3:"):
            raise _malformed("Policy has invalid action")
    for resource in _list(statement.get("Resource", [])):
        name = resource.split(":::", 1)[-1].split("/", 1)[0]
        if name != bucket.name:
            raise _malformed("Policy has invalid resource")
    who = statement.get("Principal")
    if isinstance(who, str) and who != "*":
        raise _malformed("Invalid principal in policy")


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _public(statement: dict[str, Any]) -> bool:
    """S3 user guide, "The meaning of public": anyone, under no fixed condition."""
    who = statement.get("Principal")
    anyone = who == "*" or (isinstance(who, dict) and "*" in _list(who.get("AWS", [])))
    return statement["Effect"] == "Allow" and anyone and not statement.get("Condition")
