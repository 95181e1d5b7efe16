"""EC2: spot prices from the control plane; moto's are made up (0.00001 of 2006)."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import Response
from ..world import World, world
from . import before
from .reply import reply


@before("ec2", "DescribeSpotPriceHistory")
def describe_spot_price_history(call: Call) -> Response:
    """`settings.spot_prices`: objects with region, instance_type, zone, price
    and, if not Linux/UNIX, product."""
    here = world(call.account)
    wanted_types = call.params.get("InstanceTypes")
    products = call.params.get("ProductDescriptions")
    found = [
        _entry(here, price)
        for price in here.settings.spot_prices
        if price["region"] == call.region
        and (not wanted_types or price["instance_type"] in wanted_types)
        and (not products or price.get("product", "Linux/UNIX") in products)
    ]
    return reply(call, {"SpotPriceHistory": found, "NextToken": ""})


def _entry(here: World, price: dict[str, Any]) -> dict[str, Any]:
    return {
        "AvailabilityZone": price.get("zone", price["region"] + "a"),
        "InstanceType": price["instance_type"],
        "ProductDescription": price.get("product", "Linux/UNIX"),
        "SpotPrice": f"{float(price['price']):.6f}",
        "Timestamp": here.clock.utc(),
    }
