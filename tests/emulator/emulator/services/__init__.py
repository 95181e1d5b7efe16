"""The services: moto's answers, and what is added to each of them.

A handler is registered with `@before(service, operation)`: it may raise an
`ApiError`, answer the call itself by returning a `Response`, or return None
to let moto answer. One registered with `@after` sees moto's answer and may
change it. `"*"` stands for every operation of the service.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from .. import models, moto_backend
from ..call import Call
from ..errors import NotSimulated, Response
from ..scheduling import fire
from ..world import world

Before = Callable[[Call], "Response | None"]
After = Callable[[Call, Response], "Response | None"]

MODELLED = frozenset(models.SIGNING_NAMES.values())

_before: dict[tuple[str, str], list[Before]] = defaultdict(list)
_after: dict[tuple[str, str], list[After]] = defaultdict(list)

# Services that moto does not answer at all, or not well enough.
_OWN = frozenset({"pricing", "service-quotas", "fsx", "scheduler"})


def before(service: str, *operations: str) -> Callable[[Before], Before]:
    """Register a handler that runs before moto."""

    def register(handler: Before) -> Before:
        for operation in operations:
            _before[service, operation].append(handler)
        return handler

    return register


def after(service: str, *operations: str) -> Callable[[After], After]:
    """Register a handler that sees moto's answer."""

    def register(handler: After) -> After:
        for operation in operations:
            _after[service, operation].append(handler)
        return handler

    return register


def answer(call: Call) -> Response:
    """Answer a call that has been checked."""
    with moto_backend.LOCK:
        fire.settle(world(call.account))
        for key in ((call.service, "*"), (call.service, call.operation)):
            for handler in _before[key]:
                response = handler(call)
                if response is not None:
                    return response
        if call.service in _OWN:
            raise NotSimulated("the emulator has no such operation")
        response = moto_backend.call_moto(call)
        for key in ((call.service, call.operation), (call.service, "*")):
            for hook in _after[key]:
                response = hook(call, response) or response
        return response


def _load() -> None:
    from . import (  # noqa: F401
        cloudwatch,
        cloudwatch_metrics,
        ec2,
        events,
        eventual,
        fsx,
        iam,
        pricing,
        quotas,
        s3_buckets,
        s3_conditions,
        s3_large,
        s3_objects,
        s3_policy,
        sagemaker_experiments,
        sagemaker_jobs,
        sagemaker_registry,
        sagemaker_tags,
        scheduler,
        sts,
    )


_load()
