"""Every single thing that a run is made of is deleted by somebody else, one at a time: what there is, the emulator says.

What a change puts right is in the next plan; what only a new run can put right is told; an apply converges, and a destroy
leaves nothing.
"""

import re

import pytest
from harness.expect import changes
from harness.lives import LATER, ON_LUSTRE, OWN_BUCKET, PLAIN, TOPIC, TRACKED

ABROAD = {
    "preferred_training_regions": ["eu-north-1"],
    "alarm_sns_topic_arn": TOPIC.replace("us-east-1", "eu-north-1"),
    "dashboard": None,
    "role_arn": None,
}
RUNS = {
    "abroad": PLAIN.with_(**ABROAD, supports_checkpointing=True),
    "tracked": TRACKED.with_(role_arn=None),
    "in a bucket of its own": OWN_BUCKET.with_(role_arn=None),
    "later": LATER.with_(**ABROAD),
    "on a file system": ON_LUSTRE,
}


def emptied(s3, bucket: str, key: str = ""):
    """The bucket without what begins like this, in any version."""
    found = s3.list_object_versions(Bucket=bucket, Prefix=key)
    for version in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def no_bucket(emulator, thing):
    s3 = emulator.client("s3", region_of(emulator, thing["id"]))
    emptied(s3, thing["id"])
    s3.delete_bucket(Bucket=thing["id"])


def region_of(emulator, bucket: str) -> str:
    return emulator.client("s3").get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"


def no_role(emulator, thing):
    iam = emulator.client("iam")
    for policy in iam.list_role_policies(RoleName=thing["id"])["PolicyNames"]:
        iam.delete_role_policy(RoleName=thing["id"], PolicyName=policy)
    iam.delete_role(RoleName=thing["id"])


def no_rule(emulator, thing):
    region, name = thing["id"].split("/")
    events = emulator.client("events", region)
    targets = [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]
    events.remove_targets(Rule=name, Ids=targets)
    events.delete_rule(Name=name)


def no_job(emulator, thing):
    region, name = thing["id"].split(":")[3], thing["id"].split("/")[1]
    sagemaker = emulator.client("sagemaker", region)
    sagemaker.stop_training_job(TrainingJobName=name)
    # Each look lets it go on towards its end.
    statuses = (sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] for _ in range(20))
    assert "Stopped" in statuses
    sagemaker.delete_training_job(TrainingJobName=name)


def no_queue(emulator, thing):
    region, name = thing["id"].split("/")
    sqs = emulator.client("sqs", region)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])


def there(service: str, call: str, **arguments):
    """A call in the thing's region: `name` is put in for NAME."""

    def vanish(emulator, thing):
        region, name = thing["id"].split("/") if "/" in thing["id"] else ("us-east-1", thing["id"])
        given = {k: [name] if v == ["NAME"] else v.replace("NAME", name) for k, v in arguments.items()}
        getattr(emulator.client(service, region), call)(**given)

    return vanish


def no_schedule(emulator, thing):
    region, name = thing["id"].split("/")
    [group] = [one["group"] for one in emulator.control("GET", "inventory")["schedules"] if one["name"] == name]
    emulator.client("scheduler", region).delete_schedule(Name=name, GroupName=group)


def no_object(emulator, thing):
    emptied(emulator.client("s3", region_of(emulator, thing["bucket"])), thing["bucket"], thing["key"])


VANISH = {
    "alarm": there("cloudwatch", "delete_alarms", AlarmNames=["NAME"]),
    "bucket": no_bucket,
    "dashboard": there("cloudwatch", "delete_dashboards", DashboardNames=["NAME"]),
    "file system": there("fsx", "delete_file_system", FileSystemId="NAME"),
    "job": no_job,
    "object": no_object,
    "queue": no_queue,
    "role": no_role,
    "rule": no_rule,
    "schedule": no_schedule,
    "schedule_group": there("scheduler", "delete_schedule_group", Name="NAME"),
}

UPDATE, TOLD, SILENT = "an update is planned", "it is told", "nobody is told"
NOTHING_HAS_RUN = (UPDATE, "The planned start of bert-.* is gone; the next apply plans a new run.*Nothing has run")
BILLS_ON = (TOLD, "planned end of file system fs-.* is gone: it bills beyond")
# Run, kind and id; what the next plan does, and what it says. The first that fits counts.
SAID = [
    ("later", "schedule(_group)? ", NOTHING_HAS_RUN),
    ("later", "role .*scheduler", (TOLD, "the start that is planned for 2096-05-14T18:00:00Z will fail")),
    ("later", "object .*sourcedir", (TOLD, "source s3://.* is gone: the start that is planned for 2096.* will fail")),
    ("on a file system", "schedule(_group)? ", BILLS_ON),
    ("on a file system", "role .*scheduler", (TOLD, "the end of file system fs-.* will fail, and it bills on")),
    ("", "file system ", (TOLD, "file system fs-.* is gone")),
    ("", "alarm ", (UPDATE, "CloudWatch alarm .* is gone")),
    ("", "rule ", (UPDATE, "EventBridge rule .* is gone")),
    ("", "dashboard ", (UPDATE, "dashboard .* is gone")),
    ("", "job ", (UPDATE, "is gone, and no success of it was seen; the next apply starts a new run")),
    ("", "role ", (TOLD, "execution role .* is gone")),
    ("abroad", "bucket ", (TOLD, "companion bucket training-data-eu-north-1 is gone")),
    ("later", "bucket ", (TOLD, "companion bucket training-data-eu-north-1 is gone")),
    ("", "bucket ", (TOLD, "bucket own is gone")),
    ("", "object .*/claims/", (TOLD, "claim s3://.* is gone")),
    ("", "object .*/users/", (TOLD, "a destroy of another training may take the copies")),
    # It has been read, or is read by nobody but a person.
    ("", "object .*(sourcedir|manifest|/output/)", (SILENT, "")),
    # As the user's own data: they are looked at before each start, and the copies of this one are made again for the next.
    ("", "object .*/staged/", (SILENT, "")),
    # It hears of a start that failed; without it the run's silence tells the same.
    ("", "queue ", (SILENT, "")),
]


def made(scene, before: set) -> list[dict]:
    """What the apply has made, in an order that does not depend on chance, without what SageMaker keeps on its own."""
    things = [thing for thing in scene.emulator.inventory() if (thing["kind"], thing["id"]) not in before]
    return sorted(
        (thing for thing in things if thing["kind"] in VANISH), key=lambda thing: (thing["kind"], thing["id"])
    )


@pytest.mark.long
@pytest.mark.parametrize("name", RUNS)
def test_each_thing_disappears(scene, name):
    (scene.workdir.folder / "train").mkdir()
    (scene.workdir.folder / "train/train.py").write_text("print()\n")
    scene.keep()
    before = {(thing["kind"], thing["id"]) for thing in scene.emulator.inventory()}
    scene.write(RUNS[name])
    # The two tools share the work: every second thing each.
    number = ["terraform", "tofu"].index(scene.workdir.name)
    while True:
        result = scene.apply()
        assert result.code == 0, result.explain()
        things = made(scene, before)
        if number >= len(things):
            break
        thing = things[number]
        about = f"{thing['kind']} {thing['id']}"
        does, says = next(said for run, which, said in SAID if run in name and re.match(which, about))
        VANISH[thing["kind"]](scene.emulator, thing)
        result, plan = scene.plan()
        assert result.code == 0, f"{about}: {result.explain()}"
        assert bool(changes(plan)) == (does == UPDATE), f"{about}: {changes(plan)}"
        told = " ".join(str(warning) for warning in result.warnings)
        assert bool(told) == (does != SILENT) and re.search(says, told, re.DOTALL), f"{about}: {result.explain()}"
        if changes(plan):
            applied = scene.workdir.run("apply", "-json", "tfplan")
            assert applied.code == 0, f"{about}: {applied.explain()}"
        scene.expect_pending({})
        scene.destroy(records=True)
        number += 2
    assert number >= 6, things
    scene.destroy(records=True)
