"""Holds a whole Terraform plan against a budget for carbon, energy and money.

    terraform plan -out plan.bin
    terraform show -json plan.bin | python3 policy/check_plan.py policy/budget.json

Prints one line per training run that the plan would start, then every rule that is broken, and exits
with 1 if there is any. Needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

TYPE = "sustainable_ml_training"
FIGURES = {"emissions_kg": "kgCO2e", "energy_kwh": "kWh", "cost_usd": "USD"}


def runs(plan: dict) -> Iterator[tuple[str, dict, dict]]:
    """The training runs that applying the plan would start: address, planned values, unknown values."""
    for resource in plan.get("resource_changes", []):
        change = resource["change"]
        if resource["type"] != TYPE or change["actions"] in (["no-op"], ["delete"], ["read"]):
            continue
        after, unknown = change["after"] or {}, change.get("after_unknown") or {}
        # An update starts a run only where the plan says so.
        if change["actions"] == ["update"] and not (after.get("run_change") or unknown.get("run_change")):
            continue
        yield resource["address"], after, unknown


def problems(plan: dict, budget: dict) -> Iterator[str]:
    """Every rule of the budget that the plan breaks, as a sentence."""
    bound = budget.get("bound", "high")
    if bound not in ("low", "value", "high"):
        raise ValueError(f"budget: bound is {bound!r}; it has to be low, value or high")
    totals = dict.fromkeys(FIGURES, 0.0)
    started = 0
    for address, after, _unknown in runs(plan):
        started += 1
        estimate = after.get("estimate") or {}
        for figure in FIGURES:
            amount = (estimate.get(figure) or {}).get(bound)
            if amount is None:
                yield f"{address}: {figure} has no estimate at plan time, so it cannot be held against a budget"
            else:
                totals[figure] += amount
        if after.get("launchable") is False:
            yield f"{address}: there is no training code; apply would refuse"
        # "stops JOB after ..." while a run is at work; after its end "starts a new run after JOB".
        change = after.get("run_change") or ""
        if change.startswith("stops ") and not budget.get("allow_stopping_runs", False):
            yield f"{address}: {change}"
    for figure, unit in FIGURES.items():
        limit = budget.get(figure)
        if limit is not None and totals[figure] > limit:
            yield f"the plan's {figure} ({bound}) is {totals[figure]:.3g} {unit}; the budget is {limit:g} {unit}"
    if "runs" in budget and started > budget["runs"]:
        yield f"the plan starts {started} training runs; the budget allows {budget['runs']}"


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        budget = json.load(file)
    plan = json.load(sys.stdin)
    for address, after, _unknown in runs(plan):
        print(f"{address}: {after.get('summary') or 'decided at apply'}")
    found = list(problems(plan, budget))
    for problem in found:
        print(f"over budget: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
