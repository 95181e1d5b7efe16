"""Functions and data sources: they need no AWS and no credentials."""

import json

import pytest
from harness.config import data, output
from harness.expect import expect_error


def outputs(scene, **expressions):
    """The planned values of outputs."""
    items = [output(name, expression) for name, expression in expressions.items()]
    scene.write(scene.provider(access_key=None, secret_key=None), *items)
    mark = scene.emulator.mark()
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    assert not scene.emulator.calls(mark)
    return {name: value["value"] for name, value in plan["planned_values"]["outputs"].items()}


def test_functions(scene):
    found = outputs(
        scene,
        zone='provider::sustainable::grid_zone("eu-north-1")',
        kilograms="provider::sustainable::emissions_kg(100, 250)",
        energy='provider::sustainable::energy_kwh("ml.p4d.24xlarge", 10, 1)',
        policy='provider::sustainable::iam_policy(["run"])',
        gov='provider::sustainable::iam_policy(["run"], "aws-us-gov")',
    )
    assert found["zone"].startswith("SE")
    assert found["kilograms"] == 25
    assert 20 < found["energy"] < 80
    assert json.loads(found["policy"])["Version"] == "2012-10-17"
    assert found["gov"] == found["policy"].replace("arn:aws:", "arn:aws-us-gov:") != found["policy"]


@pytest.mark.parametrize(
    ("call", "legal"),
    [('grid_zone("eu-nort-1")', "eu-north-1"), ('iam_policy(["run"], "aws-gov")', "aws, aws-cn, aws-us-gov")],
)
def test_a_function_says_what_it_takes(scene, call, legal):
    scene.write(output("it", f"provider::sustainable::{call}"))
    result, _ = scene.plan()
    assert result.code != 0
    expect_error(detail=legal).check(result)


def test_instance_types(scene):
    scene.write(data("sustainable_instance_types", "big", min_gpu_memory_gb=80, region="us-east-1"))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    [resource] = plan["prior_state"]["values"]["root_module"]["resources"]
    types = resource["values"]["instance_types"]
    assert types and all(entry["gpu_memory_gb"] >= 80 for entry in types)


def test_placement(scene):
    """The same inputs as the resource, the same choice."""
    placement = data(
        "sustainable_placement",
        "best",
        model_type="natural_language",
        dataset_region="us-east-1",
        dataset_size_gb=16,
        estimated_training_hours=10,
        preferred_training_regions=["us-east-1", "eu-north-1"],
    )
    scene.write(placement)
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    [resource] = plan["prior_state"]["values"]["root_module"]["resources"]
    assert resource["values"]["selected"]["region"] == "eu-north-1"
