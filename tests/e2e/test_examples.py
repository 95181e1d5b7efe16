"""Every example is planned, by both tools, with no account at all."""

import shutil
from pathlib import Path

import pytest
from harness.cli import Workdir

EXAMPLES = Path(__file__).parents[2] / "examples"
STAND_IN_SCHEMA = Path(__file__).parent / "stand_ins" / "aws.json"
FOLDERS = sorted({file.parent for file in EXAMPLES.rglob("*.tf")})

PROVIDER = """terraform {
  required_providers {
    sustainable = {
      source = "sustainable-ml/sustainable"
    }
  }
}

provider "sustainable" {
  region = "us-east-1"
}
"""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(EXAMPLES)))
def test_an_example_is_planned(folder, tmp_path, cli, cli_config_with_aws):
    """A snippet gets what a reader would add: a `terraform` block, a script."""
    # The whole tree: examples share training scripts. An import block needs what it imports.
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("import*.tf"))
    workdir = Workdir(tmp_path / "examples" / folder.relative_to(EXAMPLES), cli, cli_config_with_aws)
    workdir.environment["STAND_IN_SCHEMA"] = str(STAND_IN_SCHEMA)
    texts = [file.read_text() for file in workdir.folder.glob("*.tf")]
    if not any("required_providers" in text for text in texts):
        (workdir.folder / "provider-for-the-test.tf").write_text(PROVIDER)
    if any("path.module}/train" in text for text in texts) and not (workdir.folder / "train").exists():
        (workdir.folder / "train").mkdir()
        (workdir.folder / "train" / "train.py").write_text("print('training')\n")
    workdir.init()
    validated = workdir.run("validate", "-json")
    assert validated.code == 0, validated.explain()
    result = workdir.run("plan", "-json", "-out=tfplan")
    assert result.code == 0, result.explain()
