"""Inputs that are unknown at plan: the preview stays wherever the decision does not depend on them."""

import pytest
from harness.config import Raw, resource, training
from harness.expect import expect_action, expect_known_value, expect_unknown_value
from harness.steps import step

LATER = Raw("terraform_data.later.output")


def later(value):
    """A resource whose output is known only after the apply."""
    return resource("terraform_data", "later", input=value)


KEPT = [
    expect_known_value("selected_region", "us-east-1"),
    expect_known_value("estimate.emissions_kg.value"),
    expect_known_value("summary"),
]


@pytest.mark.parametrize(
    ("arguments", "value", "plan"),
    [
        ({"hyperparameters": {"x": LATER}}, "1", KEPT),
        ({"environment": {"X": LATER}}, "1", KEPT),
        ({"tags": {"x": LATER}}, "1", [*KEPT, expect_unknown_value("tags_all")]),
        ({"role_arn": LATER}, "ROLE", [*KEPT, expect_unknown_value("sagemaker_role_arn")]),
        ({"training_image": LATER}, "123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1", []),
        ({"estimated_training_hours": LATER}, 10, [expect_unknown_value("estimate"), expect_unknown_value("summary")]),
        ({"preferred_training_regions": LATER}, ["us-east-1"], [expect_unknown_value("selected_region")]),
        ({"name": LATER}, "bert", [*KEPT, expect_unknown_value("id")]),
        ({"s3_bucket_name": LATER}, "training-data", [expect_unknown_value("id")]),
        ({"max_emissions_kg": LATER}, 1000, []),
        ({"on_destroy": LATER}, "delete", KEPT),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_an_unknown_input(scene, arguments, value, plan):
    if value == "ROLE":
        value = scene.emulator.make_role("users-own")
        scene.keep()
    scene.run(
        step(later(value), training(**arguments), plan=[expect_action("create"), *plan]),
    )


def test_an_unknown_provider_region(scene):
    """Configure, plan and read are all called with an unknown region; after creation the state says it."""
    items = (later("us-east-1"), scene.provider(region=LATER), training(dataset_region="us-east-1"))
    scene.run(
        step(*items, plan=[expect_action("create"), expect_known_value("estimate.emissions_kg.value")]),
    )


def test_an_unknown_provider_region_and_nothing_else_says_where(scene):
    items = (later("us-east-1"), scene.provider(region=LATER), training())
    scene.run(
        step(*items, plan=[expect_action("create"), expect_unknown_value("selected_region")]),
    )
