"""The life of a job as a pure function: script, limits and a stop in, phases out.

Time is counted in seconds since creation. Nothing is stored but how far the
job has come, so polling and the clock are two ways to move one number.
"""

from __future__ import annotations

from dataclasses import dataclass

from .script import STEPS, TERMINAL, Script, Step

# Time in these counts as running, and is billed: image pull and download of
# the data included, acquisition of the instances not.
RUNNING = ("Downloading", "Training")

# How far a poll moves a job that stays where it is.
FOREVER_POLL = 60.0

_STATUS = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
    "Stopping": "Stopping",
}


@dataclass
class Limits:
    """What ends a job early."""

    max_runtime: float
    max_wait: float | None = None
    stop_at: float | None = None


@dataclass
class Phase:
    """A secondary status from `start` to `end` (None: for good)."""

    status: str
    start: float
    end: float | None
    message: str
    reason: str = ""
    polls: int = 1
    # After StopTrainingJob the job is Stopping while it uploads.
    stopping: bool = False

    @property
    def terminal(self) -> bool:
        """Whether nothing follows."""
        return self.status in TERMINAL

    @property
    def job_status(self) -> str:
        """TrainingJobStatus, which is coarser."""
        if self.stopping and not self.terminal:
            return "Stopping"
        return _STATUS.get(self.status, "InProgress")


def phases(script: Script, limits: Limits) -> list[Phase]:
    """All phases of a job, the future ones too."""
    out: list[Phase] = []
    clock = ran = 0.0
    for step in script.steps:
        if step.status in TERMINAL:
            out.append(_phase(step, clock, None))
            return out
        running = step.status in RUNNING
        length = float("inf") if step.forever else step.seconds
        moment, why = _limit(limits, clock, ran, running)
        if clock + length > moment:
            if moment > clock:
                out.append(_phase(step, clock, moment))
            return out + _closing(script, why, max(moment, clock), ran > 0 or running)
        out.append(_phase(step, clock, None if step.forever else clock + length))
        if step.forever:
            return out
        clock += length
        ran += length if running else 0
    out[-1].end = None
    return out


def _limit(limits: Limits, clock: float, ran: float, running: bool) -> tuple[float, str]:
    """When the first limit ends the job, and which it is."""
    ends = [(float("inf"), "")]
    if limits.stop_at is not None:
        ends.append((limits.stop_at, "Stopped"))
    if limits.max_wait is not None:
        ends.append((limits.max_wait, "MaxWaitTimeExceeded"))
    if running:
        ends.append((clock + limits.max_runtime - ran, "MaxRuntimeExceeded"))
    return min(ends)


def _phase(step: Step, start: float, end: float | None) -> Phase:
    polls = step.polls
    if step.forever and end is not None:
        polls = round((end - start) / FOREVER_POLL)
    return Phase(step.status, start, end, step.message, step.reason, polls)


def _closing(script: Script, why: str, moment: float, ran: bool) -> list[Phase]:
    """SIGTERM, grace, upload of what is there, and the end."""
    out = []
    stopping = why == "Stopped"
    if stopping:
        end = moment + min(script.stop_seconds, 120.0)
        out.append(Phase("Stopping", moment, end, STEPS["Stopping"][1], stopping=True))
        moment = end
    if ran:
        seconds, message = STEPS["Uploading"]
        out.append(Phase("Uploading", moment, moment + seconds, message, stopping=stopping))
        moment += seconds
    out.append(Phase(why, moment, None, STEPS[why][1], stopping=stopping))
    return out


def current(plan: list[Phase], elapsed: float) -> int:
    """The index of the phase at `elapsed`."""
    index = 0
    for number, phase in enumerate(plan):
        if phase.start <= elapsed:
            index = number
    return index


def after_poll(plan: list[Phase], elapsed: float) -> float:
    """How far one more Describe brings the job."""
    phase = plan[current(plan, elapsed)]
    if phase.terminal:
        return elapsed
    if phase.end is None:
        return elapsed + FOREVER_POLL
    return min(phase.end, elapsed + (phase.end - phase.start) / max(phase.polls, 1) + 1e-6)


def running_seconds(plan: list[Phase], elapsed: float) -> float:
    """Seconds for which the job has run so far."""
    total = 0.0
    for phase in plan:
        if phase.status in (*RUNNING, "Uploading", "Stopping") and phase.start < elapsed:
            total += min(phase.end if phase.end is not None else elapsed, elapsed) - phase.start
    return total
