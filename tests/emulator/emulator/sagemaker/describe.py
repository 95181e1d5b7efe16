"""DescribeTrainingJob: the request back again, with AWS's defaults, and how it goes."""

from __future__ import annotations

import copy
from typing import Any

from . import effects, machine
from .jobs import DAY, Job

# Members of the request that the answer does not repeat.
_NOT_RETURNED = ("Tags",)

# Registry accounts of AWS's own images, for which SageMaker adds metric
# definitions (hashicorp/aws: "block count 0 -> 39" after apply). Which ones it
# adds is not known; these have the form of the XGBoost algorithm's.
_METRICS = (
    "accuracy",
    "auc",
    "error",
    "f1",
    "logloss",
    "mae",
    "map",
    "merror",
    "mlogloss",
    "mse",
    "ndcg",
    "rmse",
    "precision",
    "recall",
    "r2",
    "balanced_accuracy",
    "loss",
    "rmsle",
    "mape",
)


def describe(job: Job) -> dict[str, Any]:
    """The answer."""
    plan = job.plan()
    index = machine.current(plan, job.elapsed)
    phase = plan[index]
    answer = _configuration(job)
    answer.update(
        TrainingJobArn=job.arn,
        TrainingJobStatus=phase.job_status,
        SecondaryStatus=phase.status,
        CreationTime=round(job.created, 3),
        LastModifiedTime=round(max(job.modified, job.created + phase.start), 3),
        SecondaryStatusTransitions=[_transition(job, p, n < index) for n, p in enumerate(plan[: index + 1])],
    )
    if phase.reason:
        answer["FailureReason"] = phase.reason[:1024]
    answer.update(_times(job, plan, phase))
    ended = phase.status in ("Completed", "Stopped", "MaxRuntimeExceeded")
    if ended and effects.ran(job):
        answer["ModelArtifacts"] = {"S3ModelArtifacts": effects.artifacts_uri(job)}
    if effects.ran(job) and job.script.metrics:
        stamp = round(job.created + min(job.elapsed, phase.start), 3)
        answer["FinalMetricDataList"] = [
            {"MetricName": name, "Value": value, "Timestamp": stamp} for name, value in job.script.metrics.items()
        ]
    return answer


def _transition(job: Job, phase: machine.Phase, over: bool) -> dict[str, Any]:
    out = {
        "Status": phase.status,
        "StartTime": round(job.created + phase.start, 3),
        "StatusMessage": phase.message,
    }
    if over and phase.end is not None:
        out["EndTime"] = round(job.created + phase.end, 3)
    elif phase.terminal:
        out["EndTime"] = out["StartTime"]
    return out


def _times(job: Job, plan: list[machine.Phase], phase: machine.Phase) -> dict[str, Any]:
    started = next((p for p in plan if p.status == "Downloading" or p.status == "Training"), None)
    if started is None or started.start > job.elapsed:
        return {"TrainingEndTime": round(job.created + phase.start, 3)} if phase.terminal else {}
    out = {"TrainingStartTime": round(job.created + started.start, 3)}
    seconds = round(machine.running_seconds(plan, job.elapsed))
    if phase.terminal:
        out["TrainingEndTime"] = round(job.created + phase.start, 3)
        out["TrainingTimeInSeconds"] = seconds
        spot = job.request.get("EnableManagedSpotTraining")
        share = job.script.billable_fraction if spot else 1.0
        out["BillableTimeInSeconds"] = round(seconds * share)
    return out


def _configuration(job: Job) -> dict[str, Any]:
    """The request with the defaults that AWS's answers show."""
    out = copy.deepcopy({k: v for k, v in job.request.items() if k not in _NOT_RETURNED})
    for flag in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
        out.setdefault(flag, False)
    out["StoppingCondition"].setdefault("MaxRuntimeInSeconds", DAY)
    out["OutputDataConfig"].setdefault("KmsKeyId", "")
    for channel in out.get("InputDataConfig", []):
        channel.setdefault("CompressionType", "None")
        channel.setdefault("RecordWrapperType", "None")
        source = channel.get("DataSource", {}).get("S3DataSource")
        if source is not None:
            source.setdefault("S3DataDistributionType", "FullyReplicated")
    if "CheckpointConfig" in out:
        out["CheckpointConfig"].setdefault("LocalPath", "/opt/ml/checkpoints/")
    preferences = out["ResourceConfig"].get("InstancePreferences")
    if preferences and effects.ran(job):
        names = [one["InstanceType"] for one in preferences]
        chosen = names[min(job.script.preference, len(names) - 1)]
        out["ResourceConfig"].update(
            SelectedInstanceType=chosen, SelectedInstanceCount=out["ResourceConfig"]["InstanceCount"]
        )
    out.setdefault("ProfilingStatus", _profiling(out))
    _metric_definitions(job, out["AlgorithmSpecification"])
    return out


def _profiling(request: dict[str, Any]) -> str:
    return "Disabled" if (request.get("ProfilerConfig") or {}).get("DisableProfiler") else "Enabled"


def _metric_definitions(job: Job, algorithm: dict[str, Any]) -> None:
    given = algorithm.get("MetricDefinitions", [])
    own_image = ".dkr.ecr." not in algorithm.get("TrainingImage", "") or algorithm["TrainingImage"].startswith(
        job.arn.split(":")[4]
    )
    added = (
        []
        if own_image or not job.script.inject_metrics
        else [
            {
                "Name": f"{side}:{name}",
                "Regex": rf".*\[[0-9]+\].*#011{side}-{name}:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*",
            }
            for name in _METRICS
            for side in ("train", "validation")
        ]
    )
    names = {d["Name"] for d in given}
    merged = given + [d for d in added if d["Name"] not in names]
    if merged:
        algorithm["MetricDefinitions"] = merged[:40]
    algorithm.setdefault("EnableSageMakerMetricsTimeSeries", bool(merged))
