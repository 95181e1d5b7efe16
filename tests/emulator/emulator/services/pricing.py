"""Pricing: a stub. It answers what the control plane gave it.

`settings.products` holds price list entries as AWS writes them; GetProducts
filters them as AWS does (API reference: TERM_MATCH on every field).
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..world import world
from . import before
from .reply import reply

# The endpoints that exist (API reference, Endpoints).
_REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")


@before("pricing", "GetProducts")
def get_products(call: Call) -> Response:
    """Entries of the service that match every filter, in pages of at most 100 (API reference)."""
    if call.region not in _REGIONS:
        raise NotSimulated(f"there is no Pricing endpoint in {call.region}")
    service = call.params["ServiceCode"]
    filters = call.params.get("Filters", [])
    if any(f.get("Type") != "TERM_MATCH" for f in filters):
        raise NotSimulated("GetProducts with filters other than TERM_MATCH")
    found = [
        p
        for p in world(call.account).settings.products
        if p.get("serviceCode") == service and all(_matches(p, f) for f in filters)
    ]
    token = call.params.get("NextToken", "0")
    if not token.isdigit():
        raise ApiError("InvalidNextTokenException", "The pagination token is invalid.")
    first, size = int(token), call.params.get("MaxResults", 100)
    answer: dict[str, Any] = {
        "FormatVersion": "aws_v1",
        "PriceList": [json.dumps(p) for p in found[first : first + size]],
    }
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return reply(call, answer)


def _matches(product: dict[str, Any], wanted: dict[str, str]) -> bool:
    attributes = product.get("product", {}).get("attributes", {})
    fields = {**product, **product.get("product", {}), **attributes}
    value = fields.get(wanted["Field"])
    return str(value).lower() == wanted["Value"].lower()
