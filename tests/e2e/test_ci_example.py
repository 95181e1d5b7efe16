"""The workflow that the budget scenario offers for pull requests does what it says."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from harness.cli import Workdir

SCENARIO = Path(__file__).parents[2] / "examples/scenarios/strict-budget-ci"


def commands() -> list[tuple[str, str]]:
    """What the workflow runs, but for the comment, which needs a pull request."""
    workflow = yaml.safe_load((SCENARIO / "pull-request.yml").read_text())
    steps = workflow["jobs"]["plan"]["steps"]
    return [(step["name"], step["run"]) for step in steps if "run" in step and step["name"] != "Comment"]


@pytest.mark.parametrize(
    ("limit", "fails_at", "says"),
    [
        ("max_emissions_kg = 1", None, ""),
        ("max_emissions_kg = 0.01", "Plan", "max_emissions_kg"),
        ("max_emissions_kg = 1\n  instance_count = 4", "Plan", "max_"),
    ],
)
def test_a_pull_request(tmp_path, cli, cli_config, limit, fails_at, says):
    """Within the budget everything passes and the comment is there; above it the plan fails, with no credentials at all."""
    folder = tmp_path / "training"
    shutil.copytree(SCENARIO, folder)
    main = folder / "main.tf"
    main.write_text(main.read_text().replace("max_emissions_kg = 1\n", f"{limit}\n"))
    workdir = Workdir(folder, cli, cli_config)
    environment = {name: value for name, value in workdir.environment.items() if not name.startswith("AWS_")}
    # The workflow says terraform; the other tool takes the same words.
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "terraform").symlink_to(shutil.which(str(cli)) or cli)
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    for name, command in commands():
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
        )
        output = done.stdout + done.stderr
        if name == fails_at:
            assert done.returncode != 0 and says in output, output
            return
        assert done.returncode == 0, f"{name}\n{output}"
    assert fails_at is None
    assert "kgCO2e" in (folder / "comment.md").read_text()
