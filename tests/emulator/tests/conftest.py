"""The emulator as a process, and clients for it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

HERE = Path(__file__).resolve().parent.parent
_accounts = itertools.count(100_000_000_000 + os.getpid() * 1000)


class Emulator:
    """A running emulator, seen from one account."""

    def __init__(self, url: str, account: str):
        self.url = url
        self.account = account

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control plane."""
        mark = "&" if "?" in path else "?"
        request = urllib.request.Request(
            f"{self.url}/_test/{path}{mark}account={self.account}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def client(self, service: str, region: str = "eu-north-1", **keys: str) -> Any:
        """A boto3 client; as the account's root unless keys are given."""
        keys = keys or {"aws_access_key_id": f"AKIAEMUL{self.account}", "aws_secret_access_key": "any"}
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            config=Config(
                parameter_validation=False, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            ),
            **keys,
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One process for all tests of a worker."""
    port_file = tmp_path_factory.mktemp("emulator") / "port"
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--port-file", str(port_file)],
        cwd=HERE,
        stdout=subprocess.DEVNULL,
    )
    while not port_file.exists():
        assert process.poll() is None, "the emulator did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port_file.read_text()}"
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture
def aws(server: str) -> Iterator[Emulator]:
    """An account of the test's own."""
    emulator = Emulator(server, str(next(_accounts)))
    yield emulator
    emulator.control("POST", "reset")
