"""A fault at every single AWS call of a create and of a destroy.

The calls are not listed here: a clean run is watched, and each call that it made is then made to fail,
one run per call. After a failed create a second apply converges; after a failed destroy a second
destroy finishes; and either way nothing is left. Calls take turns between terraform and tofu.
"""

from collections import Counter

import pytest
from conftest import CLIS
from harness.cli import Workdir
from harness.config import training
from harness.steps import Scene

KINDS = ["refused", "throttled", "error500", "lost"]
SHARES = 2
"""Each (phase, kind) is this many tests, so that workers can share it."""

RUN = training(
    on_destroy="delete",
    force_destroy=True,
    preferred_training_regions=["eu-north-1"],
    source_dir="train",
    entry_point="train.py",
    training_image=None,
)


@pytest.fixture
def scenes(tmp_path, cli_config, emulator):
    """A scene per tool; call `fresh` before each use."""
    made = []
    for name, binary in CLIS.items():
        workdir = Workdir(tmp_path / name, binary, cli_config)
        (workdir.folder / "train").mkdir()
        (workdir.folder / "train" / "train.py").write_text("print('training')\n")
        scene = Scene(workdir, emulator)
        # One retry: what stays broken is given up soon.
        scene.provider_arguments = {"max_retries": 1}
        scene.write(RUN)
        made.append(scene)
    return made


def fresh(scene: Scene) -> None:
    """An account with nothing but the user's data, and no state."""
    scene.emulator.reset()
    scene.emulator.seed("training-data")
    scene.keep()
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()


def numbered(requests):
    """(service, operation, how many-th of its kind) for each request."""
    counts = Counter()
    for request in requests:
        key = request["service"], request["operation"]
        counts[key] += 1
        yield (*key, counts[key])


def calls_of(scene: Scene, phase: str) -> list:
    """What a clean create or destroy asks AWS for."""
    fresh(scene)
    mark = scene.emulator.mark()
    result = scene.apply()
    assert result.code == 0, result.explain()
    created = list(numbered(scene.emulator.requests(mark)))
    mark = scene.emulator.mark()
    scene.destroy(records=True)
    destroyed = list(numbered(scene.emulator.requests(mark)))
    return created if phase == "create" else destroyed


def fail_create(scene: Scene, call: tuple, kind: str) -> None:
    fresh(scene)
    arm(scene, call, kind)
    first = scene.apply()
    scene.emulator.heal()
    if first.code != 0:
        assert first.errors, f"failed without a word: {first.explain()}"
        # A create that could not even give its claim back is waited out.
        scene.emulator.advance(120)
        second = scene.apply()
        assert second.code == 0, f"the second apply: {second.explain()}\nafter the first: {first.explain()}"
    else:
        # What is not worth failing for (the dashboard) is a warning, and made up for by the next apply.
        assert scene.apply().code == 0
    scene.expect_pending({})
    active = [job for job in scene.emulator.jobs() if job["status"] == "InProgress"]
    assert len(active) == 1, f"{len(active)} jobs run: {scene.emulator.jobs()}"
    scene.destroy(records=True)


def fail_destroy(scene: Scene, call: tuple, kind: str) -> None:
    fresh(scene)
    created = scene.apply()
    assert created.code == 0, created.explain()
    arm(scene, call, kind)
    first = scene.workdir.run("destroy", "-json", "-auto-approve")
    scene.emulator.heal()
    if first.code != 0:
        assert first.errors, f"failed without a word: {first.explain()}"
        scene.destroy(records=True)
    else:
        scene.expect_nothing_left(records=True)


def arm(scene: Scene, call: tuple, kind: str) -> None:
    """A refusal, throttling and an outage last; an answer is lost once."""
    service, operation, nth = call
    scene.emulator.fault(service, operation, kind, skip=nth - 1, count=1 if kind == "lost" else None)


@pytest.mark.long
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", ["create", "destroy"])
def test_a_fault_at_every_call(scenes, phase, kind, share):
    calls = calls_of(scenes[0], phase)
    assert calls, "no calls seen"
    disturb = {"create": fail_create, "destroy": fail_destroy}[phase]
    failures = []
    # Pairs of calls per tool, so that each share meets both.
    for number, call in list(enumerate(calls))[share::SHARES]:
        scene = scenes[number // SHARES % len(scenes)]
        try:
            disturb(scene, call, kind)
        except AssertionError as failure:
            failures.append(f"{kind} at {phase} {call} ({scene.workdir.name}): {failure}")
    assert not failures, f"{len(failures)} of {len(calls)} calls:\n" + "\n\n".join(failures)
