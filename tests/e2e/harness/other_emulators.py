"""Emulators of AWS that are not ours: the provider may rely on nothing that only ours does.

ministack shares no code with it. It has S3, IAM, STS, CloudWatch and Logs, and no SageMaker, so a provider is pointed to
both at once. moto's own server, without what our emulator puts around it, has every service and knows less of each.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config as BotoConfig

from .emulator import ACCOUNT

SERVICES = ("cloudwatch", "iam", "logs", "s3", "sts")
"""What ministack has."""
KEYS = {"access_key": ACCOUNT, "secret_key": "testing"}
"""ministack takes an access key of twelve digits for the account; the others take any key."""


class OtherEmulator:
    """One running process."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.process = None
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Module and arguments for Python, and the environment."""
        raise NotImplementedError

    def start(self) -> "OtherEmulator":
        """Starts the process and waits until it answers."""
        arguments, environment = self.command()
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment, "TMPDIR": str(self.folder)},
            )
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text()[-3000:])

    def stop(self) -> None:
        """Ends the process."""
        self.process.terminate()
        self.process.wait(timeout=20)

    def client(self, service: str, region: str = "us-east-1"):
        """A boto3 client."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret_key"],
            config=BotoConfig(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
        )

    def contents(self) -> set[str]:
        """Buckets, objects, roles and dashboards."""
        s3 = self.client("s3")
        buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        found = {f"bucket {bucket}" for bucket in buckets}
        for bucket in buckets:
            listed = s3.list_object_versions(Bucket=bucket)
            found |= {f"object {bucket}/{entry['Key']}" for entry in listed.get("Versions", [])}
        found |= {f"role {role['RoleName']}" for role in self.client("iam").list_roles()["Roles"]}
        for region in ("us-east-1", "eu-north-1"):
            listed = self.client("cloudwatch", region).list_dashboards()["DashboardEntries"]
            found |= {f"dashboard {entry['DashboardName']}" for entry in listed}
        return found


class Ministack(OtherEmulator):
    """One running ministack."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        folder = str(self.folder)
        return ["ministack"], {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "S3_DATA_DIR": folder}


class PlainMoto(OtherEmulator):
    """moto's server as it comes."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        return ["moto.server", "-H", "127.0.0.1", "-p", str(self.port)], {}
