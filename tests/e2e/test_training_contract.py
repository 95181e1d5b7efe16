"""What the training code is asked for: environment variables of the job, and a plain sentence that the code has to honour them."""

import re

import pytest
from harness.config import training
from harness.expect import expect_known_value
from harness.steps import step

# Setting, what a configuration says, what the code finds (docs/guides/training-contract.md).
ASKED = [
    ("training_strategy", "gradient_checkpointing", "gradient_checkpointing"),
    ("compute_optimization", "quantization", "quantization"),
    ("enable_automatic_mixed_precision", True, "true"),
    ("enable_gradient_accumulation", True, "true"),
    ("enable_data_augmentation", False, "false"),
    ("enable_early_stopping", True, "true"),
    ("early_stopping_patience", 7, "7"),
    ("num_data_loader_workers", 3, "3"),
    ("cache_dataset_in_memory", True, "true"),
    ("enable_model_compression", True, "true"),
    ("target_model_size_reduction", 0.4, "0.4"),
    ("checkpoint_frequency_minutes", 12, "12"),
    ("checkpoint_local_path", "/opt/ml/checkpoints/x", "/opt/ml/checkpoints/x"),
]


def handed(request: dict) -> dict[str, str]:
    """What the provider has put beside the user's own variables."""
    return {k.removeprefix("SUSTAINABLE_"): v for k, v in request["Environment"].items() if k != "MODE"}


def test_everything_that_is_asked_of_the_code_reaches_it(scene):
    """As environment and never as hyperparameters: a strict parser dies on a flag that it does not know."""

    def sent(seen):
        [job] = scene.emulator.jobs()
        request = job["request"]
        found = handed(request)
        for name, _, value in ASKED:
            assert found[name.upper()] == value, (name, found)
        assert found["SUPPORTS_CHECKPOINTING"] == "true"
        assert found["CHECKPOINT_URI"] == request["CheckpointConfig"]["S3Uri"]
        assert request["Environment"]["MODE"] == "fast"
        assert request["HyperParameters"] == {"rate": "0.1"}, request["HyperParameters"]

    def said(lines: list[str]) -> bool:
        [line] = [line for line in lines if line.startswith("Honour ")]
        named = re.findall(r"[a-z_]{15,}", line.split(" in the training code")[0])
        assert sorted(named) == sorted(name for name, *_ in ASKED)
        assert "the provider only hands it over" in line
        return True

    run = training(
        supports_checkpointing=True,
        environment={"MODE": "fast"},
        hyperparameters={"rate": "0.1"},
        **{name: configured for name, configured, _ in ASKED},
    )
    scene.run(step(run, plan=[expect_known_value("recommendations", said)], state=[sent]))


@pytest.mark.parametrize("asked", [{}, {"enable_early_stopping": True}], ids=["nothing", "a technique"])
def test_what_nobody_asks_for_is_not_handed_over(scene, asked):
    """A detail only with its technique, a switch only when it is written; what has a default is always there."""

    def sent(seen):
        [job] = scene.emulator.jobs()
        always = {
            "CHECKPOINT_FREQUENCY_MINUTES": "30",
            "COMPUTE_OPTIMIZATION": "mixed_precision",
            "ENABLE_MODEL_COMPRESSION": "false",
            "NUM_DATA_LOADER_WORKERS": "4",
            "SUPPORTS_CHECKPOINTING": "false",
            "TRAINING_STRATEGY": "carbon_aware_scheduling",
        }
        technique = {"ENABLE_EARLY_STOPPING": "true", "EARLY_STOPPING_PATIENCE": "5"} if asked else {}
        assert handed(job["request"]) == always | technique, job["request"]["Environment"]

    def said(lines: list[str]) -> bool:
        named = [line for line in lines if line.startswith("Honour ")]
        return [re.findall(r"enable_\w+", line) for line in named] == [list(asked)] * len(asked)

    scene.run(step(training(**asked), plan=[expect_known_value("recommendations", said)], state=[sent]))
