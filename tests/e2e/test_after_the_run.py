"""After the end of a run: the model is copied and registered, by the first apply after the end or by the one that waits."""

import re

import pytest
from harness.config import TYPE, Raw, resource, training
from harness.expect import (
    expect_action,
    expect_calls,
    expect_error,
    expect_known_value,
    expect_null_value,
    expect_warning,
    stays,
)
from harness.expect import expect_unknown_value as unknown
from harness.steps import in_turns, step
from harness.under_way import killed

COPIES = "models-eu"
BOTH = {"copy_artifacts_to": f"s3://{COPIES}/bert/", "model_package_group_name": "bert-models"}
PENDING = {f"{TYPE}.bert": "update"}
DONE = [
    expect_known_value("artifacts_copied_to", re.compile(rf"^s3://{COPIES}/bert/bert-[0-9a-z]+$")),
    expect_known_value("model_package_arn", re.compile(r":model-package/bert-models/1$")),
    expect_null_value("pending_steps"),
]
ENDS_AT_ONCE = ["Starting", {"status": "Training", "seconds": 1800}, "Uploading", "Completed"]


@pytest.fixture
def after(scene):
    """The user's second bucket, in another region, with something of theirs in it."""
    scene.emulator.seed(COPIES, "eu-west-1", {"bert/theirs.txt": b"keep me"})
    scene.keep()
    return scene


def ended(scene, **arguments):
    """A run that has ended well, of which no apply has heard."""
    scene.run(step(training(**arguments)), destroy=False)
    scene.emulator.finish_jobs("Completed")


def gone(scene, records=False):
    """A destroy leaves what was paid for, and nothing else: the copies, the registered version and its group."""
    result = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    kept = {(thing["kind"], thing["id"]) for thing in scene.kept}
    there = [thing for thing in scene.emulator.inventory() if (thing["kind"], thing["id"]) not in kept]

    def paid_for(t):
        copy = t["kind"] == "object" and t["bucket"] == COPIES and re.match(r"bert/bert-[0-9a-f]{6}/", t["key"])
        return copy or stays(t)

    left = [t for t in there if not paid_for(t) and (records or t["kind"] != "job")]
    assert not left, left
    assert {(t["kind"], t["id"]) for t in scene.kept} <= {(t["kind"], t["id"]) for t in scene.emulator.inventory()}
    return result


def test_the_first_apply_after_the_end_does_it(after):
    """Nothing of it is known at create; the plan after the end shows an update; the apply does it; then all is quiet."""
    ended(after, **BOTH)
    result, plan = after.plan()
    assert result.code == 0, result.explain()
    change = plan["resource_changes"][0]["change"]
    assert change["actions"] == ["update"], change
    assert change["before"]["pending_steps"] == ["copy_artifacts", "register_model"], change["before"]
    differ = {k for k in change["after"] if change["before"].get(k) != change["after"][k]}
    differ |= set(change["after_unknown"])
    unlike = {k for k in differ if change["after_unknown"].get(k) is True}
    assert unlike == {"pending_steps", "artifacts_copied_to", "model_package_arn"}, unlike
    after.run(
        step(
            plan=[expect_action("update"), unknown("artifacts_copied_to"), unknown("model_package_arn")],
            state=[*DONE, expect_calls(CreateTrainingJob=0, CreateModelPackage=1, CopyObject=1)],
        ),
        step(state=[*DONE, expect_calls(CreateModelPackage=0, CopyObject=0)]),
        destroy=False,
    )
    [job] = after.emulator.jobs()
    [group] = after.emulator.model_groups()
    assert group["region"] == "us-east-1"
    assert (
        group["tags"]["ManagedBy"] == "terraform-provider-sustainable"
        and group["tags"]["sustainable:training"] == "bert"
    )
    [version] = group["versions"]
    request = version["request"]
    assert request["ModelApprovalStatus"] == "PendingManualApproval"
    [container] = request["InferenceSpecification"]["Containers"]
    assert container == {
        "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1",
        "ModelDataUrl": f"s3://training-data/sustainable/runs/{job['name']}/output/model.tar.gz",
    }
    metadata = request["CustomerMetadataProperties"]
    assert metadata["training_job_arn"] == job["arn"] and metadata["region"] == "us-east-1"
    assert float(metadata["energy_kwh"]) > 0 and float(metadata["emissions_kg"]) > 0
    assert float(metadata["cost_usd"]) > 0 and float(metadata["gco2_per_kwh"]) > 0, metadata
    assert metadata["figures"] == "modelled", metadata
    copied = [t["key"] for t in after.emulator.inventory() if t["kind"] == "object" and t["bucket"] == COPIES]
    assert copied == [f"bert/{job['name']}/model.tar.gz", "bert/theirs.txt"], copied
    destroyed = gone(after)
    assert any("registered models in model package group bert-models" in w.detail for w in destroyed.warnings), (
        destroyed.explain()
    )


def test_an_apply_that_waits_does_it_at_once(after):
    after.emulator.script_jobs(ENDS_AT_ONCE)
    after.run(
        step(
            training(wait_for_completion=True, **BOTH),
            plan=[expect_action("create"), unknown("model_package_arn"), unknown("artifacts_copied_to")],
            state=[*DONE, expect_known_value("outcome", "succeeded"), expect_calls(CreateModelPackage=1)],
        ),
        step(state=[*DONE, expect_calls(CreateModelPackage=0)]),
        destroy=False,
    )
    gone(after)


def test_asked_for_after_the_end(after):
    """Neither setting starts a run; another place or group is one more copy or version."""
    ended(after)
    after.run(
        step(state=[expect_null_value("pending_steps")]),
        step(training(**BOTH), plan=[expect_action("update")], state=[*DONE, expect_calls(CreateTrainingJob=0)]),
        step(
            training(**{**BOTH, "model_package_group_name": "others"}),
            state=[
                expect_known_value("model_package_arn", re.compile(r"/others/1$")),
                expect_calls(CreateModelPackage=1, CopyObject=0),
            ],
        ),
        step(training(), state=[expect_calls(CreateModelPackage=0, CopyObject=0), expect_null_value("pending_steps")]),
        destroy=False,
    )
    gone(after)


def test_a_bad_end_is_not_registered(after):
    after.run(step(training(**BOTH)), destroy=False)
    after.emulator.finish_jobs("Failed", "AlgorithmError: loss is NaN")
    after.run(step(state=[expect_null_value("pending_steps"), expect_calls(CreateModelPackage=0)]))


def test_uncompressed_artifacts(after):
    """A prefix instead of an archive: registered as one, and copied file by file."""
    ended(after, output_compression="NONE", **BOTH)
    after.run(step(state=DONE), destroy=False)
    [job] = after.emulator.jobs()
    [group] = after.emulator.model_groups()
    [container] = group["versions"][0]["request"]["InferenceSpecification"]["Containers"]
    source = container["ModelDataSource"]["S3DataSource"]
    uri = f"s3://training-data/sustainable/runs/{job['name']}/output/model/"
    assert source == {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}, source
    gone(after)


def test_what_is_there_is_not_overwritten(after):
    """Somebody's object under the name of a copy: an error that names it; put away, the next apply does the rest."""
    ended(after, **BOTH)
    [job] = after.emulator.jobs()
    key = f"bert/{job['name']}/model.tar.gz"
    after.emulator.client("s3", "eu-west-1").put_object(Bucket=COPIES, Key=key, Body=b"theirs, and of another size")
    after.run(
        step(
            error=expect_error(
                "The artifacts were not copied",
                rf"s3://{COPIES}/{key} is there already, with 27 bytes",
                "copy_artifacts_to",
            ),
            state=[
                expect_null_value("artifacts_copied_to"),
                expect_known_value("model_package_arn"),
                expect_known_value("pending_steps", ["copy_artifacts"]),
                expect_calls(CopyObject=0),
            ],
        ),
        destroy=False,
    )
    assert not after.workdir.tainted()
    after.emulator.client("s3", "eu-west-1").delete_object(Bucket=COPIES, Key=key)
    after.run(step(state=[*DONE, expect_calls(CreateModelPackage=0, CopyObject=1)]), destroy=False)
    gone(after)


def test_an_empty_group_of_ours_goes_and_one_of_theirs_stays(after):
    """The version was refused: the group that was made for it is ours and empty."""
    registry = after.emulator.client("sagemaker")
    ended(after, model_package_group_name="bert-models")
    after.emulator.fault("sagemaker", "CreateModelPackage", "refused", count=None)
    after.run(
        step(
            error=expect_error(
                "The model was not registered", "sagemaker:CreateModelPackage", "model_package_group_name"
            ),
            state=[expect_null_value("model_package_arn"), expect_known_value("pending_steps", ["register_model"])],
        ),
        destroy=False,
    )
    assert after.emulator.fired()
    after.destroy()
    registry.create_model_package_group(ModelPackageGroupName="bert-models")
    after.emulator.heal()
    after.keep()
    ended(after, model_package_group_name="bert-models")
    after.emulator.fault("sagemaker", "CreateModelPackage", "refused", count=None)
    assert after.apply().code != 0
    assert after.emulator.fired()
    after.destroy()


CALLS = [
    ("sagemaker", "DescribeModelPackageGroup"),
    ("sagemaker", "CreateModelPackageGroup"),
    ("sagemaker", "CreateModelPackage"),
    ("s3", "HeadBucket"),
    ("s3", "ListObjectsV2"),
    ("s3", "CopyObject"),
]


FAULTS = [(*call, kind) for call in CALLS for kind in ("refused", "error500", "lost")]


@pytest.mark.parametrize(
    ("service", "operation", "kind", "cli"),
    in_turns(FAULTS),
    ids=lambda v: v if isinstance(v, str) else None,
    indirect=["cli"],
)
def test_a_fault_at_each_call(after, service, operation, kind):
    """An error or nothing, never a taint, and the next apply ends with one version and one copy."""
    after.provider_arguments = {"max_retries": 1}
    ended(after, **BOTH)
    assert after.workdir.run("refresh").code == 0
    after.emulator.fault(service, operation, kind, count=1 if kind == "lost" else None)
    first = after.apply("-refresh=false")
    assert after.emulator.fired()
    after.emulator.heal()
    assert first.code == 0 or first.errors, first.explain()
    assert not after.workdir.tainted()
    after.run(step(state=DONE), destroy=False)
    assert [len(group["versions"]) for group in after.emulator.model_groups()] == [1]
    assert [job["status"] for job in after.emulator.jobs()] == ["Completed"]
    gone(after)


CHANGES = [call for call in CALLS if call[1].startswith(("Create", "Copy"))]


@pytest.mark.parametrize(("service", "operation", "cli"), in_turns(CHANGES), indirect=["cli"])
def test_killed_at_each_call(after, service, operation):
    """The provider dies while the call takes effect; its answer is heard by nobody."""
    ended(after, **BOTH)
    assert after.workdir.run("refresh").code == 0
    killed(after, service, operation, "apply", "-json", "-auto-approve", "-refresh=false")
    after.run(step(state=DONE), destroy=False)
    assert [len(group["versions"]) for group in after.emulator.model_groups()] == [1]
    gone(after)


def test_a_large_model_is_copied_in_parts_and_priced(after):
    """Above the limit of one copy; the plan says what it costs at most."""
    ended(after, **BOTH)
    [job] = after.emulator.jobs()
    after.emulator.jobs()
    after.workdir.run("refresh")
    key = f"sustainable/runs/{job['name']}/output/model.tar.gz"
    after.emulator.large_object("training-data", key, 6)
    after.workdir.run("refresh")
    after.run(
        step(
            warnings=[
                expect_warning(
                    "This apply copies the model", r"6\.44 GB from us-east-1.*USD per GB", "copy_artifacts_to"
                )
            ],
            state=[*DONE, expect_calls(CopyObject=0, CreateMultipartUpload=1, CompleteMultipartUpload=1)],
        ),
        destroy=False,
    )
    gone(after)


def test_a_copy_in_parts_that_is_given_up(after):
    """A destroy breaks it off, since its parts would bill as storage for ever; and no other."""
    s3 = after.emulator.client("s3", "eu-west-1")
    s3.create_multipart_upload(Bucket=COPIES, Key="bert/theirs.tar")
    after.keep()
    ended(after, **BOTH)
    [job] = after.emulator.jobs()
    after.emulator.large_object("training-data", f"sustainable/runs/{job['name']}/output/model.tar.gz", 6)
    after.emulator.fault("s3", "UploadPartCopy", "refused", skip=1, count=None)
    assert after.apply().code != 0
    after.emulator.heal()
    assert len(s3.list_multipart_uploads(Bucket=COPIES)["Uploads"]) == 2, "parts are there"
    gone(after)


def test_a_new_run_says_what_it_leaves_undone(after):
    ended(after, **BOTH)
    assert after.workdir.run("refresh").code == 0
    after.run(
        step(
            training(hyperparameters={"rate": "1"}, **BOTH),
            warnings=[expect_warning("leaves steps of the last one undone", "copy_artifacts and register_model")],
            state=[expect_null_value("pending_steps"), expect_calls(CreateModelPackage=0)],
        ),
    )


def test_what_decides_on_a_new_run_is_not_known_yet(after):
    """The run that is over has steps left, and an input is known in the apply only: either way, the plan holds."""
    ended(after, hyperparameters={"rate": "1"})
    other = resource("terraform_data", "later", input="1")
    asked = training(hyperparameters={"rate": Raw("terraform_data.later.output")}, **BOTH)
    after.run(
        step(
            other,
            asked,
            plan=[expect_action("update"), unknown("artifacts_copied_to"), unknown("pending_steps")],
            state=[*DONE, expect_calls(CreateTrainingJob=0, CreateModelPackage=1)],
        ),
        step(other, asked, state=[*DONE, expect_calls(CreateModelPackage=0)]),
        destroy=False,
    )
    gone(after)
