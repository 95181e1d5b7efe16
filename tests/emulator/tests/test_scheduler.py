"""EventBridge Scheduler: what it refuses, when it fires, and where failures go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobs import Setting, allow
from test_services import error

GROUP = "training"


class Scheduled(Setting):
    """A job's setting, with a group, a queue and a role for the scheduler."""

    def __init__(self, aws: Any):
        super().__init__(aws)
        self.aws = aws
        self.scheduler, self.sqs = aws.client("scheduler"), aws.client("sqs")
        self.group = self.scheduler.create_schedule_group(Name=GROUP, Tags=[{"Key": "a", "Value": "b"}])[
            "ScheduleGroupArn"
        ]
        self.queue = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:eu-north-1:{aws.account}:dead"
        self.starter = self.iam.create_role(RoleName="starter", AssumeRolePolicyDocument=self.trust())["Role"]["Arn"]
        self.allow("sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole", "sqs:SendMessage")

    def trust(self, **condition: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.aws.account, "aws:SourceArn": self.group, **condition}
            },
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def allow(self, *actions: str) -> None:
        self.iam.put_role_policy(
            RoleName="starter", PolicyName="start", PolicyDocument=json.dumps(allow(list(actions), "*"))
        )

    def at(self, hours: float) -> str:
        now = datetime.fromisoformat(self.aws.control("GET", "clock")["now"]).replace(tzinfo=UTC)
        return (now + timedelta(hours=hours)).strftime("at(%Y-%m-%dT%H:%M:%S)")

    def schedule(self, name: str = "bert-1", hours: float = 2, retries: int = 1, **changes: Any) -> dict[str, Any]:
        return {
            "Name": name,
            "GroupName": GROUP,
            "ScheduleExpression": self.at(hours),
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob",
                "RoleArn": self.starter,
                "Input": json.dumps(self.request(name)),
                "RetryPolicy": {"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": 3600},
                "DeadLetterConfig": {"Arn": self.queue_arn},
            },
            **changes,
        }

    def pass_hours(self, hours: float) -> None:
        self.aws.control("POST", "clock", {"advance_seconds": hours * 3600})

    def jobs(self) -> list[str]:
        return [job["name"] for job in self.aws.control("GET", "jobs")["jobs"]]

    def dead_letters(self) -> list[dict[str, str]]:
        answer = self.sqs.receive_message(QueueUrl=self.queue, MessageAttributeNames=["All"], VisibilityTimeout=0)
        return [
            {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
            for message in answer.get("Messages", [])
        ]


@pytest.fixture
def setting(aws: Any) -> Scheduled:
    return Scheduled(aws)


def test_it_fires_once_and_deletes_itself(setting: Scheduled) -> None:
    made = setting.scheduler.create_schedule(**setting.schedule(ClientToken="one"))
    assert setting.scheduler.create_schedule(**setting.schedule(ClientToken="one")) | {"ResponseMetadata": 0} == (
        made | {"ResponseMetadata": 0}
    )
    kept = setting.scheduler.get_schedule(Name="bert-1", GroupName=GROUP)
    assert (kept["State"], kept["ScheduleExpressionTimezone"]) == ("ENABLED", "UTC")
    setting.pass_hours(1.9)
    assert setting.jobs() == []
    setting.pass_hours(0.2)
    assert setting.jobs() == ["bert-1"]
    code, _ = error(setting.scheduler.get_schedule, Name="bert-1", GroupName=GROUP)
    assert code == "ResourceNotFoundException" and setting.dead_letters() == []
    setting.pass_hours(48)
    assert setting.jobs() == ["bert-1"]


def test_a_time_zone_counts(setting: Scheduled) -> None:
    # Nine hours ahead of UTC: five hours from now, read there, is four hours ago.
    tokyo = {"ScheduleExpressionTimezone": "Asia/Tokyo"}
    assert error(setting.scheduler.create_schedule, **setting.schedule(hours=5, **tokyo))[0] == "ValidationException"
    setting.scheduler.create_schedule(**setting.schedule(hours=10, **tokyo))
    setting.pass_hours(1.1)
    assert setting.jobs() == ["bert-1"]


def test_what_it_refuses(setting: Scheduled) -> None:
    scheduler, usual = setting.scheduler, setting.schedule
    for changes, code, words in (
        ({"ScheduleExpression": "at(2036-01-01T00:00:00Z)"}, "ValidationException", "Invalid Schedule Expression at("),
        ({"ScheduleExpression": "at(2036-01-01T00:00:00.5)"}, "ValidationException", "Invalid Schedule Expression at("),
        ({"ScheduleExpression": "at(2036-02-31T00:00:00)"}, "ValidationException", "Invalid Schedule Expression at("),
        ({"hours": -1}, "ValidationException", "in the past"),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "ValidationException", "Timezone"),
        ({"GroupName": "none"}, "ResourceNotFoundException", "none"),
    ):
        found = error(scheduler.create_schedule, **usual(**changes))  # type: ignore[arg-type]
        assert found[0] == code and words in found[1], (changes, found)
    scheduler.create_schedule(**usual())
    assert error(scheduler.create_schedule, **usual())[0] == "ConflictException"
    setting.iam.update_assume_role_policy(
        RoleName="starter",
        PolicyDocument=setting.trust(**{"aws:SourceArn": f"{setting.group.replace('-group', '')}/x"}),
    )
    assert error(scheduler.create_schedule, **usual("other")) == (
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    )


def test_failures_are_repeated_then_told(setting: Scheduled) -> None:
    setting.allow("sagemaker:AddTags", "iam:PassRole", "sqs:SendMessage")
    arn = setting.scheduler.create_schedule(**setting.schedule(retries=2))["ScheduleArn"]
    setting.pass_hours(2.01)
    assert setting.dead_letters() == [] and setting.scheduler.get_schedule(Name="bert-1", GroupName=GROUP)
    setting.pass_hours(1)
    assert setting.jobs() == []
    for _ in range(2):
        [told] = setting.dead_letters()
    assert told["ERROR_CODE"] == "AccessDeniedException" and "sagemaker:CreateTrainingJob" in told["ERROR_MESSAGE"]
    assert told["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts" and told["RETRY_ATTEMPTS"] == "2"
    assert told["SCHEDULE_ARN"] == arn and told["TARGET_ARN"].endswith(":sagemaker:createTrainingJob")
    assert told["IS_PAYLOAD_TRUNCATED"] == "false"


def test_a_failure_that_passes_is_none(setting: Scheduled) -> None:
    setting.aws.control(
        "POST", "faults", {"kind": "throttled", "service": "sagemaker", "operation": "CreateTrainingJob"}
    )
    setting.scheduler.create_schedule(**setting.schedule())
    setting.pass_hours(2.5)
    assert setting.jobs() == ["bert-1"] and setting.dead_letters() == []


def test_an_answer_that_the_scheduler_does_not_hear(setting: Scheduled) -> None:
    """The job is there, the schedule tries again in vain, and at no moment are there two."""
    tagged = setting.request("bert-1") | {"Tags": [{"Key": "sustainable:training", "Value": "bert"}]}
    schedule = setting.schedule(retries=1)
    schedule["Target"]["Input"] = json.dumps(tagged)
    setting.scheduler.create_schedule(**schedule)
    setting.aws.control("POST", "faults", {"operation": "CreateTrainingJob", "kind": "lost_after"})
    setting.pass_hours(2.01)
    assert setting.jobs() == ["bert-1"] and setting.dead_letters() == []
    setting.pass_hours(1)
    [letter] = setting.dead_letters()
    assert letter["ERROR_CODE"] == "ResourceInUse", letter
    most = setting.aws.control("GET", "billing")["most"]
    assert most == {"bert": {"working": 1, "with_stopping": 1}}


def test_a_late_start(setting: Scheduled) -> None:
    setting.aws.control("POST", "faults", {"operation": "CreateTrainingJob", "kind": "delay", "seconds": 600})
    setting.scheduler.create_schedule(**setting.schedule())
    setting.pass_hours(2.01)
    assert setting.jobs() == []
    setting.pass_hours(0.2)
    assert setting.jobs() == ["bert-1"] and setting.dead_letters() == []


def test_a_deleted_group_is_seen_once_more(setting: Scheduled) -> None:
    setting.scheduler.create_schedule(**setting.schedule())
    assert setting.scheduler.list_tags_for_resource(ResourceArn=setting.group)["Tags"] == [{"Key": "a", "Value": "b"}]
    setting.scheduler.delete_schedule_group(Name=GROUP)
    assert setting.scheduler.get_schedule_group(Name=GROUP)["State"] == "DELETING"
    assert error(setting.scheduler.get_schedule_group, Name=GROUP)[0] == "ResourceNotFoundException"
    setting.pass_hours(3)
    assert setting.jobs() == [] and setting.aws.control("GET", "inventory")["schedules"] == []


def test_a_queue_name_rests(setting: Scheduled) -> None:
    setting.aws.control("POST", "settings", {"queue_rest_seconds": 60})
    setting.sqs.delete_queue(QueueUrl=setting.queue)
    code, words = error(setting.sqs.create_queue, QueueName="dead")
    assert "60 seconds" in words and code.endswith("QueueDeletedRecently")
    setting.aws.control("POST", "clock", {"advance_seconds": 61})
    setting.sqs.create_queue(QueueName="dead")
