"""Metrics of training jobs, alarms on them, and rules on their ends."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from jobs import Setting
from test_contract import query
from test_services import error

NAMESPACE = "/aws/sagemaker/TrainingJobs"
PATTERN = """{"source": ["aws.sagemaker"], "detail": {"TrainingJobName": ["bert-1"], "TrainingJobStatus": ["Failed", "Stopped"]}}"""


def asked(job: str = "bert-1", host: int = 1, metric: str = "GPUUtilization", period: int = 60) -> dict[str, str]:
    stat = "MetricDataQueries.member.1.MetricStat"
    return {
        "MetricDataQueries.member.1.Id": "m1",
        f"{stat}.Metric.Namespace": NAMESPACE,
        f"{stat}.Metric.MetricName": metric,
        f"{stat}.Metric.Dimensions.member.1.Name": "Host",
        f"{stat}.Metric.Dimensions.member.1.Value": f"{job}/algo-{host}",
        f"{stat}.Period": str(period),
        f"{stat}.Stat": "Average",
        "ScanBy": "TimestampAscending",
    }


def test_minutes_of_a_job(aws: Any) -> None:
    """By boto3's own protocol and by the query protocol: what the script says, while it trains."""
    steps = ["Starting", "Downloading", {"status": "Training", "seconds": 600}, "Uploading", "Completed"]
    aws.control(
        "POST", "jobs", {"steps": steps, "utilisation": {"GPUUtilization": [[90, 50], [10]], "CPUUtilization": 7}}
    )
    setting = Setting(aws)
    setting.create(ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 2})
    setting.finish()
    told = setting.describe()
    start, end = (told[name] for name in ("TrainingStartTime", "TrainingEndTime"))

    def values(**more: Any) -> list[float]:
        span = {"StartTime": stamp(start, -60), "EndTime": stamp(end, 60)}
        _, answer = query(aws, "GetMetricData", **span, **asked(**more))
        listed = answer.partition("<Values>")[2].partition("</Values>")[0]
        return [float(one.split("<")[0]) for one in listed.split("<member>")[1:]]

    assert values()[:4] == [90, 50, 90, 50] and 10 <= len(values()) <= 11
    assert set(values(host=2)) == {10} and set(values(metric="CPUUtilization")) == {7}
    assert values(host=3) == values(metric="MemoryUtilization") == values(job="other") == []
    # The first five minutes of the clock may hold one minute of the run; the second are whole.
    assert 60 <= values(period=300)[1] <= 80


def stamp(moment: datetime.datetime, seconds: int) -> str:
    return (moment + datetime.timedelta(seconds=seconds)).astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def alarm(aws: Any, **changes: Any) -> dict[str, Any]:
    metric = {
        "Namespace": NAMESPACE,
        "MetricName": "GPUUtilization",
        "Dimensions": [{"Name": "Host", "Value": "bert-1/algo-1"}],
    }
    return {
        "AlarmName": "idle",
        "EvaluationPeriods": 6,
        "Threshold": 10,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [f"arn:aws:sns:eu-north-1:{aws.account}:topic"],
        "Metrics": [
            {"Id": "busiest", "Expression": "MAX([m1])/1", "ReturnData": True},
            {"Id": "m1", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Average"}},
        ],
        **changes,
    }


def test_alarms_on_expressions(aws: Any) -> None:
    client = aws.client("cloudwatch")
    tags = [{"Key": "team", "Value": "nlp"}]
    client.put_metric_alarm(**alarm(aws, Tags=tags))
    client.put_metric_alarm(**alarm(aws, Threshold=20, Tags=[{"Key": "team", "Value": "cv"}]))
    (found,) = aws.control("GET", "inventory")["alarms"]
    assert found["threshold"] == 20 and found["tags"] == {"team": "nlp"}
    elsewhere = [f"arn:aws:sns:us-east-1:{aws.account}:topic"]
    assert error(client.put_metric_alarm, **alarm(aws, AlarmActions=elsewhere)) == (
        "ValidationError",
        "Invalid region us-east-1 specified. Only eu-north-1 is supported.",
    )
    one, two = alarm(aws)["Metrics"]
    for metrics in (
        [one, {**two, "ReturnData": True}],
        [{**one, "Expression": "MAX([m2])"}, two],
        [{**one, "Expression": "SEARCH('x')"}, two],
    ):
        assert error(client.put_metric_alarm, **alarm(aws, Metrics=metrics))[0] == "ValidationError"
    arn = f"arn:aws:cloudwatch:eu-north-1:{aws.account}:alarm:"
    assert client.list_tags_for_resource(ResourceARN=arn + "idle")["Tags"] == tags
    assert error(client.list_tags_for_resource, ResourceARN=arn + "none")[0].startswith("ResourceNotFound")


def test_rules_and_what_they_hear(aws: Any) -> None:
    events = aws.client("events")
    topic = f"arn:aws:sns:eu-north-1:{aws.account}:topic"
    events.put_rule(Name="ends", EventPattern=PATTERN, Tags=[{"Key": "team", "Value": "nlp"}])
    events.put_rule(Name="ends", EventPattern=PATTERN, Tags=[{"Key": "team", "Value": "cv"}])
    target = {"Id": "topic", "Arn": topic}
    transformer = {"InputPathsMap": {"job": "$.detail.TrainingJobName"}, "InputTemplate": '"<job> <status>"'}
    for wrong in (
        {**target, "Arn": topic.replace("eu-north-1", "us-east-1")},
        {**target, "InputTransformer": transformer},
    ):
        assert error(events.put_targets, Rule="ends", Targets=[wrong])[0] == "ValidationException"
    events.put_targets(Rule="ends", Targets=[target])
    (rule,) = aws.control("GET", "inventory")["event_rules"]
    assert rule["tags"] == {"team": "nlp"} and rule["targets"] == [target]
    assert (
        error(events.put_rule, Name="x", EventPattern='{"source": "aws.sagemaker"}')[0]
        == "InvalidEventPatternException"
    )
    setting = Setting(aws)
    for name, end in (("bert-1", {"status": "Failed", "reason": "no"}), ("bert-2", "Completed")):
        aws.control("POST", "jobs", {"name": name, "steps": ["Starting", "Training", end]})
        setting.create(name)
        setting.finish(name)
    (notice,) = aws.control("GET", "notices")["notices"]
    assert (notice["job"], notice["target"], notice["status"]) == ("bert-1", topic, "Failed")
    assert error(events.delete_rule, Name="ends")[0] == "ValidationException"
    events.remove_targets(Rule="ends", Ids=["topic"])
    events.delete_rule(Name="ends")
    assert aws.control("GET", "inventory")["event_rules"] == []
    assert error(events.remove_targets, Rule="ends", Ids=["topic"])[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("period", [60, 300])
def test_periods_that_are_no_longer_kept(aws: Any, period: int) -> None:
    """User guide, "Metrics retention"."""
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=70)
    span = {"StartTime": stamp(start, 0), "EndTime": stamp(start, 600)}
    status, answer = query(aws, "GetMetricData", **span, **asked(period=period))
    assert status == 400 and "<Code>ValidationError</Code>" in answer
