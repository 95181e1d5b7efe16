"""The jobs of an account, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..world import World
from . import machine
from .machine import Limits, Phase
from .script import Script, default

DAY = 86_400


@dataclass
class Job:
    """One training job."""

    request: dict[str, Any]
    region: str
    arn: str
    created: float
    script: Script
    principal: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    # Seconds since creation, in the job's own time.
    elapsed: float = 0.0
    stop_at: float | None = None
    # What happens at the end (artifacts, logs) has happened.
    settled: bool = False
    logged: bool = False
    modified: float = 0.0
    # A warm pool: whether there is one, since when it waits, when it ended, which job took it over.
    pool: bool = False
    pool_since: float | None = None
    pool_end: float | None = None
    pool_by: str = ""

    @property
    def name(self) -> str:
        """TrainingJobName."""
        return self.request["TrainingJobName"]

    def limits(self) -> Limits:
        """Its stopping condition."""
        stop = self.request.get("StoppingCondition") or {}
        spot = self.request.get("EnableManagedSpotTraining")
        return Limits(
            max_runtime=stop.get("MaxRuntimeInSeconds", DAY),
            max_wait=stop.get("MaxWaitTimeInSeconds") if spot else None,
            stop_at=self.stop_at,
        )

    def plan(self) -> list[Phase]:
        """Its phases, the future ones too."""
        return machine.phases(self.script, self.limits())

    def phase(self) -> Phase:
        """Where it stands."""
        plan = self.plan()
        return plan[machine.current(plan, self.elapsed)]


def first_type(resources: dict[str, Any]) -> str:
    """The type of a job, or the first of those that it may have."""
    preferences = resources.get("InstancePreferences") or [resources]
    return preferences[0]["InstanceType"]


def find(world: World, region: str, name: str) -> Job | None:
    """A job by name, brought up to date."""
    job = world.jobs.get(region, {}).get(name)
    if job is not None:
        refresh(world, job)
    return job


def refresh(world: World, job: Job) -> None:
    """Let the clock move the job."""
    if job.script.advance == "clock":
        job.elapsed = max(job.elapsed, world.clock.now() - job.created)


def poll(job: Job) -> None:
    """A Describe has been answered."""
    if job.script.advance == "poll":
        job.elapsed = machine.after_poll(job.plan(), job.elapsed)


def choose_script(world: World, region: str, name: str) -> Script:
    """The newest script that is for this job."""
    for script in reversed(world.scripts):
        if script.matches(region, name):
            if script.times > 0:
                script.times -= 1
            return script
    return default()


def every(world: World) -> list[Job]:
    """All jobs, oldest first."""
    jobs = [job for region in world.jobs.values() for job in region.values()]
    for job in jobs:
        refresh(world, job)
    return sorted(jobs, key=lambda job: job.created)
