"""The invariants of ARCHITECTURE.md, held against the sources and the crate graph.

Each test's name stands in ARCHITECTURE.md beside the invariant that it holds; the last test sees to it.
"""

from __future__ import annotations

import re
import tomllib

import pytest
from sources import GENERATED, ROOT, code, dependencies, found, packages, rust, text, tracked

PROVIDER = "terraform-provider-sustainable"

# Who may know whom. Nothing points back.
EDGES = {
    PROVIDER: {
        "sustainable-aws",
        "sustainable-catalog",
        "sustainable-grid",
        "planner",
        "sustainable-schemas",
        "tfplugin",
    },
    "sustainable-schemas": {"sustainable-catalog", "tfplugin"},
    "planner": {"sustainable-catalog"},
    "sustainable-grid": {"sustainable-catalog"},
    "sustainable-catalog": set(),
    "sustainable-aws": set(),
    "tfplugin": set(),
}

# A longer file does more than one thing.
MOST_LINES = 600


def test_dependencies_point_one_way() -> None:
    ours = set(packages())
    assert {name: dependencies(name) & ours for name in ours} == EDGES


def test_only_tfplugin_knows_the_wire() -> None:
    wire = {"prost", "prost-types", "tonic", "tonic-prost", "rmp", "rcgen", "rustls", "tokio-rustls"}
    assert wire - {"prost-types"} <= dependencies("tfplugin")
    for name in packages():
        if name != "tfplugin":
            assert dependencies(name) & wire == set(), name


def test_only_grid_speaks_http() -> None:
    """One client, which bounds time and size and hides keys. The SDK has its own, inside `aws`.

    Grid opens TLS connections through hyper-rustls, with the machine's roots; what TLS is made of stays
    `tfplugin`'s (the test above): grid has no certificate and no verifier of its own.
    """
    clients = {"hyper", "hyper-util", "hyper-rustls"}
    assert clients <= dependencies("sustainable-grid")
    for name in packages():
        others = {entry for entry in dependencies(name) if entry in clients | {"reqwest", "ureq", "isahc", "curl"}}
        assert others == (clients if name == "sustainable-grid" else set()), name
    # The sources see exchanges of this client, never a socket.
    outside = [place for place in found(r"\bhyper|TcpStream", rust("crates/grid")) if "/grid/src/http/" not in place]
    assert outside == []


def test_a_key_is_opened_only_for_its_request() -> None:
    opened = {place.split(":")[0] for place in found(r"\.expose\(\)", rust("crates/grid"))}
    needed = ("crates/grid/src/http/client.rs", "crates/grid/src/sources/")
    assert [name for name in opened if not name.startswith(needed)] == []


def test_only_aws_knows_the_sdk() -> None:
    assert {"aws-config", "aws-sdk-s3"} <= dependencies("sustainable-aws")
    for name in packages():
        if name != "sustainable-aws":
            assert {entry for entry in dependencies(name) if entry.startswith("aws-")} == set(), name


def test_the_decision_is_pure() -> None:
    """No clock, no I/O, no randomness, no async in planner and catalog: two processes decide the same."""
    pure = ("planner", "sustainable-catalog")
    allowed = {"sustainable-catalog", "serde", "serde_json", "sha2"}
    for name in pure:
        assert dependencies(name) <= allowed, name
    impure = (
        r"SystemTime|Instant|std::(fs|net|env|process|io)|RandomState|HashMap|HashSet"
        r"|\basync\b|\.await|\bunsafe\b|include_bytes!|f(32|64)::mul_add"
    )
    assert found(impure, rust("crates/planner", "crates/catalog")) == []


def test_a_figure_of_the_decision_is_in_the_catalogue() -> None:
    """With source, date and range in `constants.csv`, where `catalog_overrides` reaches it; never in the planner's code.

    Allowed are units, halves and hundredths (a cent, the floor of a logarithm) and tolerances. `text.rs` rounds, `units.rs`
    converts, and `request.rs` holds the defaults of attributes, which are declared in `schemas`.
    """
    number = r"(?<![\w.])(\d[\d_]*\.\d[\d_]*(?:e-?\d+)?|\d[\d_]*e-?\d+)(?![\w])"
    allowed = [
        "0.0",
        "0.01",
        "0.5",
        "1.0",
        "2.0",
        "10.0",
        "24.0",
        "60.0",
        "100.0",
        "1000.0",
        "3600.0",
        "1e6",
        "1e9",
        "1e-6",
        "1e-9",
    ]
    # No figure but a bound on the work: hours that are looked at.
    bound = "crates/planner/src/time/timing.rs:const MOST_H: f64 = 3000.0;"
    found_ones = [
        f"{name}:{line.strip()}"
        for name in rust("crates/planner")
        if not name.endswith(("/text.rs", "/units.rs", "/request.rs"))
        for line in code(name).splitlines()
        if set(re.findall(number, re.sub(r'"(?:\\.|[^"\\])*"', "", line))) - set(allowed)
    ]
    assert found_ones == [bound]


def test_schemas_touch_nothing_but_values() -> None:
    assert found(r"SystemTime|Timestamp::now|Zoned::now|std::(fs|net|env|process)|\.await", rust("schemas")) == []


def test_only_edges_read_the_clock() -> None:
    """A plan has to come out the same in its second process."""
    clock = r"SystemTime::now|Timestamp::now|Zoned::now|Instant::now|UNIX_EPOCH\.elapsed"
    training = "provider/src/resources/ml_training"
    edges = ("crates/aws/", "crates/tfplugin/", "provider/src/clock.rs")
    outside = [place for place in found(clock, rust()) if not place.startswith(edges)]
    assert outside == []
    # A refresh says how many hours have passed; an apply asks whether a placement has expired; a data source, which
    # Terraform reads once for a plan and its apply, says which hours are the next ones.
    users = {place.split(":")[0] for place in found(r"\bclock::", rust("provider"))}
    read_once = {"provider/src/data_sources/carbon_intensity.rs", "provider/src/data_sources/placement/mod.rs"}
    assert users <= {f"{training}/run.rs", f"{training}/expiry.rs"} | read_once
    disallowed = {entry["path"] for entry in tomllib.loads(text("clippy.toml"))["disallowed-methods"]}
    assert {"std::time::SystemTime::now", "jiff::Timestamp::now"} <= disallowed


def test_every_wait_is_in_one_place() -> None:
    """Pauses, leases and limits come with the settings, so that tests can shorten them."""
    lengths = found(r"Duration::from_\w+\(\d|std::thread::sleep", rust("crates/aws/src"))
    assert {place.split(":")[0] for place in lengths} == {"crates/aws/src/timing.rs"}


def test_nothing_but_the_handshake_writes_to_stdout() -> None:
    """Standard output carries one line, which Terraform parses."""
    writers = {place.split(":")[0] for place in found(r"\bprintln!|\bprint!|stdout\(\)", rust())}
    # `--version` is answered before anything is served.
    assert writers <= {"crates/tfplugin/src/transport/handshake.rs", "provider/src/main.rs"}


def test_no_shortcut_ends_the_process() -> None:
    """A problem becomes a diagnostic. Only what a person could not have caused may panic, and says why."""
    assert found(r"\.unwrap\(\)|\btodo!|\bunimplemented!|\bdbg!|process::(exit|abort)", rust()) == []


def test_lints_are_shared_and_exceptions_say_why() -> None:
    lints = tomllib.loads(text("Cargo.toml"))["workspace"]["lints"]
    assert lints["rust"]["unsafe_code"] == "forbid"
    for package in packages().values():
        manifest = tomllib.loads(text(str(package["manifest_path"]).removeprefix(f"{ROOT}/")))
        assert manifest["lints"] == {"workspace": True}, package["name"]
    bare = [place for place in found(r"#!?\[(allow|expect)\(", rust()) if "reason" not in _attribute(place)]
    assert bare == []


def _attribute(place: str) -> str:
    """The whole attribute that begins at FILE:LINE."""
    name, number, _ = place.split(":", 2)
    rest = "\n".join(code(name).splitlines()[int(number) - 1 :])
    return rest.partition(")]")[0]


def test_one_table_of_dependency_versions() -> None:
    for package in packages().values():
        manifest = tomllib.loads(text(str(package["manifest_path"]).removeprefix(f"{ROOT}/")))
        for table in ("dependencies", "dev-dependencies", "build-dependencies"):
            for name, entry in manifest.get(table, {}).items():
                own = isinstance(entry, dict) and (entry.get("workspace") or "path" in entry)
                assert own, f"{package['name']}: {name} names its own version"


def test_aws_reads_all_that_it_is_given() -> None:
    """Each field of a run, of its parts and of the settings is accessed beyond its declaration. By its name: one that others share proves little."""
    ignored = []
    for name in ("crates/aws/src/spec.rs", "crates/aws/src/settings.rs"):
        fields = re.findall(r"^    pub (\w+):", code(name), re.MULTILINE)
        assert len(fields) > 10, name
        others = "".join(code(other) for other in rust("crates/aws/src") if other != name)
        ignored += [f"{name}: {field}" for field in fields if not re.search(rf"\.{field}\b", others)]
    assert ignored == []


def test_files_say_what_they_are_for() -> None:
    openings = ("//!", "#![doc = ")
    silent = [name for name in tracked(".rs") if not GENERATED.search(name) and not text(name).startswith(openings)]
    silent += [
        name
        for name in tracked(".py")
        if (content := text(name).strip()) and not re.match(r'(#!.*\n)?(r?""")', content)
    ]
    assert silent == []


def test_files_stay_small() -> None:
    long = {
        name: lines
        for name in tracked(".rs", ".py", ".sh")
        if not GENERATED.search(name) and (lines := len(text(name).splitlines())) > MOST_LINES
    }
    assert long == {}


def test_no_path_of_one_machine() -> None:
    """A clone works for everybody."""
    path = re.compile(r"(?<![\w.~}])/(root|work|home|Users)/\w")
    here = "tests/architecture/test_invariants.py"
    names = [name for name in tracked() if name != here and (ROOT / name).stat().st_size < 1_000_000]
    places = []
    for name in names:
        try:
            lines = text(name).splitlines()
        except UnicodeDecodeError:
            continue
        places += [
            f"{name}:{number}: {line.strip()[:120]}" for number, line in enumerate(lines, 1) if path.search(line)
        ]
    assert places == []


def test_one_version() -> None:
    version = tomllib.loads(text("Cargo.toml"))["workspace"]["package"]["version"]
    assert {package["version"] for package in packages().values()} == {version}
    first = re.search(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)
    assert first and first[1] == version
    major_minor = ".".join(version.split(".")[:2])
    for name in tracked(".tf"):
        for constraint in re.findall(r'sustainable-ml/sustainable"\s*version\s*=\s*"([^"]*)"', text(name)):
            assert constraint == f"~> {major_minor}", name


def _table() -> list[tuple[str, str]]:
    """The invariants of ARCHITECTURE.md: what is claimed, and what holds it."""
    rows = re.findall(r"^\| ([^|]+) \| (`[^|]+`[^|]*) \|$", text("ARCHITECTURE.md"), re.MULTILINE)
    assert len(rows) >= 30
    return rows


@pytest.mark.parametrize(("invariant", "holder"), _table(), ids=lambda value: value[:60])
def test_every_invariant_names_a_test_that_exists(invariant: str, holder: str) -> None:
    names = re.findall(r"`([^`]+)`", holder)
    for name in names:
        file, _, test = name.partition("::")
        assert (ROOT / file).is_file(), f"{invariant}: there is no {file}"
        if test:
            assert re.search(rf"\b(def|fn) {re.escape(test)}\b", text(file)), f"{invariant}: no {test} in {file}"


def test_every_test_here_stands_in_the_architecture() -> None:
    here = set(re.findall(r"^def (test_\w+)", text("tests/architecture/test_invariants.py"), re.MULTILINE))
    named = set(re.findall(r"test_invariants\.py::(test_\w+)", text("ARCHITECTURE.md")))
    about_itself = {"test_every_invariant_names_a_test_that_exists", "test_every_test_here_stands_in_the_architecture"}
    assert here - named == about_itself
