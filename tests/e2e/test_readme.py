"""The plan that the README shows is the plan that a reader gets."""

import re
import shutil
from pathlib import Path

from harness.cli import Workdir

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_a_real_plan(tmp_path, cli, cli_config):
    """Line by line, in order, though shortened; how far Terraform indents the equals sign is its own affair."""
    shutil.copytree(ROOT / "examples/scenarios/bert", tmp_path / "bert")
    workdir = Workdir(tmp_path / "bert", cli, cli_config)
    workdir.init()
    result = workdir.run("plan", "-no-color")
    assert result.code == 0, result.explain()
    planned = iter([" ".join(line.split()) for line in result.stdout.splitlines()])
    [shown] = re.findall(r'```\n( *\+ resource "sustainable_ml_training".*?)```', (ROOT / "README.md").read_text(), re.S)
    for line in shown.splitlines():
        assert " ".join(line.split()) in planned, f"the plan has no such line at that place: {line.strip()}"
