"""The budget over a plan's JSON (examples/scenarios/strict-budget-ci/policy) lets through what it should."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from conftest import SCENARIOS

POLICY = SCENARIOS / "strict-budget-ci" / "policy"


def training(actions: list[str], kg: float | None = 0.5, **after: object) -> dict:
    band = None if kg is None else {"low": kg / 2, "value": kg, "high": kg * 2}
    estimate = {"emissions_kg": band, "energy_kwh": {"high": 1.0}, "cost_usd": {"high": 2.0}}
    return {
        "address": f"sustainable_ml_training.{actions[0]}",
        "type": "sustainable_ml_training",
        "change": {"actions": actions, "after": {"estimate": estimate, "summary": "a run", **after}},
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([training(["create"])], []),
        ([training(["no-op"], kg=90), training(["delete"], kg=90)], []),
        ([training(["update"], kg=90)], []),
        ([{"address": "aws_s3_bucket.a", "type": "aws_s3_bucket", "change": {"actions": ["create"], "after": {}}}], []),
        ([training(["create"]), training(["create"])], []),
        ([training(["create"], kg=1.1)], ["emissions_kg (high) is 2.2 kgCO2e; the budget is 2 kgCO2e"]),
        ([training(["delete", "create"], kg=1.1)], ["emissions_kg (high) is 2.2"]),
        ([training(["create"], kg=None)], ["emissions_kg has no estimate at plan time"]),
        ([training(["update"], run_change="stops churn-1 after 3 h")], ["stops churn-1 after 3 h"]),
        ([training(["update"], run_change="starts a new run after churn-1 (succeeded)")], []),
        ([training(["update"], kg=90, run_change="starts a new run after churn-1 (failed)")], ["emissions_kg (high)"]),
        ([training(["create"], launchable=False)], ["no training code"]),
        ([training(["create"], kg=0.1)] * 4, ["starts 4 training runs"]),
    ],
)
def test_plan(changes: list[dict], expected: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, str(POLICY / "check_plan.py"), str(POLICY / "budget.json")],
        input=json.dumps({"resource_changes": changes}),
        text=True,
        capture_output=True,
        check=False,
    )
    broken = [line for line in result.stdout.splitlines() if line.startswith("over budget: ")]
    assert len(broken) == len(expected), result.stdout + result.stderr
    for line, part in zip(broken, expected, strict=True):
        assert part in line
    assert result.returncode == (1 if expected else 0)
