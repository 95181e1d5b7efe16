"""What README and guides show is what a reader gets."""

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
    [shown] = re.findall(
        r'```\n( *\+ resource "sustainable_ml_training".*?)```', (ROOT / "README.md").read_text(), re.S
    )
    for line in shown.splitlines():
        assert " ".join(line.split()) in planned, f"the plan has no such line at that place: {line.strip()}"


def test_the_figures_of_the_guide_beat_the_catalogue(tmp_path, cli, cli_config):
    """The guide's file, laid over the catalogue, changes the decision's figures and names their kind."""
    text = (ROOT / "docs/guides/own-figures.md").read_text()
    [figures] = re.findall(r"```json\n(.*?)```", text, re.S)
    assert figures == (ROOT / "examples/provider/own-figures.json").read_text()
    shutil.copytree(ROOT / "examples/scenarios/bert", tmp_path / "bert")
    workdir = Workdir(tmp_path / "bert", cli, cli_config)
    (workdir.folder / "figures.json").write_text(figures)
    main = workdir.folder / "main.tf"
    region = "region = var.region\n"
    assert region in main.read_text()
    main.write_text(main.read_text().replace(region, region + 'catalog_overrides = "${path.root}/figures.json"\n'))
    workdir.init()
    result = workdir.run("plan", "-no-color")
    assert result.code == 0, result.explain()
    assert re.search(r"gco2_per_kwh\s+= 12\b", result.stdout)
    assert "market-based" in result.stdout
