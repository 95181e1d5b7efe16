"""A command that is stopped at one of its AWS calls, so that a test can do something meanwhile."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .cli import Result

LONG = 120
"""Seconds that a call waits for the test at most."""


@dataclass
class UnderWay:
    """A command while it waits, and its result once it has ended."""

    process: subprocess.Popen
    result: Result | None = None


@contextmanager
def held(scene, service: str, operation: str, *arguments: str, count: int | None = 1) -> Iterator[UnderWay]:
    """The command while its first such call (`count` None: each) has arrived and has no effect yet. It goes on at the end
    of the block, and is waited for."""
    mark = scene.emulator.mark()
    scene.emulator.fault(service, operation, "delay", count=count, seconds=LONG)
    under_way = UnderWay(scene.start(*(arguments or ("apply", "-json", "-auto-approve"))))
    scene.emulator.wait_for(operation, mark)
    yield under_way
    scene.emulator.heal(operation)
    under_way.result = scene.workdir.finish(under_way.process)


def killed(scene, service: str, operation: str, *arguments: str) -> Result:
    """The command whose provider is killed (SIGKILL) at such a call, which takes effect all the same."""
    with held(scene, service, operation, *arguments) as under_way:
        for pid in providers_of(under_way.process):
            os.kill(pid, signal.SIGKILL)
    scene.emulator.settle()
    assert under_way.result.code != 0, "the provider was killed and nobody said so"
    return under_way.result


def providers_of(process: subprocess.Popen) -> list[int]:
    """The provider processes that a command has started."""
    found = subprocess.run(["ps", "-ewwo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    return [
        int(line.split()[0])
        for line in found.splitlines()
        if "terraform-provider-sustainable" in line and line.split()[1] == str(process.pid)
    ]
