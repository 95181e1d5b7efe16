"""Where the first checkpoint of a new run comes from."""

from harness.config import training
from harness.expect import expect_error, expect_jobs, expect_warning
from harness.steps import step

RUN = {"supports_checkpointing": True, "use_spot_instances": False, "on_change": "rerun"}


def checkpoints(scene, job: str) -> dict:
    """What is under the checkpoints of a job: file to size."""
    prefix = f"sustainable/checkpoints/bert/{job}/"
    found = scene.emulator.client("s3").list_objects_v2(Bucket="training-data", Prefix=prefix).get("Contents", [])
    return {item["Key"].removeprefix(prefix): item["Size"] for item in found}


def writes(scene, job: str, **files: str) -> None:
    """The training code leaves checkpoints."""
    for name, body in files.items():
        key = f"sustainable/checkpoints/bert/{job}/{name}"
        scene.emulator.client("s3").put_object(Bucket="training-data", Key=key, Body=body.encode())


def test_from_the_previous_run(scene):
    """Copied before the new run starts; the old run's stay until the training is destroyed."""
    scene.run(step(training(**RUN)), destroy=False)
    [first] = scene.emulator.jobs()
    writes(scene, first["name"], last="12345", optimizer="67")
    scene.run(
        step(training(resume_from="previous_run", **RUN), state=[expect_jobs("Stopped", "InProgress")]),
        destroy=False,
    )
    _, second = scene.emulator.jobs()
    assert checkpoints(scene, second["name"]) == {"last": 5, "optimizer": 2}
    assert checkpoints(scene, first["name"]) == {"last": 5, "optimizer": 2}
    uri = f"s3://training-data/sustainable/checkpoints/bert/{second['name']}/"
    assert second["request"]["CheckpointConfig"]["S3Uri"] == uri
    scene.destroy()


def test_a_previous_run_without_checkpoints(scene):
    scene.run(
        step(training(**RUN)),
        step(
            training(resume_from="previous_run", **RUN),
            warnings=[expect_warning("no checkpoint to resume from", "the new one starts afresh")],
            state=[expect_jobs("Stopped", "InProgress")],
        ),
    )


def test_from_another_bucket_in_another_region(scene):
    """Folders below the prefix come along, what only begins like it does not."""
    scene.emulator.seed(
        "old-runs", "eu-west-1", {"bert/v1/last": b"123", "bert/v1/shards/0": b"4567", "bert/v10/last": b"no"}
    )
    scene.keep()
    scene.run(step(training(resume_from="s3://old-runs/bert/v1", **RUN)), destroy=False)
    [job] = scene.emulator.jobs()
    assert checkpoints(scene, job["name"]) == {"last": 3, "shards/0": 4}
    scene.destroy()


def test_nothing_to_resume_from(scene):
    """A typo costs no training: refused before the job is made, and nothing is left."""
    scene.emulator.seed("old-runs", "eu-west-1", {"bert/v1/last": b"123"})
    scene.keep()
    for uri, why in (
        ("s3://old-runs/bert/v2/", "s3://old-runs/bert/v2/ holds no checkpoint"),
        ("s3://no-such-bucket-of-ours/v1/", "there is no bucket no-such-bucket-of-ours"),
    ):
        scene.run(
            step(training(resume_from=uri, **RUN), error=expect_error(why, "Correct resume_from", "resume_from")),
            destroy=False,
        )
        assert not scene.emulator.jobs()
        scene.expect_nothing_left()
