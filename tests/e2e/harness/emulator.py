"""The AWS emulator as a test sees it: a process of its own, and its control plane.

tests/emulator/README.md describes the control plane; this is its only client.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import boto3
from botocore.config import Config as BotoConfig

HERE = Path(__file__).resolve()
EMULATOR = HERE.parents[2] / "emulator"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator:
    """One running emulator."""

    def __init__(self, log: Path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.process = None
        self.clients = {}

    def start(self) -> "Emulator":
        """Starts the process and waits until it answers."""
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "emulator", "--port", str(self.port)],
                cwd=EMULATOR,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
            )
        for _ in range(300):
            if self.process.poll() is not None:
                raise AssertionError(f"the emulator ended at once:\n{self.log.read_text()[-3000:]}")
            try:
                self.control("GET", "requests")
                return self
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError("the emulator does not answer")

    def stop(self) -> None:
        """Ends the process."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)

    def control(self, method: str, path: str, body=None):
        """One request to the control plane."""
        request = urllib.request.Request(
            f"{self.url}/_test/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} /_test/{path}: {error.code} {error.read().decode()[:500]}") from None
        return json.loads(content) if content else None

    def client(self, service: str, region: str = "us-east-1"):
        """A boto3 client, for seeding and for what others do behind the provider's back."""
        if (service, region) not in self.clients:
            self.clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                config=BotoConfig(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
                **KEYS,
            )
        return self.clients[service, region]

    # What was asked

    def requests(self, since: int = 0) -> list[dict]:
        """The requests that arrived, of every client but the tests themselves."""
        return [r for r in self.control("GET", f"requests?since={since}")["requests"] if not _own(r)]

    def calls(self, since: int = 0) -> Counter:
        """How often each operation was asked for."""
        return Counter(r["operation"] for r in self.requests(since))

    def mark(self) -> int:
        """A place in the request log, for `since`."""
        found = self.control("GET", "requests?since=0")["requests"]
        return found[-1]["number"] if found else 0

    def wait_for(self, operation: str, since: int = 0, seconds: float = 60) -> None:
        """Waits until a request for the operation has arrived."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.calls(since)[operation]:
                return
            time.sleep(0.05)
        raise AssertionError(f"no {operation} within {seconds} s; seen: {dict(self.calls(since))}")

    # What goes wrong

    def fault(self, service: str, operation: str, kind: str, skip: int = 0, count: int | None = 1, **more) -> None:
        """Makes requests fail: `count` of them (None: all) after the first `skip`."""
        rule = {"service": service, "operation": operation, "kind": kind, "skip": skip, "count": count, **more}
        self.control("POST", "faults", rule)

    def heal(self) -> None:
        """Takes every fault rule away."""
        self.control("DELETE", "faults")

    # What there is

    def inventory(self) -> list[dict]:
        """Everything that exists, in every region."""
        return self.control("GET", "inventory")["things"]

    def reset(self) -> None:
        """Back to an empty account."""
        self.control("POST", "reset")

    def jobs(self) -> list[dict]:
        """Every training job, in every region."""
        return self.control("GET", "jobs")["jobs"]

    def seed(self, bucket: str, region: str = "us-east-1", objects: dict | None = None) -> None:
        """A bucket that the user made before, with the data to train on."""
        client = self.client("s3", region)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=bucket, **where)
        for key, content in (objects or {"data/part-0": b"0123456789"}).items():
            client.put_object(Bucket=bucket, Key=key, Body=content)


def _own(request: dict) -> bool:
    return "Boto3" in (request.get("user_agent") or "")
