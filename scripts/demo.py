"""`make demo`: the BERT scenario, really run, from `init` to a destroy that leaves nothing but the log of the job.

Builds nothing itself: takes the debug provider, starts the emulator, puts a data set of a few kilobytes
into it, runs examples/scenarios/bert in a copy, and asks the emulator's inventory at the end.
Every claim is checked; the exit code says whether all of them held.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.cli import Workdir, install, write_cli_config  # noqa: E402
from harness.emulator import KEYS, Emulator  # noqa: E402
from harness.expect import changes, leftovers  # noqa: E402

BUCKET = "my-training-data"


def find_cli() -> str:
    """terraform, or tofu, or the pinned OpenTofu, built now."""
    for name in ("terraform", "tofu"):
        if found := shutil.which(name):
            return found
    subprocess.run([ROOT / "scripts/setup.sh", "tofu"], check=True)
    return str(Path(os.environ["SUSTAINABLE_CACHE"]) / "bin/tofu")


def show(workdir: Workdir, *arguments: str) -> None:
    """Runs a command before the user's eyes; its failure ends the demonstration."""
    print(f"\n$ {workdir.name} {' '.join(arguments)}", flush=True)
    plain = {} if sys.stdout.isatty() else {"TF_CLI_ARGS": "-no-color"}
    environment = workdir.environment | plain
    code = subprocess.run([workdir.binary, *arguments], cwd=workdir.folder, env=environment).returncode
    claim(f"{workdir.name} {arguments[0]} succeeds", code == 0)


def claim(what: str, holds: bool, otherwise: str = "") -> None:
    """A line per claim; the first that does not hold ends the demonstration."""
    print(f"{'ok  ' if holds else 'FAIL'}  {what}", flush=True)
    if not holds:
        sys.exit(otherwise or f"demo: this does not hold: {what}")


def play(workdir: Workdir, emulator: Emulator) -> None:
    """The scenario."""
    before = emulator.inventory()
    show(workdir, "init")
    show(workdir, "plan", "-out=tfplan")
    planned = workdir.plan_file()["resource_changes"][0]["change"]["after"]
    claim(
        "the plan names a region, a type and a capacity",
        all(planned[f"selected_{x}"] for x in ("region", "instance_type", "capacity")),
    )
    for figure in ("energy_kwh", "emissions_kg", "cost_usd", "runtime_hours"):
        band = planned["estimate"][figure]
        claim(f"the plan has {figure} with low <= value <= high", band["low"] <= band["value"] <= band["high"])
    claim(
        "the plan has a baseline and what is saved against it",
        planned["baseline"] and planned["savings"]["emissions_kg"] is not None,
    )
    claim("the plan lists rejected candidates with the reason", len(planned["candidates"]) > 1)

    show(workdir, "apply", "-input=false", "tfplan")
    [job] = emulator.jobs()
    claim(
        f"the training job {job['name']} runs in {job['region']}, as planned",
        job["region"] == planned["selected_region"],
    )
    show(workdir, "output")

    show(workdir, "plan", "-out=again")
    found = changes(workdir.plan_file("again"))
    claim("the second plan says: no changes", not found, f"demo: the second plan would change {found}")

    show(workdir, "destroy", "-auto-approve")
    left = leftovers(emulator, before, records=True)
    claim(
        "nothing is left but what was there before, and the job's log",
        not left,
        f"demo: left behind: {json.dumps(left, indent=2)}",
    )


def main() -> None:
    """Sets the stage, plays, clears up."""
    with tempfile.TemporaryDirectory(prefix="sustainable-demo-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "examples/scenarios/bert", folder / "bert")
        mirror = folder / "mirror"
        install(Path(os.environ["SUSTAINABLE_PROVIDER"]), mirror)
        workdir = Workdir(folder / "bert", find_cli(), write_cli_config(mirror))
        emulator = Emulator(folder / "emulator.log").start()
        workdir.environment |= {
            "AWS_ENDPOINT_URL": emulator.url,
            "AWS_ACCESS_KEY_ID": KEYS["access_key"],
            "AWS_SECRET_ACCESS_KEY": KEYS["secret_key"],
            "TF_VAR_bucket": BUCKET,
            "TF_VAR_region": "us-east-1",
        }
        del workdir.environment["TF_IN_AUTOMATION"]
        try:
            emulator.seed(BUCKET, objects={f"data/part-{i}.npy": bytes(1024) for i in range(4)})
            play(workdir, emulator)
        finally:
            emulator.stop()
    print("\nEvery claim holds.")


if __name__ == "__main__":
    main()
