"""EventBridge Scheduler, of our own: moto validates nothing and never fires.

Sources: API reference and user guide of EventBridge Scheduler. The sentence about the execution role is the one that
hashicorp/terraform-provider-aws matches; those of ConflictException and ResourceNotFoundException have the documented
codes and statuses (409, 404), and moto's words.
"""

from __future__ import annotations

from typing import Any

from .. import moto_backend
from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..sagemaker.create import propagating
from ..scheduling import fire, schedules
from ..scheduling.schedules import Group, Schedule
from ..world import World, world
from . import before
from .reply import reply


def _here(call: Call) -> World:
    return world(call.account)


def _base(call: Call) -> str:
    return f"arn:{call.partition}:scheduler:{call.region}:{call.account}:"


def _missing(what: str, name: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"{what} {name} does not exist.", 404)


def _group(call: Call, name: str) -> Group:
    found = schedules.find_group(_here(call), call.region, name)
    if found is None:
        raise _missing("Schedule group", name)
    return found


def _schedule(call: Call) -> Schedule:
    group = _group(call, call.params.get("GroupName") or "default")
    found = _here(call).schedules.get((call.region, group.name, call.params["Name"]))
    if found is None:
        raise _missing("Schedule", call.params["Name"])
    return found


def _check(call: Call, group: Group) -> float:
    """What AWS refuses; the moment of the schedule."""
    params, here = call.params, _here(call)
    when = schedules.moment(params)
    if when <= here.clock.now():
        # That a one-time schedule in the past is refused is reported; the words are ours.
        raise ApiError(
            "ValidationException",
            f"Invalid Schedule Expression {params['ScheduleExpression']}: the time lies in the past.",
        )
    window = params["FlexibleTimeWindow"]
    if window["Mode"] == "FLEXIBLE" or "MaximumWindowInMinutes" in window:
        raise NotSimulated("a flexible time window")
    target = params["Target"]
    if fire.target_of(target["Arn"]) is None:
        raise NotSimulated(f"the target {target['Arn']}")
    queue = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    if queue.endswith(".fifo"):
        raise NotSimulated("a FIFO queue for dead letters: AWS refuses, its words are not known")
    role = target["RoleArn"]
    if not fire.trusted(here, call, role, group.arn) or propagating(here, role.rsplit("/", 1)[-1]):
        raise ApiError(
            "ValidationException",
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        )
    return when


_KEPT = (
    "Description",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "FlexibleTimeWindow",
    "Target",
    "ActionAfterCompletion",
    "State",
    "KmsKeyArn",
)


def _kept(params: dict[str, Any]) -> dict[str, Any]:
    """What is stored; what was not sent has its default, at an update too (API reference, UpdateSchedule)."""
    stored = {name: params[name] for name in _KEPT if params.get(name) is not None}
    retry = {
        "MaximumEventAgeInSeconds": schedules.RETRY_AGE,
        "MaximumRetryAttempts": schedules.RETRY_ATTEMPTS,
        **(stored["Target"].get("RetryPolicy") or {}),
    }
    stored["Target"] = {**stored["Target"], "RetryPolicy": retry}
    return {"State": "ENABLED", "ScheduleExpressionTimezone": "UTC", "ActionAfterCompletion": "NONE", **stored}


@before("scheduler", "CreateSchedule")
def create_schedule(call: Call) -> Response:
    """A second call with the same token is the first one again (ClientToken)."""
    here, params = _here(call), call.params
    group = _group(call, params.get("GroupName") or "default")
    key = (call.region, group.name, params["Name"])
    found = here.schedules.get(key)
    if found is not None:
        if params.get("ClientToken") and params["ClientToken"] == found.token:
            return reply(call, {"ScheduleArn": found.arn})
        raise ApiError("ConflictException", f"Schedule {params['Name']} already exists.", 409)
    if group.deleting:
        raise ApiError("ConflictException", f"Schedule group {group.name} is being deleted.", 409)
    when, now = _check(call, group), here.clock.now()
    arn = f"{_base(call)}schedule/{group.name}/{params['Name']}"
    made = Schedule(call.region, group.name, params["Name"], arn, _kept(params), now, now, due=when)
    made.token = params.get("ClientToken", "")
    here.schedules[key] = made
    return reply(call, {"ScheduleArn": arn})


@before("scheduler", "UpdateSchedule")
def update_schedule(call: Call) -> Response:
    """All values, the empty ones too."""
    found = _schedule(call)
    when = _check(call, _group(call, found.group))
    found.request, found.due = _kept(call.params), when
    found.failures, found.completed, found.modified = 0, False, _here(call).clock.now()
    return reply(call, {"ScheduleArn": found.arn})


@before("scheduler", "GetSchedule")
def get_schedule(call: Call) -> Response:
    """As it was put, defaults filled in."""
    found = _schedule(call)
    return reply(
        call,
        {
            "Arn": found.arn,
            "GroupName": found.group,
            "Name": found.name,
            "CreationDate": found.created,
            "LastModificationDate": found.modified,
            **found.request,
        },
    )


@before("scheduler", "DeleteSchedule")
def delete_schedule(call: Call) -> Response:
    """Gone at once."""
    found = _schedule(call)
    del _here(call).schedules[found.region, found.group, found.name]
    return reply(call)


@before("scheduler", "ListSchedules")
def list_schedules(call: Call) -> Response:
    """In one page."""
    wanted = call.params.get("GroupName")
    found = [
        {"Arn": s.arn, "GroupName": s.group, "Name": s.name, "State": s.request["State"]}
        for s in _here(call).schedules.values()
        if s.region == call.region and wanted in (None, s.group)
    ]
    return reply(call, {"Schedules": found})


@before("scheduler", "CreateScheduleGroup")
def create_schedule_group(call: Call) -> Response:
    """With its tags."""
    here, name = _here(call), call.params["Name"]
    found = schedules.find_group(here, call.region, name)
    if found is not None:
        if call.params.get("ClientToken") and call.params["ClientToken"] == found.token and not found.deleting:
            return reply(call, {"ScheduleGroupArn": found.arn})
        raise ApiError("ConflictException", f"Schedule group {name} already exists.", 409)
    arn = f"{_base(call)}schedule-group/{name}"
    tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags") or []}
    here.schedule_groups[call.region, name] = Group(
        call.region, name, arn, here.clock.now(), tags, token=call.params.get("ClientToken", "")
    )
    return reply(call, {"ScheduleGroupArn": arn})


@before("scheduler", "GetScheduleGroup")
def get_schedule_group(call: Call) -> Response:
    """One that is being deleted is seen once more."""
    found = _group(call, call.params["Name"])
    if found.deleting:
        del _here(call).schedule_groups[call.region, found.name]
    return reply(
        call,
        {
            "Arn": found.arn,
            "Name": found.name,
            "State": "DELETING" if found.deleting else "ACTIVE",
            "CreationDate": found.created,
            "LastModificationDate": found.created,
        },
    )


@before("scheduler", "DeleteScheduleGroup")
def delete_schedule_group(call: Call) -> Response:
    """With every schedule in it."""
    here, found = _here(call), _group(call, call.params["Name"])
    if found.name == "default":
        raise NotSimulated("deleting the default group: AWS refuses, its words are not known")
    found.deleting = True
    for key in [k for k in here.schedules if k[:2] == (call.region, found.name)]:
        del here.schedules[key]
    return reply(call)


def _tagged(call: Call) -> Group:
    """Only groups carry tags (user guide, "Tagging")."""
    arn = call.params["ResourceArn"]
    found = next((g for g in _here(call).schedule_groups.values() if g.arn == arn), None)
    if found is None:
        raise ApiError("ResourceNotFoundException", f"Resource {arn} does not exist.", 404)
    return found


@before("scheduler", "ListTagsForResource")
def list_tags(call: Call) -> Response:
    """Of a group."""
    return reply(call, {"Tags": [{"Key": k, "Value": v} for k, v in _tagged(call).tags.items()]})


@before("scheduler", "TagResource")
def tag(call: Call) -> Response:
    """Adds and replaces."""
    _tagged(call).tags.update({t["Key"]: t["Value"] for t in call.params["Tags"]})
    return reply(call)


@before("scheduler", "UntagResource")
def untag(call: Call) -> Response:
    """Removes."""
    found = _tagged(call)
    for key in call.params["TagKeys"]:
        found.tags.pop(key, None)
    return reply(call)


@before("sqs", "CreateQueue")
def create_queue(call: Call) -> None:
    """API reference, DeleteQueue: a name rests for 60 seconds (here: as long as the test says)."""
    here = _here(call)
    gone = here.queues_deleted.get((call.region, call.params["QueueName"]))
    if gone is not None and here.clock.now() - gone < here.settings.queue_rest_seconds:
        raise ApiError(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        )


@before("sqs", "DeleteQueue")
def delete_queue(call: Call) -> None:
    """Remembers when."""
    here = _here(call)
    name = call.params["QueueUrl"].rsplit("/", 1)[-1]
    if name in moto_backend.backend("sqs", call.account, call.region).queues:
        here.queues_deleted[call.region, name] = here.clock.now()
