"""CloudWatch: dashboards of our own, and stricter alarms.

moto keeps dashboards per region and accepts any body. On AWS they belong to
the account (CloudWatch user guide: dashboards are global), and the body is
checked (API reference, PutDashboard and "Dashboard body structure").
"""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from typing import Any

from .. import moto_backend
from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..world import world
from . import after, before
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
    """API reference, PutMetricAlarm, and user guide, "Create a CloudWatch alarm based on a metric math expression".

    "Invalid region ... specified. Only ... is supported." is AWS's own sentence, quoted in issue trackers of
    infrastructure tools; the other words are ours.
    """
    params = call.params
    queries = params.get("Metrics") or []
    periods = [params.get("Period")] + [(q.get("MetricStat") or {}).get("Period") for q in queries]
    for period in periods:
        if period is not None and period not in (10, 20, 30) and period % 60:
            raise ApiError("ValidationError", "Period must be 10, 20, 30 or a multiple of 60")
    lengths = [p for p in periods if p is not None]
    if lengths and max(lengths) * params["EvaluationPeriods"] > 86_400 * 7:
        raise ApiError("ValidationError", "An alarm evaluates at most seven days")
    if params.get("DatapointsToAlarm", 1) > params["EvaluationPeriods"]:
        raise ApiError("ValidationError", "DatapointsToAlarm must not be greater than EvaluationPeriods")
    if queries:
        _check_queries(queries)
    for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for arn in params.get(name) or []:
            region = arn.split(":")[3] if arn.startswith("arn:") and ":sns:" in arn else call.region
            if region != call.region:
                raise ApiError(
                    "ValidationError", f"Invalid region {region} specified. Only {call.region} is supported."
                )
    # Tags are for a new alarm only: "If you are using this operation to update an existing alarm, any tags you
    # specify in this parameter are ignored."
    moto = moto_backend.backend("cloudwatch", call.account, call.region)
    if params["AlarmName"] in moto.alarms:
        arn = moto.alarms[params["AlarmName"]].alarm_arn
        kept = moto.tagger.get_tag_dict_for_resource(arn)
        _kept_tags[call.request_id] = (arn, kept)


_kept_tags: dict[str, tuple[str, dict[str, str]]] = {}


@after("cloudwatch", "PutMetricAlarm")
def keep_tags(call: Call, response: Response) -> None:
    """Puts the tags of an updated alarm back."""
    found = _kept_tags.pop(call.request_id, None)
    if found is None:
        return
    arn, tags = found
    tagger = moto_backend.backend("cloudwatch", call.account, call.region).tagger
    tagger.delete_all_tags_for_resource(arn)
    tagger.tag_resource(arn, tagger.convert_dict_to_tags_input(tags))


def _check_queries(queries: list[dict[str, Any]]) -> None:
    returned = [q for q in queries if str(q.get("ReturnData", True)).lower() == "true"]
    if len(returned) != 1:
        raise ApiError("ValidationError", "Exactly one element of the metrics list should return data.")
    if sum("MetricStat" in q for q in queries) > 10:
        raise ApiError("ValidationError", "An alarm on an expression looks at most at 10 metrics")
    ids = {q["Id"] for q in queries}
    for query in queries:
        expression = query.get("Expression", "")
        if expression.startswith("SEARCH"):
            raise ApiError("ValidationError", "SEARCH is not supported in alarms")
        for name in re.findall(r"\b[a-z][a-zA-Z0-9_]*\b", expression):
            if name not in ids:
                raise ApiError("ValidationError", f"Undeclared identifier {name} in expression {expression}")


@before("cloudwatch", "ListTagsForResource", "TagResource", "UntagResource")
def tags_of(call: Call) -> None:
    """ResourceNotFoundException for an alarm that does not exist (API reference); moto answers an empty list."""
    arn = call.params["ResourceARN"]
    if ":alarm:" not in arn:
        raise NotSimulated("tags of anything but an alarm")
    region, name = arn.split(":")[3], arn.split(":alarm:")[1]
    if name not in moto_backend.backend("cloudwatch", call.account, region).alarms:
        raise ApiError("ResourceNotFoundException", f"{arn} not found", 404)
