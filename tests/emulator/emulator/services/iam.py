"""IAM: names and documents that moto takes and AWS refuses, and the time of
birth of roles (for propagation)."""

from __future__ import annotations

import json
from typing import Any

from ..auth.policy import as_list
from ..call import Call
from ..errors import ApiError, Response
from ..world import world
from . import after, before

# IAM user guide, "IAM and AWS STS quotas": 10,240 characters of inline
# policies per role, 2,048 of trust policy, white space not counted.
_INLINE_LIMIT = 10_240
_TRUST_LIMIT = 2_048


def _malformed(message: str) -> ApiError:
    return ApiError("MalformedPolicyDocument", message)


@before("iam", "CreateRole")
def create_role(call: Call) -> None:
    """Trust policy, and a boundary that exists."""
    check_trust(call.params["AssumeRolePolicyDocument"])
    _boundary(call)


@before("iam", "UpdateAssumeRolePolicy")
def update_assume_role_policy(call: Call) -> None:
    """The same check."""
    check_trust(call.params["PolicyDocument"])


@before("iam", "PutRolePolicy", "CreatePolicy")
def put_role_policy(call: Call) -> None:
    """Size; moto checks the grammar."""
    size = len("".join(call.params["PolicyDocument"].split()))
    if call.operation == "PutRolePolicy" and size > _INLINE_LIMIT:
        raise ApiError(
            "LimitExceeded",
            f"Maximum policy size of {_INLINE_LIMIT} bytes exceeded for role {call.params['RoleName']}",
            409,
        )


def _boundary(call: Call) -> None:
    arn = call.params.get("PermissionsBoundary")
    if not arn:
        return
    from .. import moto_backend

    policies = moto_backend.backend("iam", call.account, call.partition).managed_policies
    if arn not in policies:
        # "NoSuchEntity: Scope ARN: ... does not exist or is not attachable."
        # (quoted in hashicorp/terraform-provider-aws issues)
        raise ApiError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


def check_trust(text: str) -> None:
    """The grammar of a trust policy (IAM user guide; the sentences are quoted
    in AWS re:Post and in the issue trackers of Terraform modules)."""
    try:
        document = json.loads(text)
    except ValueError:
        raise _malformed("This policy contains invalid Json") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise _malformed("Syntax errors in policy.")
    if len("".join(text.split())) > _TRUST_LIMIT:
        raise ApiError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {_TRUST_LIMIT}", 409)
    for statement in as_list(document["Statement"]):
        _trust_statement(statement)


def _trust_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("Syntax errors in policy.")
    for field in ("Resource", "NotResource"):
        if field in statement:
            raise _malformed(f"Has prohibited field {field}")
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise _malformed("Missing required field Principal")
    actions = as_list(statement.get("Action", []))
    if not actions:
        raise _malformed("Missing required field Action")
    if any(not str(a).startswith("sts:") for a in actions):
        raise _malformed("AssumeRole policy may only specify STS AssumeRole actions.")
    _principal(statement.get("Principal", {}))


def _principal(principal: Any) -> None:
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    for service in as_list(services):
        if not str(service).endswith((".amazonaws.com", ".amazonaws.com.cn")):
            raise _malformed(f'Invalid principal in policy: "SERVICE":"{service}"')


@after("iam", "CreateRole")
def role_created(call: Call, response: Response) -> None:
    """Remember when, for "Could not assume role"."""
    if response.status == 200:
        here = world(call.account)
        here.role_born[call.params["RoleName"]] = here.clock.now()
        here.role_refusals.pop(call.params["RoleName"], None)
