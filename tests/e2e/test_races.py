"""Things that happen while an apply runs."""

import json

from harness.cli import Workdir
from harness.config import training
from harness.expect import changes, expect_calls, expect_error, expect_jobs, expect_known_value
from harness.steps import Scene, step
from harness.under_way import held


def test_a_job_that_finishes_during_a_tag_update(scene):
    """What was planned is returned as planned; the next refresh sees the end."""
    scene.run(step(training()), destroy=False)
    scene.write(training(tags={"team": "nlp"}))
    with held(scene, "sagemaker", "AddTags") as under_way:
        scene.emulator.finish_jobs("Completed")
    assert under_way.result.code == 0, under_way.result.explain()
    scene.run(step(training(tags={"team": "nlp"}), state=[expect_known_value("outcome", "succeeded")]))


def test_a_job_that_ends_while_it_is_stopped(scene):
    """StopTrainingJob is refused because the job has just ended: that is success."""
    scene.run(step(training()), destroy=False)
    mark = scene.emulator.mark()
    with held(scene, "sagemaker", "StopTrainingJob", "destroy", "-json", "-auto-approve") as under_way:
        scene.emulator.finish_jobs("Completed")
    assert under_way.result.code == 0, under_way.result.explain()
    [stop] = [r for r in scene.emulator.requests(mark) if r["operation"] == "StopTrainingJob"]
    assert stop["error"] == "ValidationException", stop
    assert not scene.workdir.state()
    scene.expect_nothing_left()


def test_an_error_after_the_job_exists_is_no_taint(scene):
    """A healthy paid job is not stopped because a later step failed: the claim cannot be marked."""
    scene.write(training())
    with held(scene, "sagemaker", "CreateTrainingJob") as under_way:
        scene.emulator.fault("s3", "PutObject", "refused", count=None)
    assert scene.emulator.fired(), "nothing was refused"
    scene.emulator.heal()
    assert under_way.result.code == 0, under_way.result.explain()
    assert scene.workdir.state() and not scene.workdir.tainted()
    _, plan = scene.plan()
    assert changes(plan) in ({}, {"sustainable_ml_training.bert": ["update"]})
    calls = scene.calls_while(scene.apply)
    assert not calls["CreateTrainingJob"] and not calls["StopTrainingJob"]
    scene.expect_pending({})
    scene.destroy()


def test_a_new_run_that_cannot_start(scene):
    """The state keeps the inputs that are in force; the next plan proposes the change again."""
    before = training(hyperparameters={"rate": "1"}, on_change="rerun")
    after = training(hyperparameters={"rate": "2"}, on_change="rerun")
    scene.run(
        step(before),
        step(
            after,
            before=lambda: scene.emulator.fault("sagemaker", "CreateTrainingJob", "refused", count=None),
            error=expect_error(detail="sagemaker:CreateTrainingJob"),
            state=[expect_known_value("hyperparameters", {"rate": "1"})],
        ),
        step(
            after,
            before=scene.emulator.heal,
            state=[expect_calls(CreateTrainingJob=1), expect_jobs("Stopped", "InProgress")],
        ),
    )


def test_a_role_that_is_not_there_yet(scene):
    """IAM needs a while: retried in silence."""
    scene.emulator.settings(role_propagation_attempts=2)

    def asked_again(seen):
        refused = [
            r["error"] for r in scene.emulator.requests() if r["operation"] == "CreateTrainingJob" and r["error"]
        ]
        assert refused and set(refused) == {"ValidationException"}, refused

    scene.run(step(training(), state=[expect_jobs("InProgress"), asked_again, lambda seen: _silent(seen.applied)]))


def test_iam_and_new_buckets_are_seen_late(scene):
    """IAM and bucket configurations are eventually consistent: waited for in silence, scaled like every wait."""

    def seen_late(seen):
        errors = {(r["operation"], r["error"]) for r in scene.emulator.requests()}
        assert ("PutRolePolicy", "NoSuchEntity") in errors, errors
        assert any(o.startswith("PutBucket") and error == "NoSuchBucket" for o, error in errors), errors
        assert ("CreateTrainingJob", "ValidationException") in errors, errors

    scene.emulator.settings(iam_visibility_seconds=2, bucket_settling_seconds=2, role_propagation_attempts=2)
    scene.run(
        step(
            training(preferred_training_regions=["eu-north-1"], force_destroy=True),
            state=[expect_jobs("InProgress"), seen_late, lambda seen: _silent(seen.applied)],
        )
    )


def _silent(result):
    assert all("dataset's size" in d.summary for d in result.diagnostics), result.explain()


def test_two_applies_at_once_from_two_states(scene, tmp_path, cli_config):
    """One starts the job; the other is told who is at work, and leaves everything alone."""
    other = Workdir(tmp_path / "other", scene.workdir.binary, cli_config)
    run = training(on_destroy="delete")
    scene.write(run)
    other.write(scene.provider(), run)
    other.init()
    with held(scene, "iam", "CreateRole") as first:
        # The lease is renewed meanwhile, more than once.
        for _ in range(2):
            scene.emulator.wait_for("PutObject", scene.emulator.mark())
        second = other.run("apply", "-json", "-auto-approve")
        assert second.code != 0
        expect_error('another apply is at work on "bert"', "Wait until it has ended").check(second)
        assert not other.state()
    assert first.result.code == 0, first.result.explain()
    assert len(scene.emulator.jobs()) == 1
    scene.expect_pending({})
    scene.destroy(records=True)


def test_an_apply_that_slept_longer_than_its_lease(scene):
    """It asks S3 once more before it makes the job, and not its own memory: another apply has the name by now."""
    scene.write(training())
    s3 = scene.emulator.client("s3")
    claim = {"Bucket": "training-data", "Key": "sustainable/claims/bert.json"}
    with held(scene, "cloudwatch", "PutDashboard") as under_way:
        body = json.loads(s3.get_object(**claim)["Body"].read())
        s3.put_object(**claim, Body=json.dumps({**body, "nonce": "another", "renewed": 7}).encode())
    assert under_way.result.code != 0
    expect_error("another apply", "Wait until it has ended", "name").check(under_way.result)
    assert not scene.emulator.jobs()
    s3.delete_object(**claim)
    assert scene.apply().code == 0
    scene.destroy()


def test_a_workspace_that_moves_to_another_machine(scene, tmp_path, cli_config):
    """Another folder, another process, the same state: nothing to do, and a destroy from there leaves nothing."""
    other = Workdir(tmp_path / "elsewhere" / "on-a-laptop", scene.workdir.binary, cli_config)
    for folder in (scene.workdir.folder, other.folder):
        (folder / "train").mkdir()
        (folder / "train" / "train.py").write_text("print('training')\n")
    run = training(on_destroy="delete", source_dir="train", entry_point="train.py", training_image=None)
    scene.run(step(run), destroy=False)
    other.write(scene.provider(), run)
    other.init()
    (scene.workdir.folder / "terraform.tfstate").rename(other.folder / "terraform.tfstate")
    moved = Scene(other, scene.emulator)
    moved.kept = scene.kept
    moved.expect_pending({})
    moved.destroy(records=True)
