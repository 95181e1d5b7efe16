"""STS: whose credentials these are, and which roles they may become."""

from __future__ import annotations

import datetime
import re

from ..auth import policy, principals
from ..call import Call
from ..errors import ApiError, Response
from ..world import world
from . import after, before
from .reply import reply


@before("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> Response:
    """moto says "user/moto" for keys that it does not know."""
    principal = principals.find(call)
    arn = principal.arn if principal else call.principal
    user = call.account if principal is None or principal.root else "AIDAEMULATOR"
    return reply(call, {"Account": call.account, "Arn": arn, "UserId": user})


@before("sts", "AssumeRole")
def assume_role(call: Call) -> None:
    """The role exists, trusts the caller, and allows the duration (API reference)."""
    from .. import moto_backend

    arn = call.params["RoleArn"]
    account = arn.split(":")[4] if arn.count(":") >= 5 else call.account
    iam = moto_backend.backend("iam", account, call.partition)
    role = principals.role_by_arn(iam, arn)
    if role is None or not _trusts(role, call):
        raise ApiError(
            "AccessDenied",
            f"User: {call.principal} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            403,
        )
    limit = role.max_session_duration or 3600
    if int(call.params.get("DurationSeconds", 3600)) > int(limit):
        raise ApiError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


@after("sts", "AssumeRole")
def assumed(call: Call, response: Response) -> Response | None:
    """Expiry by the account's clock; a test may make it soon."""
    from .. import moto_backend

    if response.status != 200:
        return None
    here = world(call.account)
    lifetime = here.settings.session_seconds or int(call.params.get("DurationSeconds", 3600))
    end = here.clock.utc() + datetime.timedelta(seconds=lifetime)
    key = re.search(rb"<AccessKeyId>([^<]+)<", response.body)
    for role in moto_backend.backend("sts", call.account, call.partition).assumed_roles:
        if key and role.access_key_id == key[1].decode():
            role.expiration = end
    shown = end.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    body = re.sub(rb"<Expiration>[^<]*<", b"<Expiration>" + shown + b"<", response.body)
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    return Response(response.status, body, headers)


def _trusts(role: object, call: Call) -> bool:
    context = {
        "sts:externalid": call.params.get("ExternalId"),
        "sts:rolesessionname": call.params.get("RoleSessionName"),
        "aws:principalarn": call.principal,
    }
    context = {k: v for k, v in context.items() if v is not None}
    names = {"*", call.account, call.principal, f"arn:{call.partition}:iam::{call.account}:root"}
    for statement in policy.statements(role.assume_role_policy_document):  # type: ignore[attr-defined]
        who = statement.get("Principal", {})
        listed = ["*"] if who == "*" else policy.as_list(who.get("AWS", []))
        if (
            statement.get("Effect") == "Allow"
            and names & set(listed)
            and policy.conditions_hold(statement.get("Condition", {}), context)
        ):
            return True
    return False
