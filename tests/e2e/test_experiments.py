"""SageMaker Experiments and MLflow: where a run is recorded, and what of that goes."""

import pytest
from harness.config import training
from harness.expect import expect_calls, expect_error, expect_jobs
from harness.steps import in_turns, step

TRACKED = {"enable_experiment_tracking": True, "experiment": {"name": "bert"}}
GONE = {"on_destroy": "delete"}


def recorded(scene) -> list:
    """(kind, name) of what Experiments holds."""
    found = scene.emulator.control("GET", "inventory")["experiments"]
    return sorted((thing["kind"], thing["name"]) for thing in found)


def test_recorded_under_an_experiment_of_ours(scene):
    """Experiment and trial are made, tagged, named in the request, and gone with the record."""
    scene.run(
        step(training(**TRACKED, **GONE), state=[expect_calls(CreateExperiment=1, CreateTrial=1)]),
        step(state=[expect_calls(CreateExperiment=0, CreateTrial=0)]),
        destroy=False,
    )
    [job] = scene.emulator.jobs()
    config = job["request"]["ExperimentConfig"]
    trial = config["TrialName"]
    assert config == {"ExperimentName": "bert", "TrialName": trial, "TrialComponentDisplayName": job["name"]}
    assert recorded(scene) == [
        ("Experiment", "bert"),
        ("Trial", trial),
        ("TrialComponent", f"{job['name']}-aws-training-job"),
    ]
    for thing in scene.emulator.control("GET", "inventory")["experiments"]:
        if thing["kind"] != "TrialComponent":
            assert thing["tags"]["sustainable:training"] == "bert", thing
    scene.destroy(records=True)


def test_the_record_stays_with_the_jobs(scene):
    scene.run(step(training(**TRACKED)), destroy=False)
    result = scene.destroy()
    assert any("records of runs under trial" in w.detail for w in result.warnings), result.explain()
    assert len(recorded(scene)) == 3


def test_theirs_is_used_and_stays(scene):
    """Experiment and trial of the user's own, with another training's record in it."""
    sagemaker = scene.emulator.client("sagemaker")
    sagemaker.create_experiment(ExperimentName="bert")
    sagemaker.create_trial(TrialName="eu", ExperimentName="bert")
    scene.keep()
    run = training(enable_experiment_tracking=True, experiment={"name": "bert", "trial": "eu", "run": "third"}, **GONE)
    scene.run(step(run, state=[expect_calls(CreateExperiment=0, CreateTrial=0)]), destroy=False)
    [job] = scene.emulator.jobs()
    assert job["request"]["ExperimentConfig"]["RunName"] == "third"
    scene.destroy()


def test_a_trial_of_another_experiment(scene):
    """Refused before the job exists; what was made for it is taken back."""
    sagemaker = scene.emulator.client("sagemaker")
    sagemaker.create_experiment(ExperimentName="other")
    sagemaker.create_trial(TrialName="eu", ExperimentName="other")
    scene.keep()
    scene.run(
        step(
            training(enable_experiment_tracking=True, experiment={"name": "bert", "trial": "eu"}),
            error=expect_error("trial eu belongs to experiment other, not bert", "Give experiment.trial", "experiment"),
            state=[expect_jobs()],
        ),
        destroy=False,
    )
    scene.expect_nothing_left(records=True)


def test_switched_off(scene):
    """The setting stays, nothing is recorded."""
    off = {**TRACKED, "enable_experiment_tracking": False}
    scene.run(step(training(**off), state=[expect_calls(CreateExperiment=0)]), destroy=False)
    [job] = scene.emulator.jobs()
    assert "ExperimentConfig" not in job["request"]
    scene.destroy()


MAKING = ["DescribeExperiment", "CreateExperiment", "DescribeTrial", "CreateTrial"]


@pytest.mark.parametrize(
    ("operation", "kind", "cli"),
    in_turns([(one, kind) for one in MAKING for kind in ("refused", "error500", "lost")]),
    indirect=["cli"],
)
def test_a_fault_while_making_it(scene, operation, kind):
    scene.provider_arguments = {"max_retries": 1}
    scene.write(training(**TRACKED, **GONE))
    scene.emulator.fault("sagemaker", operation, kind, count=1 if kind == "lost" else None)
    first = scene.apply()
    assert scene.emulator.fired()
    scene.emulator.heal()
    if first.code != 0:
        assert any("experiment" in e.detail or "trial" in e.detail for e in first.errors), first.explain()
        scene.emulator.advance(120)
        second = scene.apply()
        assert second.code == 0, second.explain()
    scene.expect_pending({})
    assert len([job for job in scene.emulator.jobs() if job["status"] == "InProgress"]) == 1
    scene.destroy(records=True)


REMOVING = [
    "ListTrialComponents",
    "DisassociateTrialComponent",
    "DeleteTrialComponent",
    "DeleteTrial",
    "ListTrials",
    "DeleteExperiment",
]


@pytest.mark.parametrize(
    ("operation", "kind", "cli"),
    in_turns([(one, kind) for one in REMOVING for kind in ("error500", "lost")]),
    indirect=["cli"],
)
def test_a_fault_while_removing_it(scene, operation, kind):
    scene.provider_arguments = {"max_retries": 1}
    scene.run(step(training(**TRACKED, **GONE)), destroy=False)
    scene.emulator.fault("sagemaker", operation, kind, count=1 if kind == "lost" else None)
    first = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert scene.emulator.fired()
    scene.emulator.heal()
    if first.code != 0:
        assert first.errors, first.explain()
        scene.destroy(records=True)
    else:
        scene.expect_nothing_left(records=True)


def test_mlflow_reaches_container_and_role(scene):
    """By the environment and one statement of the role, not by MlflowConfig."""
    arn = "arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/team"
    scene.run(step(training(enable_experiment_tracking=True, mlflow_resource_arn=arn)), destroy=False)
    [job] = scene.emulator.jobs()
    assert job["request"]["Environment"]["MLFLOW_TRACKING_URI"] == arn
    assert "MlflowConfig" not in job["request"] and "ExperimentConfig" not in job["request"]
    [role] = scene.emulator.control("GET", "inventory")["roles"]
    [policy] = role["inline_policies"].values()
    allowed = [s for s in policy["Statement"] if s["Action"] == "sagemaker-mlflow:*"]
    assert [statement["Resource"] for statement in allowed] == [arn]
    scene.destroy()
