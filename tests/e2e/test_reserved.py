"""Warm pools and training plans: what is asked for, what it costs, and that nothing goes on billing."""

import re

import pytest
from harness.config import training
from harness.expect import expect_error, expect_jobs, expect_known_value, expect_warning
from harness.steps import step

POOLS = {"ml.g5.xlarge for training warm pool usage": 1}
PLAN = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/big"


def pools(scene) -> list:
    """The pools of all jobs, in the order of their making."""
    return [job["pool"] for job in scene.emulator.jobs()]


@pytest.mark.parametrize("end", ["Completed", "running"])
def test_a_warm_pool_ends_with_the_resource(scene, end):
    """In the request, in the estimate, and gone after a destroy, whether the run had ended or not."""
    scene.emulator.settings(quotas=POOLS)
    _, cold = plan_of(scene, training())
    warm = {"keep_alive_minutes": 60, "on_destroy": "delete", "force_destroy": True}
    seen = scene.run(step(training(**warm)), destroy=False)
    state = seen.state["sustainable_ml_training.bert"]
    [job] = scene.emulator.jobs()
    assert job["request"]["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 3600
    more = {
        name: state["estimate"][name]["value"] - cold["estimate"][name]["value"]
        for name in ("energy_kwh", "emissions_kg", "cost_usd", "runtime_hours")
    }
    # An hour at the list price (1.41 USD), at idle power, and no longer run.
    assert 1.3 < more["cost_usd"] < 1.6 and 0.02 < more["energy_kwh"] < 0.3 and more["emissions_kg"] > 0, more
    assert more["runtime_hours"] == 0
    assert any("keep_alive_minutes = 0" in line for line in state["recommendations"])
    if end == "Completed":
        scene.emulator.finish_jobs("Completed")
        assert pools(scene) == ["Available"]
        scene.emulator.advance(600)
        scene.run(
            step(
                training(**warm),
                # Ten minutes of the pool are in what the run has cost.
                state=[
                    expect_known_value(
                        "measured.cost_usd",
                        lambda usd: 1.3 < usd / ((scene_seconds(scene) + 600) / 3600) < 1.6,
                    )
                ],
            ),
            destroy=False,
        )
    scene.destroy(records=True)


def scene_seconds(scene) -> float:
    """Billed seconds of the one job, without its pool."""
    [job] = scene.emulator.jobs()
    client = scene.emulator.client("sagemaker", job["region"])
    return client.describe_training_job(TrainingJobName=job["name"])["BillableTimeInSeconds"]


def plan_of(scene, item) -> tuple:
    """A plan, and what the resource would be."""
    scene.write(item)
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    [change] = plan["resource_changes"]
    return result, change["change"]["after"]


def test_a_new_run_takes_the_pool_over_or_ends_it(scene):
    """Where it fits it is reused; with other instances nobody goes on paying for it."""
    scene.emulator.settings(quotas=POOLS)
    warm = {"enable_model_caching": True, "force_destroy": True}
    scene.run(step(training(**warm)), destroy=False)
    [job] = scene.emulator.jobs()
    assert job["request"]["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1800
    scene.emulator.finish_jobs("Completed")
    scene.run(
        step(training(**warm, hyperparameters={"rate": "1"}), state=[expect_jobs("Completed", "Active")]), destroy=False
    )
    assert pools(scene) == ["Reused", "InUse"]
    scene.emulator.finish_jobs("Completed")
    other = {**warm, "preferred_instance_types": ["ml.g4dn.xlarge"]}
    scene.run(step(training(**other, hyperparameters={"rate": "2"})), destroy=False)
    assert pools(scene)[:2] == ["Reused", "Terminated"]
    scene.destroy()


def test_no_quota_for_a_pool(scene):
    """SageMaker keeps silent, the provider does not."""
    scene.run(
        step(
            training(keep_alive_minutes=10),
            warnings=[
                expect_warning(
                    "there will be no warm pool",
                    r'"ml.g5.xlarge for training warm pool usage" \(L-\w+\) in us-east-1 is 0',
                )
            ],
        )
    )


def plan(**changed) -> dict:
    """A training plan as SageMaker describes it."""
    return {
        "region": "us-east-1",
        "TrainingPlanName": "big",
        "Status": "Active",
        "TotalInstanceCount": 2,
        "TargetResources": ["training-job"],
        "ReservedCapacitySummaries": [
            {
                "ReservedCapacityArn": "arn:aws:sagemaker:us-east-1:123456789012:reserved-capacity/r",
                "InstanceType": "ml.g5.xlarge",
                "TotalInstanceCount": 2,
                "Status": "Active",
            }
        ],
        **changed,
    }


def test_a_training_plan(scene):
    """On demand, in the plan's region, with the plan in the request; one that cannot be looked at is no obstacle."""
    scene.emulator.settings(training_plans=[plan()])
    planned = {"training_plan_arn": PLAN, "supports_checkpointing": True}

    def asked(_seen):
        [job] = scene.emulator.jobs()
        assert job["request"]["ResourceConfig"]["TrainingPlanArn"] == PLAN

    scene.run(
        step(training(**planned), plan=[expect_known_value("selected_capacity", "on_demand")], state=[asked]),
    )
    scene.emulator.fault("sagemaker", "DescribeTrainingPlan", "refused")
    scene.run(
        step(
            training(**planned),
            warnings=[expect_warning("training plan not checked", "sagemaker:DescribeTrainingPlan")],
        )
    )


@pytest.mark.parametrize(
    ("changed", "summary"),
    [
        ({"Status": "Expired"}, "training plan big in us-east-1 is Expired"),
        ({"TargetResources": ["hyperpod-cluster"]}, "training plan big in us-east-1 is not for training jobs"),
        ({"TotalInstanceCount": 1}, "training plan big reserves 1 instances, the run needs 2"),
        (
            {
                "ReservedCapacitySummaries": [
                    {**plan()["ReservedCapacitySummaries"][0], "InstanceType": "ml.p5.48xlarge"}
                ]
            },
            "training plan big reserves ml.p5.48xlarge, the run is on ml.g5.xlarge",
        ),
        ({"TrainingPlanName": "other"}, "SageMaker DescribeTrainingPlan failed: ResourceNotFound"),
    ],
)
def test_a_training_plan_that_does_not_fit(scene, changed, summary):
    """An error before anything is created."""
    scene.emulator.settings(training_plans=[plan(**changed)])
    error = expect_error(re.escape(summary), "No training job was created", path="training_plan_arn")
    scene.run(step(training(training_plan_arn=PLAN, instance_count=2), error=error), destroy=False)
    scene.expect_nothing_left()
