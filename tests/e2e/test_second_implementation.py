"""The S3, IAM, STS, CloudWatch and Logs side of a run against ministack, which is not built on what our
emulator is built on: where the two disagree, one of them is not AWS. SageMaker stays with the emulator."""

import re

import pytest
from harness.config import Block, training
from harness.expect import expect_action, expect_calls, expect_known_value
from harness.ministack import KEYS, SERVICES, Ministack
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
    client = ministack.client("s3")
    client.create_bucket(Bucket=scene.bucket)
    client.put_object(Bucket=scene.bucket, Key="data/part-0", Body=b"0123456789")
    return scene


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
