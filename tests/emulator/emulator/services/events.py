"""EventBridge rules: stricter than moto, and what a training job's end sets off.

Checked as the API reference and the user guide say: names, patterns, targets in
the rule's own region, at most five of them, tags of a rule that exists are not
taken from PutRule, a rule with targets cannot be deleted, rules that do not
exist are ResourceNotFoundException. Words of refusals that are not moto's are
ours.

`notices(world)` says which targets a job's events reach; nothing is delivered.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .. import moto_backend
from ..call import Call
from ..errors import ApiError, Response
from ..sagemaker import jobs
from ..world import World
from . import after, before

MAX_TARGETS = 5
_kept: dict[str, list[dict[str, str]]] = {}


def _rules(account: str, region: str) -> dict[str, Any]:
    return moto_backend.backend("events", account, region).event_buses["default"].rules


@before("events", "PutRule")
def put_rule(call: Call) -> None:
    """The pattern is a JSON object of lists."""
    pattern = call.params.get("EventPattern")
    if pattern is not None:
        _check_pattern(pattern)
    found = _rules(call.account, call.region).get(call.params["Name"])
    if found is not None:
        tagger = moto_backend.backend("events", call.account, call.region).tagger
        _kept[call.request_id] = tagger.list_tags_for_resource(found.arn)["Tags"]


@after("events", "PutRule")
def keep_tags(call: Call, response: Response) -> None:
    """ "If you are updating an existing rule, any tags you specify in the PutRule operation are not used." """
    tags = _kept.pop(call.request_id, None)
    if tags is None:
        return
    tagger = moto_backend.backend("events", call.account, call.region).tagger
    arn = _rules(call.account, call.region)[call.params["Name"]].arn
    tagger.delete_all_tags_for_resource(arn)
    tagger.tag_resource(arn, tags)


def _check_pattern(text: str) -> None:
    try:
        pattern = json.loads(text)
    except ValueError:
        pattern = None
    if not isinstance(pattern, dict) or not pattern or not _lists(pattern):
        raise ApiError("InvalidEventPatternException", "Event pattern is not valid.")


def _lists(pattern: dict[str, Any]) -> bool:
    return all(_lists(value) if isinstance(value, dict) else isinstance(value, list) for value in pattern.values())


@before("events", "PutTargets")
def put_targets(call: Call) -> None:
    """Targets are in the rule's region, and an input template names what the paths define."""
    targets = call.params["Targets"]
    if len(targets) > MAX_TARGETS:
        raise ApiError(
            "LimitExceededException",
            f"The requested resource exceeds the maximum number allowed: {MAX_TARGETS} targets.",
        )
    for target in targets:
        region = target["Arn"].split(":")[3] if target["Arn"].count(":") >= 5 else ""
        if region not in ("", call.region):
            raise ApiError(
                "ValidationException",
                f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is not in the rule's region.",
            )
        transformer = target.get("InputTransformer")
        if transformer:
            known = set(transformer.get("InputPathsMap") or {})
            for name in re.findall(r"<([A-Za-z0-9_.-]+)>", transformer["InputTemplate"]):
                if name not in known and not name.startswith("aws.events."):
                    raise ApiError(
                        "ValidationException",
                        f"InputTemplate for target {target['Id']} contains invalid placeholder {name}.",
                    )


@before("events", "DescribeRule", "DeleteRule", "RemoveTargets", "ListTargetsByRule")
def existing(call: Call) -> None:
    """Deleting what does not exist is no error (moto, and AWS's console); the others are."""
    name = call.params.get("Name") or call.params.get("Rule", "")
    if call.operation != "DeleteRule" and name not in _rules(call.account, call.region):
        raise ApiError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus default.")


def notices(world: World) -> list[dict[str, Any]]:
    """What the ends of the account's jobs tell whom: region, rule, target, job, status."""
    found = []
    for job in jobs.every(world):
        phase = job.phase()
        if not phase.terminal:
            continue
        detail = {"TrainingJobName": job.name, "TrainingJobStatus": phase.job_status, "SecondaryStatus": phase.status}
        event = {"source": "aws.sagemaker", "detail-type": "SageMaker Training Job State Change", "detail": detail}
        for name, rule in _rules(world.account, job.region).items():
            if rule.state == "ENABLED" and _matches(rule.event_pattern.get_pattern(), event):
                found += [
                    {"region": job.region, "rule": name, "target": t["Arn"], "job": job.name, "status": phase.status}
                    for t in rule.targets
                ]
    return found


def _matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Exact values only, which is all that the provider uses."""
    for key, wanted in pattern.items():
        value = event.get(key)
        if isinstance(wanted, dict):
            if not isinstance(value, dict) or not _matches(wanted, value):
                return False
        elif value not in wanted:
            return False
    return True
