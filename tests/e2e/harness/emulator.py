"""The AWS emulator as a test sees it: a process of its own, and its control plane.

tests/emulator/README.md describes the control plane; this is its only client.
"""

import json
import os
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
ACCOUNT = "123456789012"
KEYS = {"access_key": f"AKIAEMUL{ACCOUNT}", "secret_key": "testing"}
"""The account itself: everything is allowed to it, with enforcement too."""

KINDS = {
    "refused": "refused",
    "throttled": "throttled",
    "error500": "server_error",
    "delay": "delay",
    "lost": "lost_after",
    "lost_before": "lost_before",
    "truncated": "truncated",
    "held": "held_after",
}

RUNS_ON = ["Starting", "Downloading", {"status": "Training", "forever": True}]
"""The script of a job that trains until a test says otherwise."""


class Emulator:
    """One running emulator."""

    def __init__(self, log: Path):
        self.url = ""
        self.log = log
        self.process = None
        self.clients = {}

    def start(self) -> "Emulator":
        """Starts the process and waits until it answers."""
        port_file = self.log.with_suffix(".port")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "emulator", "--port", "0", "--port-file", str(port_file)],
                cwd=EMULATOR,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
            )
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(f"the emulator ended at once:\n{self.log.read_text()[-3000:]}")
            if port_file.exists():
                self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"
                return self
            time.sleep(0.1)
        raise AssertionError("the emulator does not start")

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
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} /_test/{path}: {error.code} {error.read().decode()[:500]}") from None

    def client(self, service: str, region: str = "us-east-1"):
        """A boto3 client, for seeding and for what others do behind the provider's back."""
        if (service, region) not in self.clients:
            self.clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=KEYS["access_key"],
                aws_secret_access_key=KEYS["secret_key"],
                config=BotoConfig(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
            )
        return self.clients[service, region]

    # What was asked

    def requests(self, since: int = 0) -> list[dict]:
        """The requests that arrived, of every client but the tests themselves and AWS's own scheduler."""
        found = self.control("GET", f"requests?since={since}")["requests"]
        others = ("Boto3", "scheduler.amazonaws.com")
        return [request for request in found if not any(other in (request["user_agent"] or "") for other in others)]

    def calls(self, since: int = 0) -> Counter:
        """How often each operation was asked for."""
        return Counter(request["operation"] for request in self.requests(since))

    def mark(self) -> int:
        """A place in the request log, for `since`."""
        found = self.control("GET", "requests")["requests"]
        return found[-1]["id"] if found else 0

    def wait_for(self, operation: str, since: int = 0, seconds: float = 60) -> None:
        """Waits until a request for the operation has arrived."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.calls(since)[operation]:
                return
            time.sleep(0.05)
        raise AssertionError(f"no {operation} within {seconds} s; seen: {dict(self.calls(since))}")

    def settle(self, seconds: float = 30) -> None:
        """Waits until no delayed request is under way."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not any(request["fault"] == "delay" and not request["status"] for request in self.requests()):
                return
            time.sleep(0.1)
        raise AssertionError(f"requests still under way after {seconds} s")

    # What goes wrong, and when

    def fault(self, service: str, operation: str, kind: str, skip: int = 0, count: int | None = 1, **more) -> None:
        """Makes requests fail: `count` of them (None: all) after the first `skip`."""
        rule = {"service": service, "operation": operation, "kind": KINDS[kind], "nth": skip + 1}
        self.control("POST", "faults", {**rule, "count": -1 if count is None else count, **more})

    def heal(self, operation: str = "*") -> None:
        """Takes every fault rule away, or those that were written for one operation."""
        self.control("DELETE", f"faults?operation={operation}")

    def fired(self) -> int:
        """How many calls the rules that stand have hit."""
        return sum(rule["fired"] for rule in self.control("GET", "faults")["faults"])

    def settings(self, **settings) -> None:
        """Switches of the account: tests/emulator/README.md lists them."""
        self.control("POST", "settings", settings)

    def advance(self, seconds: float) -> None:
        """Moves AWS's clock on."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    # What there is

    def inventory(self) -> list[dict]:
        """Everything that exists, in every region: kind, id, and what else is known."""
        found = self.control("GET", "inventory")
        things = [
            {"kind": "object", "id": f"{bucket['name']}/{key}", "bucket": bucket["name"], "key": key}
            for bucket in found["buckets"]
            for key in sorted({version["key"] for version in bucket["versions"]})
        ]
        things += [
            {"kind": "upload", "id": f"{bucket['name']}/{key}"}
            for bucket in found["buckets"]
            for key in bucket["uploads"]
        ]
        things += [{"kind": "bucket", "id": bucket["name"]} for bucket in found["buckets"]]
        things += [{"kind": "policy", "id": arn} for arn in found["policies"]]
        things += [{"kind": "role", "id": role["name"]} for role in found["roles"]]
        things += [{"kind": "dashboard", "id": dashboard["name"]} for dashboard in found["dashboards"]]
        things += [{"kind": "alarm", "id": f"{alarm['region']}/{alarm['name']}"} for alarm in found["alarms"]]
        things += [{"kind": "warm pool", "id": job["arn"]} for job in found["jobs"] if job["pool"] == "Available"]
        things += [
            {"kind": "file system", "id": f"{one['region']}/{one['id']}"}
            for one in found["file_systems"]
            if one["lifecycle"] != "DELETING"
        ]
        for kind in ("schedule", "schedule_group", "queue"):
            things += [{"kind": kind, "id": f"{one['region']}/{one['name']}"} for one in found[f"{kind}s"]]
        things += [{"kind": "rule", "id": f"{rule['region']}/{rule['name']}"} for rule in found["event_rules"]]
        things += [{"kind": "job", "id": job["arn"], "status": job["status"]} for job in found["jobs"]]
        things += [
            {"kind": thing["kind"].lower(), "id": thing["arn"], "region": thing["region"]}
            for thing in found["experiments"]
        ]
        things += [
            {"kind": "model_group", "id": group["arn"], "versions": len(group["versions"])}
            for group in found["model_groups"]
        ]
        things += [
            {"kind": "model_package", "id": version["arn"]}
            for group in found["model_groups"]
            for version in group["versions"]
        ]
        return things

    def model_groups(self) -> list[dict]:
        """The model registry: groups with their versions."""
        return self.control("GET", "inventory")["model_groups"]

    def reset(self) -> None:
        """Back to an empty account, in which jobs train until they are told to end."""
        self.control("POST", "reset?everything=1")
        self.script_jobs(RUNS_ON)

    # What is to run, and what runs

    def schedules(self) -> list[dict]:
        """Every schedule of EventBridge Scheduler that has not fired."""
        return [one for one in self.control("GET", "inventory")["schedules"] if not one["completed"]]

    def jobs(self) -> list[dict]:
        """Every training job, in every region, oldest first."""
        return self.control("GET", "inventory")["jobs"]

    def script_jobs(self, steps: list, **more) -> None:
        """What the jobs made from now on will do, one step per Describe."""
        self.control("POST", "jobs", {"steps": steps, **more})

    def file_systems(self) -> list[dict]:
        """Every file system that nobody has asked to delete, in every region."""
        return [f for f in self.control("GET", "inventory")["file_systems"] if f["lifecycle"] != "DELETING"]

    def finish_jobs(self, status: str, reason: str = "", **more) -> None:
        """Every job that has not ended does so now, with this secondary status."""
        for job in self.jobs():
            if job["status"] in ("InProgress", "Stopping"):
                steps = [*RUNS_ON[:2], {"status": "Training", "seconds": 1800}, {"status": status, "reason": reason}]
                self.control(
                    "POST", "jobs/advance", {"name": job["name"], "script": {"steps": steps, **more}, "end": True}
                )

    # What the user has

    def seed(self, bucket: str, region: str = "us-east-1", objects: dict | None = None) -> None:
        """A bucket that the user made before, with the data to train on."""
        client = self.client("s3", region)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=bucket, **where)
        for key, content in (objects or {"data/part-0": b"0123456789"}).items():
            client.put_object(Bucket=bucket, Key=key, Body=content)

    def large_object(self, bucket: str, key: str, gigabytes: int) -> None:
        """An object whose size is only declared."""
        self.control("POST", "objects", {"bucket": bucket, "key": key, "size": gigabytes << 30})

    def make_role(self, name: str) -> str:
        """An execution role of the user's own; its ARN."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
        allow = {"Effect": "Allow", "Action": ["s3:*", "logs:*", "cloudwatch:*", "ecr:*"], "Resource": "*"}
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_policy(allow))
        return role["Role"]["Arn"]

    def enforce(self, policy: dict) -> dict:
        """A user who may do what the policy says and nothing else; the provider arguments with the keys."""
        iam = self.client("iam")
        if not any(user["UserName"] == "limited" for user in iam.list_users()["Users"]):
            iam.create_user(UserName="limited")
        made = iam.create_policy(PolicyName="printed", PolicyDocument=json.dumps(policy))
        iam.attach_user_policy(UserName="limited", PolicyArn=made["Policy"]["Arn"])
        key = iam.create_access_key(UserName="limited")["AccessKey"]
        self.settings(enforce_iam=True)
        return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}

    def foreign_job(self, name: str) -> None:
        """A training job that someone else has started."""
        self.client("sagemaker").create_training_job(
            TrainingJobName=name,
            RoleArn=self.make_role("someone-elses"),
            AlgorithmSpecification={
                "TrainingImage": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/other:1",
                "TrainingInputMode": "File",
            },
            OutputDataConfig={"S3OutputPath": "s3://training-data/other/"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 86400},
        )


def _policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
