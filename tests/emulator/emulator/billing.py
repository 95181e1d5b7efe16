"""How many jobs of one training bill at a moment, and the most that ever did: two for one resource are one too many.

A training is what the tag `sustainable:training` names. A planned start counts like the job that it will make.
"""

from __future__ import annotations

from collections import Counter

from . import moto_backend
from .sagemaker import jobs
from .scheduling import schedules
from .world import World

TAG = "sustainable:training"
# Calls after which there may be more of them than before.
MORE = frozenset({"CreateTrainingJob", "CreateSchedule", "UpdateSchedule"})


def note(world: World) -> None:
    """Counts what bills now, and keeps the most."""
    with moto_backend.LOCK, world.lock:
        working, stopping = Counter(), Counter()
        for job in jobs.every(world):
            status = job.phase().job_status
            if TAG in job.tags and status in ("InProgress", "Stopping"):
                (working if status == "InProgress" else stopping)[job.tags[TAG]] += 1
        for schedule in schedules.open_schedules(world):
            request = schedules.payload(schedule)
            tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
            # A start that is repeated although its job is there can make no second one.
            if TAG in tags and request["TrainingJobName"] not in world.jobs.get(schedule.region, {}):
                working[tags[TAG]] += 1
        for name in {*working, *stopping}:
            most = world.most_billing.setdefault(name, {"working": 0, "with_stopping": 0})
            most["working"] = max(most["working"], working[name])
            most["with_stopping"] = max(most["with_stopping"], working[name] + stopping[name])
