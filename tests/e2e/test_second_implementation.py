"""Runs against emulators that are not ours.

The S3, IAM, STS, CloudWatch and Logs side against ministack, which is not built on what our emulator is built on: where the
two disagree, one of them is not AWS. SageMaker stays with the emulator. And all of it against moto's own server, where much
is missing: what only informs is skipped with a remark, and the run goes its way.
"""

import re

import pytest
from harness.config import Block, training
from harness.expect import expect_action, expect_calls, expect_known_value, expect_warning
from harness.other_emulators import KEYS, SERVICES, Ministack, PlainMoto
from harness.steps import step


@pytest.fixture(scope="module")
def ministack(tmp_path_factory):
    """One for this module: each test uses a bucket of its own."""
    running = Ministack(tmp_path_factory.mktemp("ministack")).start()
    yield running
    running.stop()


@pytest.fixture
def two(scene, ministack, request):
    """A scene whose provider talks to both; the data are in ministack."""
    # The buckets and roles are elsewhere: the emulator cannot look at them.
    scene.emulator.settings(check_job_access=False)
    others = dict.fromkeys(("ec2", "events", "pricing", "sagemaker", "servicequotas"), scene.emulator.url)
    endpoints = Block({**others, **dict.fromkeys(SERVICES, ministack.url)})
    scene.provider_arguments = {**KEYS, "endpoints": endpoints}
    scene.bucket = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    fill(ministack, scene.bucket)
    return scene


def fill(emulator, bucket: str) -> None:
    """The user's bucket, with data."""
    client = emulator.client("s3")
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="data/part-0", Body=b"0123456789")


def paid_for(thing: str) -> bool:
    return re.search(r"/sustainable/runs/[^/]+/manifest\.json$", thing) is not None


@pytest.mark.parametrize("where", ["us-east-1", "eu-north-1"])
def test_a_whole_life(two, ministack, where):
    """Claim, role, dashboard, manifest; companion bucket and staging; a new run; and nothing left."""
    before = ministack.contents()
    run = training(
        s3_bucket_name=two.bucket,
        preferred_training_regions=[where],
        force_destroy=True,
        on_destroy="delete",
        on_change="rerun",
    )
    two.run(
        step(run, plan=[expect_action("create"), expect_known_value("selected_region", where)]),
        step(
            run.with_(tags={"team": "nlp"}), plan=[expect_action("update")], state=[expect_calls(CreateTrainingJob=0)]
        ),
        step(
            run.with_(hyperparameters={"rate": "1"}),
            plan=[expect_action("update")],
            state=[expect_calls(CreateTrainingJob=1)],
        ),
    )
    left = {thing for thing in ministack.contents() - before if not paid_for(thing)}
    assert not left, left
    assert before <= ministack.contents()


def test_a_bucket_of_our_own(two, ministack):
    before = ministack.contents()
    run = training(
        s3_bucket_name=f"{two.bucket}-own",
        create_bucket=True,
        dataset_size_gb=0,
        force_destroy=True,
        on_destroy="delete",
    )
    two.run(step(run, plan=[expect_action("create")]))
    assert ministack.contents() == before


@pytest.fixture(scope="module")
def plain_moto(tmp_path_factory):
    """One for this module."""
    running = PlainMoto(tmp_path_factory.mktemp("moto")).start()
    yield running
    running.stop()


@pytest.fixture
def in_moto(scene, plain_moto):
    """A scene whose provider talks to nothing else."""
    given = scene.provider().arguments["endpoints"]
    scene.provider_arguments = {**KEYS, "endpoints": Block(dict.fromkeys(given, plain_moto.url))}
    return scene


@pytest.mark.parametrize("where", ["us-east-1", "eu-north-1"])
def test_moto_as_it_comes(in_moto, plain_moto, request, where):
    """It has no quotas and no prices, and refuses what a bucket's policy denies without a look at the condition: a run
    begins all the same, in a companion bucket too, and a destroy leaves what it leaves on AWS."""
    bucket = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    fill(plain_moto, bucket)
    before = plain_moto.contents()
    run = training(
        s3_bucket_name=bucket,
        preferred_training_regions=[where],
        force_destroy=True,
        on_change="rerun",
    )
    warnings = [expect_warning(summary=r"quota not checked", detail=r"HTTP status 50\d")]
    if where != "us-east-1":
        warnings.append(expect_warning(summary=r"not held to TLS", detail=r"plain HTTP"))
    in_moto.run(
        step(run, plan=[expect_action("create"), expect_known_value("selected_region", where)], warnings=warnings),
        step(run.with_(tags={"team": "nlp"}), plan=[expect_action("update")]),
        step(
            run.with_(hyperparameters={"rate": "1"}),
            plan=[expect_action("update"), expect_known_value("run_change", re.compile("starts a new run"))],
        ),
    )
    left = {thing for thing in plain_moto.contents() - before if not paid_for(thing)}
    assert not left, left
    assert before <= plain_moto.contents()


def test_a_bucket_of_our_own_in_moto_as_it_comes(in_moto, plain_moto):
    before = plain_moto.contents()
    run = training(s3_bucket_name="made-in-moto", create_bucket=True, dataset_size_gb=0, force_destroy=True)
    in_moto.run(step(run, plan=[expect_action("create")]))
    assert plain_moto.contents() == before
