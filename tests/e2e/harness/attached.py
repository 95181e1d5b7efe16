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


class Attached:
    """One provider process, started again when it was killed."""

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
        self.folder = "/"
        self.process = None
        self.reattach = ""

    def variables(self, folder: Path) -> dict[str, str]:
        """What the tool needs in its environment, of a provider that runs and works in this folder."""
        if str(folder) != self.folder:
            self.stop()
            self.folder = str(folder)
        if self.process is None or self.process.poll() is not None:
            self._start()
        return {"TF_REATTACH_PROVIDERS": self.reattach}

    def kill(self) -> None:
        """SIGKILL: no last word."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ends it."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _start(self) -> None:
        # Relative paths of a configuration are the provider's own: Terraform starts it in the module's folder.
        self.process = subprocess.Popen(
            [str(self.binary), "-debug"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for line in self.process.stdout:
            if found := re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line):
                [(name, how)] = json.loads(found[1]).items()
                of = name.split("/", 1)[1]
                self.reattach = json.dumps({f"{host}/{of}": how for host in HOSTS})
                return
        raise AssertionError("the provider does not start")
