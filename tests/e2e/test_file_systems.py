"""FSx for Lustre: there before the job, linked to the data, gone after the run whatever happens to the apply."""

import datetime

import pytest
from harness.config import training
from harness.expect import expect_action, expect_calls, expect_error, expect_known_value, expect_null_value
from harness.steps import step
from harness.under_way import killed
from test_interrupts import converges
from test_permissions import printed_policy

VPC = {"subnets": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
ON_LUSTRE = training(
    use_fsx_lustre=True,
    vpc_config=VPC,
    max_runtime_hours=20,
    on_change="rerun",
    on_destroy="delete",
    force_destroy=True,
    preferred_training_regions=["us-east-1"],
)
# All of them are in the fault matrix.
CALLS = [("fsx", "CreateFileSystem"), ("scheduler", "CreateSchedule"), ("fsx", "CreateDataRepositoryTask")]


def schedules(emulator) -> list[dict]:
    return emulator.control("GET", "inventory")["schedules"]


def hours_left(emulator, passed: float = 0) -> float:
    """Until the planned deletion, on a clock that is so many hours ahead."""
    [planned] = schedules(emulator)
    at = datetime.datetime.fromisoformat(planned["request"]["ScheduleExpression"][3:-1]).replace(tzinfo=datetime.UTC)
    return (at - datetime.datetime.now(datetime.UTC)).total_seconds() / 3600 - passed


def as_asked(emulator, prefix: str = "s3://training-data/data/", region: str = "us-east-1") -> dict:
    """The one file system, its link, the job's channel, and the planned deletion."""
    [made] = emulator.file_systems()
    request = made["request"]
    assert made["region"] == region and made["lifecycle"] == "AVAILABLE"
    assert (request["StorageCapacity"], request["SubnetIds"]) == (1200, VPC["subnets"])
    assert request["SecurityGroupIds"] == VPC["security_group_ids"]
    assert request["LustreConfiguration"] == {"DeploymentType": "SCRATCH_2"}
    assert request["FileSystemTypeVersion"] == "2.15"
    assert made["tags"]["ManagedBy"] == "terraform-provider-sustainable" and made["tags"]["sustainable:file-system"]
    [link] = made["links"]
    assert link["FileSystemPath"] == "/train" and link["DataRepositoryPath"].startswith(prefix)
    assert "S3" not in link, "nothing is exported to the bucket, and no notification is set up on it"
    job = emulator.jobs()[-1]["request"]
    [channel] = job["InputDataConfig"]
    source = channel["DataSource"]["FileSystemDataSource"]
    assert source["FileSystemId"] == made["id"] and source["FileSystemType"] == "FSxLustre"
    assert source["FileSystemAccessMode"] == "ro" and channel["InputMode"] == "File"
    mount, _, folder = source["DirectoryPath"].strip("/").partition("/")
    assert mount and folder == "train"
    assert job["VpcConfig"]["Subnets"] == VPC["subnets"]
    [planned] = schedules(emulator)
    assert planned["name"].startswith("file-system-")
    return made


def carries(team: str | None):
    """The file system carries this tag of the user's."""

    def check(seen):
        assert as_asked(seen.emulator)["tags"].get("team") == team

    return check


def test_the_whole_life(scene):
    """One file system for one run; a new run has its own, and the old one goes."""
    first = []

    def there(seen):
        first.append(as_asked(seen.emulator)["id"])
        values = seen.state["sustainable_ml_training.bert"]
        assert values["breakdown"]["storage_usd"] > 4, values["breakdown"]
        assert any(line.startswith("File system: 1200 GiB for 24 h") for line in values["assumptions"]), values

    def another(seen):
        assert as_asked(seen.emulator)["id"] != first[0]

    scene.run(
        step(ON_LUSTRE, state=[there, expect_calls(CreateFileSystem=1, CreateTrainingJob=1, PutBucketNotification=0)]),
        step(ON_LUSTRE, state=[there, expect_calls(CreateFileSystem=0, DeleteFileSystem=0)]),
        step(ON_LUSTRE.with_(tags={"team": "nlp"}), state=[carries("nlp"), expect_calls(CreateFileSystem=0)]),
        step(ON_LUSTRE, state=[carries(None), expect_calls(CreateFileSystem=0)]),
        step(
            ON_LUSTRE.with_(hyperparameters={"epochs": "4"}),
            state=[another, expect_calls(CreateFileSystem=1, DeleteFileSystem=1)],
        ),
        destroy=False,
    )
    scene.destroy()


def test_in_another_region(scene):
    """Linked to the staged copies."""
    there = {"regional": {"eu-north-1": {"vpc_config": VPC}}, "preferred_training_regions": ["eu-north-1"]}

    def linked(seen):
        as_asked(seen.emulator, "s3://training-data-eu-north-1/sustainable/staged/", "eu-north-1")

    scene.run(step(ON_LUSTRE.with_(vpc_config=None, **there), state=[linked]))


def test_nobody_applies_again(scene):
    """The schedule deletes it once the run must be over; a destroy afterwards finds nothing to do."""
    scene.run(step(ON_LUSTRE, state=[lambda seen: as_asked(seen.emulator)]), destroy=False)
    [job] = scene.emulator.jobs()
    assert job["request"]["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 20 * 3600,
        "MaxPendingTimeInSeconds": 2 * 3600,
    }
    # One hour to make it, two of waiting for instances, twenty of training, one to spare.
    assert 23.9 < hours_left(scene.emulator) < 24.1
    scene.emulator.advance(23.5 * 3600)
    assert scene.emulator.file_systems(), "the run may be at work still"
    scene.emulator.finish_jobs("Completed")
    scene.emulator.settings(fsx_seconds=1800)
    scene.emulator.advance(3600)
    assert not scene.emulator.file_systems() and not schedules(scene.emulator)
    # It is on its way out for half an hour, and then gone.
    scene.expect_pending({})
    scene.emulator.advance(1800)
    scene.expect_pending({})
    scene.destroy()


def test_a_retained_run_keeps_it(scene):
    """The destroy leaves what the job reads from, and what deletes it in the end; both are named."""
    scene.run(step(ON_LUSTRE.with_(on_destroy="retain"), state=[lambda seen: as_asked(seen.emulator)]), destroy=False)
    result = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    said = " ".join(warning.detail for warning in result.warnings)
    made = as_asked(scene.emulator)
    assert f"file system {made['id']} in us-east-1: the retained job reads from it; it is deleted at 20" in said, said
    assert "the end of the file system is planned there" in said, said
    assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]
    scene.emulator.finish_jobs("Completed")
    scene.emulator.advance(25 * 3600)
    assert not scene.emulator.file_systems() and not schedules(scene.emulator)


@pytest.mark.parametrize("end", ["Completed", "Failed"])
def test_the_first_apply_after_the_end_deletes_it(scene, end):
    """However the run has ended; what cannot be deleted is tried again, and nothing is tainted."""
    scene.run(step(ON_LUSTRE, state=[lambda seen: as_asked(seen.emulator)]), destroy=False)
    scene.emulator.finish_jobs(end)
    scene.emulator.fault("fsx", "DeleteFileSystem", "refused", count=None)
    still = expect_known_value("pending_steps", ["delete_file_system"])
    sentence = r"(?s)Allow fsx:DeleteFileSystem.*bert-\w+ is over, and its file system bills until its planned deletion at \S+Z\. The next apply tries this again\."
    scene.run(
        step(
            ON_LUSTRE,
            plan=[expect_action("update")],
            error=expect_error("The file system was not deleted", sentence, "use_fsx_lustre"),
            state=[still],
        ),
        destroy=False,
    )
    scene.emulator.heal()
    scene.run(
        step(
            ON_LUSTRE,
            plan=[expect_action("update")],
            state=[expect_null_value("pending_steps"), expect_calls(DeleteFileSystem=1, CreateTrainingJob=0)],
        ),
        destroy=False,
    )
    assert not scene.emulator.file_systems() and not schedules(scene.emulator)
    scene.destroy()


def test_on_spot(scene):
    """The longest wait and run together decide, in the estimate and in the schedule."""
    spot = {"use_spot_instances": True, "supports_checkpointing": True, "max_wait_hours": 30}

    def until_then(seen):
        as_asked(seen.emulator)
        assert 31.9 < hours_left(seen.emulator) < 32.1
        lines = seen.state["sustainable_ml_training.bert"]["assumptions"]
        assert any(line.startswith("File system: 1200 GiB for 32 h") for line in lines), lines

    scene.run(step(ON_LUSTRE.with_(**spot), state=[until_then]))


def test_making_it_takes_long(scene):
    """The run gets all of its time."""
    scene.emulator.settings(fsx_seconds=7200)
    scene.write(ON_LUSTRE)
    mark = scene.emulator.mark()
    process = scene.start("apply", "-json", "-auto-approve")
    scene.emulator.wait_for("CreateSchedule", mark)
    scene.emulator.wait_for("DescribeFileSystems", scene.emulator.mark())
    scene.emulator.advance(7200)
    scene.emulator.settings(fsx_seconds=0)
    finished = scene.workdir.finish(process, timeout=120)
    assert finished.code == 0, finished.explain()
    as_asked(scene.emulator)
    assert 22.9 < hours_left(scene.emulator, passed=2) < 23.1
    scene.destroy()


FAILURES = [
    (
        # It is on its way out still when the next one is made.
        {"fsx_failure": "The subnet has no free addresses.", "fsx_seconds": 2},
        r"file system fs-\w+ in us-east-1 is FAILED: The subnet has no free addresses",
    ),
    (
        {"fsx_link_failure": "Access denied to the bucket."},
        r"folder /train of file system fs-\w+ in us-east-1 is MISCONFIGURED: Access denied to the bucket",
    ),
    (
        {"fsx_import_failure": "An object has no name."},
        r"the import into file system fs-\w+ in us-east-1 is FAILED: An object has no name",
    ),
]


@pytest.mark.parametrize(("settings", "sentence"), FAILURES, ids=[next(iter(f[0])) for f in FAILURES])
def test_what_fails_is_told_and_removed(scene, settings, sentence):
    scene.emulator.settings(**settings)
    scene.run(
        step(ON_LUSTRE, error=expect_error(sentence, "Correct what FSx names, then apply again: a new one is made")),
        destroy=False,
    )
    assert not scene.emulator.file_systems() and not schedules(scene.emulator) and not scene.emulator.jobs()
    scene.emulator.settings(**{name: type(value)() for name, value in settings.items() if name != "fsx_seconds"})
    scene.run(step(ON_LUSTRE, state=[lambda seen: as_asked(seen.emulator)]))


@pytest.mark.parametrize(("service", "operation"), CALLS, ids=lambda v: v)
def test_killed_at_each_call(scene, service, operation):
    """Another apply adopts the file system; there are never two, and a destroy leaves none."""
    scene.write(ON_LUSTRE)
    killed(scene, service, operation)
    early = operation == "CreateFileSystem"
    assert len(scene.emulator.file_systems()) == 1 or early
    scene.emulator.advance(120)
    mark = scene.emulator.mark()
    result = scene.apply()
    assert result.code == 0, result.explain()
    assert scene.emulator.calls(mark)["CreateFileSystem"] <= early
    as_asked(scene.emulator)
    converges(scene)


def test_killed_and_changed(scene):
    """The run that was lost had another request: its file system goes, the new one has its own."""
    scene.write(ON_LUSTRE)
    killed(scene, "fsx", "CreateDataRepositoryAssociation")
    [lost] = scene.emulator.file_systems()
    scene.emulator.advance(120)
    scene.run(step(ON_LUSTRE.with_(hyperparameters={"epochs": "4"})), destroy=False)
    assert as_asked(scene.emulator)["id"] != lost["id"]
    scene.destroy(records=True)


def test_a_file_system_of_ones_own(scene):
    """Passed through as it is, never looked at, never touched."""
    mounted = {"id": "fs-0123456789abcdef0", "directory_path": "/abcd1234/data"}
    own = training(
        vpc_config=VPC,
        input_channels={"train": {"file_system": mounted}, "labels": {"s3_uri": "s3://training-data/data/"}},
        preferred_training_regions=["us-east-1"],
        on_destroy="delete",
    )

    def passed(seen):
        [job] = seen.emulator.jobs()
        channels = {c["ChannelName"]: c for c in job["request"]["InputDataConfig"]}
        assert channels["train"]["DataSource"] == {
            "FileSystemDataSource": {
                "FileSystemId": mounted["id"],
                "FileSystemType": "FSxLustre",
                "FileSystemAccessMode": "ro",
                "DirectoryPath": mounted["directory_path"],
            }
        }
        assert channels["train"]["InputMode"] == "File"
        assert "S3DataSource" in channels["labels"]["DataSource"]

    scene.run(step(own, state=[passed, expect_calls(CreateFileSystem=0, DescribeFileSystems=0)]))


def test_the_printed_policy_is_enough(scene):
    """The features that the guide names for it, enforced."""
    features = ["run", "managed_role", "dashboard", "quotas", "fsx"]
    scene.provider_arguments = scene.emulator.enforce(printed_policy(scene, features))
    scene.keep()
    scene.run(
        step(ON_LUSTRE, state=[carries(None)]),
        step(ON_LUSTRE.with_(tags={"team": "nlp"}), state=[carries("nlp")]),
        step(ON_LUSTRE, state=[carries(None)]),
    )
