"""How a run ends: what the state says, and that nothing is trained again unasked."""

import re

import pytest
from harness.config import training
from harness.expect import expect_jobs, expect_known_value, expect_null_value, expect_warning
from harness.steps import step


@pytest.mark.parametrize(
    ("status", "secondary", "reason", "outcome"),
    [
        ("Completed", "Completed", None, "succeeded"),
        ("Failed", "Failed", "AlgorithmError: ExecuteUserScriptError: ExitCode 1", "failed"),
        ("Failed", "Failed", "CapacityError: Unable to provision requested ML compute capacity.", "capacity"),
        ("Stopped", "Stopped", None, "stopped_by_user"),
        ("Stopped", "MaxRuntimeExceeded", None, "over_run"),
        ("Stopped", "MaxWaitTimeExceeded", None, "spot_exhausted"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_an_end(scene, status, secondary, reason, outcome):
    """The state learns it at the next refresh; a bad end warns; the plan stays empty."""
    spot = {"use_spot_instances": True, "supports_checkpointing": True} if outcome == "spot_exhausted" else {}
    scene.run(step(training(**spot)), destroy=False)
    scene.emulator.finish_jobs(secondary, reason or "")
    result, _ = scene.plan()
    assert result.code == 0, result.explain()
    good = outcome == "succeeded"
    assert bool(result.warnings) != good, result.explain()
    if reason:
        assert any(reason.split(":")[0] in w.detail for w in result.warnings), result.explain()
    scene.run(
        step(
            training(**spot),
            state=[
                expect_known_value("outcome", outcome),
                expect_known_value("training_job_status", status),
                expect_known_value("failure_reason", re.compile(re.escape(reason)))
                if reason
                else expect_null_value("failure_reason"),
                expect_known_value("billable_seconds", lambda seconds: seconds is None or seconds >= 0),
                expect_jobs(status),
            ],
        ),
        destroy=False,
    )
    scene.destroy()


def test_a_stop_under_way_is_told(scene):
    """As after a destroy that was broken off: whoever applies again is not left without a word."""
    scene.provider_arguments = {"max_retries": 1}
    scene.run(step(training()), destroy=False)
    [job] = scene.emulator.jobs()
    scene.emulator.fault("sagemaker", "DescribeTrainingJob", "error500", skip=3, count=None)
    broken = scene.workdir.run("destroy", "-json", "-auto-approve")
    scene.emulator.heal()
    assert broken.code != 0 and scene.emulator.jobs()[0]["status"] == "Stopping", broken.explain()
    result = scene.apply()
    assert result.code == 0, result.explain()
    expect_warning(f"{job['name']} is being stopped", "-replace").check(result)
    result = scene.apply()
    expect_warning(f"{job['name']} was stopped", "Outcome: stopped_by_user").check(result)
    scene.destroy()


def test_new_code_after_a_failure_is_a_new_run(scene):
    """No `on_change` is asked once the run has ended."""
    scene.run(step(training(hyperparameters={"rate": "9"})), destroy=False)
    scene.emulator.finish_jobs("Failed", "AlgorithmError: loss is NaN")
    scene.run(
        step(
            training(hyperparameters={"rate": "0.1"}),
            state=[expect_jobs("Failed", "InProgress"), expect_known_value("outcome", "pending")],
        ),
    )


def test_waiting_for_the_end(scene):
    """`wait_for_completion` follows the run and knows its result."""
    scene.emulator.script_jobs(["Starting", "Training", "Completed"])
    scene.run(
        step(
            training(wait_for_completion=True),
            state=[
                expect_known_value("outcome", "succeeded"),
                expect_known_value("measured.runtime_hours", lambda hours: hours >= 0),
                expect_known_value("billable_seconds"),
            ],
        ),
    )


def test_waiting_for_a_failure(scene):
    """The job exists and has failed: a warning, not a taint."""
    scene.emulator.script_jobs(["Starting", "Training", {"status": "Failed", "reason": "AlgorithmError: no"}])
    scene.write(training(wait_for_completion=True))
    result = scene.apply()
    assert result.code == 0 and any("AlgorithmError" in w.detail for w in result.warnings), result.explain()
    assert not scene.workdir.tainted()
    scene.expect_pending({})
    scene.destroy()
