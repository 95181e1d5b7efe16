"""SageMaker's account quotas: how many instances of a type may train at once."""

from __future__ import annotations

import hashlib
from typing import Any

from ..call import Call
from ..errors import ApiError
from ..models import enum
from ..world import World
from . import jobs

# A code that AWS is known to use (a user's report); the others are made up
# from the name, stable and of the same form.
_KNOWN_CODES = {"ml.m5.large for training job usage": "L-611FA074"}

_KINDS = ("training job usage", "spot training job usage", "training warm pool usage")

_RUNTIME = "Longest run time for a training job"
_RUNTIME_DEFAULT = 432_000.0


def value(world: World, region: str, name: str) -> float:
    """The applied quota."""
    settings = world.settings
    fallback = _RUNTIME_DEFAULT if name == _RUNTIME else settings.default_quota
    if name.endswith("warm pool usage"):
        fallback = 0.0
    return settings.quotas.get(f"{region} {name}", settings.quotas.get(name, fallback))


def code(name: str) -> str:
    """The quota's code."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8].upper()
    return _KNOWN_CODES.get(name, f"L-{digest}")


def names() -> list[str]:
    """All quota names of SageMaker training that the emulator knows."""
    types = enum("sagemaker", "TrainingInstanceType")
    return [f"{t} for {kind}" for t in types for kind in _KINDS] + [_RUNTIME]


def listing(world: World, call: Call) -> list[dict[str, Any]]:
    """The quotas as ServiceQuotas lists them."""
    base = f"arn:{call.partition}:servicequotas:{call.region}:{call.account}:sagemaker/"
    return [
        {
            "ServiceCode": "sagemaker",
            "ServiceName": "Amazon SageMaker",
            "QuotaArn": base + code(name),
            "QuotaCode": code(name),
            "QuotaName": name,
            "Value": value(world, call.region, name),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "QuotaAppliedAtLevel": "ACCOUNT",
        }
        for name in names()
    ]


def check(world: World, call: Call) -> None:
    """ResourceLimitExceeded, in the sentence that names the quota."""
    resources = call.params["ResourceConfig"]
    spot = bool(call.params.get("EnableManagedSpotTraining"))
    kind = "spot training job usage" if spot else "training job usage"
    name = f"{jobs.first_type(resources)} for {kind}"
    used = sum(
        job.request["ResourceConfig"].get("InstanceCount", 1)
        for job in jobs.every(world)
        if job.region == call.region
        and not job.phase().terminal
        and bool(job.request.get("EnableManagedSpotTraining")) == spot
        and jobs.first_type(job.request["ResourceConfig"]) == jobs.first_type(resources)
    )
    _limit(world, call, name, "Instances", used, resources.get("InstanceCount", 1))
    runtime = call.params["StoppingCondition"].get("MaxRuntimeInSeconds", jobs.DAY)
    _limit(world, call, _RUNTIME, "Seconds", 0, runtime)


def _limit(world: World, call: Call, name: str, unit: str, used: int, asked: int) -> None:
    allowed = value(world, call.region, name)
    if used + asked <= allowed:
        return
    raise ApiError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{name}' is {int(allowed)} {unit}, with current "
        f"utilization of {int(used)} {unit} and a request delta of {int(asked)} {unit}. Please use "
        "AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not "
        "available, contact AWS support to request an increase for this quota.",
    )
