"""Access keys, and the principals behind them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from .. import moto_backend
from ..call import ACCOUNT_KEY, Call


@dataclass
class Principal:
    """A user, an assumed role, or the account itself (`root`)."""

    arn: str
    secret: str = ""
    token: str = ""
    root: bool = False
    # Policy documents that grant, and the boundary that limits them.
    policies: list[Any] = field(default_factory=list)
    boundary: Any = None
    # When temporary credentials end.
    expires: datetime.datetime | None = None


def account_of(call: Call) -> str:
    """The account that an access key belongs to."""
    own = ACCOUNT_KEY.fullmatch(call.access_key)
    if own:
        return own.group(1)
    from moto.iam.models import get_account_id_from
    from moto.sts.models import sts_backends

    for account, partitions in list(sts_backends.items()):
        for backend in list(partitions.values()):
            if any(r.access_key_id == call.access_key for r in backend.assumed_roles):
                return account
    return get_account_id_from(call.access_key)


def principal_arn(call: Call) -> str:
    """The ARN of the caller, as GetCallerIdentity would say it."""
    found = find(call)
    return found.arn if found else f"arn:{call.partition}:iam::{call.account}:root"


def find(call: Call) -> Principal | None:
    """The principal of a call; None when the key is nobody's."""
    if ACCOUNT_KEY.fullmatch(call.access_key):
        return Principal(f"arn:{call.partition}:iam::{call.account}:root", root=True)
    iam = moto_backend.backend("iam", call.account, call.partition)
    for user in iam.users.values():
        for key in user.access_keys:
            if key.access_key_id == call.access_key:
                return _user(iam, user, key.secret_access_key)
    sts = moto_backend.backend("sts", call.account, call.partition)
    for assumed in sts.assumed_roles:
        if assumed.access_key_id == call.access_key:
            return _assumed(iam, assumed, call)
    return None


def _user(iam: Any, user: Any, secret: str) -> Principal:
    policies = [*user.policies.values(), *_managed(user)]
    for group in iam.get_groups_for_user(user.name):
        policies += [*group.policies.values(), *_managed(group)]
    boundary = getattr(user, "permissions_boundary", None)
    return Principal(user.arn, secret, policies=policies, boundary=_boundary(iam, boundary))


def _assumed(iam: Any, assumed: Any, call: Call) -> Principal:
    name = assumed.role_arn.split("/")[-1]
    arn = f"arn:{call.partition}:sts::{call.account}:assumed-role/{name}/{assumed.session_name}"
    role = role_by_arn(iam, assumed.role_arn)
    policies = role_policies(role) if role else []
    boundary = _boundary(iam, role.permissions_boundary_arn) if role else None
    return Principal(
        arn,
        assumed.secret_access_key,
        assumed.session_token,
        policies=policies,
        boundary=boundary,
        expires=assumed.expiration,
    )


def role_by_arn(iam: Any, arn: str) -> Any:
    """A role, or None."""
    return next((r for r in iam.roles.values() if r.arn == arn), None)


def role_policies(role: Any) -> list[Any]:
    """The policy documents of a role."""
    return [*role.policies.values(), *_managed(role)]


def role_principal(call: Call, arn: str, session: str = "SageMaker") -> Principal | None:
    """An execution role, as the service that has assumed it sees it."""
    iam = moto_backend.backend("iam", call.account, call.partition)
    role = role_by_arn(iam, arn)
    if role is None:
        return None
    return Principal(
        f"arn:{call.partition}:sts::{call.account}:assumed-role/{role.name}/{session}",
        policies=role_policies(role),
        boundary=_boundary(iam, role.permissions_boundary_arn),
    )


def _managed(holder: Any) -> list[Any]:
    return [document_of(policy) for policy in holder.managed_policies.values()]


def document_of(policy: Any) -> str:
    """The default version of a managed policy."""
    return next(v.document for v in policy.versions if v.is_default)


def _boundary(iam: Any, arn: Any) -> Any:
    if isinstance(arn, dict):
        arn = arn.get("PermissionsBoundaryArn")
    if not arn:
        return None
    policy = iam.managed_policies.get(arn)
    return document_of(policy) if policy else {"Statement": []}
