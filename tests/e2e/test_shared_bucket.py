"""Two runs share a bucket: neither takes away what the other still uses."""

import pytest
from harness.config import training
from harness.expect import expect_calls, expect_jobs
from harness.steps import step

ELSEWHERE = {"preferred_training_regions": ["eu-north-1"], "force_destroy": True, "on_destroy": "delete"}
OWN = {
    "s3_bucket_name": "made-by-us",
    "create_bucket": True,
    "dataset_size_gb": 0,
    "force_destroy": True,
    "on_destroy": "delete",
}


@pytest.mark.parametrize("arguments", [ELSEWHERE, OWN], ids=["companion", "created"])
@pytest.mark.parametrize("first", ["a", "b"])
def test_two_runs_made_at_once_go_in_either_order(scene, arguments, first):
    """Made at the same time, destroyed one after the other."""
    runs = {label: training(label, **arguments) for label in ("a", "b")}
    stays = runs["b" if first == "a" else "a"]
    scene.run(
        step(*runs.values(), state=[expect_calls(CreateTrainingJob=2), expect_jobs("InProgress", "InProgress")]),
        step(stays, state=[expect_jobs("InProgress")]),
    )


def test_both_go_at_once(scene):
    scene.run(step(training("a", **ELSEWHERE), training("b", **ELSEWHERE)))
