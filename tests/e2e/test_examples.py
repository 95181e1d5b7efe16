"""Every example is planned, by both tools, with no account at all."""

import shutil
from pathlib import Path

import pytest
from harness.cli import Workdir

EXAMPLES = Path(__file__).parents[2] / "examples"
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
def test_an_example_is_planned(folder, tmp_path, cli, cli_config):
    """A snippet without a `terraform` block gets one, as a reader would write it."""
    shutil.copytree(folder, tmp_path / "module")
    workdir = Workdir(tmp_path / "module", cli, cli_config)
    texts = [file.read_text() for file in workdir.folder.glob("*.tf")]
    if not any("required_providers" in text for text in texts):
        (workdir.folder / "provider-for-the-test.tf").write_text(PROVIDER)
    workdir.init()
    validated = workdir.run("validate", "-json")
    assert validated.code == 0, validated.explain()
    result = workdir.run("plan", "-json", "-out=tfplan", AWS_REGION="us-east-1")
    assert result.code == 0, result.explain()
