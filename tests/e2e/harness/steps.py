"""A scenario as a list of steps. `Scene.run` plans, applies, looks, plans again; and at the end destroys
and looks for leftovers, so that no scenario has to say it."""

import subprocess
from collections import Counter
from dataclasses import dataclass, field

from .cli import Result, Workdir
from .config import SETTINGS, Block, Item
from .emulator import KEYS, Emulator
from .expect import Check, Expected, Seen, changes, differences, leftovers


@dataclass
class Step:
    """One apply, with what is expected of it.

    `items`      the configuration; none: the one before, once more
    `before`     done first: what happens behind Terraform's back
    `plan`       checks on the plan
    `state`      checks on the state after the apply
    `error`      the apply (or already the plan) fails with this
    `warnings`   the apply or its plan warns of these
    `pending`    the plan after the apply is not empty: what it would do, by address
    `arguments`  more arguments for plan, such as -replace
    """

    items: tuple = ()
    before: object = None
    plan: list[Check] = field(default_factory=list)
    state: list[Check] = field(default_factory=list)
    error: Expected | None = None
    warnings: list[Expected] = field(default_factory=list)
    pending: dict | None = None
    arguments: tuple = ()


def step(*items, **expected) -> Step:
    """A step, the configuration first."""
    return Step(items, **expected)


def in_turns(cases) -> list[tuple]:
    """Each case with one of the two command-line tools, by turns: for `parametrize(..., indirect=["cli"])`."""
    return [(*case, ("terraform", "tofu")[number % 2]) for number, case in enumerate(cases)]


class Scene:
    """A working folder, an emulator, and the steps played in it."""

    def __init__(self, workdir: Workdir, emulator: Emulator):
        self.workdir = workdir
        self.emulator = emulator
        self.kept = emulator.inventory()
        self.settings = SETTINGS
        self.provider_arguments = {}

    def keep(self) -> None:
        """Takes what exists now for the user's own: it must be there at the end, and nothing else."""
        self.kept = self.emulator.inventory()

    def provider(self, alias: str | None = None, **changed) -> Item:
        """A provider block that points to the emulator."""
        services = (
            "cloudwatch",
            "ec2",
            "events",
            "fsx",
            "iam",
            "logs",
            "pricing",
            "s3",
            "sagemaker",
            "scheduler",
            "servicequotas",
            "sqs",
            "sts",
        )
        usual = {
            "region": "us-east-1",
            **KEYS,
            "s3_use_path_style": True,
            "endpoints": Block(dict.fromkeys(services, self.emulator.url)),
        }
        given = {**usual, **self.provider_arguments, **changed}
        given = {**({"alias": alias} if alias else {}), **{k: v for k, v in given.items() if v is not None}}
        return Item('provider "sustainable"', "provider.sustainable", given)

    def write(self, *items) -> None:
        """Writes the configuration, with the usual provider block unless there is one."""
        has_provider = any(isinstance(i, Item) and i.header == 'provider "sustainable"' for i in items)
        self.workdir.write(*(() if has_provider else (self.provider(),)), *items, settings=self.settings)
        if not self.workdir.initialised:
            self.workdir.init()

    def run(self, *steps: Step, destroy: bool = True) -> Seen:
        """Plays the steps; then destroys, and nothing may be left."""
        seen = Seen(emulator=self.emulator)
        for number, one in enumerate(steps, 1):
            try:
                seen = self.play(one)
            except AssertionError as failure:
                raise AssertionError(f"step {number} of {len(steps)}: {failure}") from None
        if destroy:
            self.destroy()
        return seen

    def play(self, one: Step) -> Seen:
        """One step."""
        if one.items:
            self.write(*one.items)
        if one.before:
            one.before()
        seen = Seen(emulator=self.emulator, before=self.workdir.state())
        mark = self.emulator.mark()
        seen.planned = self.workdir.run("plan", "-json", "-out=tfplan", *one.arguments)
        if seen.planned.code != 0:
            assert one.error, f"the plan failed\n{seen.planned.explain()}"
            one.error.check(seen.planned)
            return seen
        seen.plan = self.workdir.plan_file()
        for check in one.plan:
            check(seen)
        seen.applied = self.workdir.run("apply", "-json", "tfplan")
        seen.calls = self.emulator.calls(mark)
        seen.state = self.workdir.state()
        if one.error:
            assert seen.applied.code != 0, f"the apply passed, expected {one.error}"
            one.error.check(seen.applied)
        else:
            assert seen.applied.code == 0, f"the apply failed\n{seen.applied.explain()}"
        both = Result(0, "", "", seen.planned.diagnostics + seen.applied.diagnostics)
        for warning in one.warnings:
            warning.check(both)
        for check in one.state:
            check(seen)
        if not one.error:
            self.expect_pending(one.pending or {})
        return seen

    def apply(self, *arguments: str) -> Result:
        """Applies at once, with no expectations."""
        return self.workdir.run("apply", "-json", "-auto-approve", *arguments)

    def plan(self, *arguments: str) -> tuple[Result, dict]:
        """Plans, and reads the plan when there is one."""
        result = self.workdir.run("plan", "-json", "-out=tfplan", *arguments)
        return result, self.workdir.plan_file() if result.code == 0 else {}

    def expect_pending(self, wanted: dict) -> None:
        """The next plan does exactly this: nothing, or the pending step that the design names."""
        result = self.workdir.run("plan", "-json", "-out=again", "-detailed-exitcode")
        assert result.code in (0, 2), f"the second plan failed\n{result.explain()}"
        if result.code == 0 and not wanted:
            return
        plan = self.workdir.plan_file("again")
        found = changes(plan)
        assert found == wanted, f"the second plan would {found}, expected {wanted or 'nothing'}\n{differences(plan)}"

    def destroy(self, records: bool = False) -> Result:
        """Destroys everything; what the user had before must be there, and nothing else."""
        result = self.workdir.run("destroy", "-json", "-auto-approve")
        assert result.code == 0, f"destroy failed\n{result.explain()}"
        assert not self.workdir.state(), "destroy left a state"
        self.expect_nothing_left(records)
        return result

    def expect_nothing_left(self, records: bool = False) -> None:
        """Nothing exists but what the user had; and of that nothing is gone."""
        left = leftovers(self.emulator, self.kept, records)
        assert not left, f"left behind: {left}"
        there = [(t["kind"], t["id"]) for t in self.emulator.inventory()]
        gone = [t for t in self.kept if (t["kind"], t["id"]) not in there]
        assert not gone, f"taken from the user: {gone}"

    def calls_while(self, action) -> Counter:
        """What AWS was asked for while something was done."""
        mark = self.emulator.mark()
        action()
        return self.emulator.calls(mark)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """Starts a command that the test means to disturb."""
        return self.workdir.start(*arguments, **environment)
