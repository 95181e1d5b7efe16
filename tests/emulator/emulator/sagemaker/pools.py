"""Warm pools: instances that stay after a job (developer guide, "Train Using SageMaker Managed Warm Pools").

By the guide: the quota "for training warm pool usage" is 0 until it is raised, and there is silently no pool then; a pool
is InUse while its job runs and Available afterwards, until its time is up, somebody sets it to none, or a matching job
takes it over; a job whose pool is Available cannot be deleted. Assumed, since the guide does not say: a stopped job leaves
its pool as a completed one does, a failed one leaves none.
"""

from __future__ import annotations

from typing import Any

from ..errors import NotSimulated
from ..world import World
from . import jobs, quotas
from .jobs import Job


def _resources(job: Job) -> dict[str, Any]:
    return job.request["ResourceConfig"]


def _matching(request: dict[str, Any]) -> tuple:
    """What has to be the same (developer guide, "Matching training jobs")."""
    resources, vpc = request["ResourceConfig"], request.get("VpcConfig") or {}
    return (
        request["RoleArn"],
        resources.get("InstanceType"),
        resources.get("InstanceCount"),
        resources.get("VolumeKmsKeyId"),
        resources.get("VolumeSizeInGB"),
        sorted(vpc.get("SecurityGroupIds", [])),
        sorted(vpc.get("Subnets", [])),
        bool(request.get("EnableInterContainerTrafficEncryption")),
        bool(request.get("EnableNetworkIsolation")),
    )


def start(world: World, job: Job) -> None:
    """A new job: it takes a pool over that fits, and has one of its own if the quota allows it."""
    resources = _resources(job)
    if resources.get("KeepAlivePeriodInSeconds"):
        name = f"{resources['InstanceType']} for training warm pool usage"
        job.pool = quotas.value(world, job.region, name) >= resources["InstanceCount"]
    for other in jobs.every(world):
        fits = other.region == job.region and _matching(other.request) == _matching(job.request)
        if other is not job and fits and state(world, other) == "Available":
            other.pool_end, other.pool_by = world.clock.now(), job.name
            return


def state(world: World, job: Job) -> str | None:
    """WarmPoolStatus.Status; None where there is no pool."""
    if not job.pool:
        return None
    phase = job.phase()
    if not phase.terminal:
        return "InUse"
    if phase.status == "Failed":
        return "Terminated"
    if job.pool_since is None:
        job.pool_since = world.clock.now()
    if job.pool_by:
        return "Reused"
    over = job.pool_since + _resources(job)["KeepAlivePeriodInSeconds"]
    if job.pool_end is None and world.clock.now() >= over:
        job.pool_end = over
    return "Available" if job.pool_end is None else "Terminated"


def describe(world: World, job: Job) -> dict[str, Any] | None:
    """WarmPoolStatus."""
    status = state(world, job)
    if status is None:
        return None
    answer: dict[str, Any] = {"Status": status}
    if job.pool_since is not None:
        end = world.clock.now() if job.pool_end is None else job.pool_end
        answer["ResourceRetainedBillableTimeInSeconds"] = round(end - job.pool_since)
    if job.pool_by:
        answer["ReusedByJob"] = job.pool_by
    return answer


def update(world: World, job: Job, seconds: int) -> None:
    """UpdateTrainingJob: only of a pool that is Available."""
    if state(world, job) != "Available":
        raise NotSimulated(
            "KeepAlivePeriodInSeconds of a pool that is not Available: AWS refuses, its words are not known"
        )
    _resources(job)["KeepAlivePeriodInSeconds"] = seconds
    if seconds == 0:
        job.pool_end = world.clock.now()
