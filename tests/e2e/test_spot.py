"""Spot and on-demand capacity, as SageMaker is really asked for it."""

import re

from harness import prices
from harness.config import training
from harness.expect import expect_empty_plan, expect_error, expect_jobs, expect_known_value, expect_warning
from harness.steps import step


def described(scene):
    [job] = scene.emulator.jobs()
    return scene.emulator.client("sagemaker", job["region"]).describe_training_job(TrainingJobName=job["name"])


def test_spot_with_checkpoints(scene):
    def asked(_seen):
        job = described(scene)
        assert job["EnableManagedSpotTraining"] is True
        assert job["StoppingCondition"]["MaxWaitTimeInSeconds"] >= job["StoppingCondition"]["MaxRuntimeInSeconds"]
        assert job["CheckpointConfig"]["S3Uri"].startswith("s3://training-data/sustainable/")
        assert job["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"

    scene.run(
        step(
            training(use_spot_instances=True, supports_checkpointing=True),
            plan=[
                expect_known_value("selected_capacity", "spot"),
                expect_known_value("summary", re.compile("spot")),
                expect_known_value("use_spot_instances", True),
            ],
            state=[asked],
        )
    )


def test_checkpointing_makes_spot_the_default(scene):
    scene.run(step(training(supports_checkpointing=True), plan=[expect_known_value("selected_capacity", "spot")]))


def test_on_demand(scene):
    def asked(_seen):
        job = described(scene)
        assert not job.get("EnableManagedSpotTraining")
        assert "MaxWaitTimeInSeconds" not in job["StoppingCondition"]

    scene.run(
        step(
            training(use_spot_instances=False, supports_checkpointing=True),
            plan=[expect_known_value("selected_capacity", "on_demand")],
            state=[asked],
        )
    )


SPOT = {"use_spot_instances": True, "supports_checkpointing": True}


def market(scene, spot_usd: float, list_usd: float = 1.0) -> None:
    """What EC2 publishes for g5.xlarge in us-east-1: two zones on spot, the second a little dearer."""
    zones = [
        prices.spot("g5.xlarge", "us-east-1", spot_usd),
        prices.spot("g5.xlarge", "us-east-1", spot_usd * 1.1, "b"),
    ]
    scene.emulator.settings(spot_prices=zones, products=[prices.ec2("g5.xlarge", "us-east-1", list_usd)])


def test_a_price_above_the_gate(scene):
    """Nothing is created, the plan is as it was; with a higher gate or a lower price the same plan goes through."""
    market(scene, 0.91)
    mark = scene.emulator.mark()
    scene.run(
        step(
            training(**SPOT, max_spot_price_percentage=80),
            plan=[expect_known_value("selected_capacity", "spot")],
            error=expect_error(
                "spot capacity for ml.g5.xlarge in us-east-1 costs 91 % of on demand, max_spot_price_percentage is 80",
                "0.91 USD an hour for g5.xlarge on spot in us-east-1a.*1 USD on demand.*No training job was created",
                path="max_spot_price_percentage",
            ),
        ),
        destroy=False,
    )
    calls = scene.emulator.calls(mark)
    assert calls["DescribeSpotPriceHistory"] == 1 and calls["GetProducts"] == 1 and not calls["CreateTrainingJob"]
    scene.expect_nothing_left()
    scene.run(step(training(**SPOT, max_spot_price_percentage=95), state=[expect_jobs("InProgress")]), destroy=False)
    # The gate is asked when a run is launched, and of no interest to one that exists.
    market(scene, 0.99)
    scene.run(step(training(**SPOT, max_spot_price_percentage=95), plan=[expect_empty_plan()]))


def test_a_price_that_is_not_known(scene):
    """Skipped with a remark that says why, and no run is held up."""
    scene.run(
        step(
            training(**SPOT),
            warnings=[expect_warning("spot price not checked", "AWS publishes no spot and list price of its EC2 twin")],
            state=[expect_jobs("InProgress")],
        )
    )
    scene.emulator.fault("ec2", "DescribeSpotPriceHistory", "refused")
    scene.run(
        step(
            training(**SPOT),
            warnings=[expect_warning("spot price not checked", "ec2:DescribeSpotPriceHistory")],
            state=[expect_jobs("Stopped", "InProgress")],
        )
    )
