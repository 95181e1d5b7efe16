"""No capacity, on spot or on demand: what the user asked for happens, once for each place, and the plan says why."""

import json
import re

from harness.config import Raw, data, training
from harness.emulator import RUNS_ON
from harness.expect import (
    expect_action,
    expect_calls,
    expect_empty_plan,
    expect_error,
    expect_jobs,
    expect_known_value,
    expect_null_value,
    expect_value_changed,
    expect_warning,
)
from harness.steps import step

NONE = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
TWO = {"preferred_instance_types": ["ml.g5.xlarge", "ml.g4dn.xlarge"]}
NEXT = {**TWO, "on_capacity": "next_candidate"}
SPOT = {"use_spot_instances": True, "supports_checkpointing": True}


def no_capacity(scene):
    """Every job that runs finds none, and the state learns of it."""
    scene.emulator.finish_jobs("Failed", NONE)


def refreshed(scene) -> list:
    """The warnings of a refresh that is applied."""
    result = scene.workdir.run("apply", "-json", "-auto-approve", "-refresh-only")
    assert result.code == 0, result.explain()
    return result


def test_the_next_candidate_until_none_is_left(scene):
    """Shown in the plan before it happens; no place is tried twice; then the plan is empty and says so."""
    seen = scene.run(step(training(**NEXT), plan=[expect_action("create")]), destroy=False)
    first = seen.state["sustainable_ml_training.bert"]["selected_instance_type"]
    second = "ml.g4dn.xlarge" if first == "ml.g5.xlarge" else "ml.g5.xlarge"
    no_capacity(scene)
    expect_warning("found no capacity", "the next plan shows a new run on the next candidate").check(refreshed(scene))
    scene.run(
        step(
            training(**NEXT),
            plan=[
                expect_action("update"),
                expect_known_value("selected_instance_type", second),
                expect_known_value(
                    "run_change",
                    re.compile(
                        rf"starts a new run on the next candidate after bert-\S+ \(capacity\): none for {first} in us-east-1$"
                    ),
                ),
                expect_known_value(
                    "candidates", lambda lines: any("no capacity when it was tried" in x for x in lines)
                ),
            ],
            state=[
                expect_jobs("Failed", "Active"),
                expect_known_value("outcome", "pending"),
                expect_value_changed("training_job_name"),
            ],
        ),
        destroy=False,
    )
    no_capacity(scene)
    left = expect_warning("There is no next candidate within the limits", f"Tried: {first} in us-east-1 and {second}")
    # Twice, since what was tried is remembered.
    for _ in range(2):
        scene.run(
            step(
                training(**NEXT),
                plan=[expect_empty_plan(), expect_known_value("outcome", "capacity")],
                warnings=[left],
                state=[expect_jobs("Failed", "Failed")],
            ),
            destroy=False,
        )
    # A change of the user's own is a run all the same.
    scene.run(
        step(
            training(**NEXT, hyperparameters={"rate": "1"}),
            plan=[expect_known_value("run_change", re.compile(r"starts a new run after bert-\S+ \(capacity\)"))],
            state=[expect_jobs("Failed", "Failed", "Active")],
        )
    )


def test_kept_unless_asked(scene):
    """The default: reported, and nothing else."""
    scene.run(step(training(**TWO)), destroy=False)
    no_capacity(scene)
    scene.run(
        step(
            training(**TWO),
            plan=[expect_empty_plan(), expect_known_value("outcome", "capacity")],
            warnings=[expect_warning("found no capacity", "It is not run again by itself")],
            state=[expect_jobs("Failed")],
        )
    )


def test_a_next_candidate_within_the_gates(scene):
    """What the limits reject is no candidate."""
    scene.run(step(training(**NEXT)), destroy=False)
    state = scene.workdir.state()["sustainable_ml_training.bert"]
    no_capacity(scene)
    # Just above what the first candidate takes: the second takes more.
    gate = {"max_emissions_kg": state["estimate"]["emissions_kg"]["value"] * 1.01}
    scene.run(
        step(
            training(**NEXT, **gate),
            plan=[expect_action("update"), expect_null_value("run_change")],
            warnings=[expect_warning("There is no next candidate within the limits", "max_emissions_kg")],
            state=[expect_jobs("Failed")],
        )
    )


def test_spot_that_never_comes_goes_on_demand(scene):
    """And stays there: without capacity on demand the next candidate is on demand as well."""
    asked = {**NEXT, **SPOT, "on_spot_exhausted": "on_demand", "max_wait_hours": 48, "max_runtime_hours": 24}
    seen = scene.run(step(training(**asked), plan=[expect_known_value("selected_capacity", "spot")]), destroy=False)
    first = seen.state["sustainable_ml_training.bert"]["selected_instance_type"]
    [job] = scene.emulator.jobs()
    waits = {"steps": [{"status": "Starting", "seconds": 48 * 3600}, "MaxWaitTimeExceeded"]}
    scene.emulator.control("POST", "jobs/advance", {"name": job["name"], "script": waits, "end": True})
    expect_warning(
        "waited for spot capacity until max_wait_hours and was stopped",
        r"It waited 48 h and ran 0 h.*the next plan shows a new run on demand",
    ).check(refreshed(scene))
    scene.run(
        step(
            training(**asked),
            plan=[
                expect_action("update"),
                expect_known_value("selected_capacity", "on_demand"),
                expect_known_value("selected_instance_type", first),
                expect_known_value("run_change", re.compile(r"on demand after bert-\S+ \(spot_exhausted\)")),
            ],
            state=[expect_jobs("Stopped", "Active")],
        ),
        destroy=False,
    )
    no_capacity(scene)
    scene.run(
        step(
            training(**asked),
            plan=[
                expect_known_value("selected_capacity", "on_demand"),
                expect_known_value("selected_instance_type", lambda name: name != first),
            ],
            state=[expect_jobs("Stopped", "Failed", "Active")],
        ),
        destroy=False,
    )
    # Once a run has ended well, the memory ends with it.
    scene.emulator.finish_jobs("Completed")
    scene.run(
        step(
            training(**asked, hyperparameters={"rate": "1"}),
            plan=[expect_known_value("selected_capacity", "spot")],
        )
    )


def placed(**arguments) -> tuple:
    """A run that goes where the data source says."""
    work = {
        "model_type": "natural_language",
        "dataset_size_gb": 1,
        "estimated_training_hours": 10,
        "training_image": "123456789012.dkr.ecr.{region}.amazonaws.com/train:1",
        "reference_instance_type": "ml.g5.xlarge",
        **TWO,
    }
    return (
        data("sustainable_placement", "it", **work),
        training(**arguments, placement=Raw("data.sustainable_placement.it.selected")),
    )


def test_a_placement_has_no_next_candidate(scene):
    """It says where the run goes: a warning, and no run elsewhere."""
    items = placed(**NEXT)
    scene.run(step(*items), destroy=False)
    no_capacity(scene)
    scene.run(
        step(
            *items,
            plan=[expect_empty_plan()],
            warnings=[expect_warning("There is no next candidate: placement says where", "Leave placement out")],
        )
    )


def test_what_spot_saved(scene):
    """By AWS's own formula, in the state after the run; the cost is that of the billed seconds."""
    scene.run(step(training(**SPOT)), destroy=False)
    scene.emulator.finish_jobs("Completed")

    def paid(seen):
        state = seen.state["sustainable_ml_training.bert"]
        measured = state["measured"]
        hours = state["billable_seconds"] / 3600
        assert measured["spot_saving_percent"] == 70
        assert hours < measured["runtime_hours"] * 0.31
        assert measured["cost_usd"] == state["cost_to_date_usd"]
        assert 0.9 < measured["cost_usd"] / hours < 3, measured

    scene.run(step(training(**SPOT), state=[paid]))


def test_further_types_that_sagemaker_may_take(scene):
    """Shown in the plan, in one request, on demand; what it took is what the run is measured by."""
    several = {**TWO, "supports_checkpointing": True, "fallback_instance_types": 3}
    scene.emulator.script_jobs(RUNS_ON, preference=1)
    seen = scene.run(
        step(
            training(**several),
            plan=[
                expect_known_value("selected_capacity", "on_demand"),
                expect_known_value("recommendations.0", re.compile(r"^SageMaker takes ml\.\w+\.xlarge \(.* USD\)")),
            ],
        ),
        destroy=False,
    )
    first = seen.state["sustainable_ml_training.bert"]["selected_instance_type"]
    second = "ml.g4dn.xlarge" if first == "ml.g5.xlarge" else "ml.g5.xlarge"
    [job] = scene.emulator.jobs()
    resources = job["request"]["ResourceConfig"]
    assert resources["InstancePreferences"] == [{"InstanceType": first}, {"InstanceType": second}]
    assert "InstanceType" not in resources and not job["request"]["EnableManagedSpotTraining"]
    scene.emulator.finish_jobs("Completed", preference=1)
    usd = {"ml.g5.xlarge": 1.41, "ml.g4dn.xlarge": 0.7364}

    def paid(seen):
        state = seen.state["sustainable_ml_training.bert"]
        assert state["selected_instance_type"] == first and state["actual_instance_type"] == second
        hours = state["billable_seconds"] / 3600
        assert 0.95 < state["measured"]["cost_usd"] / hours / usd[second] < 1.05, state["measured"]

    scene.run(step(training(**several), state=[paid]))


def test_the_type_that_ran_is_judged_and_registered(scene):
    """Of several: 390 % of a CPU is all of the first one's four and half of the other's eight."""
    sizes = {"preferred_instance_types": ["ml.g5.xlarge", "ml.g5.2xlarge"], "fallback_instance_types": 1}
    several = training(**sizes, model_package_group_name="bert-models")
    steps = ["Starting", "Downloading", {"status": "Training", "seconds": 3600}, "Uploading", "Completed"]
    scene.emulator.script_jobs(steps, preference=1, utilisation={"GPUUtilization": 50, "CPUUtilization": 390})
    scene.run(step(several, plan=[expect_known_value("selected_instance_type", "ml.g5.xlarge")]), destroy=False)
    [job] = scene.emulator.jobs()
    scene.emulator.control("POST", "jobs/advance", {"name": job["name"], "end": True})
    seen = scene.run(
        step(
            several,
            state=[
                expect_known_value("actual_instance_type", "ml.g5.2xlarge"),
                expect_known_value("efficiency.bottleneck", "under_use"),
                expect_known_value("efficiency.cpu_percent", lambda percent: 47 < percent < 50),
                expect_null_value("pending_steps"),
            ],
        ),
        destroy=False,
    )
    arn = seen.state["sustainable_ml_training.bert"]["model_package_arn"]
    package = scene.emulator.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert package["CustomerMetadataProperties"]["instance_type"] == "ml.g5.2xlarge", package
    assert scene.workdir.run("destroy", "-json", "-auto-approve").code == 0


def test_a_placement_has_no_further_types(scene):
    """It names one. Told as soon as it is there, and nothing is made."""
    scene.run(
        step(
            *placed(**TWO, fallback_instance_types=2),
            error=expect_error(
                "fallback_instance_types excludes placement", "a placement names one type", "fallback_instance_types"
            ),
            state=[expect_calls(CreateTrainingJob=0, PutObject=0)],
        )
    )


def test_further_types_and_none_of_them_has_capacity(scene):
    """The next candidate is none of those that SageMaker has tried."""
    several = {**NEXT, "fallback_instance_types": 4}
    scene.run(step(training(**several)), destroy=False)
    no_capacity(scene)
    scene.run(
        step(
            training(**several),
            plan=[expect_empty_plan()],
            warnings=[
                expect_warning("There is no next candidate within the limits", r"Tried: ml\.\S+ in .* and ml\.\S+ in")
            ],
            state=[expect_jobs("Failed")],
        )
    )


def test_a_further_type_that_the_account_may_not_run(scene):
    """Left out with a warning; what is sent at a later start is the list that is left."""
    three = ["ml.g5.xlarge", "ml.g4dn.xlarge", "ml.g6.xlarge"]
    several = training(preferred_instance_types=three, fallback_instance_types=4, earliest_start="2096-05-14T18:00:00Z")
    scene.write(several)
    _, plan = scene.plan()
    first = plan["resource_changes"][0]["change"]["after"]["selected_instance_type"]
    [left_out, kept] = [name for name in three if name != first]
    scene.emulator.settings(quotas={f"{left_out} for training job usage": 0})
    one_less = expect_warning("SageMaker has one type less to choose from", f"{left_out} for training job usage")
    scene.run(step(several, warnings=[one_less]), destroy=False)
    [schedule] = scene.emulator.schedules()
    sent = json.loads(schedule["request"]["Target"]["Input"])["ResourceConfig"]
    assert sent["InstancePreferences"] == [{"InstanceType": first}, {"InstanceType": kept}]
    scene.destroy()
