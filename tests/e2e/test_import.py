"""A run that exists comes back into a state, with every argument."""

import pytest
from harness.config import Item, Raw, training
from harness.expect import changes
from harness.steps import step
from test_later_start import HOUR, moment

RUN = training(
    tags={"team": "nlp"},
    hyperparameters={"rate": "1"},
    environment={"MODE": "fast"},
    use_spot_instances=True,
    supports_checkpointing=True,
    max_runtime_hours=20,
    metric_definitions={"loss": "loss=([0-9.]+)"},
)


def import_block(identifier: dict) -> Item:
    return Item("import", "", {"to": Raw("sustainable_ml_training.bert"), **identifier})


@pytest.mark.parametrize("by", ["arn", "region/job-name"])
def test_import_by_command(scene, by):
    scene.run(step(RUN), destroy=False)
    values = scene.workdir.state()["sustainable_ml_training.bert"]
    identifier = values["arn"] if by == "arn" else f"us-east-1/{values['training_job_name']}"
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()
    result = scene.workdir.run("import", "sustainable_ml_training.bert", identifier)
    assert result.code == 0, result.explain()
    imported = scene.workdir.state()["sustainable_ml_training.bert"]
    assert imported["id"] == "training-data/bert"
    assert imported["estimate"] == values["estimate"]
    calls = scene.calls_while(lambda: scene.expect_pending({}))
    assert not calls["CreateTrainingJob"]
    scene.destroy()


def test_import_by_block(scene):
    scene.run(step(RUN), destroy=False)
    values = scene.workdir.state()["sustainable_ml_training.bert"]
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()
    scene.write(RUN, import_block({"id": values["arn"]}))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    assert not changes(plan), changes(plan)
    assert scene.workdir.run("apply", "-json", "tfplan").code == 0
    scene.expect_pending({})
    scene.destroy()


@pytest.mark.parametrize("begun", [True, False])
def test_import_by_identity(scene, begun):
    """Terraform 1.12 and OpenTofu 1.12 know resource identity."""
    if scene.workdir.version() < (1, 12):
        pytest.skip("this tool is older than 1.12")
    run = RUN if begun else RUN.with_(earliest_start="2096-05-14T18:00:00Z")
    scene.run(step(run), destroy=False)
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()
    scene.write(run, import_block({"identity": {"s3_bucket_name": "training-data", "name": "bert"}}))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    assert not changes(plan), changes(plan)
    calls = scene.calls_while(lambda: scene.workdir.run("apply", "-json", "tfplan"))
    assert not calls["CreateTrainingJob"] and not calls["CreateSchedule"], calls
    status = scene.workdir.state()["sustainable_ml_training.bert"]["training_job_status"]
    assert status == ("InProgress" if begun else "Scheduled")
    scene.expect_pending({})
    scene.destroy()


@pytest.mark.parametrize("state", ["Scheduled", "Failed"])
def test_a_run_that_has_not_begun(scene, state):
    """Found through its claim, since there is no job yet; its start stays as planned, and a failed one is told."""
    later = RUN.with_(
        earliest_start="2096-05-14T18:00:00Z", alarm_sns_topic_arn="arn:aws:sns:us-east-1:123456789012:ml"
    )
    if state == "Failed":
        later = RUN.with_(earliest_start=moment(2))
    scene.run(step(later), destroy=False)
    values = scene.workdir.state()["sustainable_ml_training.bert"]
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()
    if state == "Failed":
        scene.emulator.fault("sagemaker", "CreateTrainingJob", "refused", count=None)
        scene.emulator.advance(2 * HOUR + 90)
        scene.emulator.advance(4 * HOUR)
        scene.emulator.heal()
    for identifier in (values["arn"], f"us-east-1/{values['training_job_name']}"):
        result = scene.workdir.run("import", "sustainable_ml_training.bert", identifier)
        assert result.code != 0 and "import it by s3_bucket_name/name" in " ".join(result.stderr.split()), result.stderr
    result = scene.workdir.run("import", "sustainable_ml_training.bert", "training-data/bert")
    assert result.code == 0, result.explain()
    imported = scene.workdir.state()["sustainable_ml_training.bert"]
    same = ("id", "estimate", "scheduled_start_time", "training_job_name", "arn", "tags")
    assert {name: imported[name] for name in same} == {name: values[name] for name in same}
    if state == "Scheduled":
        assert imported["training_job_status"] == "Scheduled" and imported["environment"] == values["environment"]
        calls = scene.calls_while(lambda: scene.expect_pending({}))
        assert not calls["CreateSchedule"]
        assert len(scene.emulator.schedules()) == 1
    else:
        assert imported["outcome"] == "failed_to_launch" and "AccessDenied" in imported["failure_reason"]
        # The request is gone, and with it the values of the environment: taken over as they are configured.
        calls = scene.calls_while(scene.apply)
        assert not calls["CreateTrainingJob"] and not calls["CreateSchedule"], calls
        scene.expect_pending({})
    scene.destroy()


def test_what_is_not_there_cannot_be_imported(scene):
    scene.write(RUN)
    result = scene.workdir.run("import", "sustainable_ml_training.bert", "us-east-1/bert-nothing")
    assert result.code != 0 and "bert-nothing" in result.stdout + result.stderr


def test_an_argument_more_after_the_import_starts_nothing(scene):
    """Null to a value passes in place once."""
    scene.run(step(training()), destroy=False)
    values = scene.workdir.state()["sustainable_ml_training.bert"]
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()
    assert scene.workdir.run("import", "sustainable_ml_training.bert", values["arn"]).code == 0
    scene.write(training(hyperparameters={"rate": "1"}))
    calls = scene.calls_while(scene.apply)
    assert not calls["CreateTrainingJob"], calls
    scene.expect_pending({})
    scene.destroy()
