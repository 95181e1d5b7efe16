"""The fault matrix: a fault at every single AWS call of a phase.

The calls are not listed anywhere: a clean run is watched, and each call that it made is then disturbed in each way, one
run per cell. Then the same is applied again, and destroyed. Whatever happened: nothing of ours is left anywhere, nothing
of anybody else's was touched, never do two jobs bill for one resource, what exists is in the state, and a diagnostic names
operation and code of what went wrong.
"""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass

from .attached import Attached
from .cli import Result
from .emulator import KINDS
from .phases import Phase
from .steps import Scene

SCALE = 0.02
"""Of the provider's waits. What lasts in the matrix (throttling) is scaled alike."""

FAULTS = {
    "refused": {"kind": KINDS["refused"], "count": -1},
    "throttled 10 s": {"kind": KINDS["throttled"], "count": -1, "lasting_seconds": 10 * SCALE},
    "500 for ever": {"kind": KINDS["error500"], "count": -1},
    "answer lost": {"kind": KINDS["lost"], "count": 1},
    "reset": {"kind": KINDS["lost_before"], "count": 1},
    "killed": {"kind": KINDS["held"], "count": 1, "seconds": 60},
}
PASSING = ("throttled 10 s", "answer lost", "reset")
"""Faults that go by: a user is not to notice them."""

CODES = {
    "refused": ("AccessDenied", "not authorized", "403"),
    "500 for ever": ("InternalError", "InternalFailure", "500"),
}


@dataclass
class Call:
    """The nth call of an operation in a phase."""

    service: str
    operation: str
    nth: int

    def __str__(self):
        return f"{self.service} {self.operation} #{self.nth}"


@dataclass
class Cell:
    """What a fault at a call has led to."""

    phase: str
    call: str
    fault: str
    failure: str = ""
    waited: bool = False
    """The second apply came after the lease of the killed one."""


class Matrix:
    """Scenes to play the cells in, one per tool; they share a provider process and an emulator."""

    def __init__(self, scenes: list[Scene], provider: Attached):
        self.scenes = scenes
        self.provider = provider

    def calls(self, phase: Phase) -> list[Call]:
        """What an undisturbed run of the phase asks AWS for."""
        scene = self.scenes[0]
        self._prepare(scene, phase)
        mark = scene.emulator.mark()
        result = self._command(scene, phase.command)
        assert result.code == 0, f"undisturbed: {result.explain()}"
        counts, found = Counter(), []
        for request in scene.emulator.requests(mark):
            key = request["service"], request["operation"]
            counts[key] += 1
            found.append(Call(*key, counts[key]))
        assert found, "no calls seen"
        return found

    def play(self, phase: Phase, call: Call, fault: str, number: int) -> Cell:
        """One cell. Tools take turns."""
        scene = self.scenes[number % len(self.scenes)]
        cell = Cell(phase.name, str(call), fault)
        try:
            self._play(scene, phase, call, cell)
        except AssertionError as failure:
            cell.failure = f"{phase.name}, {call}, {fault} ({scene.workdir.name}): {failure}"
        finally:
            scene.emulator.heal()
        return cell

    def _play(self, scene: Scene, phase: Phase, call: Call, cell: Cell) -> None:
        self._prepare(scene, phase)
        others = _others(scene)
        emulator = scene.emulator
        rule = {"service": call.service, "operation": call.operation, "nth": call.nth, **FAULTS[cell.fault]}
        emulator.control("POST", "faults", rule)
        if cell.fault == "killed":
            result = self._command_and_kill(scene, phase.command)
        else:
            result = self._command(scene, phase.command)
        fired = emulator.control("GET", "faults")["faults"][0]["fired"]
        emulator.heal()
        first = f"the disturbed {phase.command} said: {result.explain()}"
        assert fired, f"the call was not made this time; {first}"
        _judge(cell.fault, call, result)
        ours = [job["name"] for job in _billing(scene)]
        assert len(ours) <= 1, f"{len(ours)} jobs bill after the fault: {ours}; {first}"
        if cell.fault == "killed":
            cell.waited = _unconfirmed(scene)
            if cell.waited:
                emulator.advance(61)
        else:
            assert not ours or _in_state(scene), f"{ours} runs and the state is empty; {first}"
        second = self._command(scene, "apply")
        assert second.code == 0, f"the second apply: {second.explain()}\n{first}"
        ours = [job["name"] for job in _billing(scene)]
        said = f"{first}\nthe second apply said: {second.explain()}"
        if phase.ended:
            assert not ours, f"{ours} bill though the run was over; {said}"
        elif phase.command == "destroy" and not ours:
            # The run was stopped by the destroy that was broken off: a user learns that and how to have another one.
            assert any("stopped" in warning.summary for warning in second.warnings), f"no job and no word of it; {said}"
        else:
            assert len(ours) == 1, f"{len(ours)} jobs bill after the second apply: {ours}; {said}"
        last = self._command(scene, "destroy")
        assert last.code == 0, f"the destroy: {last.explain()}\n{first}"
        assert not _in_state(scene), "destroy left a state"
        try:
            scene.expect_nothing_left(records=not phase.supersedes)
        except AssertionError as left:
            raise AssertionError(f"{left}; {first}") from None
        now = _others(scene)
        assert now == others, f"touched what is not ours: {now} instead of {others}; {first}"

    def _prepare(self, scene: Scene, phase: Phase) -> None:
        """An account with the user's data and somebody else's job, no state, and what the phase starts from."""
        emulator = scene.emulator
        emulator.reset()
        emulator.seed("training-data", objects={"data/part-0": b"0123456789", "notes/mine.txt": b"not yours"})
        emulator.seed("another-bucket", "eu-north-1", {"sustainable/claims/other.json": b"{}"})
        emulator.foreign_job("somebody-elses")
        if phase.world:
            phase.world(emulator)
        scene.keep()
        for leftover in scene.workdir.folder.glob("*.tfstate*"):
            leftover.unlink()
        if phase.before:
            scene.write(phase.before)
            result = self._command(scene, "apply")
            assert result.code == 0, f"before the phase: {result.explain()}"
        if phase.meanwhile:
            phase.meanwhile(emulator)
        scene.write(phase.then)

    def _arguments(self, command: str) -> list[str]:
        return [command, "-json", *([] if command == "plan" else ["-auto-approve"])]

    def _command(self, scene: Scene, command: str) -> Result:
        environment = self.provider.variables(scene.workdir.folder)
        return scene.workdir.run(*self._arguments(command), **environment)

    def _command_and_kill(self, scene: Scene, command: str) -> Result:
        """Kills the provider when the call has taken effect and before its answer arrives."""
        environment = self.provider.variables(scene.workdir.folder)
        process = scene.start(*self._arguments(command), **environment)

        def kill():
            while process.poll() is None:
                if scene.emulator.control("GET", "faults")["faults"][0]["held"]:
                    self.provider.kill()
                    return
                time.sleep(0.02)

        thread = threading.Thread(target=kill)
        thread.start()
        result = scene.workdir.finish(process)
        thread.join()
        return result


def _judge(fault: str, call: Call, result: Result) -> None:
    """What a user reads."""
    if fault in PASSING:
        assert result.code == 0, f"a passing fault is an error: {result.explain()}"
    elif fault == "killed":
        assert result.code != 0, "the provider was killed and nobody said so"
    elif result.code != 0:
        said = " ".join(f"{d.summary} {d.detail}" for d in result.errors)
        assert call.operation in said, f"no error names {call.operation}: {result.explain()}"
        assert any(code in said for code in CODES[fault]), f"no error names the code: {result.explain()}"


def _billing(scene: Scene) -> list[dict]:
    """Jobs of ours that have not ended, and starts that are planned: two of them would be two jobs."""
    return scene.emulator.schedules() + [
        job
        for job in scene.emulator.jobs()
        if job["status"] in ("InProgress", "Stopping") and job["name"] != "somebody-elses"
    ]


def _unconfirmed(scene: Scene) -> bool:
    claims = scene.emulator.control("GET", "inventory")["claims"]
    ours = [one["claim"] for one in claims if one["bucket"] != "another-bucket"]
    return any(claim.get("stage") != "confirmed" for claim in ours)


def _in_state(scene: Scene) -> bool:
    state = scene.workdir.folder / "terraform.tfstate"
    return state.exists() and bool(json.loads(state.read_text() or "{}").get("resources"))


def _others(scene: Scene) -> dict:
    """The user's objects by entity tag and somebody else's job: they must stay as they are."""
    found = {}
    for bucket in ("training-data", "another-bucket"):
        listed = scene.emulator.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
        found |= {f"{bucket}/{o['Key']}": o["ETag"] for o in listed if _users(bucket, o["Key"])}
    found |= {
        job["name"]: (job["status"], job["tags"], json.dumps(job["request"], sort_keys=True))
        for job in scene.emulator.jobs()
        if job["name"] == "somebody-elses"
    }
    return found


def _users(bucket: str, key: str) -> bool:
    return bucket == "another-bucket" or not key.startswith("sustainable/")


def table(cells: list[Cell]) -> str:
    """Calls by fault: passed of tried, phase by phase."""
    phases = list(dict.fromkeys(cell.phase for cell in cells))
    faults = [fault for fault in FAULTS if any(cell.fault == fault for cell in cells)]
    lines = ["| phase | calls | " + " | ".join(faults) + " |", "|---" * (2 + len(faults)) + "|"]
    for phase in [*phases, None]:
        own = [cell for cell in cells if phase in (None, cell.phase)]
        counts = []
        for fault in faults:
            tried = [cell for cell in own if cell.fault == fault]
            counts.append(f"{sum(not cell.failure for cell in tried)}/{len(tried)}")
        calls = len({(cell.phase, cell.call) for cell in own})
        lines.append(f"| {phase or 'all'} | {calls} | " + " | ".join(counts) + " |")
    waited = sum(cell.waited for cell in cells)
    killed = sum(cell.fault == "killed" for cell in cells)
    lines.append(
        f"\nAfter {waited} of {killed} kills a claim stood that was not confirmed: its lease had to end first."
    )
    return "\n".join(lines)
