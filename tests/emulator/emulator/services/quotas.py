"""Service Quotas: SageMaker's training quotas, which `settings.quotas` changes."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..sagemaker import quotas
from ..world import world
from . import before
from .reply import reply


def _quotas(call: Call) -> list[dict[str, Any]]:
    if call.params["ServiceCode"] != "sagemaker":
        raise NotSimulated(f"quotas of {call.params['ServiceCode']}")
    return quotas.listing(world(call.account), call)


@before("service-quotas", "ListServiceQuotas")
def list_service_quotas(call: Call) -> Response:
    """In pages of at most 100 (API reference)."""
    found = _quotas(call)
    first = int(call.params.get("NextToken", "0"))
    size = call.params.get("MaxResults", 100)
    answer: dict[str, Any] = {"Quotas": found[first : first + size]}
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return reply(call, answer)


@before("service-quotas", "GetServiceQuota")
def get_service_quota(call: Call) -> Response:
    """By code."""
    for quota in _quotas(call):
        if quota["QuotaCode"] == call.params["QuotaCode"]:
            return reply(call, {"Quota": quota})
    raise ApiError("NoSuchResourceException", "The request failed because the specified service does not exist.")
