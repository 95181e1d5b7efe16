"""`make bench`: the figures that the provider is held to, measured side by side in one run.

Medians, with the machine named. Rounds are interleaved, so that a machine that gets busy makes all
of them slower and not one. Beside the provider stand what Terraform costs with no provider at all
(terraform_data), with an empty provider of the same schema (the stand-in of crates/tfplugin), with one of 100 plain
attributes and, where --random names its binary, with hashicorp/random. A figure over its limit is marked; nothing fails for it,
since a shared machine is no judge.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from handshake import client_certificate, to_handshake  # noqa: E402
from harness.cli import Workdir, install, write_cli_config  # noqa: E402
from harness.config import SETTINGS, TYPE, Raw, resource, training  # noqa: E402

CACHE = Path(os.environ.get("SUSTAINABLE_CACHE") or Path.home() / ".cache/terraform-provider-sustainable")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
# What is published for Linux, statically linked (.goreleaser.yml).
STATIC = f"{platform.machine()}-unknown-linux-musl"
PROVIDER_BLOCK = 'provider "sustainable" {\n  region = "us-east-1"\n}\n'


def can_build_static() -> bool:
    """Whether this machine has what the published build needs."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    return bool(shutil.which("musl-gcc")) and (Path(sysroot) / "lib/rustlib" / STATIC).is_dir()


def build() -> dict[str, Path]:
    """The release binaries: ours as it is published, where that can be built, and the empty probe."""
    ours = ["cargo", "build", "--release", "--locked", "-p", "terraform-provider-sustainable"]
    folder = TARGET
    if can_build_static():
        ours += ["--target", STATIC]
        folder = TARGET / STATIC
        print(f"the binary is built as it is published, for {STATIC}")
    elif platform.system() == "Linux":
        print(
            f"the binary is built for this machine's C library; the published one, for {STATIC}, starts faster.\n"
            f"To measure that: rustup target add {STATIC}, and musl-gcc (Debian and Ubuntu: apt install musl-tools)"
        )
    subprocess.run(ours, check=True, cwd=ROOT)
    probe = ["cargo", "build", "--release", "--locked", "-p", "tfplugin", "--example", "stand_in"]
    subprocess.run(probe, check=True, cwd=ROOT)
    return {
        "sustainable": folder / "release/terraform-provider-sustainable",
        "probe": TARGET / "release/examples/stand_in",
    }


# The first example of the README, with an image in place of its source folder.
FIRST_EXAMPLE = {
    "model_type": "natural_language",
    "s3_bucket_name": "my-training-data",
    "dataset_size_gb": 16,
    "estimated_training_hours": 96,
    "preferred_training_regions": ["ca-central-1", "eu-north-1"],
    "supports_checkpointing": True,
    "max_emissions_kg": 30,
    "training_image": "123456789012.dkr.ecr.{region}.amazonaws.com/train:1",
}

RANDOM = """terraform {
  required_providers {
    random = {
      source = "hashicorp/random"
    }
  }
}
"""


def module(folder: Path, terraform: str, mirror: Path, *items, settings: str = SETTINGS, **environment) -> Workdir:
    """A root module that has been initialised."""
    workdir = Workdir(folder, terraform, write_cli_config(mirror))
    workdir.environment |= environment
    workdir.write(*items, settings=settings)
    workdir.init()
    return workdir


def seconds(workdir: Workdir) -> float:
    """The wall time of one plan."""
    start = time.perf_counter()
    result = workdir.run("plan", "-input=false", "-lock=false", "-out=tfplan", timeout=900)
    assert result.code == 0, result.explain()
    return time.perf_counter() - start


WRAPPER = """#!{python}
import json, resource, subprocess, sys
code = subprocess.run(["{real}", *sys.argv[1:]]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open("{log}", "a") as log:
    log.write(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]) + "\\n")
sys.exit(code)
"""


def wrap(real: Path, mirror: Path, log: Path) -> None:
    """A provider that writes down what each of its processes has used."""
    wrapper = mirror.parent / "wrapper"
    wrapper.write_text(WRAPPER.format(python=sys.executable, real=real, log=log))
    wrapper.chmod(0o755)
    install(wrapper, mirror)


def used(workdir: Workdir, log: Path) -> tuple[float, float]:
    """CPU seconds over all provider processes of one plan, and the largest of them in MiB."""
    log.write_text("")
    seconds(workdir)
    # The last process may still be writing its line.
    time.sleep(0.5)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return sum(cpu for cpu, _ in lines), max(rss for _, rss in lines) / 1024


def schema_file(workdir: Workdir, folder: Path) -> Path:
    """Our own schema, in the form that the stand-in reads."""
    everything = json.loads(workdir.run("providers", "schema", "-json").stdout)
    [ours] = everything["provider_schemas"].values()
    path = folder / "schema.json"
    path.write_text(json.dumps(ours))
    return path


def plain_schema(folder: Path) -> Path:
    """A resource of our type's name with 100 attributes of text: what a provider costs whatever its schema is."""
    text = {"type": "string", "optional": True, "computed": True}
    blocks = {
        "provider": {"region": {"type": "string", "optional": True}},
        TYPE: {f"attribute_{number}": text for number in range(100)},
    }
    made = {name: {"version": 0, "block": {"attributes": attributes}} for name, attributes in blocks.items()}
    path = folder / "plain.json"
    path.write_text(json.dumps({"provider": made.pop("provider"), "resource_schemas": made}))
    return path


def interleaved(rounds: int, **measures) -> dict[str, list]:
    """Each measure once per round."""
    found = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def cpu_name() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


class Table:
    """The report, line by line."""

    def __init__(self):
        print(f"{'':52}{'here':>12}{'limit':>12}   beside it")

    def line(self, what: str, value: float, unit: str, limit: float, *beside: str) -> None:
        """One figure."""
        mark = "" if value <= limit else "  OVER"
        print(f"{what:52}{value:>9.2f} {unit:<3}{limit:>8g} {unit:<3} {', '.join(beside)}{mark}", flush=True)


def main() -> None:
    """Measures everything and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=11)
    arguments.add_argument("--many", type=int, default=1000)
    arguments.add_argument("--random", type=Path, help="a binary of hashicorp/random, to be measured beside")
    options = arguments.parse_args()
    terraform = shutil.which("terraform") or str(CACHE / "bin/tofu")
    binaries = build()
    if options.random:
        binaries["random"] = options.random.resolve()
    version = subprocess.run([terraform, "version"], capture_output=True, text=True).stdout.splitlines()[0]
    print(
        f"{datetime.date.today()}, {cpu_name()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"{version}, load {os.getloadavg()[0]:.1f}; medians of {options.rounds} rounds\n"
    )
    with tempfile.TemporaryDirectory(prefix="sustainable-bench-") as name:
        measure(Path(name), terraform, binaries, options)


def measure(folder: Path, terraform: str, binaries: dict[str, Path], options) -> None:
    """The three groups of figures."""
    table = Table()
    starts(table, folder, binaries, options)

    mirrors = {kind: folder / f"mirror-{kind}" for kind in ("own", "probe", "wrapped", "none")}
    log = folder / "used.log"
    for mirror in mirrors.values():
        mirror.mkdir()
    install(binaries["sustainable"], mirrors["own"])
    install(binaries["probe"], mirrors["probe"])
    wrap(binaries["sustainable"], mirrors["wrapped"], log)

    own = module(folder / "own", terraform, mirrors["own"], PROVIDER_BLOCK, training())
    schema = {"STAND_IN_SCHEMA": str(schema_file(own, folder))}
    none = module(folder / "none", terraform, mirrors["none"], resource("terraform_data", "x", input="x"), settings="")
    probe = module(folder / "probe", terraform, mirrors["probe"], PROVIDER_BLOCK, training(), **schema)
    plain = {"STAND_IN_SCHEMA": str(plain_schema(folder))}
    item = resource(TYPE, "x", attribute_1="x")
    modules = {
        "own": own,
        "none": none,
        "probe": probe,
        "probe of 100 attributes": module(folder / "plain", terraform, mirrors["probe"], PROVIDER_BLOCK, item, **plain),
    }
    if options.random:
        mirrors["random"] = folder / "mirror-random"
        mirrors["random"].mkdir()
        install(binaries["random"], mirrors["random"], "hashicorp/random")
        item = resource("random_string", "x", length=8)
        modules["random"] = module(folder / "random", terraform, mirrors["random"], item, settings=RANDOM)
    one = {name: statistics.median(v) for name, v in interleaved(options.rounds, **timed(modules)).items()}
    beside = [f"{name} {value / one['none']:.2f}" for name, value in one.items() if name not in ("own", "none")]
    table.line(
        "plan of 1 resource, against terraform_data",
        one["own"] / one["none"],
        "x",
        2.6,
        *beside,
        f"{one['own'] * 1000:.0f} ms",
    )

    # Small runs have the most figures that are not whole, which Terraform takes longest for: see ARCHITECTURE.md.
    for kind, item in {
        "small runs": training(count=options.many, name=Raw('"bert-${count.index}"')),
        "README runs": resource(TYPE, "bert", count=options.many, name=Raw('"bert-${count.index}"'), **FIRST_EXAMPLE),
    }.items():
        many(
            table,
            folder / kind.replace(" ", "-"),
            terraform,
            mirrors,
            log,
            schema,
            (PROVIDER_BLOCK, item),
            kind,
            options,
        )


def many(table: Table, folder: Path, terraform, mirrors, log: Path, schema, items, kind: str, options) -> None:
    """What a plan of many resources costs."""
    lone = resource("terraform_data", "x", count=options.many, input="x")
    modules = {
        "own": module(folder / "own", terraform, mirrors["own"], *items),
        "probe": module(folder / "probe", terraform, mirrors["probe"], *items, **schema),
        "none": module(folder / "none", terraform, mirrors["none"], lone, settings=""),
    }
    rounds = max(3, options.rounds // 3)
    several = {name: statistics.median(v) for name, v in interleaved(rounds, **timed(modules)).items()}
    wrapped = module(folder / "wrapped", terraform, mirrors["wrapped"], *items)
    spent = [used(wrapped, log) for _ in range(rounds)]
    what = f"plan of {options.many} {kind}"
    table.line(f"{what}, CPU of the provider", statistics.median(cpu for cpu, _ in spent), "s", 1.0)
    table.line(f"{what}, memory of the provider", statistics.median(rss for _, rss in spent), "MiB", 40)
    table.line(
        f"{what}, against the empty probe",
        several["own"] / several["probe"],
        "x",
        1.25,
        *(f"{name} {value:.2f} s" for name, value in several.items()),
    )


def timed(modules: dict[str, Workdir]) -> dict:
    """A stopwatch per module."""
    return {name: (lambda workdir=workdir: seconds(workdir)) for name, workdir in modules.items()}


def starts(table: Table, folder: Path, binaries: dict[str, Path], options) -> None:
    """Start and size, with no Terraform around."""
    certificate = client_certificate()
    others = [name for name in binaries if name != "probe"]
    environment = {"STAND_IN_SCHEMA": str(folder / "none")}
    found = interleaved(
        options.rounds * 5,
        **{name: (lambda name=name: to_handshake(binaries[name], certificate, environment)) for name in others},
    )
    starts_in = {name: statistics.median(s for s, _ in values) * 1000 for name, values in found.items()}
    memory = {name: statistics.median(m for _, m in values) for name, values in found.items()}
    beside = [name for name in others if name != "sustainable"]
    table.line("exec to handshake", starts_in["sustainable"], "ms", 6, *(f"{n} {starts_in[n]:.1f}" for n in beside))
    table.line("memory at handshake (RSS)", memory["sustainable"], "MiB", 12, *(f"{n} {memory[n]:.1f}" for n in beside))
    size = {name: stripped(binaries[name], folder) for name in others}
    table.line("stripped release binary", size["sustainable"], "MB", 14, *(f"{n} {size[n]:.1f}" for n in beside))


def stripped(binary: Path, folder: Path) -> float:
    """The size without symbols, in MB."""
    copy = folder / "stripped"
    shutil.copy(binary, copy)
    subprocess.run(["strip", copy], check=True)
    return copy.stat().st_size / 1e6


if __name__ == "__main__":
    main()
