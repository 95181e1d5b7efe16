"""A fault at every AWS call of every phase of a run's life: harness/matrix.py says what is required.

`make test` disturbs every call in one way, the ways in rotation; `make test-faults` in every way. Both print the table.
"""

import dataclasses

import pytest
from conftest import CLIS, PROVIDER
from harness.attached import Attached
from harness.cli import Workdir
from harness.matrix import FAULTS, SCALE, Matrix
from harness.phases import PHASES
from harness.steps import Scene

SHARES = 2
"""Each phase (and fault) is this many tests, so that workers can share it."""


@pytest.fixture
def matrix(tmp_path, cli_config, emulator):
    """A scene per tool, attached to one provider."""
    provider = Attached(PROVIDER, SCALE)
    scenes = []
    for name, binary in CLIS.items():
        workdir = Workdir(tmp_path / name, binary, cli_config)
        (workdir.folder / "train").mkdir()
        (workdir.folder / "train" / "train.py").write_text("print('training')\n")
        # Nothing is installed: the provider is attached.
        workdir.initialised = True
        scenes.append(Scene(workdir, emulator))
    yield Matrix(scenes, provider)
    provider.stop()


def disturb(matrix, record, phase, pick, share) -> None:
    """Plays this share of the cells; the report carries them to the table."""
    beyond = [call for other in PHASES if other.name == phase.beyond for call in matrix.calls(other)]
    cells = []
    for number, call in list(enumerate(matrix.calls(phase)))[share::SHARES]:
        # Pairs of calls per tool, so that each share meets both.
        if call not in beyond:
            cells += [matrix.play(phase, call, fault, number // SHARES) for fault in pick(number)]
    record("cells", [dataclasses.asdict(cell) for cell in cells])
    failures = [cell.failure for cell in cells if cell.failure]
    assert not failures, f"{len(failures)} of {len(cells)} cells:\n" + "\n\n".join(failures)


@pytest.mark.long
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_a_fault_at_every_call(matrix, record_property, phase, share):
    """Every call once, the faults in rotation."""
    faults, first = list(FAULTS), PHASES.index(phase)
    disturb(matrix, record_property, phase, lambda number: [faults[(number + first) % len(faults)]], share)


@pytest.mark.matrix
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_every_fault_at_every_call(matrix, record_property, phase, fault, share):
    """Every call with every fault."""
    disturb(matrix, record_property, phase, lambda _: [fault], share)
