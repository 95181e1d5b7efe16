"""Rewrites what README.md, docs/guides/permissions.md and tests/e2e/policies show of the provider's real output.

For use after a change of the decision, of the plan's form or of the policy; tests/e2e/test_readme.py,
test_permissions.py and test_least_privilege.py compare. Takes the debug provider, or the one that SUSTAINABLE_PROVIDER names.
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

README = ROOT / "README.md"
GUIDE = ROOT / "docs/guides/permissions.md"
POLICIES = ROOT / "tests/e2e/policies"
CACHE = Path(os.environ.get("SUSTAINABLE_CACHE") or Path.home() / ".cache/terraform-provider-sustainable")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
PROVIDER = Path(os.environ.get("SUSTAINABLE_PROVIDER") or TARGET / "debug/terraform-provider-sustainable")

# What the README shows of the plan, in the plan's order.
SHOWN = ("baseline", "candidates", "estimate", "savings", "summary")
SHOWN_OF_ESTIMATE = "emissions_kg"

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


def block(lines: list[str], name: str, indent: int) -> list[str]:
    """The lines of one attribute, nested ones included."""
    edge = " " * indent
    start = next(number for number, line in enumerate(lines) if re.match(rf"{edge}\+ {name}\s+=", line))
    if not lines[start].endswith(("{", "[")):
        return [lines[start]]
    end = next(number for number in range(start, len(lines)) if re.match(rf"{edge}  [}}\]]", lines[number]))
    return lines[start : end + 1]


def shortened(plan: str) -> str:
    """The part of a plan that the README shows."""
    lines = plan.splitlines()
    start = next(number for number, line in enumerate(lines) if '+ resource "sustainable_ml_training"' in line)
    shown = [lines[start]]
    for name in SHOWN:
        part = block(lines[start:], name, 6)
        if name == "estimate":
            part = [part[0], *block(part, SHOWN_OF_ESTIMATE, 10), part[-1]]
        shown += part
    return "\n".join([*shown, "    }"])


def main() -> None:
    """Both documents, with one command-line tool in folders of their own."""
    cli = shutil.which("terraform") or str(CACHE / "bin/tofu")
    with tempfile.TemporaryDirectory() as folder:
        install(PROVIDER, Path(folder, "mirror"))
        config = write_cli_config(Path(folder, "mirror"))

        shutil.copytree(ROOT / "examples/scenarios/bert", Path(folder, "bert"))
        bert = Workdir(Path(folder, "bert"), cli, config)
        bert.init()
        plan = shortened(bert.run("plan", "-no-color").stdout)
        README.write_text(
            re.sub(r"```\n *\+ resource .*?```", lambda _: f"```\n{plan}\n```", README.read_text(), flags=re.S)
        )

        module = Workdir(Path(folder, "module"), cli, config)
        module.folder.mkdir(exist_ok=True)

        def policy(features: str) -> str:
            """What the function prints for this list."""
            (module.folder / "main.tf").write_text(MODULE % features)
            module.init()
            result = module.run("plan", "-out=tfplan")
            if result.code != 0:
                sys.exit(result.explain())
            values = json.loads(module.run("show", "-json", "tfplan").stdout)["planned_values"]
            return values["outputs"]["policy"]["value"]

        # A JSON block follows the call that it is the answer of.
        pattern = r"(iam_policy\((\[.*?\])\)\n.*?```json\n).*?```"
        shown = re.sub(pattern, lambda found: f"{found[1]}{policy(found[2])}\n```", GUIDE.read_text(), flags=re.S)
        GUIDE.write_text(shown)

        (module.folder / "main.tf").write_text(MODULE % '["?"]')
        module.init()
        refusal = " ".join(module.run("plan", "-no-color").stderr.replace("\u2502", "").split())
        for feature in re.search(r"legal are ([\w, ]+)", refusal)[1].strip().split(", "):
            (POLICIES / f"{feature}.json").write_text(policy(json.dumps([feature])) + "\n")


if __name__ == "__main__":
    main()
