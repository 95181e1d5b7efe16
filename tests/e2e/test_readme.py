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


def test_the_plan_of_the_first_example_is_short(tmp_path, cli, cli_config):
    """People read it in a pull request: the block of the README's example stays under 90 lines."""
    [example] = re.findall(r"```terraform\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    shutil.copytree(ROOT / "examples/scenarios/bert/train", tmp_path / "bert/train")
    workdir = Workdir(tmp_path / "bert", cli, cli_config)
    workdir.write('provider "sustainable" {\n  region = "us-east-1"\n}\n', example)
    workdir.init()
    result = workdir.run("plan", "-no-color")
    assert result.code == 0, result.explain()
    [block] = re.findall(r"^  \+ resource .*?^    }$", result.stdout, re.S | re.M)
    assert len(block.splitlines()) < 90, block


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
    summary = re.search(r'summary += "(.*)"', result.stdout).group(1)
    assert "market-based figure of catalog_overrides" in summary
    # 307 kWh at 12 g/kWh are 3.68 kg; 44 h of manufacture 7.24 kg.
    assert "10.9 kgCO2e" in summary
