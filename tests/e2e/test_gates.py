"""Limits that stop a plan before anything is paid for."""

import math
from fractions import Fraction

import pytest
from harness.config import Block, Raw, output, training
from harness.expect import expect_error
from harness.steps import step


@pytest.mark.parametrize(
    ("gate", "path"),
    [
        ({"max_emissions_kg": 0.001}, "max_emissions_kg"),
        ({"max_energy_kwh": 0.001}, "max_energy_kwh"),
        ({"max_cost_usd": 0.01}, "max_cost_usd"),
        ({"carbon_intensity_threshold": 5}, "carbon_intensity_threshold"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_gate_fails_the_plan(scene, gate, path):
    """The error says which limit to move, and by how much."""
    calls = scene.calls_while(lambda: scene.run(step(training(**gate), error=expect_error(detail=path)), destroy=False))
    assert not calls, calls


def test_warn_instead(scene):
    """A plan with no decision; an apply refuses."""
    scene.write(training(max_emissions_kg=0.001, on_infeasible="warn"))
    result, plan = scene.plan()
    assert result.code == 0 and result.warnings, result.explain()
    planned = plan["resource_changes"][0]["change"]["after"]
    assert planned["selected_region"] is None
    assert planned["launchable"] is False and planned["outcome"] is None
    assert scene.workdir.run("apply", "-json", "tfplan").code != 0
    scene.expect_nothing_left()


def test_a_postcondition_on_the_own_estimate(scene):
    condition = Block(
        {"condition": Raw("self.estimate.emissions_kg.value < 0.0001"), "error_message": "Too much carbon."}
    )
    run = training().with_(lifecycle=Block({"postcondition": condition}))
    scene.write(run)
    result, _ = scene.plan()
    assert result.code != 0, "the plan passed"
    expect_error(detail="Too much carbon").check(result)
    scene.expect_nothing_left()


def test_what_is_calculated_from_a_figure_is_exact(scene):
    """The 14.3 of a binary float is a little more than 14.3: rounded up, ten times it would be 144."""
    figure = "sustainable_ml_training.bert.estimate.cost_usd.value"
    scene.write(training(), output("usd", figure), output("tenths", f"ceil({figure} * 10)"))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    usd, tenths = (plan["planned_values"]["outputs"][name]["value"] for name in ("usd", "tenths"))
    # As long as the cost of this run has such a decimal.
    assert math.ceil(Fraction(usd) * 10) == tenths + 1, (usd, tenths)
    assert tenths == Fraction(str(usd)) * 10, (usd, tenths)


def test_a_gate_does_not_look_at_a_run_that_exists(scene):
    scene.run(step(training()), step(training(max_emissions_kg=0.001)))
