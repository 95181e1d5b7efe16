"""What tests want jobs to do: a list of steps per job-name glob."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import Any

TERMINAL = ("Completed", "Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded")

# Seconds that a step lasts unless the script says otherwise, and the message
# of its transition (SageMaker developer guide and API reference,
# SecondaryStatusTransition; the Completed one is from the guide's example).
STEPS: dict[str, tuple[float, str]] = {
    "Starting": (120, "Preparing the instances for training"),
    "Pending": (60, "Preparing the instances for training"),
    "Downloading": (60, "Downloading input data"),
    "Training": (3600, "Training image download completed. Training in progress."),
    "Interrupted": (
        300,
        "The training job was interrupted because the managed spot training instances were reclaimed.",
    ),
    "Restarting": (60, "Restarting the training job"),
    "Uploading": (30, "Uploading generated training model"),
    "Stopping": (30, "Stopping the training job"),
    "Stopped": (0, "Training job stopped"),
    "Completed": (0, "Training job completed"),
    "Failed": (0, "Training job failed"),
    "MaxRuntimeExceeded": (0, "Training job runtime exceeded MaxRuntimeInSeconds provided"),
    "MaxWaitTimeExceeded": (0, "Training job wait time exceeded MaxWaitTimeInSeconds provided"),
}

DEFAULT = ("Starting", "Downloading", "Training", "Uploading", "Completed")


@dataclass
class Step:
    """One secondary status, how long it lasts and over how many polls."""

    status: str
    seconds: float = 0.0
    polls: int = 1
    message: str = ""
    reason: str = ""
    # Stays until the job is stopped or a limit ends it.
    forever: bool = False


@dataclass
class Script:
    """The steps of the jobs whose names match `name`."""

    name: str = "*"
    region: str = "*"
    # "poll": each Describe moves on; "clock": the account's clock does.
    advance: str = "poll"
    steps: list[Step] = field(default_factory=list)
    # How many jobs it is for; -1 for every one.
    times: int = -1
    # What DescribeTrainingJob reports as FinalMetricDataList.
    metrics: dict[str, float] = field(default_factory=dict)
    # Billed share of the training time of a spot job.
    billable_fraction: float = 0.3
    # Seconds between StopTrainingJob and the end of the container (at most 120).
    stop_seconds: float = 30.0
    # Lines of the job's log streams.
    log: list[str] = field(default_factory=list)
    # Objects that the training code writes: URI template -> text. A template
    # may hold {job}, {output}, {checkpoint} and {env:NAME}.
    writes: dict[str, str] = field(default_factory=dict)
    # Metrics of the instances while training, in CloudWatch's units: metric -> a
    # figure, a list that repeats minute by minute, or such a list per instance.
    utilisation: dict[str, Any] = field(default_factory=dict)
    # Which of several instance types has capacity, from 0.
    preference: int = 0
    # Metric definitions that SageMaker adds by itself.
    inject_metrics: bool = True

    def matches(self, region: str, name: str) -> bool:
        """Whether the script is for this job."""
        return self.times != 0 and fnmatch.fnmatchcase(name, self.name) and fnmatch.fnmatchcase(region, self.region)


def parse(spec: dict[str, Any]) -> Script:
    """A script from the control plane's JSON; mistakes are ValueErrors."""
    spec = dict(spec)
    steps = [_step(s) for s in spec.pop("steps", DEFAULT)]
    unknown = set(spec) - set(Script.__dataclass_fields__)
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    script = Script(steps=steps, **spec)
    if script.advance not in ("poll", "clock"):
        raise ValueError("advance must be poll or clock")
    if not steps:
        raise ValueError("steps must not be empty")
    return script


def _step(spec: Any) -> Step:
    spec = {"status": spec} if isinstance(spec, str) else dict(spec)
    status = spec.get("status")
    if status not in STEPS:
        raise ValueError(f"status must be one of {', '.join(STEPS)}, not {status}")
    seconds, message = STEPS[status]
    unknown = set(spec) - set(Step.__dataclass_fields__)
    if unknown:
        raise ValueError(f"unknown fields of a step: {', '.join(sorted(unknown))}")
    return Step(**{"seconds": seconds, "message": message, **spec})


def default() -> Script:
    """The life of a job that nobody scripted."""
    return parse({})
