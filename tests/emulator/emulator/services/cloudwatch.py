"""CloudWatch: dashboards of our own, and stricter alarms.

moto keeps dashboards per region and accepts any body. On AWS they belong to
the account (CloudWatch user guide: dashboards are global), and the body is
checked (API reference, PutDashboard and "Dashboard body structure").
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import Any

from ..call import Call
from ..errors import ApiError, Response
from ..world import world
from . import before
from .dashboard_body import problems_of
from .reply import reply


@dataclass
class Dashboard:
    """A stored dashboard."""

    name: str
    body: str
    modified: datetime.datetime


def _arn(call: Call, name: str) -> str:
    return f"arn:{call.partition}:cloudwatch::{call.account}:dashboard/{name}"


@before("cloudwatch", "PutDashboard")
def put_dashboard(call: Call) -> Response:
    """Replaces the whole body."""
    name = call.params["DashboardName"]
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or len(name) > 255:
        # API reference, PutDashboard: A-Z, a-z, 0-9, "-" and "_", at most 255.
        raise ApiError(
            "InvalidParameterInput",
            f"The value {name} for field DashboardName contains invalid characters. "
            "It can only contain alphanumerics, dash (-) and underscore (_).",
        )
    errors = problems_of(call.params["DashboardBody"])
    if errors:
        listing = json.dumps([{"dataPath": path, "message": message} for path, message in errors], indent=2)
        raise ApiError(
            "InvalidParameterInput",
            f"The dashboard body is invalid, there are {len(errors)} validation errors:\n{listing}",
        )
    here = world(call.account)
    here.dashboards[name] = Dashboard(name, call.params["DashboardBody"], here.clock.utc())
    return reply(call, {"DashboardValidationMessages": []})


def _missing(call: Call, name: str) -> ApiError:
    # DashboardNotFoundError: its code on the wire is ResourceNotFound, 404.
    return ApiError("ResourceNotFound", f"Dashboard {name} does not exist", 404)


@before("cloudwatch", "GetDashboard")
def get_dashboard(call: Call) -> Response:
    """The body as it was put."""
    name = call.params["DashboardName"]
    found = world(call.account).dashboards.get(name)
    if found is None:
        raise _missing(call, name)
    return reply(
        call,
        {
            "DashboardArn": _arn(call, name),
            "DashboardName": name,
            "DashboardBody": found.body,
        },
    )


@before("cloudwatch", "DeleteDashboards")
def delete_dashboards(call: Call) -> Response:
    """All or none: "if you specify multiple dashboards and one does not exist,
    no dashboards are deleted" (API reference)."""
    here = world(call.account)
    names = call.params["DashboardNames"]
    for name in names:
        if name not in here.dashboards:
            raise _missing(call, name)
    for name in names:
        here.dashboards.pop(name, None)
    return reply(call)


@before("cloudwatch", "ListDashboards")
def list_dashboards(call: Call) -> Response:
    """In one page: there are never a thousand here."""
    prefix = call.params.get("DashboardNamePrefix", "")
    entries: list[dict[str, Any]] = [
        {
            "DashboardName": d.name,
            "DashboardArn": _arn(call, d.name),
            "LastModified": d.modified,
            "Size": len(d.body),
        }
        for d in sorted(world(call.account).dashboards.values(), key=lambda d: d.name)
        if d.name.startswith(prefix)
    ]
    return reply(call, {"DashboardEntries": entries})


@before("cloudwatch", "PutMetricAlarm")
def put_metric_alarm(call: Call) -> None:
    """API reference, PutMetricAlarm: Period is 10, 20, 30 or a multiple of 60."""
    period = call.params.get("Period")
    if period is not None and period not in (10, 20, 30) and period % 60:
        raise ApiError("ValidationError", "Period must be 10, 20, 30 or a multiple of 60")
