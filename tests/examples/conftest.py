"""Where the examples are, and a way to run one of their training scripts as SageMaker would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "examples" / "scenarios"


def scenarios() -> list[str]:
    return sorted(path.parent.parent.name for path in SCENARIOS.glob("*/train/train.py"))


@dataclass
class Container:
    """The folders and variables that a training container has."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.model = self.root / "model"
        self.checkpoints = self.root / "checkpoints"
        self.failure = self.root / "output" / "failure"

    def made(self) -> Container:
        self.root.mkdir(parents=True)
        return self

    def start(self, scenario: str, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Starts a scenario's script with `SUSTAINABLE_*` settings given in lower case."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SM_", "SUSTAINABLE_"))}
        env = {
            **inherited,
            "SM_MODEL_DIR": str(self.model),
            "SM_OUTPUT_DIR": str(self.failure.parent),
            "SUSTAINABLE_CHECKPOINT_LOCAL_PATH": str(self.checkpoints),
            "SUSTAINABLE_SUPPORTS_CHECKPOINTING": "true",
            **self.env,
            **{f"SUSTAINABLE_{name.upper()}": value for name, value in settings.items()},
        }
        script = SCENARIOS / scenario / "train" / "train.py"
        command = [sys.executable, str(script), "--smoke", *arguments]
        return subprocess.Popen(
            command, env=env, cwd=self.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, scenario: str, *arguments: str, **settings: str) -> tuple[int, str]:
        """Runs a script to its end: exit code and output."""
        process = self.start(scenario, *arguments, **settings)
        output, _ = process.communicate()
        return process.returncode, output

    def trained(self) -> str:
        return (self.model / "model.json").read_text()


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path / "container").made()


@pytest.fixture
def other_container(tmp_path: Path) -> Container:
    return Container(tmp_path / "other").made()
