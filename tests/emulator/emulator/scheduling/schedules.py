"""Schedules and their groups, and the moment that an expression names."""

from __future__ import annotations

import datetime
import json
import re
import zoneinfo
from dataclasses import dataclass, field
from typing import Any

from ..errors import ApiError, NotSimulated
from ..world import World

# API reference, CreateSchedule: at(yyyy-mm-ddThh:mm:ss), without zone and without fractions.
_AT = re.compile(r"at\((\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\)")

# API reference, RetryPolicy: what holds where nothing is said.
RETRY_ATTEMPTS, RETRY_AGE = 185, 86_400


@dataclass
class Schedule:
    """One schedule."""

    region: str
    group: str
    name: str
    arn: str
    request: dict[str, Any]
    created: float
    modified: float
    token: str = ""
    # Invocations that failed so far, and when the next one is due.
    failures: int = 0
    due: float = 0.0
    completed: bool = False

    @property
    def target(self) -> dict[str, Any]:
        """Its Target."""
        return self.request["Target"]

    def retry(self, name: str, default: int) -> int:
        """A member of its retry policy."""
        return (self.target.get("RetryPolicy") or {}).get(name, default)


@dataclass
class Group:
    """A schedule group."""

    region: str
    name: str
    arn: str
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    # Deleted, but still to be seen: "it remains in a DELETING state" (API reference, DeleteScheduleGroup).
    deleting: bool = False
    token: str = ""


def moment(request: dict[str, Any]) -> float:
    """When a one-time schedule is to run, in seconds since 1970."""
    expression = request["ScheduleExpression"]
    if expression.startswith(("rate(", "cron(")):
        raise NotSimulated("a recurring schedule")
    zone = request.get("ScheduleExpressionTimezone") or "UTC"
    try:
        where = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        # The code is the documented one, the words are ours.
        raise ApiError("ValidationException", f"Invalid Schedule Expression Timezone {zone}.") from None
    found = _AT.fullmatch(expression)
    try:
        parts = [int(part) for part in found.groups()] if found else []
        when = datetime.datetime(*parts, tzinfo=where)
    except (ValueError, TypeError):
        # The sentence: localstack/localstack issue 9284, compared with AWS there.
        raise ApiError("ValidationException", f"Invalid Schedule Expression {expression}.") from None
    return when.timestamp()


def find_group(world: World, region: str, name: str) -> Group | None:
    """The group of this name; `default` is always there."""
    if name == "default":
        arn = f"arn:aws:scheduler:{region}:{world.account}:schedule-group/default"
        return Group(region, name, arn, 0.0)
    return world.schedule_groups.get((region, name))


def open_schedules(world: World) -> list[Schedule]:
    """Those that are still to run, the next one first."""
    found = [s for s in world.schedules.values() if not s.completed and s.request.get("State") != "DISABLED"]
    return sorted(found, key=lambda s: s.due)


def payload(schedule: Schedule) -> dict[str, Any]:
    """The request for the target, from Input."""
    text = schedule.target.get("Input", "{}")
    if "<aws.scheduler." in text:
        raise NotSimulated("context attributes in Input")
    return json.loads(text)
