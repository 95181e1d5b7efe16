"""CloudWatch metrics of training jobs, as SageMaker publishes them.

A job's script says how busy its instances are (`utilisation`); a point a minute
comes of it while the job trains (SageMaker developer guide, "Amazon SageMaker
training metrics": namespace, dimension `Host` = `JOB/algo-N`, one minute). What
tests put with PutMetricData is moto's.

GetMetricData is checked as the API reference and the user guide say: ids, 500
queries, the periods that are still kept ("Metrics retention"). The codes are
documented, the words of the refusals are ours.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..sagemaker import jobs
from ..sagemaker.jobs import Job
from ..world import World, world
from . import before
from .reply import reply

NAMESPACE = "/aws/sagemaker/TrainingJobs"
MAX_QUERIES = 500
# Seconds of age from which a period has to be a multiple of so many seconds.
DAY = 86_400
RETENTION = ((63 * DAY, 3600), (15 * DAY, 300), (0, 60))
FORGOTTEN = 455 * DAY

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")


@before("cloudwatch", "GetMetricData")
def get_metric_data(call: Call) -> Response | None:
    """Answers metrics of training jobs; leaves the rest to moto."""
    queries = call.params["MetricDataQueries"]
    _check(queries)
    if not all(_is_ours(q) for q in queries):
        return None
    start, end = (_seconds(call.params[name]) for name in ("StartTime", "EndTime"))
    if start >= end:
        raise ApiError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    here = world(call.account)
    newest_first = call.params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    results = []
    for query in queries:
        stat = query["MetricStat"]
        points = _series(here, call.region, stat, start, end)
        if newest_first:
            points.reverse()
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label", stat["Metric"]["MetricName"]),
                "Timestamps": [datetime.datetime.fromtimestamp(at, datetime.UTC) for at, _ in points],
                "Values": [value for _, value in points],
                "StatusCode": "Complete",
            }
        )
    return reply(call, {"MetricDataResults": results, "Messages": []})


def _check(queries: list[dict[str, Any]]) -> None:
    if len(queries) > MAX_QUERIES:
        raise ApiError(
            "ValidationError", f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}."
        )
    ids = [q.get("Id", "") for q in queries]
    for one in ids:
        if not _ID.fullmatch(one):
            raise ApiError("ValidationError", f"Invalid metric id {one}: it starts with a lower-case letter.")
        if ids.count(one) > 1:
            raise ApiError("ValidationError", f"The id {one} is used twice.")


def _is_ours(query: dict[str, Any]) -> bool:
    metric = (query.get("MetricStat") or {}).get("Metric") or {}
    return metric.get("Namespace") == NAMESPACE and any(d["Name"] == "Host" for d in metric.get("Dimensions", []))


def _seconds(value: Any) -> float:
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.UTC)
    return value.timestamp()


def _series(here: World, region: str, stat: dict[str, Any], start: float, end: float) -> list[tuple[float, float]]:
    """Means of the minutes in each period."""
    if stat["Stat"] != "Average":
        raise NotSimulated(f"{stat['Stat']} of a metric of training jobs")
    period = int(stat["Period"])
    age = here.clock.now() - start
    least = next(seconds for days, seconds in RETENTION if age >= days) if age >= 0 else 60
    if period % least:
        raise ApiError("ValidationError", f"Period must be a multiple of {least} for a start time that long ago.")
    if age > FORGOTTEN:
        return []
    metric = stat["Metric"]
    host = next(d["Value"] for d in metric["Dimensions"] if d["Name"] == "Host")
    means: dict[float, list[float]] = {}
    for at, value in minutes(here, region, host, metric["MetricName"]):
        if start <= at < end:
            means.setdefault(at // period * period, []).append(value)
    return [(at, sum(values) / len(values)) for at, values in sorted(means.items())]


def minutes(here: World, region: str, host: str, metric: str) -> list[tuple[float, float]]:
    """(start of the minute, value) of one metric of one instance so far."""
    name, _, algo = host.partition("/algo-")
    job = here.jobs.get(region, {}).get(name)
    if job is None or not algo.isdigit():
        return []
    jobs.refresh(here, job)
    if not 1 <= int(algo) <= job.request["ResourceConfig"].get("InstanceCount", 1):
        return []
    values = _values(job, int(algo), metric)
    if not values:
        return []
    found, number = [], 0
    for phase in job.plan():
        if phase.status != "Training" or phase.start >= job.elapsed:
            continue
        last = job.elapsed if phase.end is None else min(phase.end, job.elapsed)
        at = (job.created + phase.start) // 60 * 60
        while at < job.created + last:
            found.append((at, float(values[number % len(values)])))
            number += 1
            at += 60
    return found


def _values(job: Job, algo: int, metric: str) -> list[float]:
    """One figure for all minutes, a list that repeats, or such a list per instance."""
    spec = job.script.utilisation.get(metric)
    if spec is None:
        return []
    if isinstance(spec, (int, float)):
        return [spec]
    if spec and isinstance(spec[0], list):
        return spec[(algo - 1) % len(spec)]
    return spec
