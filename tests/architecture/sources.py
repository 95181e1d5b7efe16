"""The repository as the invariants see it: tracked files, production code, the crate graph."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Written by a program and compared with its output by a test; nobody reads them in review.
GENERATED = re.compile(r"(^|/)generated[^/]*\.rs$|(^|/)(generated|pb)/")
# Not part of the provider that users run.
NOT_PRODUCTION = re.compile(r"(^|/)(tests|benches|examples|fuzz|tools|bin)/|(^|/)build\.rs$|(^|[/_])tests\.rs$")


@functools.cache
def tracked(*suffixes: str) -> tuple[str, ...]:
    """Tracked files, and new ones that git does not ignore, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    names = (name for name in listed if name.endswith(suffixes or ("",)) and (ROOT / name).is_file())
    return tuple(sorted(set(names)))


@functools.cache
def text(name: str) -> str:
    """A file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def rust(*folders: str) -> list[str]:
    """Hand-written production Rust files, under these folders or everywhere."""
    return [
        name
        for name in tracked(".rs")
        if not GENERATED.search(name)
        and not NOT_PRODUCTION.search(name)
        and (not folders or name.startswith(tuple(f"{folder}/" for folder in folders)))
    ]


@functools.cache
def code(name: str) -> str:
    """A Rust file without its unit tests and comments; line numbers stay."""
    source = re.split(r"^#\[cfg\(test\)\]\n(?:#\[.*\]\n)*mod ", text(name), maxsplit=1, flags=re.MULTILINE)[0]
    return re.sub(r"(^|\s)//.*", "", source)


def found(pattern: str, names: list[str]) -> list[str]:
    """Where a pattern stands in production code, as FILE:LINE: LINE."""
    regex = re.compile(pattern)
    return [
        f"{name}:{number}: {line.strip()}"
        for name in names
        for number, line in enumerate(code(name).splitlines(), 1)
        if regex.search(line)
    ]


@functools.cache
def packages() -> dict[str, dict]:
    """The workspace's packages by name, as cargo sees them."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {package["name"]: package for package in json.loads(metadata)["packages"]}


def dependencies(package: str, *kinds: str | None) -> set[str]:
    """Names of a package's direct dependencies of these kinds (None is a normal one)."""
    wanted = kinds or (None,)
    return {entry["name"] for entry in packages()[package]["dependencies"] if entry["kind"] in wanted}
