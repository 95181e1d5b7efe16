"""Least privilege: each printed permission is necessary, and those of a feature suffice for it.

The policies are what `provider::sustainable::iam_policy` prints, one file per feature in policies/, to be read. A life
(harness/lives.py) is lived with exactly the policy of its features: nothing is refused, nothing that only warns either.
Then once more with one action less, for each action: something fails or warns, and the message names the action. Where
nothing does, SILENT says why, and what is not said without it. `make test` does the former, `make test-faults` the latter.
"""

import json
import re
from pathlib import Path

import pytest
from conftest import CLIS, PROVIDER
from harness.attached import Attached
from harness.cli import Workdir
from harness.config import output
from harness.expect import leftovers
from harness.lives import LIVES, SILENT, Life, Silent
from harness.matrix import SCALE
from harness.steps import Scene

POLICIES = Path(__file__).parent / "policies"


class AttachedWorkdir(Workdir):
    """A folder whose every command meets a provider that has just started."""

    def __init__(self, folder: Path, binary: str, cli_config: Path, provider: Attached):
        super().__init__(folder, binary, cli_config)
        self.provider = provider
        # Nothing is installed.
        self.initialised = True

    def start(self, *arguments, **environment):
        """Starts the provider first."""
        return super().start(*arguments, **self.provider.fresh(self.folder), **environment)


@pytest.fixture
def provider():
    """Attached: hundreds of commands."""
    found = Attached(PROVIDER, SCALE)
    yield found
    found.stop()


@pytest.fixture
def attached(tmp_path, cli_config, emulator, provider):
    """IAM is the same for both tools: they take turns over the lives."""

    def scene(number: int) -> Scene:
        workdir = AttachedWorkdir(tmp_path / "module", list(CLIS.values())[number % 2], cli_config, provider)
        (workdir.folder / "train").mkdir()
        (workdir.folder / "train" / "train.py").write_text("print('training')\n")
        return Scene(workdir, emulator)

    return scene


def printed(scene: Scene, **features: list[str]) -> dict[str, dict]:
    """What the function returns for each of these lists, in one plan."""
    scene.write(
        *(output(name, f"provider::sustainable::iam_policy({json.dumps(some)})") for name, some in features.items())
    )
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    found = plan["planned_values"]["outputs"]
    return {name: json.loads(found[name]["value"]) for name in features}


def known_features(scene: Scene) -> list[str]:
    """All of them, as the function itself names them."""
    scene.write(output("none", 'provider::sustainable::iam_policy(["?"])'))
    result, _ = scene.plan()
    [error] = result.errors
    return re.search(r"legal are ([\w\s,]+)", error.detail)[1].replace("\n", " ").strip().split(", ")


def golden(feature: str) -> dict:
    """The policy of one feature, as somebody has read it."""
    return json.loads((POLICIES / f"{feature}.json").read_text())


def test_each_feature_has_its_policy(attached):
    """A file each, word for word; and each is lived."""
    scene = attached(0)
    features = known_features(scene)
    assert sorted(path.stem for path in POLICIES.glob("*.json")) == sorted(features)
    for feature, policy in printed(scene, **{feature: [feature] for feature in features}).items():
        assert policy == golden(feature), f"{feature}: scripts/shown_output.py writes it anew; read it then"
    lived = {life.proves for life in LIVES}
    unlived = [(feature, action) for feature in set(features) - lived for _, action in permissions(golden(feature))]
    assert all(one in SILENT for one in unlived), unlived


def permissions(policy: dict) -> list[tuple[dict, str]]:
    """(statement, action) of a policy."""
    return [(statement, action) for statement in policy["Statement"] for action in statement["Action"]]


def without(policy: dict, missing: dict, action: str) -> dict:
    """The policy with one action less in the statement that speaks of the same resources as `missing`."""

    def same(statement: dict) -> bool:
        return all(statement.get(key) == missing.get(key) for key in ("Resource", "Condition"))

    kept = [
        {**statement, "Action": [one for one in statement["Action"] if not (one == action and same(statement))]}
        for statement in policy["Statement"]
    ]
    return {**policy, "Statement": [statement for statement in kept if statement["Action"]]}


class Lived:
    """What was said and asked for in a life."""

    def __init__(self):
        self.said: list[str] = []
        self.needed: set[str] = set()
        self.refused: list[str] = []

    def names(self, action: str) -> bool:
        """Whether a diagnostic names the action; not merely a longer one."""
        return self.says(rf"{re.escape(action)}(?!\w)")

    def says(self, pattern: str) -> bool:
        """Whether a diagnostic says this."""
        return any(re.search(pattern, line) for line in self.said)


def live(scene: Scene, life: Life, policy: dict, until: str | None = None) -> Lived:
    """A life with this policy. With `until`, only as far as that has been named, or something has failed."""
    emulator, lived = scene.emulator, Lived()
    emulator.heal()
    emulator.reset()
    emulator.seed("training-data")
    emulator.make_role("own")
    if life.world:
        life.world(emulator)
    limited = emulator.enforce(policy)
    scene.keep()
    for leftover in scene.workdir.folder.glob("*.tfstate*"):
        leftover.unlink()
    items = ()
    for done in life.done:
        scene.provider_arguments = {} if done.root else limited
        if done.before:
            done.before(emulator)
        items = done.items or items
        scene.write(*items)
        mark = emulator.mark()
        result = scene.workdir.run(done.command, "-json", *([] if done.command == "plan" else ["-auto-approve"]))
        if not done.root:
            lived.said += [f"{done.command}: {d}" for d in result.diagnostics]
            for request in emulator.requests(mark):
                lived.needed |= {need.split(" on ")[0] for need in request["needs"]}
                if "AccessDenied" in request["error"] and not request["fault"]:
                    lived.refused.append(request["operation"])
        if until and lived.names(until):
            break
        assert until or (result.code != 0) == done.fails, f"{done.command}: {result.explain()}"
        if result.code != 0 and not done.fails:
            break
    return lived


FEATURES = list(dict.fromkeys(life.proves for life in LIVES))


def lived_through(scene: Scene, feature: str) -> list[tuple[Life, dict, Lived]]:
    """The feature's lives with exactly their policies: nothing is refused, nothing is left."""
    lives = [life for life in LIVES if life.proves == feature]
    policies = printed(scene, **{f"life_{n}": life.features for n, life in enumerate(lives)}).values()
    found = []
    for life, policy in zip(lives, policies, strict=True):
        lived = live(scene, life, policy)
        assert not lived.refused, f"{life}: refused: {lived.refused}\n" + "\n".join(lived.said)
        left = leftovers(scene.emulator, scene.kept)
        assert not left, f"{life}: left behind: {left}"
        found.append((life, policy, lived))
    return found


@pytest.mark.long
@pytest.mark.parametrize("feature", FEATURES)
def test_a_policy_suffices(attached, feature):
    """Nothing is refused, and each action is asked for, or SILENT says what for."""
    needed = set().union(*(lived.needed for _, _, lived in lived_through(attached(FEATURES.index(feature)), feature)))
    idle = [a for _, a in permissions(golden(feature)) if a not in needed and (feature, a) not in SILENT]
    assert not idle, f"{feature}: allowed and never asked for: {idle}"


@pytest.mark.matrix
@pytest.mark.parametrize("feature", FEATURES)
def test_each_permission_is_necessary(attached, feature):
    """With one action less, somebody says which; or what SILENT says."""
    scene = attached(FEATURES.index(feature))
    lives = lived_through(scene, feature)
    wrong = []
    for statement, action in permissions(golden(feature)):
        if complaint := misses(scene, lives, statement, action, SILENT.get((feature, action))):
            wrong.append(f"{feature}, {action}: {complaint}")
    assert not wrong, "\n".join(wrong)


def misses(scene: Scene, lives: list, statement: dict, action: str, silent: Silent | None) -> str:
    """What is wrong with the claim that the lives miss this action; empty if nothing is."""
    heard = []
    for life, policy, whole in lives:
        assert not whole.names(action), f"{life}: {action} is named though it is allowed: {whole.said}"
        if action not in whole.needed:
            continue
        less = live(scene, life, without(policy, statement, action), until=action)
        if less.names(action):
            return "is named after all" if silent else ""
        if silent and silent.lost and whole.says(silent.lost) and not less.says(silent.lost):
            return ""
        heard.append(f"\n  {life}: refused {less.refused}, said " + "\n    ".join(less.said))
    if silent and not silent.lost:
        return ""
    return "nobody misses it: " + "".join(heard)
