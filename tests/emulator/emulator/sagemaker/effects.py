"""What a job leaves in S3 and in CloudWatch Logs."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from typing import Any
from urllib.parse import urlparse

from .. import moto_backend
from ..world import World
from . import jobs, machine
from .jobs import Job

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


def ran(job: Job) -> bool:
    """Whether the container has started."""
    plan = job.plan()
    return any(p.status == "Training" and p.start < max(job.elapsed, 1e-9) for p in plan)


def _output(job: Job) -> str:
    return f"{job.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output"


def artifacts_uri(job: Job) -> str:
    """ModelArtifacts.S3ModelArtifacts (API reference, OutputDataConfig.CompressionType)."""
    if job.request["OutputDataConfig"].get("CompressionType") == "NONE":
        return f"{_output(job)}/model/"
    return f"{_output(job)}/model.tar.gz"


def settle(world: World) -> None:
    """Write what the jobs that have moved on leave behind."""
    for job in jobs.every(world):
        if job.settled:
            continue
        if ran(job) and not job.logged:
            job.logged = True
            _write_logs(world, job)
        phase = job.phase()
        if not phase.terminal:
            continue
        job.settled = True
        if phase.reason:
            _log_lines(world, job, [phase.reason])
        if ran(job):
            _write_objects(world, job, phase.status != "Failed")


def _write_objects(world: World, job: Job, upload: bool) -> None:
    if upload:
        uri = artifacts_uri(job)
        compressed = uri.endswith(".tar.gz")
        _put(world, job, uri if compressed else f"{uri}model.bin", _model() if compressed else b"model\n")
    for template, text in job.script.writes.items():
        _put(world, job, fill(job, template), text.encode())


def fill(job: Job, template: str) -> str:
    """A URI template with the job's own values."""
    environment = job.request.get("Environment") or {}
    text = re.sub(r"\{env:(\w+)\}", lambda m: environment.get(m[1], ""), template)
    checkpoint = (job.request.get("CheckpointConfig") or {}).get("S3Uri", "")
    return (
        text.replace("{job}", job.name)
        .replace("{output}", _output(job))
        .replace("{checkpoint}", checkpoint.rstrip("/"))
    )


def _model() -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        info = tarfile.TarInfo("model.bin")
        info.size = 6
        archive.addfile(info, io.BytesIO(b"model\n"))
    return gzip.compress(raw.getvalue(), mtime=0)


def _put(world: World, job: Job, uri: str, body: bytes) -> None:
    parsed = urlparse(uri)
    backend = moto_backend.backend("s3", world.account, job.arn.split(":")[1])
    if parsed.netloc in backend.buckets:
        backend.put_object(parsed.netloc, parsed.path.lstrip("/"), body)


def _write_logs(world: World, job: Job) -> None:
    _log_lines(world, job, job.script.log or [f"{job.name}: training started"])


def _log_lines(world: World, job: Job, lines: list[str]) -> None:
    logs: Any = moto_backend.backend("logs", world.account, job.region)
    if LOG_GROUP not in logs.groups:
        logs.create_log_group(LOG_GROUP, {})
    group = logs.groups[LOG_GROUP]
    count = job.request["ResourceConfig"].get("InstanceCount", 1)
    plan = job.plan()
    start = next((p.start for p in plan if p.status in machine.RUNNING), 0.0)
    for host in range(1, count + 1):
        stream = f"{job.name}/algo-{host}-{int(job.created + start)}"
        if stream not in group.streams:
            logs.create_log_stream(LOG_GROUP, stream)
        # moto refuses events from the future; a polled job may be ahead.
        stamp = int(min(job.created + job.elapsed, _now()) * 1000)
        logs.put_log_events(
            LOG_GROUP,
            stream,
            [{"timestamp": stamp, "message": line} for line in lines],
        )


def _now() -> float:
    import time

    return time.time()
