"""The vocabulary of the tests, in the manner of plancheck and statecheck.

Each `expect_*` returns a check; a `Step` says when it runs. A check looks at a `Seen` and raises
AssertionError with what it saw instead.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .cli import Diagnostic, Result
from .config import TYPE

ANY = object()
"""Any value but null."""

DEFAULT = f"{TYPE}.bert"


@dataclass
class Seen:
    """What a step has brought about so far."""

    plan: dict = field(default_factory=dict)
    planned: Result | None = None
    applied: Result | None = None
    before: dict = field(default_factory=dict)
    state: dict = field(default_factory=dict)
    calls: dict = field(default_factory=dict)
    emulator: object = None

    def change(self, address: str) -> dict:
        """The planned change of a resource."""
        for change in self.plan.get("resource_changes", []):
            if change["address"] == address:
                return change
        raise AssertionError(
            f"{address} is not in the plan; there are: {[c['address'] for c in self.plan.get('resource_changes', [])]}"
        )


Check = Callable[[Seen], None]


def at(value, path: str):
    """The value at a path such as `estimate.emissions_kg.value` or `candidates.0`."""
    for step in path.split("."):
        if value is None:
            return None
        value = value[int(step)] if isinstance(value, list) else value.get(step)
    return value


def matches(value, wanted) -> bool:
    """Equality; ANY, a predicate and a compiled pattern say something looser."""
    if wanted is ANY:
        return value is not None
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and wanted.search(value) is not None
    if callable(wanted):
        return bool(wanted(value))
    return value == wanted


ACTIONS = {
    "create": ["create"],
    "update": ["update"],
    "delete": ["delete"],
    "replace": ["delete", "create"],
    "replace_create_first": ["create", "delete"],
    "no-op": ["no-op"],
    "read": ["read"],
}


def expect_action(action: str, address: str = DEFAULT) -> Check:
    """The plan does this to the resource."""

    def check(seen: Seen):
        actions = seen.change(address)["change"]["actions"]
        assert actions == ACTIONS[action], f"{address}: planned {actions}, expected {action}"

    return check


def changes(plan: dict) -> dict:
    """The addresses that a plan would change, with the actions."""
    return {
        c["address"]: c["change"]["actions"]
        for c in plan.get("resource_changes", [])
        if c["change"]["actions"] not in (["no-op"], ["read"])
    }


def expect_empty_plan() -> Check:
    """The plan changes no resource."""

    def check(seen: Seen):
        found = changes(seen.plan)
        assert not found, f"the plan is not empty: {found}\n{differences(seen.plan)}"

    return check


def differences(plan: dict) -> str:
    """What a plan would change, attribute by attribute, for a failed assertion."""
    lines = []
    for resource in plan.get("resource_changes", []):
        change = resource["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        before, after = change.get("before") or {}, change.get("after") or {}
        unknown = change.get("after_unknown") or {}
        for key in sorted({*before, *after, *unknown}):
            if before.get(key) != after.get(key) or unknown.get(key):
                new = "(unknown)" if unknown.get(key) is True else after.get(key)
                lines.append(f"  {resource['address']}.{key}: {before.get(key)!r} -> {new!r}")
    return "\n".join(lines[:60])


def expect_known_value(path: str, wanted=ANY, address: str = DEFAULT) -> Check:
    """At plan: the planned value is known and is this. After apply: the state has this."""

    def check(seen: Seen):
        if seen.state:
            value, where = at(seen.state.get(address), path), "state"
        else:
            change = seen.change(address)["change"]
            unknown = at_unknown(change.get("after_unknown"), path)
            assert not unknown, f"{address}.{path} is unknown at plan"
            value, where = at(change["after"], path), "plan"
        name = getattr(wanted, "pattern", wanted)
        assert matches(value, wanted), f"{address}.{path} in the {where}: {value!r}, expected {name!r}"

    return check


def expect_null_value(path: str, address: str = DEFAULT) -> Check:
    """The value is null."""
    return expect_known_value(path, None, address)


def at_unknown(unknown, path: str) -> bool:
    """Whether a plan's `after_unknown` covers a path."""
    for step in path.split("."):
        if unknown is True or unknown is None:
            return bool(unknown)
        if isinstance(unknown, list):
            unknown = unknown[int(step)] if int(step) < len(unknown) else None
        elif isinstance(unknown, dict):
            unknown = unknown.get(step)
        else:
            return bool(unknown)
    return unknown is True


def expect_unknown_value(path: str, address: str = DEFAULT) -> Check:
    """The planned value is unknown."""

    def check(seen: Seen):
        change = seen.change(address)["change"]
        assert at_unknown(change.get("after_unknown"), path), (
            f"{address}.{path} is known at plan: {at(change['after'], path)!r}"
        )

    return check


def expect_value_unchanged(*paths: str, address: str = DEFAULT) -> Check:
    """The state after the step has the value that it had before."""

    def check(seen: Seen):
        for path in paths:
            old, new = at(seen.before.get(address), path), at(seen.state.get(address), path)
            assert old == new, f"{address}.{path}: {old!r} became {new!r}"

    return check


def expect_value_changed(*paths: str, address: str = DEFAULT) -> Check:
    """The state after the step has another value than before."""

    def check(seen: Seen):
        for path in paths:
            old, new = at(seen.before.get(address), path), at(seen.state.get(address), path)
            assert old != new, f"{address}.{path} is still {old!r}"

    return check


@dataclass
class Expected:
    """A diagnostic: parts of the summary and the detail, and the attribute it points to."""

    severity: str
    summary: str
    detail: str
    path: str | None
    address: str | None

    def fits(self, diagnostic: Diagnostic) -> bool:
        """Whether a diagnostic is the expected one. Line breaks do not count."""
        return (
            diagnostic.severity == self.severity
            and re.search(self.summary, " ".join(diagnostic.summary.split())) is not None
            and re.search(self.detail, " ".join(diagnostic.detail.split())) is not None
            and self.path in (None, diagnostic.path)
            and self.address in (None, diagnostic.address)
        )

    def check(self, result: Result) -> None:
        """Fails unless a diagnostic fits."""
        assert any(map(self.fits, result.diagnostics)), f"no {self} in:\n{result.explain()}"


def expect_error(summary: str = "", detail: str = "", path: str | None = None, address: str | None = None) -> Expected:
    """An error whose summary and detail match these patterns, pointing to this attribute."""
    return Expected("error", summary, detail, path, address)


def expect_warning(
    summary: str = "", detail: str = "", path: str | None = None, address: str | None = None
) -> Expected:
    """The same for a warning."""
    return Expected("warning", summary, detail, path, address)


def expect_calls(**wanted: int) -> Check:
    """While applying, AWS was asked this often for each of these operations."""

    def check(seen: Seen):
        found = {name: seen.calls.get(name, 0) for name in wanted}
        assert found == wanted, f"calls {found}, expected {wanted}; all: {dict(seen.calls)}"

    return check


def expect_jobs(*statuses: str) -> Check:
    """The training jobs that exist, in the order of their making, by status (Active: not ended)."""

    def check(seen: Seen):
        jobs = seen.emulator.jobs()
        found = tuple(_coarse(j["status"]) for j in jobs)
        wanted = tuple(map(_coarse, statuses))
        assert found == wanted, f"jobs: {[(j['name'], j['status']) for j in jobs]}, expected {statuses}"

    return check


def _coarse(status: str) -> str:
    return "Active" if status in ("InProgress", "Active") else status


ENDED = ("Completed", "Stopped", "Failed")


def stays(thing: dict) -> bool:
    """What a destroy leaves on purpose, since it was paid for: run manifests, artifacts, reports, registered models."""
    if thing["kind"] == "model_package" or (thing["kind"] == "model_group" and thing["versions"]):
        return True
    return thing["kind"] == "object" and (
        re.search(r"(^|/)sustainable/runs/[^/]+/manifest\.json$", thing["key"]) is not None
        or re.search(r"(^|/)(model|output)\.tar\.gz$", thing["key"]) is not None
        or re.search(r"(^|/)sustainable/runs/[^/]+/output/", thing["key"]) is not None
        or thing["key"].startswith("sustainability-reports/")
    )


RECORDS = ("experiment", "trial", "trialcomponent")
"""What SageMaker keeps of a job that was recorded in an experiment."""


def leftovers(emulator, kept: list[dict], records: bool = False) -> list[dict]:
    """What exists beyond `kept` and should not. SageMaker's record of an ended job neither runs nor
    bills, and stays unless `on_destroy = "delete"`: it counts only if `records`."""
    known = {(thing["kind"], thing["id"]) for thing in kept}
    return [
        thing
        for thing in emulator.inventory()
        if (thing["kind"], thing["id"]) not in known
        and not stays(thing)
        and (records or not ((thing["kind"] == "job" and thing["status"] in ENDED) or thing["kind"] in RECORDS))
    ]
