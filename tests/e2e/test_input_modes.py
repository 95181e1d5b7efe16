"""How the data reach the container: what the user says, what a setting needs, what the size suggests."""

import pytest
from harness.config import training
from harness.expect import expect_warning
from harness.steps import step

URI = "s3://training-data/data/"
BUILT_IN = {"algorithm": "xgboost:1.7-1", "training_image": None}

MODES = [
    ("small", {"dataset_size_gb": 100}, [None]),
    ("large", {"dataset_size_gb": 101}, ["FastFile"]),
    (
        "large, but said",
        {"dataset_size_gb": 101, "input_channels": {"train": {"s3_uri": URI, "input_mode": "File"}}},
        ["File"],
    ),
    (
        "one channel downloads, so the disk is there for all",
        {
            "dataset_size_gb": 101,
            "input_channels": {"a": {"s3_uri": URI, "input_mode": "File"}, "b": {"s3_uri": URI}},
        },
        ["File", None],
    ),
    (
        "one channel streams already",
        {
            "dataset_size_gb": 101,
            "input_channels": {"a": {"s3_uri": URI, "input_mode": "Pipe"}, "b": {"s3_uri": URI}},
        },
        ["Pipe", "FastFile"],
    ),
    ("needed", {"input_channels": {"train": {"s3_uri": URI, "compression": "Gzip"}}}, ["Pipe"]),
    ("a built-in algorithm", {"dataset_size_gb": 101, **BUILT_IN}, [None]),
]


@pytest.mark.parametrize(("says", "settings", "expected"), MODES, ids=[m[0] for m in MODES])
def test_the_mode_that_is_sent(scene, says, settings, expected):
    def sent(seen):
        [job] = seen.emulator.jobs()
        modes = [channel.get("InputMode") for channel in job["request"]["InputDataConfig"]]
        assert modes == expected, job["request"]["InputDataConfig"]
        assumptions = " ".join(seen.state["sustainable_ml_training.bert"]["assumptions"])
        reason = 'input_mode = "FastFile", since none is set and 101 GB are more than 100'
        assert (reason in assumptions) == ("FastFile" in expected), assumptions

    scene.run(
        step(
            training(
                on_destroy="delete",
                preferred_instance_types=["ml.m5.4xlarge"],
                reference_instance_type="ml.m5.4xlarge",
                **settings,
            ),
            state=[sent],
            warnings=[expect_warning("the dataset's size differs from dataset_size_gb")],
        )
    )
