"""What the user made before is used, and left alone."""

from harness.config import training
from harness.expect import expect_calls, expect_known_value, stays
from harness.steps import step


def test_bucket_and_role_of_the_user(scene):
    role = scene.emulator.make_role("users-own")
    scene.keep()
    scene.run(
        step(
            training(role_arn=role, force_destroy=True, on_destroy="delete"),
            state=[
                expect_calls(CreateRole=0, CreateBucket=0, PutBucketPolicy=0, PutBucketVersioning=0, PutRolePolicy=0),
                expect_known_value("sagemaker_role_arn", role),
            ],
        )
    )


def test_a_companion_bucket_that_the_user_made(scene):
    """It has the companion's name and none of our tags: used as it is, and it stays."""
    scene.emulator.seed("training-data-eu-north-1", "eu-north-1", {"notes/readme": b"mine"})
    scene.keep()
    scene.run(
        step(
            training(preferred_training_regions=["eu-north-1"], force_destroy=True, on_destroy="delete"),
            state=[
                expect_calls(CreateBucket=0),
                expect_known_value("bucket_managed", False),
                expect_known_value("job_bucket_name", "training-data-eu-north-1"),
            ],
        )
    )
    things = [thing for thing in scene.emulator.inventory() if thing.get("bucket") == "training-data-eu-north-1"]
    assert [thing["key"] for thing in things if not stays(thing)] == ["notes/readme"]
