"""Runs a command beside a fresh AWS emulator, whose address it gets as SUSTAINABLE_EMULATOR_URL.

    with_emulator.py COMMAND ARGUMENT...

The exit code is the command's.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/e2e"))

from harness.emulator import Emulator


def main() -> int:
    """Starts, runs, stops."""
    with tempfile.TemporaryDirectory(prefix="sustainable-emulator-") as folder:
        emulator = Emulator(Path(folder) / "emulator.log").start()
        try:
            environment = os.environ | {"SUSTAINABLE_EMULATOR_URL": emulator.url}
            return subprocess.run(sys.argv[1:], env=environment).returncode
        finally:
            emulator.stop()


if __name__ == "__main__":
    sys.exit(main())
