"""Runs terraform or tofu in a folder of its own, cut off from the machine's settings.

The environment is made from nothing: no AWS variable, no home folder, no CLI configuration of the
user reaches a test, and a provider is found in a filesystem mirror, so that `init` does its whole
work (choosing, linking, checksums, lock file) without a registry.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .config import SETTINGS, Config

VERSION = "0.1.0"
TIME_SCALE = "0.1"
"""Pauses, leases and limits of the provider take a tenth of the usual time."""
HOSTS = ("registry.terraform.io", "registry.opentofu.org")


def platform_name() -> str:
    """Terraform's name of this machine's platform."""
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    return f"{platform.system().lower()}_{machine}"


def install(binary: Path, mirror: Path, source: str = "sustainable-ml/sustainable", version: str = VERSION) -> None:
    """Puts a provider into a filesystem mirror, for both registries, without debug symbols: init and
    every later command read the whole file for its checksum."""
    name = source.rsplit("/", 1)[1]
    first = mirror / HOSTS[0] / source / version / platform_name() / f"terraform-provider-{name}_v{version}"
    first.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(binary, first)
    if shutil.which("strip"):
        subprocess.run(["strip", "--strip-debug", first], check=False, capture_output=True)
    for host in HOSTS[1:]:
        other = mirror / host / source / version / platform_name()
        other.mkdir(parents=True, exist_ok=True)
        other.joinpath(first.name).hardlink_to(first)


def write_cli_config(mirror: Path) -> Path:
    """A CLI configuration that knows the mirror and nothing else."""
    path = mirror / "cli.tfrc"
    path.write_text(
        "disable_checkpoint = true\n"
        f'provider_installation {{\n  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["*/*/*"]\n  }}\n}}\n'
    )
    return path


@dataclass
class Diagnostic:
    """An error or a warning as a user sees it; `path` is what stands where it points to."""

    severity: str
    summary: str
    detail: str
    address: str
    path: str

    def __str__(self):
        return f"{self.severity} at {self.address}/{self.path or '-'}: {self.summary}: {self.detail}"


@dataclass
class Result:
    """What a command said."""

    code: int
    stdout: str
    stderr: str
    diagnostics: list = field(default_factory=list)

    @property
    def errors(self):
        """The errors, in order."""
        return [d for d in self.diagnostics if d.severity == "error"]

    @property
    def warnings(self):
        """The warnings, in order."""
        return [d for d in self.diagnostics if d.severity == "warning"]

    def explain(self) -> str:
        """For the message of a failed assertion."""
        found = "\n".join(map(str, self.diagnostics))
        return f"exit code {self.code}\n{found}\n{self.stderr[-3000:]}" + ("" if found else self.stdout[-3000:])


class Workdir:
    """One root module and its state."""

    def __init__(self, folder: Path, binary: str, cli_config: Path):
        self.folder = folder
        self.binary = binary
        self.config = Config([])
        folder.mkdir(parents=True, exist_ok=True)
        home = folder / ".home"
        home.mkdir(exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "NO_PROXY": "127.0.0.1,localhost",
            "TF_CLI_CONFIG_FILE": str(cli_config),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SUSTAINABLE_TIME_SCALE": TIME_SCALE,
        }
        self.initialised = False

    @property
    def name(self) -> str:
        """terraform or tofu."""
        return Path(self.binary).name

    def version(self) -> tuple[int, int]:
        """Major and minor version of the tool."""
        said = json.loads(self.run("version", "-json").stdout)["terraform_version"].split(".")
        return int(said[0]), int(said[1])

    def write(self, *items, settings: str = SETTINGS) -> Config:
        """Replaces main.tf."""
        self.config = Config([settings, *items])
        (self.folder / "main.tf").write_text(str(self.config))
        return self.config

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """Starts a command in a process group of its own, as a terminal does."""
        return subprocess.Popen(
            [self.binary, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen, timeout: float = 300) -> Result:
        """Waits for a started command and reads what it said."""
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            raise AssertionError(f"no end after {timeout} s:\n{stdout[-4000:]}\n{stderr[-2000:]}") from None
        return Result(process.returncode, stdout, stderr, self._diagnostics(stdout))

    def run(self, *arguments: str, timeout: float = 300, **environment: str) -> Result:
        """Runs a command to its end."""
        return self.finish(self.start(*arguments, **environment), timeout)

    def init(self) -> Result:
        """`init`, really: provider selection, checksums, lock file."""
        result = self.run("init", "-no-color")
        assert result.code == 0, f"init failed\n{result.explain()}"
        self.initialised = True
        return result

    def state(self) -> dict:
        """The state's resources by address: {"address": {attribute: value}}."""
        result = self.run("show", "-json")
        assert result.code == 0, result.explain()
        document = json.loads(result.stdout)
        return {r["address"]: r["values"] for r in _resources(document.get("values", {}).get("root_module", {}))}

    def tainted(self) -> list[str]:
        """The addresses that the state holds as tainted."""
        result = self.run("show", "-json")
        document = json.loads(result.stdout)
        root = document.get("values", {}).get("root_module", {})
        return [r["address"] for r in _resources(root) if r.get("tainted")]

    def plan_file(self, name: str = "tfplan") -> dict:
        """The JSON form of a saved plan."""
        result = self.run("show", "-json", name)
        assert result.code == 0, result.explain()
        return json.loads(result.stdout)

    def _diagnostics(self, stdout: str) -> list[Diagnostic]:
        found = []
        for document in _documents(stdout):
            raw = [document["diagnostic"]] if "diagnostic" in document else document.get("diagnostics", [])
            for diagnostic in raw:
                place = diagnostic.get("range")
                address, path = "", ""
                if place and place["filename"] == "main.tf":
                    address, path = self.config.path_at(place["start"]["line"])
                found.append(
                    Diagnostic(
                        diagnostic["severity"],
                        diagnostic["summary"],
                        diagnostic.get("detail", ""),
                        diagnostic.get("address", address),
                        path,
                    )
                )
        return found


def _resources(module: dict):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _documents(stdout: str):
    """JSON lines (plan, apply) or one JSON document (validate)."""
    try:
        whole = json.loads(stdout)
        yield from [whole] if isinstance(whole, dict) else []
        return
    except ValueError:
        pass
    for line in stdout.splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue
