"""Trainings that meet: one name on two datasets, buckets that others read from, and what a failed apply leaves behind."""

import time

import pytest
from harness.cli import Workdir
from harness.config import training
from harness.expect import expect_calls, expect_error, expect_jobs, expect_known_value, expect_warning
from harness.lives import NETWORK
from harness.steps import step
from harness.under_way import LONG

RESULTS = "ml-results"
ELSEWHERE = {"preferred_training_regions": ["eu-north-1"], "on_destroy": "delete"}


def another(scene, tmp_path, cli_config, *items) -> Workdir:
    """A second state beside the scene's own."""
    other = Workdir(tmp_path / "other", scene.workdir.binary, cli_config)
    other.write(scene.provider(), *items)
    other.init()
    return other


def fault(scene, service, operation, kind, **more):
    """A fault that the vocabulary has no word for, until it is healed."""
    rule = {"service": service, "operation": operation, "kind": kind, "count": -1}
    scene.emulator.control("POST", "faults", {**rule, **more})


def there(scene) -> set[str]:
    """What exists, by id."""
    return {thing["id"] for thing in scene.emulator.inventory()}


@pytest.mark.parametrize("folder", ["dev", "prod"])
def test_one_name_on_two_datasets_with_one_bucket_of_results(scene, tmp_path, cli_config, folder):
    """The other's job is neither taken for one's own nor stopped, though no refresh has confirmed its claim yet."""
    scene.emulator.seed(RESULTS, objects={"x": b"1"})
    scene.emulator.seed("data-prod")
    scene.keep()
    dev = training(output_s3_uri=f"s3://{RESULTS}/dev")
    scene.write(dev)
    assert scene.apply().code == 0
    prod = training(s3_bucket_name="data-prod", output_s3_uri=f"s3://{RESULTS}/{folder}")
    other = another(scene, tmp_path, cli_config, prod)
    # Long after dev's lease.
    scene.emulator.advance(600)
    mark = scene.emulator.mark()
    result = other.run("apply", "-json", "-auto-approve")
    assert result.code != 0
    taken = expect_error(
        'the name "bert" is taken in the bucket of the results, .* bucket training-data', "another name", "name"
    )
    taken.check(result)
    assert not other.state()
    calls = scene.emulator.calls(mark)
    assert not calls["StopTrainingJob"] and not calls["CreateTrainingJob"] and not calls["CreateRole"], calls
    scene.run(step(dev, state=[expect_jobs("InProgress")]))


def test_a_bucket_that_a_run_with_results_elsewhere_reads_is_spared(scene):
    """Its claim is with its results, and the training that made the bucket of the data looks for it all the same."""
    scene.emulator.seed(RESULTS, objects={"x": b"1"})
    scene.keep()
    shared = {"s3_bucket_name": "made-by-us", "dataset_size_gb": 0, "on_destroy": "delete", "force_destroy": True}
    owner = training("a", create_bucket=True, **shared)
    reader = training("b", output_s3_uri=f"s3://{RESULTS}/b", **shared)

    def upload():
        scene.emulator.client("s3").put_object(Bucket="made-by-us", Key="data/part-0", Body=b"1")

    def spared(seen):
        assert "made-by-us/data/part-0" in there(scene)

    scene.run(
        step(owner),
        step(owner, reader, before=upload, state=[expect_jobs("InProgress", "InProgress")]),
        step(reader, state=[spared]),
    )


@pytest.mark.parametrize("force", [False, True], ids=["", "force"])
def test_a_run_that_comes_while_the_copies_are_removed(scene, tmp_path, cli_config, force):
    """Another process has looked at the users before this run's record was there: its removal is waited for."""
    scene.run(step(training("a", force_destroy=force, **ELSEWHERE)), destroy=False)
    other = another(scene, tmp_path, cli_config, training("b", force_destroy=True, **ELSEWHERE))
    mark = scene.emulator.mark()
    # The first such call takes the record of `a`, the second the copies.
    scene.emulator.fault("s3", "DeleteObjects", "delay", skip=1, seconds=LONG)
    leaving = scene.start("destroy", "-json", "-auto-approve")
    while sum(r["operation"] == "DeleteObjects" for r in scene.emulator.requests(mark)) < 2:
        time.sleep(0.1)
    coming = other.start("apply", "-json", "-auto-approve")
    seen = scene.emulator.mark()
    scene.emulator.wait_for("ListObjectsV2", seen)
    while not any(
        r["operation"] == "GetObject" and "/purges/" in str(r["params"]) for r in scene.emulator.requests(seen)
    ):
        time.sleep(0.1)
    assert not scene.emulator.calls(seen)["CreateTrainingJob"]
    scene.emulator.heal("DeleteObjects")
    assert scene.workdir.finish(leaving).code == 0
    result = other.finish(coming)
    assert result.code == 0, result.explain()
    copies = [name for name in there(scene) if "/sustainable/staged/" in name and name.endswith("part-0")]
    assert copies, "the run has nothing to read"
    result = other.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    scene.expect_nothing_left()


def test_another_region_after_a_create_that_failed_there(scene):
    """Terraform destroys the tainted object without what was remembered: the state leads to the copies all the same."""
    for number in range(3):
        scene.emulator.client("s3").put_object(Bucket="training-data", Key=f"data/more-{number}", Body=b"0123456789")
    scene.keep()
    scene.write(training(force_destroy=True, **ELSEWHERE))
    fault(scene, "s3", "CopyObject", "refused", params={"Key": "*more-1"})
    assert scene.apply().code != 0
    scene.emulator.heal()
    assert "training-data-eu-north-1" in there(scene)
    moved = {**ELSEWHERE, "preferred_training_regions": ["eu-west-1"]}

    def gone(seen):
        assert "training-data-eu-north-1" not in there(scene), "the first region's copies bill for ever"

    scene.run(step(training(force_destroy=True, **moved), state=[expect_jobs("InProgress"), gone]))


PLANNED = {
    "start": ({**ELSEWHERE, "earliest_start": "2096-05-14T18:00:00Z"}, ("s3", "CopyObject")),
    "end of a file system": (
        {"on_destroy": "delete", "use_fsx_lustre": True, "vpc_config": NETWORK, "max_runtime_hours": 20},
        ("fsx", "CreateFileSystem"),
    ),
}


@pytest.mark.parametrize("planned", PLANNED)
def test_elsewhere_after_a_create_that_failed_and_was_to_plan(scene, planned):
    """Nor could what was to do it be taken back then: group, queue and role go when Terraform destroys the tainted object."""
    first, fails = PLANNED[planned]
    scene.keep()
    scene.write(training(force_destroy=True, **first))
    fault(scene, *fails, "refused")
    fault(scene, "scheduler", "DeleteScheduleGroup", "refused")
    fault(scene, "iam", "DeleteRole", "refused")
    assert scene.apply().code != 0
    scene.emulator.heal()
    made = {name for name in there(scene) if "-1/sustainable-" in name or "scheduler" in name}
    assert len(made) >= 2, there(scene)
    moved = {**ELSEWHERE, "preferred_training_regions": ["eu-west-1"]}

    def gone(seen):
        left = made & there(scene)
        assert not left, left

    scene.run(step(training(force_destroy=True, **moved), state=[expect_jobs("InProgress"), gone]))


@pytest.mark.parametrize("how", ["-replace", "taint"])
def test_a_new_beginning_after_the_record_of_the_job_is_gone(scene, how):
    """Role, claim, copies and manifest go with the old run, and the name is free for the new one."""
    run = training(force_destroy=True, **ELSEWHERE)
    scene.run(step(run), destroy=False)
    [job] = scene.emulator.jobs()
    scene.emulator.finish_jobs("Failed", "AlgorithmError: x")
    scene.emulator.client("sagemaker", "eu-north-1").delete_training_job(TrainingJobName=job["name"])
    address = "sustainable_ml_training.bert"
    if how == "taint":
        scene.workdir.run("taint", address)
    result = scene.apply(*([f"-replace={address}"] if how == "-replace" else []))
    assert result.code == 0, result.explain()
    assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]
    scene.destroy(records=True)


@pytest.mark.parametrize("answer", ["quota", "refused"])
def test_a_lost_answer_and_then_a_refusal(scene, answer):
    """The job of the first try holds the quota that the second one is refused for."""
    scene.write(training())
    scene.emulator.fault("sagemaker", "CreateTrainingJob", "lost")
    said = {
        "quota": {
            "code": "ResourceLimitExceeded",
            "message": "The account-level service limit 'ml.g5.xlarge for training job usage' is 1 Instances, with current "
            "utilization of 1 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an "
            "increase for this quota.",
        },
        "refused": {"code": "AccessDeniedException", "message": "no more", "status": 400},
    }[answer]
    fault(scene, "sagemaker", "CreateTrainingJob", "error", **said)
    result = scene.apply()
    scene.emulator.heal()
    assert result.code == 0, result.explain()
    expect_warning("the answer to CreateTrainingJob was lost", "no second job").check(result)
    scene.run(step(training(), state=[expect_calls(CreateTrainingJob=0), expect_jobs("InProgress")]))


def test_new_runs_that_fail_do_not_fill_the_role(scene):
    """A role's inline policies may take 10,240 characters in all (IAM quotas)."""
    runs = [training(on_change="rerun", hyperparameters={"rate": str(number)}) for number in range(4)]
    scene.run(step(runs[0]), destroy=False)
    iam = scene.emulator.client("iam")
    [role] = [thing["id"] for thing in scene.emulator.inventory() if thing["kind"] == "role"]
    before = iam.list_role_policies(RoleName=role)["PolicyNames"]
    scene.emulator.fault("sagemaker", "CreateTrainingJob", "refused", count=None)
    for run in runs[1:]:
        scene.write(run)
        assert scene.apply().code != 0
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == before
    scene.emulator.heal()
    scene.run(step(runs[1], state=[expect_jobs("Stopped", "InProgress")]))


@pytest.mark.parametrize("setting", ["permissions_boundary_arn", "iam_path"])
def test_what_only_a_new_role_can_be_given(scene, setting):
    """A limit that is not in force is worse than an error."""
    iam = scene.emulator.client("iam")
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    value = {"permissions_boundary_arn": boundary, "iam_path": "/ml/"}[setting]
    after = training(on_change="rerun", hyperparameters={"rate": "2"}, **{setting: value})
    refused = expect_error("was made before with the", "destroy and apply")
    scene.keep()
    scene.run(
        step(training(on_change="rerun")),
        step(after, error=refused, state=[expect_calls(CreateTrainingJob=0), expect_jobs("InProgress")]),
    )


def test_a_wait_outlasts_an_outage(scene):
    """SageMaker gives no answer for longer than one call's retries; the wait is for the end of the run."""
    scene.write(training(wait_for_completion=True))
    mark = scene.emulator.mark()
    waiting = scene.start("apply", "-json", "-auto-approve")
    scene.emulator.wait_for("CreateTrainingJob", mark)
    scene.emulator.fault("sagemaker", "DescribeTrainingJob", "error500", count=30)
    while scene.emulator.fired() < 30:
        time.sleep(0.1)
        assert waiting.poll() is None, "it gave up"
    scene.emulator.finish_jobs("Completed")
    result = scene.workdir.finish(waiting)
    assert result.code == 0, result.explain()
    scene.run(
        step(training(wait_for_completion=True), state=[expect_known_value("outcome", "succeeded")]),
    )


def test_a_key_for_a_volume_that_is_not_there(scene):
    """The chosen type has a disk of its own, which takes no key: nobody should believe that theirs is in use."""
    key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    told = expect_warning("volume_kms_key_arn has no effect on ml.g5.xlarge", "local NVMe disk", "volume_kms_key_arn")
    scene.run(step(training(volume_kms_key_arn=key), warnings=[told]))
