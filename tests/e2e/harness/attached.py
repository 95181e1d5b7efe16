"""A provider that a command-line tool attaches to instead of starting one: `terraform-provider-sustainable -debug`.

The tool is the real one and does everything that it does otherwise, but four starts of the provider and the checksums of
its file. A fault matrix of hundreds of commands lives from that; and a test knows which process to kill.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from .cli import HOSTS

LAST_WORDS = 2000
"""Characters of what a provider wrote last."""


class Attached:
    """A fresh provider process for each command, as a user has it: nothing is remembered from one to the next."""

    def __init__(self, binary: Path, time_scale: float):
        self.binary = binary
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "NO_PROXY": "127.0.0.1,localhost",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SUSTAINABLE_TIME_SCALE": str(time_scale),
        }
        self.process = None
        self.words = None

    def fresh(self, folder: Path, **environment: str) -> dict[str, str]:
        """What the tool needs in its environment: a provider that has just started and works in this folder. `environment`
        goes to the provider."""
        self.stop()
        self.words = folder / ".provider-stderr"
        # Relative paths of a configuration are the provider's own: Terraform starts it in the module's folder.
        with self.words.open("w") as words:
            self.process = subprocess.Popen(
                [str(self.binary), "-debug"],
                cwd=folder,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )
        for line in self.process.stdout:
            if found := re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line):
                [(name, how)] = json.loads(found[1]).items()
                of = name.split("/", 1)[1]
                return {"TF_REATTACH_PROVIDERS": json.dumps({f"{host}/{of}": how for host in HOSTS})}
        raise AssertionError(f"the provider does not start: {self.said()}")

    def said(self) -> str:
        """The end of what the last process wrote to its standard error."""
        return self.words.read_text()[-LAST_WORDS:].strip() if self.words and self.words.exists() else ""

    def kill(self) -> None:
        """SIGKILL: no last word."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ends it."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stdout.close()
        self.process = None
