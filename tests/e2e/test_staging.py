"""Data that lie in another region than the job: a companion bucket, and copies in it."""

import re

import pytest
from harness.config import training
from harness.expect import expect_calls, expect_error, expect_jobs, expect_known_value, expect_unknown_value
from harness.steps import step

ELSEWHERE = {"preferred_training_regions": ["eu-north-1"], "force_destroy": True, "on_destroy": "delete"}


def test_a_companion_bucket(scene):
    """Made with everything a bucket should have, tagged, and gone in the end."""

    def as_it_should_be(seen):
        values = seen.state["sustainable_ml_training.bert"]
        bucket = values["job_bucket_name"]
        client = scene.emulator.client("s3", "eu-north-1")
        assert client.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-north-1"
        assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        assert all(client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
        assert "aws:SecureTransport" in client.get_bucket_policy(Bucket=bucket)["Policy"]
        tags = {t["Key"]: t["Value"] for t in client.get_bucket_tagging(Bucket=bucket)["TagSet"]}
        assert tags["ManagedBy"] == "terraform-provider-sustainable", tags
        [job] = scene.emulator.jobs()
        described = scene.emulator.client("sagemaker", "eu-north-1").describe_training_job(TrainingJobName=job["name"])
        for channel in described["InputDataConfig"]:
            assert channel["DataSource"]["S3DataSource"]["S3Uri"].startswith(f"s3://{bucket}/"), channel

    scene.run(
        step(
            training(**ELSEWHERE),
            plan=[
                expect_known_value("selected_region", "eu-north-1"),
                expect_unknown_value("breakdown"),
                expect_known_value("job_bucket_name", "training-data-eu-north-1"),
            ],
            state=[
                expect_known_value("breakdown.transfer_kg"),
                expect_calls(CreateBucket=1, CreateTrainingJob=1),
                expect_known_value("bucket_managed", True),
                expect_known_value("arn", re.compile(":eu-north-1:")),
                as_it_should_be,
            ],
        )
    )


def test_moving_data_needs_consent(scene):
    """Without a region list there is no companion bucket: nothing leaves the data's region."""
    scene.run(step(training(), plan=[expect_known_value("selected_region", "us-east-1")]))


@pytest.mark.long
def test_two_hundred_objects_and_a_multipart_copy(scene):
    """Copied on the server side, the large one in parts; read by a second run without another copy."""
    objects = {f"data/part-{i:03}": f"{i}".encode() * 10 for i in range(199)}
    scene.emulator.seed("more-data", objects=objects)
    scene.emulator.large_object("more-data", "data/huge", gigabytes=6)
    scene.keep()

    def staged(seen):
        bucket = seen.state["sustainable_ml_training.a"]["job_bucket_name"]
        client = scene.emulator.client("s3", "eu-north-1")
        keys = [
            entry["Key"]
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for entry in page.get("Contents", [])
        ]
        copies = [key for key in keys if key.rsplit("/", 1)[-1].startswith(("part-", "huge"))]
        assert len(copies) == 200, f"{len(copies)} copies"

    first = training("a", s3_bucket_name="more-data", dataset_size_gb=6, **ELSEWHERE)
    second = training("b", s3_bucket_name="more-data", dataset_size_gb=6, **ELSEWHERE)
    scene.run(
        step(
            first,
            state=[staged, expect_calls(CopyObject=199, CreateMultipartUpload=1, CompleteMultipartUpload=1)],
        ),
        step(
            first,
            second,
            state=[expect_calls(CopyObject=0, CreateMultipartUpload=0), expect_jobs("InProgress", "InProgress")],
        ),
    )


def test_more_than_may_be_staged(scene):
    scene.run(
        step(training(dataset_size_gb=200, **ELSEWHERE), error=expect_error(detail="max_staging_gb")),
        destroy=False,
    )


def test_a_replica_needs_no_staging(scene):
    scene.emulator.seed("replica-north", "eu-north-1", {"data/part-0": b"0123456789"})
    scene.keep()
    regional = {"eu-north-1": {"dataset_s3_uri": "s3://replica-north/data/"}}
    scene.run(
        step(
            training(regional=regional, **ELSEWHERE),
            state=[expect_calls(CopyObject=0, UploadPartCopy=0, CreateTrainingJob=1)],
        )
    )


def test_data_that_are_not_there(scene):
    """Before anything is made, and with the prefixes that exist."""
    scene.run(
        step(
            training(dataset_s3_prefix="dta/", dataset_size_gb=16),
            error=expect_error("s3://training-data/dta/ holds no objects", "The bucket holds: data/"),
            state=[expect_calls(CreateRole=0, CreateTrainingJob=0)],
        ),
        destroy=False,
    )
    assert scene.workdir.run("destroy", "-auto-approve").code == 0
    scene.expect_nothing_left()


def test_a_bucket_in_another_region_than_said(scene):
    scene.emulator.seed("data-in-frankfurt", "eu-central-1")
    scene.keep()
    scene.run(
        step(
            training(s3_bucket_name="data-in-frankfurt"), error=expect_error("is in eu-central-1", "Set dataset_region")
        ),
        destroy=False,
    )
    assert scene.workdir.run("destroy", "-auto-approve").code == 0
    scene.expect_nothing_left()
