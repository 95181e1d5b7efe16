"""What happens when the time of a schedule has come: the universal target is called with the schedule's role,
again after a failure, and what fails for good goes to the dead-letter queue.

Sources: EventBridge Scheduler user guide, "Using universal targets", "Managing a schedule" (retry policy, dead-letter
queue) and "Deleting a schedule" (ActionAfterCompletion). The pauses between two attempts are ours: AWS says only that
they grow exponentially.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from .. import billing, models, moto_backend, validation
from ..auth import policy, principals, requirements
from ..auth.authorise import refusal
from ..call import Call
from ..errors import ApiError, NotSimulated
from ..world import World
from . import schedules
from .schedules import Schedule

_FIRST_PAUSE = 60.0


class Late(Exception):
    """A fault rule: the target is called so many seconds later."""

    def __init__(self, seconds: float):
        super().__init__(seconds)
        self.seconds = seconds


# ARN of the universal target -> signing name, operation.
TARGETS = {
    "aws-sdk:sagemaker:createTrainingJob": ("sagemaker", "CreateTrainingJob"),
    "aws-sdk:fsx:deleteFileSystem": ("fsx", "DeleteFileSystem"),
}


def settle(world: World) -> None:
    """Run everything that is due by the account's clock."""
    if world.firing or not world.schedules:
        return
    with moto_backend.LOCK, world.lock:
        world.firing = True
        try:
            while True:
                due = [s for s in schedules.open_schedules(world) if s.due <= world.clock.now()]
                if not due:
                    return
                _attempt(world, due[0])
        finally:
            world.firing = False


def target_of(arn: str) -> tuple[str, str] | None:
    """Service and operation of a universal target."""
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        head = f"arn:{partition}:scheduler:::"
        if arn.startswith(head):
            return TARGETS.get(arn.removeprefix(head))
    return None


def trusted(world: World, call: Call, role_arn: str, group_arn: str) -> bool:
    """Whether the role exists and lets the scheduler in. The source is the group, never the schedule (user guide,
    "Confused deputy prevention")."""
    iam = moto_backend.backend("iam", call.account, call.partition)
    role = principals.role_by_arn(iam, role_arn)
    if role is None:
        return False
    context = {"aws:sourceaccount": world.account, "aws:sourcearn": group_arn}
    for statement in policy.statements(role.assume_role_policy_document):
        service = (statement.get("Principal") or {}).get("Service", [])
        if (
            statement.get("Effect") == "Allow"
            and "scheduler.amazonaws.com" in policy.as_list(service)
            and policy.conditions_hold(statement.get("Condition", {}), context)
        ):
            return True
    return False


def _attempt(world: World, schedule: Schedule) -> None:
    service, operation = target_of(schedule.target["Arn"]) or ("", "")
    call = Call(
        environ={"HTTP_X_AMZ_TARGET": operation, "CONTENT_TYPE": "application/x-amz-json-1.1"},
        method="POST",
        path="/",
        query={},
        body=schedule.target.get("Input", "{}").encode(),
        service=service,
        region=schedule.region,
        account=world.account,
        operation=operation,
        model=models.service_model(service).operation_model(operation),
    )
    entry = world.log.add(
        time=world.clock.now(),
        service=service,
        region=schedule.region,
        account=world.account,
        access_key="",
        method="POST",
        path="/",
        user_agent="scheduler.amazonaws.com",
        request_id=call.request_id,
        operation=operation,
        principal=schedule.target["RoleArn"],
        params={},
        status=200,
        error="",
        fault="",
        needs=[],
        done=True,
    )
    try:
        _invoke(world, schedule, call)
    except Late as late:
        entry.update(status=0, fault="delay")
        schedule.due += late.seconds
        return
    except ApiError as error:
        entry.update(status=error.status, error=error.code)
        _failed(world, schedule, call, error)
        return
    except NotSimulated as error:
        entry.update(status=501, error=f"NotSimulated: {error}")
        _failed(world, schedule, call, ApiError("NotSimulated", str(error), 501))
        return
    _completed(world, schedule)
    billing.note(world)


def _invoke(world: World, schedule: Schedule, call: Call) -> None:
    from .. import services
    from ..faults import error_of

    role_arn = schedule.target["RoleArn"]
    group = schedules.find_group(world, schedule.region, schedule.group)
    role = principals.role_principal(call, role_arn, schedule.name)
    if role is None or group is None or not trusted(world, call, role_arn, group.arn):
        raise ApiError("AccessDeniedException", f"Scheduler is not authorized to assume role {role_arn}")
    call.principal = role.arn
    call.params = schedules.payload(schedule)
    rule = world.faults.pick(call)
    if rule is not None and rule.kind == "delay":
        raise Late(rule.seconds)
    if rule is not None and rule.kind != "lost_after":
        raise error_of(rule, call)
    for need in requirements.of(call):
        sentence = refusal(call, role, need)
        if sentence:
            raise ApiError("AccessDeniedException", sentence)
    validation.validate(call)
    answer = services.answer(call)
    if answer.status >= 300:
        said = json.loads(answer.body or b"{}")
        raise ApiError(said.get("__type", "Error"), said.get("message", ""), answer.status)
    if rule is not None:
        raise error_of(rule, call)


def _failed(world: World, schedule: Schedule, call: Call, error: ApiError) -> None:
    """Again after a pause, until attempts or age are used up."""
    born = schedules.moment(schedule.request)
    pause = _FIRST_PAUSE * 2**schedule.failures
    exhausted = ""
    if schedule.failures >= schedule.retry("MaximumRetryAttempts", schedules.RETRY_ATTEMPTS):
        exhausted = "MaximumRetryAttempts"
    elif schedule.due + pause > born + schedule.retry("MaximumEventAgeInSeconds", schedules.RETRY_AGE):
        exhausted = "MaximumEventAgeInSeconds"
    if not exhausted:
        schedule.failures += 1
        schedule.due += pause
        return
    _dead_letter(world, schedule, call, error, exhausted)
    _completed(world, schedule)


def _completed(world: World, schedule: Schedule) -> None:
    """ActionAfterCompletion DELETE: the schedule goes, as soon as its last invocation is over."""
    schedule.completed = True
    if schedule.request.get("ActionAfterCompletion") == "DELETE":
        world.schedules.pop((schedule.region, schedule.group, schedule.name), None)


def _dead_letter(world: World, schedule: Schedule, call: Call, error: ApiError, exhausted: str) -> None:
    """A message with the attributes that the user guide lists ("Retrieve the dead-letter event"). Without the queue,
    or without the role's right to write into it, the event is lost."""
    arn = (schedule.target.get("DeadLetterConfig") or {}).get("Arn", "")
    role = principals.role_principal(call, schedule.target["RoleArn"], schedule.name)
    need = requirements.Need("sqs:SendMessage", arn)
    queues = moto_backend.backend("sqs", world.account, schedule.region).queues
    name = arn.rsplit(":", 1)[-1]
    if name not in queues or role is None or refusal(call, role, need):
        return
    said: dict[str, Any] = {
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": error.message,
        "EXECUTION_ID": str(uuid.uuid4()),
        "EXHAUSTED_RETRY_CONDITION": exhausted,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(schedule.failures),
        "SCHEDULED_TIME": datetime.fromtimestamp(schedules.moment(schedule.request), UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": schedule.target["Arn"],
    }
    moto_backend.backend("sqs", world.account, schedule.region).send_message(
        name,
        schedule.target.get("Input", "{}"),
        message_attributes={k: {"DataType": "String", "StringValue": v} for k, v in said.items()},
    )
