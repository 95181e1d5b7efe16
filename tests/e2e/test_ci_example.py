"""What CI is told to run does what it says: the workflow of the budget scenario, and the guide's ways to learn how a run ended."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from harness.cli import Workdir
from harness.config import Block, Raw, output, training
from harness.expect import expect_error

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "examples/scenarios/strict-budget-ci"
GUIDE = ROOT / "docs/guides/watching-a-run-in-ci.md"


def as_terraform(cli, tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """An environment in which `terraform` is this tool, which takes the same words."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "terraform").symlink_to(shutil.which(str(cli)) or cli)
    return environment | {"PATH": f"{tools}{os.pathsep}{environment['PATH']}"}


def bash(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """As a runner of GitHub does it."""
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )


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
    environment = as_terraform(cli, tmp_path, environment)
    for name, command in commands():
        done = bash(command, folder, environment)
        said = done.stdout + done.stderr
        if name == fails_at:
            assert done.returncode != 0 and says in said, said
            return
        assert done.returncode == 0, f"{name}\n{said}"
    assert fails_at is None
    assert "kgCO2e" in (folder / "comment.md").read_text()


@pytest.mark.parametrize(
    ("ends", "red"), [(None, False), ("Completed", False), ("Failed", True)], ids=["at work", "succeeded", "failed"]
)
def test_a_later_look(scene, tmp_path, ends, red):
    """The guide's script, word for word; then its plan with a postcondition, which a refresh alone would not take seriously."""
    [script] = [
        block for block in re.findall(r"```shell\n(.*?)```", GUIDE.read_text(), re.DOTALL) if "$outcome" in block
    ]
    [condition] = re.findall(r"condition     = (contains\(.*pending.*\))", GUIDE.read_text())
    scene.write(training(), output("outcome", "sustainable_ml_training.bert.outcome"))
    assert scene.apply().code == 0
    if ends:
        scene.emulator.finish_jobs(ends)
    environment = as_terraform(scene.workdir.binary, tmp_path, scene.workdir.environment)
    done = bash(script, scene.workdir.folder, environment)
    assert (done.returncode != 0) == red, done.stdout + done.stderr
    postcondition = Block({"condition": Raw(condition), "error_message": "It did not end well."})
    scene.write(training().with_(lifecycle=Block({"postcondition": postcondition})))
    result, _ = scene.plan()
    assert (result.code != 0) == red, result.explain()
    if red:
        expect_error(detail="It did not end well").check(result)
    assert scene.workdir.run("apply", "-refresh-only", "-auto-approve").code == 0
    scene.destroy()
