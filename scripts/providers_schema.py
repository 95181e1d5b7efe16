"""Prints what `terraform providers schema -json` says about the debug build of the provider, under the name
alone: tfplugindocs looks for that, or for a provider of HashiCorp."""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.cli import Workdir, install, write_cli_config  # noqa: E402


def main() -> None:
    """Asks the tool for it, in an empty module that requires the provider."""
    binary = shutil.which("terraform") or str(Path(os.environ["SUSTAINABLE_CACHE"]) / "bin/tofu")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(Path(os.environ["SUSTAINABLE_PROVIDER"]), folder / "mirror")
        workdir = Workdir(folder / "module", binary, write_cli_config(folder / "mirror"))
        workdir.write()
        workdir.init()
        result = workdir.run("providers", "schema", "-json")
        if result.code != 0:
            sys.exit(result.explain())
        said = json.loads(result.stdout)
        said["provider_schemas"] = {name.rsplit("/", 1)[1]: schema for name, schema in said["provider_schemas"].items()}
        print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
