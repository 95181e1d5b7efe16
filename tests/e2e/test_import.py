"""A run that exists comes back into a state, with every argument."""

import pytest
from harness.config import Item, Raw, training
from harness.expect import changes
from harness.steps import step

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


def test_import_by_identity(scene):
    """Terraform 1.12 and OpenTofu 1.12 know resource identity."""
    if scene.workdir.version() < (1, 12):
        pytest.skip("this tool is older than 1.12")
    scene.run(step(RUN), destroy=False)
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()
    scene.write(RUN, import_block({"identity": {"s3_bucket_name": "training-data", "name": "bert"}}))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    assert not changes(plan), changes(plan)
    assert scene.workdir.run("apply", "-json", "tfplan").code == 0
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
