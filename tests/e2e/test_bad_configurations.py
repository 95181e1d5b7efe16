"""Bad configurations: each gets exactly the diagnostic that its row names, and nothing is created.

The rows are in bad_configurations/*.toml. All of them stand in one configuration, each as a block of
its own, so that a single `validate` per tool answers for every row. A row:

    [[bad]]
    says = "an underscore in the name"       # what is wrong, for people
    with.name = "bert_base"                  # changes to the usual block; "hcl:..." is an expression
    without = ["training_image"]             # attributes to leave out
    block = "provider"                       # or a data source or resource; a training when it is not given
    severity = "warning"                     # an error when it is not given
    path = "name"                            # where the diagnostic points to
    summary = "Invalid name"
    detail = "..."
    [[bad.also]]                             # further diagnostics of the same row
"""

import tomllib
from pathlib import Path

import pytest
from harness.cli import Workdir
from harness.config import Block, Item, Raw, data, resource, training
from harness.steps import Scene

FOLDER = Path(__file__).parent / "bad_configurations"
BLOCKS = {"timeouts", "assume_role", "default_tags", "endpoints", "carbon_signal"}


def load() -> dict[str, dict]:
    """Every row by the label of its block."""
    rows = {}
    for file in sorted(FOLDER.glob("*.toml")):
        for number, row in enumerate(tomllib.loads(file.read_text())["bad"]):
            rows[f"{file.stem}_{number}"] = row
    return rows


ROWS = load()


def literal(value):
    """TOML has no null and no expressions: "hcl:..." is either."""
    if isinstance(value, str) and value.startswith("hcl:"):
        return Raw(value.removeprefix("hcl:"))
    if isinstance(value, dict):
        return {key: literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [literal(inner) for inner in value]
    return value


def items(label: str, row: dict) -> list[Item]:
    """The block of a row; a provider also needs something that uses it."""
    arguments = {
        name: Block(value) if name in BLOCKS else value for name, value in literal(row.get("with", {})).items()
    }
    match row.get("block"):
        case None:
            left_out = dict.fromkeys(row.get("without", []))
            return [training(label, **{"name": "bert"} | left_out | arguments)]
        case "provider":
            alias = Item('provider "sustainable"', label, {"alias": label, "region": "us-east-1"} | arguments)
            use = data("sustainable_instance_types", label, provider=Raw(f"sustainable.{label}"))
            return [alias, use]
        case "sustainable_training_dashboard" as kind:
            return [resource(kind, label, **arguments)]
        case source:
            return [data(source, label, **arguments)]


def label_of(address: str) -> str:
    """The row that an address belongs to."""
    return address.rsplit(".", 1)[-1]


@pytest.fixture(scope="session")
def validated(tmp_path_factory, cli_config):
    """Answers the diagnostics by row that a tool gives for the whole configuration, asked once."""
    answers = {}

    def of(binary: str) -> dict[str, list]:
        if binary not in answers:
            workdir = prepare(tmp_path_factory.mktemp("bad"), binary, cli_config)
            result = workdir.run("validate", "-json")
            assert result.code == 1, result.explain()
            answers[binary] = {label: [] for label in ROWS}
            for found in result.diagnostics:
                answers[binary].setdefault(label_of(found.address), []).append(found)
        return answers[binary]

    return of


DEFAULT = Item('provider "sustainable"', "provider", {"region": "us-east-1"})


def prepare(folder: Path, binary: str, cli_config: Path, provider: Item = DEFAULT) -> Workdir:
    """A folder with every row in it."""
    workdir = Workdir(folder, binary, cli_config)
    workdir.write(provider, *[item for label, row in ROWS.items() for item in items(label, row)])
    workdir.init()
    return workdir


def test_the_table_is_long_enough_and_says_each_thing_once():
    """The number that the project promises; and no two rows with the same words."""
    assert len(ROWS) >= 150
    said = [(label.rsplit("_", 1)[0], row["says"]) for label, row in ROWS.items()]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("label", ROWS, ids=lambda label: f"{label}: {ROWS[label]['says']}")
def test_bad_configuration(label, cli, validated):
    """One row: these diagnostics and no others."""
    row = ROWS[label]
    wanted = sorted(
        (one.get("severity", "error"), one["path"], one["summary"], one["detail"])
        for one in [row, *row.get("also", [])]
    )
    found = sorted((one.severity, one.path, one.summary, one.detail) for one in validated(cli)[label])
    assert found == wanted


def test_nothing_else_is_said(cli, validated):
    """No diagnostic that belongs to no row."""
    assert {label: found for label, found in validated(cli).items() if label not in ROWS} == {}


def test_nothing_is_called_or_created(tmp_path, cli, cli_config, emulator):
    """An apply of all of it fails before the first call."""
    endpoints = Scene(None, emulator).provider()
    workdir = prepare(tmp_path, cli, cli_config, endpoints)
    before = emulator.inventory()
    result = workdir.run("apply", "-auto-approve", "-json")
    assert result.code == 1
    assert {label_of(one.address) for one in result.errors} >= {
        label for label, row in ROWS.items() if row.get("severity", "error") == "error" and not row.get("block")
    }
    assert emulator.calls() == {}
    assert emulator.inventory() == before
