"""Spot and on-demand capacity, as SageMaker is really asked for it."""

import re

from harness.config import training
from harness.expect import expect_known_value
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
