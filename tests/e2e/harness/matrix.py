"""The fault matrix: a fault at every single AWS call of a phase.

The calls are not listed anywhere: a clean run is watched, and each call that it made is then disturbed in each way, one
run per cell. Then the same is applied again, and destroyed; half of what failed is destroyed at once instead. Whatever
happened: nothing of ours is left anywhere, nothing of anybody else's was touched, at no moment did two jobs bill for one
resource, what runs is what the state names, nothing is tainted or planned once more after a good apply, and a diagnostic
names operation and code of what went wrong.
"""

import dataclasses
import json
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass

from . import others
from .attached import Attached
from .cli import Result
from .emulator import KINDS
from .judge import judge
from .phases import Phase
from .steps import Scene

SCALE = 0.02
"""Of the provider's waits. What lasts in the matrix (throttling) is scaled alike."""

CALM = 0.2
"""The same for the run whose calls are counted: no lease is renewed in it, which would be a call by chance."""

FAULTS = {
    "refused": {"kind": KINDS["refused"], "count": -1},
    "throttled 10 s": {"kind": KINDS["throttled"], "count": -1, "lasting_seconds": 10 * SCALE},
    "500 for ever": {"kind": KINDS["error500"], "count": -1},
    "answer lost": {"kind": KINDS["lost"], "count": 1},
    "reset": {"kind": KINDS["lost_before"], "count": 1},
    "killed": {"kind": KINDS["held"], "count": 1, "seconds": 60},
}


@dataclass(order=True)
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
    """Scenes to play the cells in, one per tool; they share an emulator, and a provider that is fresh for each command."""

    def __init__(self, scenes: list[Scene], provider: Attached):
        self.scenes = scenes
        self.provider = provider

    def calls(self, phase: Phase) -> list[Call]:
        """What an undisturbed run of the phase asks AWS for, in an order that does not depend on chance."""
        scene = self.scenes[0]
        self._prepare(scene, phase)
        mark = scene.emulator.mark()
        environment = self.provider.fresh(scene.workdir.folder, SUSTAINABLE_TIME_SCALE=str(CALM))
        result = scene.workdir.run(*self._arguments(phase.command), **environment)
        assert result.code == 0, f"undisturbed: {told(result)}"
        counts, found = Counter(), []
        for request in scene.emulator.requests(mark):
            key = request["service"], request["operation"]
            counts[key] += 1
            found.append(Call(*key, counts[key]))
        assert found, "no calls seen"
        return sorted(found)

    def play(self, phase: Phase, call: Call, fault: str, number: int) -> Cell:
        """One cell. Tools take turns, and so do the two ways to go on after a failure."""
        scene = self.scenes[number % len(self.scenes)]
        at_once = (number // len(self.scenes) + list(FAULTS).index(fault)) % 2 == 0
        cell = Cell(phase.name, str(call), fault)
        try:
            while not self._play(scene, phase, call, cell, at_once):
                # The renewal of a lease is a call by chance: the last one that is made stands for it.
                assert call.operation == "PutObject" and call.nth > 1, "the call was not made this time"
                call = dataclasses.replace(call, nth=call.nth - 1)
        except AssertionError as failure:
            cell.failure = str(failure)
        except Exception as problem:  # of the tests, the emulator or the tool: the other cells are still played
            cell.failure = "".join(traceback.format_exception(problem, limit=-3))
        finally:
            scene.emulator.heal()
        if cell.failure:
            said = self.provider.said()
            cell.failure = f"{phase.name}, {call}, {fault} ({scene.workdir.name}): {cell.failure}" + (
                f"\nthe provider wrote: {said}" if said else ""
            )
        return cell

    def _play(self, scene: Scene, phase: Phase, call: Call, cell: Cell, at_once: bool) -> bool:
        """Whether the call was made, and met the fault."""
        before = self._prepare(scene, phase)
        result, disturbed = self._disturb(scene, phase, call, cell.fault)
        if disturbed is None:
            return False
        first = f"the disturbed {phase.command} said: {told(result)}"
        try:
            judge(cell.fault, disturbed, result, phase.before is not None)
            self._then(scene, phase, cell, result, at_once)
            most = scene.emulator.control("GET", "billing")["most"].get("bert", {})
            working, stopping = most.get("working", 0), most.get("with_stopping", 0)
            assert working <= 1, f"at one moment {working} jobs or planned starts of one resource billed"
            assert stopping <= 1, f"at one moment {stopping} jobs of one resource billed, those being stopped included"
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{first}") from None
        touched = others.difference(before, others.contents(scene.emulator))
        assert not touched, f"touched what is not ours: {touched}; {first}"
        return True

    def _then(self, scene: Scene, phase: Phase, cell: Cell, result: Result, at_once: bool) -> None:
        """What follows a disturbed command, up to the end of everything."""
        destroyed = phase.command == "destroy" and result.code == 0
        if destroyed:
            assert _state(scene) is None, "the destroy said that it is done and left a state"
            scene.expect_nothing_left(records=True)
        elif phase.before:
            assert _state(scene), "the state is lost"
        killed = cell.fault == "killed" and phase.command == "apply"
        if not killed:
            # Terraform keeps the state as it was before an apply that was killed: what that has made, the next one finds.
            _runs_what_the_state_names(scene)
        if cell.fault == "killed":
            cell.waited = _unconfirmed(scene)
            if cell.waited:
                scene.emulator.advance(61)
        if not (at_once and (phase.command == "destroy" or (result.code != 0 and (phase.before or not killed)))):
            self._apply_again(scene, phase, destroyed)
        last = self._command(scene, "destroy")
        assert last.code == 0, f"the destroy: {told(last)}"
        assert _state(scene) is None, "destroy left a state"
        scene.expect_nothing_left(records=not phase.supersedes)

    def _apply_again(self, scene: Scene, phase: Phase, destroyed: bool) -> None:
        second = self._command(scene, "apply")
        assert second.code == 0, f"the second apply: {told(second)}"
        said = f"the second apply said: {told(second)}"
        ours = _billing(scene)
        state = _state(scene)
        assert state, f"the second apply left no state; {said}"
        if phase.command == "destroy" and not ours and not destroyed:
            # The run was stopped, or its start taken back, by the destroy that was broken off: a user learns that and
            # how to have another one. Of a run that had ended well nothing is lost.
            words = [warning.summary for warning in second.warnings]
            spoke = any("stopped" in one or "was not started" in one for one in words)
            assert spoke or state["attributes"]["outcome"] == "succeeded", f"no job and no word of it; {said}"
        elif phase.ended and phase.command != "destroy":
            assert not ours, f"{ours} bill though the run was over; {said}"
        else:
            assert len(ours) == 1, f"{len(ours)} jobs bill after the second apply: {ours}; {said}"
            _runs_what_the_state_names(scene)
        assert not state.get("status"), f"the state is {state['status']} after a good apply; {said}"
        plan = self._command(scene, "plan", "-detailed-exitcode")
        assert plan.code == 0, f"the plan after a good apply is not empty: {told(plan)}\n{_changes(plan)}\n{said}"

    def _disturb(self, scene: Scene, phase: Phase, call: Call, fault: str) -> tuple[Result, dict | None]:
        """The phase's command with the fault, and the first call that met it."""
        emulator = scene.emulator
        mark = emulator.mark()
        rule = {"service": call.service, "operation": call.operation, "nth": call.nth, **FAULTS[fault]}
        emulator.control("POST", "faults", rule)
        if fault == "killed":
            result = self._command_and_kill(scene, phase.command)
        else:
            result = self._command(scene, phase.command)
        emulator.heal()
        met = [request for request in emulator.requests(mark) if request["fault"]]
        return result, met[0] if met else None

    def _prepare(self, scene: Scene, phase: Phase) -> dict:
        """An account with the user's data and much of somebody else's, no state, and what the phase starts from. What is
        somebody else's, as it is then."""
        emulator = scene.emulator
        emulator.reset()
        others.seed(emulator)
        if phase.world:
            phase.world(emulator)
        scene.keep()
        for leftover in scene.workdir.folder.glob("*.tfstate*"):
            leftover.unlink()
        if phase.before:
            scene.write(phase.before)
            result = self._command(scene, "apply")
            assert result.code == 0, f"before the phase: {told(result)}"
        if phase.meanwhile:
            phase.meanwhile(emulator)
        scene.write(phase.then)
        return others.contents(emulator)

    def _arguments(self, command: str, *more: str) -> list[str]:
        return [command, "-json", *([] if command == "plan" else ["-auto-approve"]), *more]

    def _command(self, scene: Scene, command: str, *more: str) -> Result:
        environment = self.provider.fresh(scene.workdir.folder)
        return scene.workdir.run(*self._arguments(command, *more), **environment)

    def _command_and_kill(self, scene: Scene, command: str) -> Result:
        """Kills the provider when the call has taken effect and before its answer arrives."""
        environment = self.provider.fresh(scene.workdir.folder)
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


def _billing(scene: Scene) -> list[str]:
    """Names of jobs of ours that have not ended, and of starts that are planned. A start that is tried again although its job
    is there is no second one."""
    starts = [
        one for one in scene.emulator.schedules() if one["request"]["Target"]["Arn"].endswith(":createTrainingJob")
    ]
    names = {
        thing["name"]
        for thing in (*starts, *scene.emulator.jobs())
        if thing.get("status") in (None, "InProgress", "Stopping")
    }
    return sorted(name for name in names if others.THEIRS not in name)


def _runs_what_the_state_names(scene: Scene) -> None:
    """What bills is one job or planned start, and the state names it."""
    ours = _billing(scene)
    assert len(ours) <= 1, f"{len(ours)} jobs bill: {ours}"
    state = _state(scene)
    assert not ours or state, f"{ours} runs and the state is empty"
    named = state["attributes"]["training_job_name"] if state else None
    assert not ours or named == ours[0], f"{ours[0]} runs and the state names {named}"


def _unconfirmed(scene: Scene) -> bool:
    claims = scene.emulator.control("GET", "inventory")["claims"]
    ours = [one["claim"] for one in claims if one["bucket"] not in others.USERS]
    return any(claim.get("stage") != "confirmed" for claim in ours)


def _state(scene: Scene) -> dict | None:
    """The one instance in the state file: its attributes, and its status where it is tainted."""
    file = scene.workdir.folder / "terraform.tfstate"
    resources = json.loads(file.read_text() or "{}").get("resources") if file.exists() else None
    return resources[0]["instances"][0] if resources else None


def _changes(plan: Result) -> str:
    """The changes and the drift that a plan showed."""
    kinds = ("planned_change", "resource_drift", "change_summary")
    return "\n".join(line for line in plan.stdout.splitlines() if any(f'"type":"{kind}"' in line for kind in kinds))


def told(result: Result) -> str:
    """What a command said, in short."""
    said = "\n".join(map(str, result.diagnostics)) or result.stderr[-1000:]
    return f"exit code {result.code}\n{said}"


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
    waited = [cell for cell in cells if cell.waited]
    killed = sum(cell.fault == "killed" for cell in cells)
    lines.append(
        f"\nAfter {len(waited)} of {killed} kills a claim stood that was not confirmed: its lease had to end first. These were:"
    )
    for phase in phases:
        calls = [cell.call for cell in waited if cell.phase == phase]
        lines += [f"- {phase}: {', '.join(calls)}"] if calls else []
    return "\n".join(lines)
