"""Faults that tests ask for: which calls, how often, and what goes wrong."""

from __future__ import annotations

import fnmatch
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from .call import Call
from .errors import ApiError

# refused, throttled, server_error, error: the call is answered without effect.
# delay: the call waits for `seconds`, or until the rule is dropped, then goes on.
# lost_after: the call takes effect and the connection is reset before the answer.
# lost_before: the connection is reset and the call takes no effect.
# held_after: the call takes effect and the answer waits until the rule is dropped, or `seconds`; then the connection is
# reset. A test kills the client meanwhile.
# truncated: the call takes effect and the answer breaks off in the middle.
KINDS = (
    "refused",
    "throttled",
    "server_error",
    "error",
    "delay",
    "lost_after",
    "lost_before",
    "held_after",
    "truncated",
)


@dataclass
class Rule:
    """One rule. `nth` counts matching calls from 1; `count` -1 means always; with `lasting_seconds` the rule is over
    that long after it first hit."""

    kind: str
    service: str = "*"
    operation: str = "*"
    region: str = "*"
    nth: int = 1
    count: int = 1
    seconds: float = 0.0
    lasting_seconds: float = 0.0
    code: str = ""
    message: str = ""
    status: int = 400
    # Parameter name -> glob: only calls with these parameters.
    params: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0
    # Calls that have taken effect while the answer is held.
    held: int = 0
    over_at: float = 0.0

    def matches(self, call: Call) -> bool:
        """Whether the rule looks at this call."""
        names = ((call.service, self.service), (call.operation, self.operation), (call.region, self.region))
        return all(fnmatch.fnmatchcase(value, glob) for value, glob in names) and all(
            fnmatch.fnmatchcase(str(call.params.get(k, "")), v) for k, v in self.params.items()
        )

    def is_over(self) -> bool:
        """Whether it has lasted long enough."""
        return bool(self.over_at) and time.monotonic() >= self.over_at


class Faults:
    """The rules of one account, in the order they were given."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, spec: dict[str, Any]) -> Rule:
        """Add a rule; an unknown field or kind is an error."""
        if spec.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        rule = Rule(**spec)
        with self._lock:
            self.rules.append(rule)
        return rule

    def hold(self, rule: Rule) -> None:
        """Waits until the rule is dropped, or its time is over."""
        rule.held += 1
        end = time.monotonic() + rule.seconds
        while time.monotonic() < end and any(one is rule for one in self.rules):
            time.sleep(0.01)

    def pick(self, call: Call) -> Rule | None:
        """The rule that hits this call, if any; counts the call."""
        with self._lock:
            for rule in self.rules:
                if not rule.matches(call):
                    continue
                rule.seen += 1
                due = rule.seen >= rule.nth and not rule.is_over()
                if due and (rule.count < 0 or rule.fired < rule.count):
                    rule.fired += 1
                    if rule.lasting_seconds and not rule.over_at:
                        rule.over_at = time.monotonic() + rule.lasting_seconds
                    return rule
        return None


def error_of(rule: Rule, call: Call) -> ApiError:
    """The error that a rule answers, in the words of the call's protocol."""
    if rule.kind == "refused":
        return access_denied(call, rule.message)
    if rule.kind == "throttled":
        return _throttled(call)
    if rule.kind == "server_error":
        return _server_error(call)
    return ApiError(rule.code or "InternalFailure", rule.message, rule.status)


def access_denied(call: Call, message: str = "") -> ApiError:
    """A refusal as IAM words it (IAM user guide, "Troubleshoot access denied
    error messages"), under the code of the call's protocol."""
    if not message:
        from .auth import requirements

        need = requirements.of(call)[0]
        message = denial(call.principal, need.action, need.resource, "identity-based")
    if call.protocol in ("json", "rest-json"):
        return ApiError("AccessDeniedException", message)
    if call.protocol == "ec2":
        return ApiError(
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {message}",
            403,
        )
    return ApiError("AccessDenied", message, 403)


def denial(principal: str, action: str, resource: str, policy: str, explicit: bool = False) -> str:
    """IAM's sentence for a missing or an explicit denying policy."""
    article = "an" if policy[0] in "aeiou" else "a"
    why = (
        f"with an explicit deny in {article} {policy} policy"
        if explicit
        else f"because no {policy} policy allows the {action} action"
    )
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"


def _throttled(call: Call) -> ApiError:
    # SageMaker: "ThrottlingException: Rate exceeded", HTTP 400. S3: error code
    # list, SlowDown, 503. EC2: RequestLimitExceeded, 503.
    if call.protocol == "rest-xml":
        return ApiError("SlowDown", "Please reduce your request rate.", 503)
    if call.protocol == "ec2":
        return ApiError("RequestLimitExceeded", "Request limit exceeded.", 503)
    if call.protocol == "query":
        return ApiError("Throttling", "Rate exceeded")
    return ApiError("ThrottlingException", "Rate exceeded")


def _server_error(call: Call) -> ApiError:
    if call.protocol == "rest-xml":
        return ApiError("InternalError", "We encountered an internal error. Please try again.", 500)
    if call.protocol == "ec2":
        return ApiError("InternalError", "An internal error has occurred", 500)
    return ApiError(
        "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.", 500
    )
