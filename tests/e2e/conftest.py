"""Fixtures: both command-line tools, an emulator per worker, a fresh folder per test.

SUSTAINABLE_PROVIDER   the provider's binary (default: the debug build)
SUSTAINABLE_CACHE      where `make setup` put OpenTofu
TERRAFORM, TOFU        other binaries than terraform on PATH and the pinned tofu
"""

import os
import shutil
from pathlib import Path

import pytest
from harness.cli import Workdir, install, write_cli_config
from harness.emulator import Emulator
from harness.matrix import Cell, table
from harness.steps import Scene

CACHE = Path(os.environ.get("SUSTAINABLE_CACHE") or Path.home() / ".cache/terraform-provider-sustainable")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
PROVIDER = Path(os.environ.get("SUSTAINABLE_PROVIDER") or TARGET / "debug/terraform-provider-sustainable")
STAND_IN = Path(os.environ.get("STAND_IN") or PROVIDER.parent / "examples/stand_in")
CLIS = {
    "terraform": os.environ.get("TERRAFORM") or shutil.which("terraform"),
    "tofu": os.environ.get("TOFU") or str(CACHE / "bin/tofu"),
}


def pytest_collection_modifyitems(items):
    """Long tests first: two workers then end at about the same time."""
    items.sort(key=lambda item: not item.get_closest_marker("long"))


def pytest_terminal_summary(terminalreporter):
    """The table of the fault matrix, whichever worker played a cell."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    found = [value for r in reports for name, value in getattr(r, "user_properties", []) if name == "cells"]
    if cells := [Cell(**cell) for share in found for cell in share]:
        terminalreporter.section("calls x faults: passed of tried")
        terminalreporter.write_line(table(cells))


@pytest.fixture(scope="session")
def cli_config(tmp_path_factory) -> Path:
    """The provider in a filesystem mirror, and the CLI configuration that points there."""
    assert PROVIDER.exists(), f"{PROVIDER} is not there: run `make build`"
    mirror = tmp_path_factory.mktemp("mirror")
    install(PROVIDER, mirror)
    return write_cli_config(mirror)


@pytest.fixture(scope="session")
def cli_config_with_aws(tmp_path_factory) -> Path:
    """The same with a stand-in for hashicorp/aws: the resources that the examples use, doing nothing."""
    assert STAND_IN.exists(), f"{STAND_IN} is not there: run `cargo build -p tfplugin --examples`"
    mirror = tmp_path_factory.mktemp("mirror-with-aws")
    install(PROVIDER, mirror)
    install(STAND_IN, mirror, "hashicorp/aws", "6.0.0")
    return write_cli_config(mirror)


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory):
    """One emulator for this worker."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator") / "log").start()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(running_emulator) -> Emulator:
    """An empty account."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture(params=CLIS)
def cli(request) -> str:
    """terraform, then tofu. A tool that is missing fails the tests: both have to pass."""
    binary = CLIS[request.param]
    assert binary and Path(binary).exists(), f"no {request.param}: run `make setup`, or set {request.param.upper()}"
    return binary


@pytest.fixture
def workdir(tmp_path, cli, cli_config) -> Workdir:
    """A folder with no configuration yet."""
    return Workdir(tmp_path / "module", cli, cli_config)


@pytest.fixture
def scene(workdir, emulator) -> Scene:
    """An account with the user's bucket and data in it, and a working folder."""
    emulator.seed("training-data")
    return Scene(workdir, emulator)
