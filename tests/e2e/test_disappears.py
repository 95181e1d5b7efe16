"""Objects that someone else deletes: the next plan works, an apply converges, a destroy is clean."""

import re

import pytest
from harness.config import training
from harness.expect import changes
from harness.steps import step

COMPANION = {
    "preferred_training_regions": ["eu-north-1"],
    "force_destroy": True,
    "on_destroy": "delete",
}


def kill_job(scene, _values):
    [job] = scene.emulator.jobs()
    client = scene.emulator.client("sagemaker", job["region"])
    client.stop_training_job(TrainingJobName=job["name"])
    for _ in range(20):
        if client.describe_training_job(TrainingJobName=job["name"])["TrainingJobStatus"] == "Stopped":
            break
    client.delete_training_job(TrainingJobName=job["name"])


def kill_role(scene, values):
    iam = scene.emulator.client("iam")
    role = values["sagemaker_role_arn"].rsplit("/", 1)[1]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)


def kill_dashboard(scene, _values):
    for region in ("us-east-1", "eu-north-1"):
        client = scene.emulator.client("cloudwatch", region)
        names = [d["DashboardName"] for d in client.list_dashboards()["DashboardEntries"]]
        if names:
            client.delete_dashboards(DashboardNames=names)


def empty(client, bucket, prefix=""):
    for version in client.list_object_versions(Bucket=bucket, Prefix=prefix).get("Versions", []):
        client.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    for found in client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=found["Key"])


def kill_companion(scene, values):
    client = scene.emulator.client("s3", "eu-north-1")
    empty(client, values["job_bucket_name"])
    client.delete_bucket(Bucket=values["job_bucket_name"])


def kill_claim(scene, _values):
    empty(scene.emulator.client("s3"), "training-data", "sustainable/claims/")


def kill_everything_of_ours_in_the_data_bucket(scene, _values):
    empty(scene.emulator.client("s3"), "training-data", "sustainable/")


@pytest.mark.parametrize(
    ("kill", "told"),
    [
        (kill_job, ""),
        (kill_role, "execution role sustainable-bert-.* is gone"),
        (kill_dashboard, ""),
        (kill_companion, "companion bucket training-data-eu-north-1 is gone"),
        (kill_claim, "claim s3://training-data/sustainable/claims/bert.json is gone"),
        (kill_everything_of_ours_in_the_data_bucket, "claim s3://training-data/sustainable/claims/bert.json is gone"),
    ],
    ids=lambda value: value.__name__.removeprefix("kill_") if callable(value) else "",
)
def test_an_object_disappears(scene, kill, told):
    """What a change would put right is in the plan; what only the next run needs is told."""
    scene.run(step(training(**COMPANION)), destroy=False)
    values = scene.workdir.state()["sustainable_ml_training.bert"]
    kill(scene, values)
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    if told:
        assert any(re.search(told, str(warning)) for warning in result.warnings), result.explain()
    else:
        assert changes(plan) == {"sustainable_ml_training.bert": ["update"]}, changes(plan)
    if changes(plan):
        applied = scene.workdir.run("apply", "-json", "tfplan")
        assert applied.code == 0, applied.explain()
    scene.expect_pending({})
    scene.destroy(records=True)


def test_a_finished_run_whose_record_is_gone_is_not_trained_again(scene):
    scene.run(step(training()), destroy=False)
    scene.emulator.finish_jobs("Completed")
    assert scene.apply().code == 0
    [job] = scene.emulator.jobs()
    scene.emulator.client("sagemaker").delete_training_job(TrainingJobName=job["name"])
    calls = scene.calls_while(lambda: scene.expect_pending({}))
    assert not calls["CreateTrainingJob"]
    scene.destroy()


def test_a_running_job_that_vanished_is_started_again_in_place(scene):
    scene.run(step(training()), destroy=False)
    kill_job(scene, None)
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    assert changes(plan) == {"sustainable_ml_training.bert": ["update"]}
    calls = scene.calls_while(scene.apply)
    assert calls["CreateTrainingJob"] == 1, calls
    scene.expect_pending({})
    scene.destroy()
