"""A planned start that fails: why, in the words of whoever refused it, and that a destroy leaves nothing all the same."""

import json
import re
from datetime import datetime

import pytest
from harness.config import training
from harness.expect import expect_empty_plan, expect_jobs, expect_known_value, expect_warning
from harness.steps import in_turns, step

START = "2096-05-14T18:00:00Z"
RUN = training(earliest_start=START, force_destroy=True)


def no_starter(emulator, _name):
    """The role that starts the run is deleted."""
    iam = emulator.client("iam")
    for role in iam.list_roles()["Roles"]:
        if "scheduler.amazonaws.com" in str(role["AssumeRolePolicyDocument"]):
            remove(iam, role["RoleName"])


def no_execution_role(emulator, _name):
    """The role that the run is to have is deleted."""
    iam = emulator.client("iam")
    for role in iam.list_roles()["Roles"]:
        if "sagemaker.amazonaws.com" in str(role["AssumeRolePolicyDocument"]):
            remove(iam, role["RoleName"])


def remove(iam, role):
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    iam.delete_role(RoleName=role)


def no_rights(emulator, _name):
    """Somebody takes the rights from the role that starts the run."""
    iam = emulator.client("iam")
    for role in iam.list_roles()["Roles"]:
        if "scheduler.amazonaws.com" in str(role["AssumeRolePolicyDocument"]):
            for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]
                kept = [s for s in document["Statement"] if "CreateTrainingJob" not in str(s["Action"])]
                iam.put_role_policy(
                    RoleName=role["RoleName"],
                    PolicyName=policy,
                    PolicyDocument=json.dumps({**document, "Statement": kept}),
                )


def no_queue(emulator, _name):
    """The dead-letter queue is deleted, and the start refused: nobody can say why."""
    sqs = emulator.client("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        sqs.delete_queue(QueueUrl=url)
    no_quota(emulator, _name)


def no_quota(emulator, _name):
    """The quota is taken away between the plan and the start."""
    emulator.settings(quotas={"ml.g5.xlarge for training job usage": 0})


def no_data(emulator, _name):
    """The user's data are gone."""
    emulator.client("s3").delete_object(Bucket="training-data", Key="data/part-0")


def throttled(emulator, _name):
    """Throttled until EventBridge Scheduler gives up."""
    emulator.fault("sagemaker", "CreateTrainingJob", "throttled", count=None)


def no_schedule(emulator, name):
    """The schedule is deleted so late that the time has come before anybody looks."""
    [schedule] = emulator.schedules()
    emulator.client("scheduler").delete_schedule(Name=schedule["name"], GroupName=schedule["group"])


GAVE_UP = " (EventBridge Scheduler gave up after 5 retries)"
SILENCE = (
    f"the start was due at {START}, but there is neither training job JOB nor a dead letter that says why: the schedule, "
    "its role or its queue was removed, or the job's record was deleted since"
)
ROLES = "arn:aws:iam::123456789012:role/sustainable-"
ROWS = [
    # Nobody can write the dead letter then.
    (no_starter, SILENCE),
    (no_queue, SILENCE),
    (no_schedule, SILENCE),
    (
        no_execution_role,
        f"ValidationException: Could not assume role {ROLES}bert-HEX. Please ensure that the role exists and allows "
        f"principal 'sagemaker.amazonaws.com' to assume the role{GAVE_UP}",
    ),
    (
        no_rights,
        "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/sustainable-scheduler-bert-HEX/JOB is not "
        "authorized to perform: sagemaker:CreateTrainingJob on resource: "
        "arn:aws:sagemaker:us-east-1:123456789012:training-job/JOB because no identity-based policy allows the "
        f"sagemaker:CreateTrainingJob action{GAVE_UP}",
    ),
    (
        no_quota,
        "ResourceLimitExceeded: The account-level service limit 'ml.g5.xlarge for training job usage' is 0 Instances, with "
        "current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an "
        "increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for "
        f"this quota{GAVE_UP}",
    ),
    (
        no_data,
        'ValidationException: No S3 objects found under S3 URL "s3://training-data/data/" given in input data source. Please '
        "ensure that the bucket exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that "
        f'the role "{ROLES}bert-HEX" has "s3:ListBucket" permissions on bucket "training-data"{GAVE_UP}',
    ),
    (throttled, f"ThrottlingException: Rate exceeded{GAVE_UP}"),
]


@pytest.mark.parametrize(
    ("world", "reason", "cli"), in_turns(ROWS), ids=lambda v: getattr(v, "__name__", ""), indirect=["cli"]
)
def test_why_it_was_not_started(scene, world, reason):
    """The dead letter's reason, or that there is none; said by a plan that stays empty, and kept in the state."""
    scene.run(step(RUN), destroy=False)
    [schedule] = scene.emulator.schedules()
    world(scene.emulator, schedule["name"])
    there = [(thing["kind"], thing["id"]) for thing in scene.emulator.inventory()]
    scene.kept = [thing for thing in scene.kept if (thing["kind"], thing["id"]) in there]
    until_hours_after_the_start(scene)
    scene.emulator.heal()
    result, _ = scene.plan()
    assert result.code == 0, result.explain()
    reason = re.escape(reason).replace("JOB", schedule["name"]).replace("HEX", "[0-9a-f]{10}")
    expect_warning(
        f"^{schedule['name']} was not started$",
        rf"^Outcome: failed_to_launch\. Its start was planned for {START}; nothing has run\. Reason: {reason}\. "
        r"It is not run again by itself\.",
    ).check(result)
    scene.run(
        step(
            RUN,
            plan=[expect_empty_plan()],
            state=[
                expect_known_value("training_job_status", "LaunchFailed"),
                expect_known_value("outcome", "failed_to_launch"),
                expect_known_value("failure_reason", re.compile(f"^{reason}$")),
                expect_jobs(),
            ],
        ),
        destroy=False,
    )
    scene.destroy(records=True)


def until_hours_after_the_start(scene) -> None:
    """The start is due, is refused, and is given up."""
    now = datetime.fromisoformat(scene.emulator.control("GET", "clock")["now"])
    scene.emulator.advance((datetime.fromisoformat(START) - now).total_seconds() + 6 * 3600)
