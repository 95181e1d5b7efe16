"""What the roles of a training allow: each run what it needs, as long as it needs it."""

import pytest
from harness.config import training
from harness.expect import expect_error
from harness.steps import step
from harness.under_way import held

ROLE_OF = {"sagemaker": "sagemaker.amazonaws.com", "scheduler": "scheduler.amazonaws.com"}


def allowed(scene, service: str = "sagemaker") -> dict[str, list[dict]]:
    """Statements of the role that this service takes, by policy."""
    iam = scene.emulator.client("iam")
    [role] = [r for r in iam.list_roles()["Roles"] if ROLE_OF[service] in str(r["AssumeRolePolicyDocument"])]
    names = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    return {
        name: iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]["Statement"]
        for name in names
    }


def resources(statements: list[dict], sid: str) -> list[str]:
    """Of the statement of this name."""
    [found] = [statement["Resource"] for statement in statements if statement["Sid"] == sid]
    return [found] if isinstance(found, str) else found


RUN = training(on_change="rerun")
OTHER = RUN.with_(dataset_s3_prefix="other/")


@pytest.fixture
def other_data(scene):
    scene.emulator.client("s3").put_object(Bucket="training-data", Key="other/part-0", Body=b"0123456789")
    scene.keep()
    return scene


def test_the_run_before_keeps_its_rights_until_it_has_ended(other_data):
    """Data of its own are read to its end, whatever the new run reads."""
    scene = other_data
    scene.run(step(RUN), destroy=False)
    [(first, statements)] = allowed(scene).items()
    assert any(arn.endswith("training-data/data/*") for arn in resources(statements, "Read"))
    scene.write(OTHER)
    with held(scene, "sagemaker", "StopTrainingJob"):
        both = allowed(scene)
        assert len(both) == 2 and both[first] == statements, both
    [(second, statements)] = allowed(scene).items()
    assert second != first
    read = resources(statements, "Read")
    assert any(arn.endswith("training-data/other/*") for arn in read), read
    assert not any(arn.endswith("training-data/data/*") for arn in read), read
    scene.destroy()


def test_a_new_run_that_fails_takes_nothing_from_the_one_before(other_data):
    scene = other_data
    scene.run(step(RUN), destroy=False)
    [(first, statements)] = allowed(scene).items()
    scene.run(
        step(
            RUN.with_(dataset_s3_prefix="nothing-there/"),
            error=expect_error(path="dataset_s3_prefix"),
            pending={"sustainable_ml_training.bert": ["update"]},
        ),
        destroy=False,
    )
    assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]
    assert allowed(scene)[first] == statements
    scene.write(RUN)
    assert scene.apply().code == 0
    scene.destroy()


def test_a_start_is_allowed_by_both_spellings_of_a_name(scene):
    """SageMaker's ARNs have been in lower case, and are not any more everywhere."""
    later = training(name="BERT-base", earliest_start="2096-05-14T18:00:00Z")
    scene.run(step(later), destroy=False)
    [statements] = allowed(scene, "scheduler").values()
    jobs = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"
    assert resources(statements, "Start") == [f"{jobs}BERT-base-*", f"{jobs}bert-base-*"]
    scene.destroy()


def test_what_a_manifest_names_may_be_read(scene):
    """In the manifest's own bucket: which objects is known only to it."""
    scene.emulator.client("s3").put_object(
        Bucket="training-data", Key="lists/train.manifest", Body=b'[{"prefix": "s3://training-data/data/"}, "part-0"]'
    )
    scene.keep()
    listed = {"s3_uri": "s3://training-data/lists/train.manifest", "s3_data_type": "ManifestFile"}
    scene.run(step(training(input_channels={"train": listed})), destroy=False)
    [statements] = allowed(scene).values()
    assert "arn:aws:s3:::training-data/*" in resources(statements, "Read")
    scene.destroy()
