"""Ctrl-C and kill -9 in the middle of a create: nothing is lost and nothing is left."""

import os
import signal

import pytest
from harness.config import training
from harness.expect import changes
from harness.steps import step
from harness.under_way import killed

RUN = training(on_destroy="delete", force_destroy=True, preferred_training_regions=["eu-north-1"])

POINTS = [
    ("s3", "PutObject"),
    ("s3", "CreateBucket"),
    ("s3", "CopyObject"),
    ("iam", "CreateRole"),
    ("sagemaker", "CreateTrainingJob"),
]


def converges(scene):
    """Another apply, an empty plan, exactly one job, and a destroy that leaves nothing."""
    scene.emulator.heal()
    result = scene.apply()
    assert result.code == 0, result.explain()
    scene.expect_pending({})
    running = [job for job in scene.emulator.jobs() if job["status"] == "InProgress"]
    assert len(running) == 1, scene.emulator.jobs()
    scene.destroy(records=True)


@pytest.mark.parametrize(("service", "operation"), POINTS, ids=lambda v: v)
def test_ctrl_c(scene, service, operation):
    """The signal goes to the whole process group, as a terminal sends it."""
    scene.write(RUN)
    mark = scene.emulator.mark()
    scene.emulator.fault(service, operation, "delay", seconds=3)
    process = scene.start("apply", "-json", "-auto-approve")
    scene.emulator.wait_for(operation, mark)
    os.killpg(process.pid, signal.SIGINT)
    result = scene.workdir.finish(process, timeout=120)
    assert result.code != 0, "an interrupted apply says so"
    assert not any("did not respond" in f"{e.summary} {e.detail}" for e in result.errors), result.explain()
    jobs = scene.emulator.jobs()
    if jobs:
        assert scene.workdir.state(), "the job exists and the state is empty"
        assert not scene.workdir.tainted(), "a healthy job was tainted"
    converges(scene)


@pytest.mark.parametrize(("service", "operation"), POINTS, ids=lambda v: v)
def test_kill_9_of_the_provider(scene, service, operation):
    """No answer at all reaches Terraform. A later apply takes over what is there."""
    scene.write(RUN)
    killed(scene, service, operation)
    scene.emulator.advance(120)
    converges(scene)


def test_kill_9_then_destroy_and_give_up(scene):
    """The state is empty, so destroy has nothing to do; an apply and a destroy clean up."""
    scene.write(RUN)
    killed(scene, "sagemaker", "CreateTrainingJob")
    scene.emulator.advance(120)
    assert scene.apply().code == 0
    assert len(scene.emulator.jobs()) == 1, "the lost job was taken over, not started twice"
    scene.destroy(records=True)


def test_a_second_apply_waits_for_the_first(scene, tmp_path):
    """Two states, one run: the live claim of the other is a conflict, and it is not touched."""
    scene.run(step(RUN), destroy=False)
    state = scene.workdir.folder / "terraform.tfstate"
    kept = state.read_text()
    state.unlink()
    result = scene.apply()
    assert result.code != 0 and any("import" in e.detail for e in result.errors), result.explain()
    assert len(scene.emulator.jobs()) == 1
    state.write_text(kept)
    _, plan = scene.plan()
    assert not changes(plan)
    scene.destroy(records=True)


@pytest.mark.parametrize("operation", ["AddTags", "CreateTrainingJob"])
def test_kill_9_of_a_new_run_then_destroy(scene, operation):
    """The state names the old run; the claim leads to the one that it was to be followed by, and both go."""
    scene.run(step(RUN), destroy=False)
    scene.write(RUN.with_(on_change="rerun", hyperparameters={"rate": "2"}))
    killed(scene, "sagemaker", operation)
    lost = [job["name"] for job in scene.emulator.jobs()][1:]
    result = scene.destroy(records=True)
    said = [warning.summary for warning in result.warnings]
    assert [one for one in said if "removed too" in one] == [f"training job {name} removed too" for name in lost], said


def test_a_wait_that_is_given_up(scene):
    """Ctrl-C ends the wait and not the run; whoever no longer asks for the end has nothing left to do."""
    scene.write(RUN.with_(wait_for_completion=True))
    mark = scene.emulator.mark()
    process = scene.start("apply", "-json", "-auto-approve")
    scene.emulator.wait_for("CreateTrainingJob", mark)
    scene.emulator.wait_for("DescribeTrainingJob", scene.emulator.mark())
    os.killpg(process.pid, signal.SIGINT)
    scene.workdir.finish(process, timeout=120)
    assert scene.workdir.state()["sustainable_ml_training.bert"]["pending_steps"] == ["wait_for_completion"]
    scene.write(RUN)
    result = scene.apply()
    assert result.code == 0, result.explain()
    assert not scene.workdir.state()["sustainable_ml_training.bert"]["pending_steps"]
    scene.expect_pending({})
    scene.destroy(records=True)
