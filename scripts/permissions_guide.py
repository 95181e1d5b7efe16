"""Rewrites the policies in docs/guides/permissions.md to what `iam_policy` returns now.

For use after a change of crates/aws/src/policy.rs; tests/e2e/test_permissions.py compares the two. Takes
the debug provider, or the one that SUSTAINABLE_PROVIDER names.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.cli import Workdir, install, write_cli_config  # noqa: E402

GUIDE = ROOT / "docs/guides/permissions.md"
CACHE = Path(os.environ.get("SUSTAINABLE_CACHE") or Path.home() / ".cache/terraform-provider-sustainable")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
PROVIDER = Path(os.environ.get("SUSTAINABLE_PROVIDER") or TARGET / "debug/terraform-provider-sustainable")

MODULE = """terraform {
  required_providers {
    sustainable = {
      source = "sustainable-ml/sustainable"
    }
  }
}

output "policy" {
  value = provider::sustainable::iam_policy(%s)
}
"""


def main() -> None:
    """Each JSON block follows the call that it is the answer of."""
    cli = shutil.which("terraform") or str(CACHE / "bin/tofu")
    with tempfile.TemporaryDirectory() as folder:
        mirror = Path(folder, "mirror")
        install(PROVIDER, mirror)
        workdir = Workdir(Path(folder, "module"), cli, write_cli_config(mirror))
        workdir.folder.mkdir(exist_ok=True)

        def answer(found: re.Match) -> str:
            (workdir.folder / "main.tf").write_text(MODULE % found[2])
            workdir.init()
            result = workdir.run("plan", "-out=tfplan")
            if result.code != 0:
                sys.exit(result.explain())
            plan = json.loads(workdir.run("show", "-json", "tfplan").stdout)
            return f"{found[1]}{plan['planned_values']['outputs']['policy']['value']}\n```"

        pattern = r"(iam_policy\((\[.*?\])\)\n.*?```json\n).*?```"
        GUIDE.write_text(re.sub(pattern, answer, GUIDE.read_text(), flags=re.S))


if __name__ == "__main__":
    main()
