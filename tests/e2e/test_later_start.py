"""A start that lies in the future: planned with AWS's own scheduler, looked at, moved, taken back, and failed."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from harness.config import training
from harness.expect import (
    expect_action,
    expect_calls,
    expect_empty_plan,
    expect_error,
    expect_jobs,
    expect_known_value,
    expect_null_value,
    expect_unknown_value,
    expect_value_changed,
    expect_value_unchanged,
    expect_warning,
)
from harness.steps import step
from harness.under_way import held, killed

HOUR = 3600


def moment(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


START = ""
"""Two hours after the beginning of the test."""


@pytest.fixture(autouse=True)
def two_hours_from_now():
    """Not from the import of this file: a test may have to wait for its turn."""
    global START
    START = moment(2)


def later(**arguments):
    """A run that starts two hours from now."""
    return training(**{"earliest_start": START, **arguments})


def only_schedule(scene) -> dict:
    [schedule] = scene.emulator.schedules()
    return schedule["request"]


def sent(scene) -> dict:
    return json.loads(only_schedule(scene)["Target"]["Input"])


def test_from_the_plan_to_the_end(scene):
    """Nothing runs until then; afterwards it is a run like any other."""
    scene.run(
        step(
            later(),
            plan=[
                expect_known_value("scheduled_start_time", START),
                expect_known_value("outcome", "pending"),
                expect_null_value("started_at"),
                expect_unknown_value("training_job_status"),
            ],
            state=[
                expect_known_value("training_job_status", "Scheduled"),
                expect_known_value("training_job_name", re.compile(r"^bert-[0-9a-f]{6}$")),
                expect_null_value("secondary_status"),
                expect_null_value("elapsed_hours"),
                expect_calls(CreateSchedule=1, CreateScheduleGroup=1, CreateQueue=1, CreateTrainingJob=0),
                expect_jobs(),
            ],
        ),
        step(later(), plan=[expect_empty_plan()], state=[expect_known_value("training_job_status", "Scheduled")]),
        destroy=False,
    )
    request = only_schedule(scene)
    assert request["ScheduleExpression"] == f"at({START[:-1]})" and request["ScheduleExpressionTimezone"] == "UTC"
    assert request["ActionAfterCompletion"] == "DELETE" and request["FlexibleTimeWindow"] == {"Mode": "OFF"}
    name = next(iter(scene.workdir.state().values()))["training_job_name"]
    assert sent(scene)["TrainingJobName"] == name
    scene.emulator.advance(2 * HOUR + 30)
    assert not scene.emulator.schedules()
    scene.run(
        step(
            later(),
            plan=[expect_empty_plan()],
            state=[
                expect_known_value("training_job_status", "InProgress"),
                expect_value_unchanged("scheduled_start_time", "training_job_name", "summary"),
                expect_jobs("Active"),
            ],
        ),
        destroy=False,
    )
    scene.emulator.finish_jobs("Completed")
    scene.run(
        step(
            later(),
            plan=[expect_empty_plan()],
            state=[
                expect_known_value("outcome", "succeeded"),
                expect_known_value("started_at"),
                expect_jobs("Completed"),
            ],
        )
    )


@pytest.mark.parametrize(
    "written", ["2096-05-14T01:30:00+02:00", "2096-05-13T23:30:00.75Z", "2096-05-13T16:30:00-07:00"]
)
def test_every_way_of_writing_a_moment(scene, written):
    scene.run(
        step(
            training(earliest_start=written), state=[expect_known_value("scheduled_start_time", "2096-05-13T23:30:00Z")]
        ),
        destroy=False,
    )
    assert only_schedule(scene)["ScheduleExpression"] == "at(2096-05-13T23:30:00)"
    scene.destroy()


def test_a_start_that_has_passed_is_at_once(scene):
    """By AWS's clock, which here is three hours ahead; what was planned stays as it was planned."""
    scene.write(later())
    scene.plan()
    scene.emulator.advance(3 * HOUR)
    mark = scene.emulator.mark()
    result = scene.workdir.run("apply", "-json", "tfplan")
    assert result.code == 0, result.explain()
    calls = scene.emulator.calls(mark)
    assert (calls["CreateTrainingJob"], calls["CreateSchedule"], calls["CreateScheduleGroup"]) == (1, 0, 0)
    scene.run(
        step(
            later(),
            plan=[expect_empty_plan()],
            state=[
                expect_known_value("scheduled_start_time", START),
                expect_jobs("Active"),
            ],
        ),
        # By now it trains.
        step(later(), plan=[expect_empty_plan()], state=[expect_known_value("started_at", lambda at: at > START)]),
    )


def test_the_time_comes_while_it_is_being_planned(scene):
    """AWS finds the moment passed: the job is created at once."""
    scene.write(training(earliest_start=moment(0.03)))
    words = "Invalid Schedule Expression: the time lies in the past."
    scene.emulator.control(
        "POST",
        "faults",
        {
            "service": "scheduler",
            "operation": "CreateSchedule",
            "kind": "error",
            "code": "ValidationException",
            "message": words,
            "status": 400,
        },
    )
    result = scene.apply()
    assert result.code == 0, result.explain()
    assert scene.emulator.fired() == 1
    assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]
    scene.expect_pending({})
    scene.destroy()


def test_again_right_after_a_destroy(scene):
    """The names of the queue and of the group rest for a while after their deletion: waited for in silence."""
    scene.emulator.settings(queue_rest_seconds=6)
    scene.run(step(later()))
    scene.run(step(later(), state=[expect_calls(CreateSchedule=1, CreateTrainingJob=0)]))
    assert "QueueDeletedRecently" in " ".join(request["error"] for request in scene.emulator.requests())


def test_a_missed_deadline(scene):
    """The plan knows no clock; the apply does, and says so."""
    scene.write(training(estimated_training_hours=2, earliest_start=moment(-20), deadline=moment(1)))
    result = scene.apply()
    assert result.code != 0
    expect_error(
        "The deadline cannot be met any more",
        r"The planned start, .*, has passed\. Started now, the run takes about .* Plan again, move the deadline",
        path="deadline",
    ).check(result)
    assert not scene.workdir.state()
    scene.expect_nothing_left()


def test_a_failed_start(scene):
    """The dead letter says why; it is read once and kept, and nothing is started again by itself."""
    scene.run(step(later()), destroy=False)
    scene.emulator.fault("sagemaker", "CreateTrainingJob", "refused", count=None, message="no, thank you")
    scene.emulator.advance(2 * HOUR + 90)
    scene.run(
        step(later(), plan=[expect_empty_plan()], state=[expect_known_value("training_job_status", "Launching")]),
        destroy=False,
    )
    scene.emulator.advance(4 * HOUR)
    assert scene.emulator.fired() == 6, "once, and five retries"
    scene.emulator.heal()
    result, _ = scene.plan()
    expect_warning(
        r"^bert-[0-9a-f]{6} was not started$",
        r"^Outcome: failed_to_launch\. Its start was planned for .*; nothing has run\. Reason: AccessDeniedException: no, thank you "
        r"\(EventBridge Scheduler gave up after 5 retries\)\. It is not run again by itself\.",
    ).check(result)
    kept = [
        expect_known_value("training_job_status", "LaunchFailed"),
        expect_known_value("outcome", "failed_to_launch"),
        expect_known_value("failure_reason", re.compile("^AccessDeniedException: no, thank you")),
        expect_null_value("measured"),
        expect_jobs(),
    ]
    scene.run(step(later(), plan=[expect_empty_plan()], state=kept), destroy=False)
    client = scene.emulator.client("sqs")
    client.purge_queue(QueueUrl=client.list_queues()["QueueUrls"][0])
    scene.run(step(later(), plan=[expect_empty_plan()], state=kept), destroy=False)
    again = training(earliest_start=moment(100))
    scene.run(
        step(
            again,
            arguments=("-replace=sustainable_ml_training.bert",),
            plan=[expect_action("replace")],
            state=[expect_known_value("training_job_status", "Scheduled"), expect_known_value("outcome", "pending")],
        )
    )


def test_somebody_elses_job_of_that_name(scene):
    """It is not taken for the run, and not touched; the scheduler cannot start the run, and says so."""
    scene.run(step(later()), destroy=False)
    name = next(iter(scene.workdir.state().values()))["training_job_name"]
    scene.emulator.foreign_job(name)
    theirs = [thing for thing in scene.emulator.inventory() if thing["kind"] == "job" or "someone" in thing["id"]]
    scene.kept += theirs
    scene.emulator.advance(2 * HOUR + 90)
    launching = [expect_known_value("training_job_status", "Launching"), expect_null_value("started_at")]
    scene.run(step(later(), plan=[expect_empty_plan()], state=launching), destroy=False)
    scene.emulator.advance(4 * HOUR)
    result, _ = scene.plan()
    expect_warning("was not started$", r"Reason: ResourceInUse").check(result)
    scene.destroy(records=True)
    assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]


def test_a_schedule_that_somebody_deletes(scene):
    """The next plan makes it anew, in place: nothing has run."""

    def delete():
        [schedule] = scene.emulator.schedules()
        scene.emulator.client("scheduler").delete_schedule(Name=schedule["name"], GroupName=schedule["group"])

    scene.run(
        step(later()),
        step(
            later(),
            before=delete,
            plan=[expect_action("update")],
            state=[expect_known_value("training_job_status", "Scheduled"), expect_calls(CreateSchedule=1)],
        ),
    )


def test_tags_before_the_start(scene):
    """They are put into the request that will be sent; the run has them."""
    scene.run(
        step(later(tags={"team": "nlp", "old": "1"})),
        step(
            later(tags={"team": "vision"}),
            plan=[expect_action("update")],
            state=[
                expect_calls(UpdateSchedule=1, CreateSchedule=0, AddTags=0),
                expect_value_unchanged("training_job_name", "scheduled_start_time"),
            ],
        ),
        destroy=False,
    )
    assert only_schedule(scene)["ScheduleExpression"] == f"at({START[:-1]})"
    scene.emulator.advance(2 * HOUR + 30)
    [job] = scene.emulator.jobs()
    assert job["tags"]["team"] == "vision" and "old" not in job["tags"]
    # It fired between the last refresh and this apply: the job gets the tags.
    scene.run(step(later(tags={"team": "audio"}), state=[expect_calls(UpdateSchedule=0, AddTags=1)]))


def test_tags_while_it_begins(scene):
    """The plan saw a planned start; the apply finds a job."""
    scene.run(step(later()), destroy=False)
    scene.write(later(tags={"team": "nlp"}))
    scene.plan()
    scene.emulator.advance(2 * HOUR + 30)
    result = scene.workdir.run("apply", "-json", "tfplan")
    assert result.code == 0, result.explain()
    [job] = scene.emulator.jobs()
    assert job["tags"]["team"] == "nlp"
    scene.expect_pending({})
    scene.destroy()


def test_a_later_start_is_watched(scene):
    """Rule and alarm stand before the start and name the job that will run; taken back with it, or gone after it."""
    topic = "arn:aws:sns:us-east-1:123456789012:ml"

    def watchers():
        found = scene.emulator.control("GET", "inventory")
        return found["event_rules"], found["alarms"]

    watched = later(alarm_sns_topic_arn=topic)
    scene.run(step(watched, state=[expect_calls(PutRule=1, PutMetricAlarm=1, CreateTrainingJob=0)]))
    assert watchers() == ([], [])
    scene.run(step(watched, state=[expect_known_value("training_job_status", "Scheduled")]), destroy=False)
    name = next(iter(scene.workdir.state().values()))["training_job_name"]
    (rule,), (alarm,) = watchers()
    assert name in json.dumps(rule["pattern"]) and name in json.dumps(alarm["metrics"], default=str)
    assert [target["Arn"] for target in rule["targets"]] == alarm["actions"] == [topic]
    # Another run before the start: they follow its name.
    scene.run(
        step(later(alarm_sns_topic_arn=topic, hyperparameters={"rate": "2"}), state=[expect_jobs()]), destroy=False
    )
    other = next(iter(scene.workdir.state().values()))["training_job_name"]
    (rule,), (alarm,) = watchers()
    assert other != name and other in json.dumps(rule["pattern"]) and name not in json.dumps(rule["pattern"])
    assert other in json.dumps(alarm["metrics"], default=str)
    scene.emulator.advance(2 * HOUR + 30)
    [job] = scene.emulator.jobs()
    assert job["name"] == other
    scene.emulator.finish_jobs("Failed", "AlgorithmError: no")
    assert [notice["target"] for notice in scene.emulator.control("GET", "notices")["notices"]] == [topic]
    scene.run(
        step(
            later(alarm_sns_topic_arn=topic, hyperparameters={"rate": "2"}),
            plan=[expect_empty_plan(), expect_known_value("outcome", "failed")],
        )
    )
    assert watchers() == ([], [])


def test_another_run_before_the_start(scene):
    """Planned anew in place, without asking `on_change`: nothing runs and nothing is lost."""
    words = re.compile(r"^takes back the start of bert-[0-9a-f]{6} at .*Z, which has not begun, and plans a new run$")
    scene.run(
        step(later()),
        step(
            later(hyperparameters={"rate": "0.1"}),
            plan=[expect_action("update"), expect_known_value("run_change", words)],
            state=[
                expect_value_changed("training_job_name"),
                expect_known_value("training_job_status", "Scheduled"),
                expect_calls(DeleteSchedule=1, CreateSchedule=1, CreateScheduleGroup=1, StopTrainingJob=0),
            ],
        ),
        # What only the decision depends on counts as well, as long as nothing has begun.
        step(
            later(hyperparameters={"rate": "0.1"}, estimated_training_hours=5),
            plan=[expect_action("update"), expect_known_value("run_change", words)],
            state=[expect_value_changed("summary"), expect_known_value("training_job_status", "Scheduled")],
        ),
        destroy=False,
    )
    assert sent(scene)["HyperParameters"]["rate"] == "0.1"
    scene.emulator.advance(3 * HOUR)
    scene.run(
        step(
            later(hyperparameters={"rate": "0.1"}, estimated_training_hours=9),
            plan=[expect_action("update"), expect_null_value("run_change")],
            state=[expect_value_unchanged("summary"), expect_jobs("Active")],
        )
    )


@pytest.mark.parametrize("on_change", [None, "rerun"])
def test_another_run_while_it_begins(scene, on_change):
    """The plan saw a planned start; the apply finds a run. `on_change` decides what becomes of it."""
    scene.run(step(later(on_change=on_change)), destroy=False)
    scene.write(later(on_change=on_change, hyperparameters={"rate": "0.1"}))
    scene.plan()
    scene.emulator.advance(2 * HOUR + 180)
    result = scene.workdir.run("apply", "-json", "tfplan")
    if on_change:
        assert result.code == 0, result.explain()
        assert [job["status"] for job in scene.emulator.jobs()] == ["Stopped", "InProgress"]
        scene.expect_pending({})
    else:
        assert result.code != 0
        expect_error(
            r"training job bert-[0-9a-f]{6} began while this change was being applied",
            "It goes on as it was, and nothing was changed. Plan again: on_change says whether a new run may stop it.",
        ).check(result)
        assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]
        again, _ = scene.plan()
        expect_error("This change would stop a running training").check(again)
        scene.write(later())
        scene.expect_pending({})
    scene.destroy()


@pytest.mark.parametrize("on_destroy", ["stop", "delete", "retain"])
def test_destroying_before_the_start(scene, on_destroy):
    """Nothing is left, and nothing starts."""
    scene.run(step(later(on_destroy=on_destroy)), destroy=False)
    scene.destroy(records=True)
    scene.emulator.advance(5 * HOUR)
    assert not scene.emulator.jobs()


def test_destroying_after_the_start(scene):
    """Although nobody has looked since: the job is found and stopped."""
    scene.run(step(later()), destroy=False)
    scene.emulator.advance(2 * HOUR + 180)
    scene.destroy()
    assert [job["status"] for job in scene.emulator.jobs()] == ["Stopped"]


def test_a_start_that_is_tried_again_during_the_destroy(scene):
    """The scheduler has not heard that the job was made. What it tries again must not outlive the record."""
    gone = later(on_destroy="delete")
    scene.run(step(gone), destroy=False)
    scene.emulator.fault("sagemaker", "CreateTrainingJob", "lost")
    scene.emulator.advance(2 * HOUR + 30)
    scene.emulator.heal()
    assert scene.emulator.jobs() and scene.emulator.schedules(), "it will try again"
    with held(scene, "scheduler", "DeleteScheduleGroup", "destroy", "-json", "-auto-approve") as under_way:
        scene.emulator.advance(HOUR)
    assert under_way.result.code == 0
    scene.expect_nothing_left(records=True)


def test_a_role_of_the_users_own(scene):
    """Trust on the group's ARN is all that it needs; none is made and none is removed."""
    iam = scene.emulator.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": ["sagemaker:*", "iam:PassRole", "sqs:SendMessage"], "Resource": "*"}
    document = {"Version": "2012-10-17"}
    made = iam.create_role(RoleName="starter", AssumeRolePolicyDocument=json.dumps({**document, "Statement": [trust]}))
    iam.put_role_policy(
        RoleName="starter", PolicyName="all", PolicyDocument=json.dumps({**document, "Statement": [allow]})
    )
    scene.keep()
    scene.run(
        step(later(scheduler_role_arn=made["Role"]["Arn"]), state=[expect_calls(CreateRole=1, CreateSchedule=1)]),
        destroy=False,
    )
    assert only_schedule(scene)["Target"]["RoleArn"] == made["Role"]["Arn"]
    scene.emulator.advance(3 * HOUR)
    assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]
    scene.destroy()


def test_roles_take_time_to_spread(scene):
    scene.emulator.settings(role_propagation_attempts=1)
    scene.run(step(later(), state=[expect_calls(CreateSchedule=2)]))


def test_waiting_for_the_end_of_a_later_start(scene):
    """The apply waits for the start and then for the end."""
    scene.write(later(wait_for_completion=True))
    mark = scene.emulator.mark()
    process = scene.start("apply", "-json", "-auto-approve")
    scene.emulator.wait_for("CreateSchedule", mark)
    scene.emulator.advance(3 * HOUR)
    scene.emulator.finish_jobs("Completed")
    result = scene.workdir.finish(process)
    assert result.code == 0, result.explain()
    [state] = scene.workdir.state().values()
    assert (state["training_job_status"], state["outcome"]) == ("Completed", "succeeded")
    scene.expect_pending({})
    scene.destroy()


def test_a_request_that_cannot_be_kept(scene):
    """Said by the plan; and only where the start is later than the earliest one."""
    many = {f"parameter-{number}": "x" * 2500 for number in range(98)}
    late = {
        "dataset_region": "eu-central-1",
        "preferred_training_regions": ["eu-central-1"],
        "earliest_start": "2096-05-14T18:00:00Z",
        "max_start_delay_hours": 24,
        "hyperparameters": {**many, "last": "y" * 2500},
        "environment": {f"VALUE_{number}": "z" * 512 for number in range(20)},
    }
    scene.write(training(**late))
    result, _ = scene.plan()
    assert result.code != 0
    expect_error(
        "The request is too large for a later start",
        r"may have 2\d{5} bytes; EventBridge Scheduler.*takes 262144",
        path="hyperparameters",
    ).check(result)


FAR = training(on_destroy="delete", force_destroy=True, earliest_start="2096-05-14T18:00:00Z")


@pytest.mark.parametrize("operation", ["CreateScheduleGroup", "CreateQueue", "CreateSchedule"])
def test_killed_after_a_call(scene, operation):
    """Nothing is in the state; the next apply waits for the lease, and takes up or takes back what is there."""
    scene.write(FAR)
    killed(scene, "sqs" if operation == "CreateQueue" else "scheduler", operation)
    scene.emulator.advance(120)
    second = scene.apply()
    assert second.code == 0, second.explain()
    assert len(scene.emulator.schedules()) == 1 and not scene.emulator.jobs()
    if operation == "CreateSchedule":
        expect_warning("the planned start of training job bert-.* was taken back", "Nothing had run").check(second)
    scene.expect_pending({})
    scene.destroy(records=True)
