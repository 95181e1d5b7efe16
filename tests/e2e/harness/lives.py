"""Lives of runs as data, for the proof of the printed policies: which features are used, what is done, in what world.

A new feature of `iam_policy` needs a golden policy in ../policies (scripts/shown_output.py writes it) and a `Life` here
that uses it, with no other feature that would allow the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

from . import prices
from .config import Item, data, resource, training
from .emulator import Emulator

ROLE = "arn:aws:iam::123456789012:role/own"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ml"
RESERVED = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/big"
REASON = "AlgorithmError: exit code 1"


@dataclass
class Do:
    """One command of a user.

    `command`  apply, plan or destroy
    `items`    the configuration; none: the one before
    `before`   what happens in AWS first
    `fails`    it ends with an error, whatever is allowed
    `root`     done by somebody who may do everything
    """

    command: str
    items: tuple[Item, ...] = ()
    before: Callable[[Emulator], None] | None = None
    fails: bool = False
    root: bool = False


def apply(*items: Item, **more) -> Do:
    """An apply."""
    return Do("apply", items, **more)


def plan(before=None, **more) -> Do:
    """A plan, which reads."""
    return Do("plan", before=before, **more)


def destroy(**more) -> Do:
    """A destroy."""
    return Do("destroy", **more)


@dataclass
class Life:
    """What is lived under exactly the policy that is printed for its features.

    `proves`  the feature whose permissions it shows to be necessary
    `beside`  the other features that it cannot do without
    `done`    the commands
    `world`   what AWS is like, beside the usual
    `name`    where a feature has several
    """

    proves: str
    beside: tuple[str, ...]
    done: list[Do]
    world: Callable[[Emulator], None] | None = None
    name: str = ""

    @property
    def features(self) -> list[str]:
        """What the policy is printed for. Every run looks up its quota and, after its end, its metrics."""
        asked = (self.proves, *self.beside)
        return list(dict.fromkeys([*asked, *(("quotas", "metrics") if "run" in asked else ())]))

    def __str__(self):
        return self.name or self.proves


# Nothing that a feature of its own would pay for: the role is given, no dashboard, no log lines.
PLAIN = training(
    role_arn=ROLE,
    dashboard="none",
    capture_logs=False,
    on_destroy="delete",
    force_destroy=True,
    on_change="rerun",
    source_dir="train",
    entry_point="train.py",
    training_image=None,
)
TAGGED = {"tags": {"team": "nlp"}}
OTHER = {"hyperparameters": {"rate": "2"}}


def changes(run: Item) -> list[Do]:
    """Made, given tags, robbed of them, run anew."""
    return [apply(run), apply(run.with_(**TAGGED)), apply(run), apply(run.with_(**OTHER))]


def ends(status: str, reason: str = "") -> Callable[[Emulator], None]:
    """The runs end."""
    return lambda emulator: emulator.finish_jobs(status, reason)


def whole(run: Item) -> list[Do]:
    """The usual life, from the first apply to the destroy."""
    return [*changes(run), plan(ends("Completed")), destroy()]


def market(emulator: Emulator) -> None:
    """Prices of spot capacity and of the list."""
    emulator.settings(
        spot_prices=[prices.spot("g5.xlarge", "us-east-1", 0.5)],
        products=[prices.ec2("g5.xlarge", "us-east-1", 1.0), prices.sagemaker("ml.g5.xlarge", "us-east-1", 1.4)],
    )


def reserved(emulator: Emulator) -> None:
    """A training plan for what is run."""
    capacity = {"InstanceType": "ml.g5.xlarge", "ReservedCapacityArn": "arn:aws:sagemaker:::r", "Status": "Active"}
    emulator.settings(
        training_plans=[
            {
                "region": "us-east-1",
                "TrainingPlanName": "big",
                "Status": "Active",
                "ReservedCapacitySummaries": [capacity],
            }
        ]
    )


def huge(emulator: Emulator) -> None:
    """A dataset whose one object has to be copied in parts, which is broken off at first."""
    emulator.large_object("training-data", "data/huge", 20)
    emulator.fault("s3", "UploadPartCopy", "refused", skip=10, count=None, message="not this time")


def replaced(emulator: Emulator) -> None:
    """The broken-off object changes: its parts are of no use any more."""
    emulator.heal()
    emulator.large_object("training-data", "data/huge", 6)


def starter(emulator: Emulator) -> None:
    """A start that fails: its dead letter is read."""
    emulator.fault("sagemaker", "CreateTrainingJob", "refused", count=None, message="no, thank you")
    emulator.advance(70 * 365 * 86400)


def looked_at(emulator: Emulator) -> None:
    """Utilisation of the jobs to come."""
    steps = ["Starting", "Downloading", {"status": "Training", "forever": True}]
    emulator.script_jobs(steps, utilisation={"GPUUtilization": 90, "CPUUtilization": 160})


SPOT = PLAIN.with_(use_spot_instances=True, supports_checkpointing=True, max_spot_price_percentage=80)
LATER = PLAIN.with_(role_arn=None, earliest_start="2096-05-14T18:00:00Z")
ABROAD = PLAIN.with_(preferred_training_regions=["eu-north-1"])
STAGED = ABROAD.with_(dataset_size_gb=21)
NETWORK = {"subnets": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
ON_LUSTRE = PLAIN.with_(role_arn=None, use_fsx_lustre=True, vpc_config=NETWORK, max_runtime_hours=20)
WARM = PLAIN.with_(keep_alive_minutes=30)
TRACKED = PLAIN.with_(enable_experiment_tracking=True, experiment={"name": "bert"})
AFTER = PLAIN.with_(model_package_group_name="bert")
COPIED = PLAIN.with_(copy_artifacts_to="s3://models-eu/bert")
ELSEWHERE = COPIED.with_(output_s3_uri="s3://training-data/results/")
OWN_BUCKET = PLAIN.with_(s3_bucket_name="own", create_bucket=True, dataset_size_gb=0)
EVERYTHING = PLAIN.with_(role_arn=None, dashboard=None, capture_logs=None, alarm_sns_topic_arn=TOPIC)
PLACEMENT = data(
    "sustainable_placement",
    "live",
    use_live_prices=True,
    **{
        name: value
        for name, value in training().arguments.items()
        if name in ("model_type", "dataset_size_gb", "estimated_training_hours", "training_image")
    },
    preferred_instance_types=["ml.g5.xlarge"],
    preferred_training_regions=["us-east-1"],
)
REPORT = resource("sustainable_training_report", "kept", name="quarter", s3_bucket_name="training-data")
FLEET = resource(
    "sustainable_training_dashboard", "sweep", name="sweep", jobs=[{"name": "bert-1", "region": "us-east-1"}]
)


def pools(emulator: Emulator) -> None:
    """Warm pools are allowed."""
    emulator.settings(quotas={"ml.g5.xlarge for training warm pool usage": 1})


def among_others(emulator: Emulator) -> None:
    """The run has ended, and somebody has registered a model of theirs meanwhile."""
    emulator.finish_jobs("Completed")
    registry = emulator.client("sagemaker")
    registry.create_model_package_group(ModelPackageGroupName="bert")
    registry.create_model_package(ModelPackageGroupName="bert", ModelPackageDescription="theirs")


def no_version(emulator: Emulator) -> None:
    """The run has ended; its group is made and its version refused."""
    emulator.finish_jobs("Completed")
    emulator.fault("sagemaker", "CreateModelPackage", "refused", count=None, message="not this time")


def gone(emulator: Emulator) -> None:
    """Somebody removes what was made for the run, but the run."""
    iam, watch, rules = emulator.client("iam"), emulator.client("cloudwatch"), emulator.client("events")
    found = emulator.control("GET", "inventory")
    for role in (role["name"] for role in found["roles"] if role["name"].startswith("sustainable-")):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=policy)
        iam.delete_role(RoleName=role)
    watch.delete_dashboards(DashboardNames=[dashboard["name"] for dashboard in found["dashboards"]])
    watch.delete_alarms(AlarmNames=[alarm["name"] for alarm in found["alarms"]])
    for rule in (rule["name"] for rule in found["event_rules"]):
        targets = rules.list_targets_by_rule(Rule=rule)["Targets"]
        rules.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
        rules.delete_rule(Name=rule)
    emulator.client("s3").delete_object(Bucket="training-data", Key="sustainable/claims/bert.json")


def no_file_system(emulator: Emulator) -> None:
    """Somebody deletes it."""
    for found in emulator.file_systems():
        emulator.client("fsx").delete_file_system(FileSystemId=found["id"])


def no_end(emulator: Emulator) -> None:
    """Somebody deletes its planned deletion."""
    for found in emulator.schedules():
        client = emulator.client("scheduler", found["region"])
        client.delete_schedule(Name=found["name"], GroupName=found["group"])


def no_bucket(emulator: Emulator) -> None:
    """Somebody removes the bucket with everything in it."""
    s3 = emulator.client("s3")
    for version in s3.list_object_versions(Bucket="own").get("Versions", []):
        s3.delete_object(Bucket="own", Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket="own")


def to_copy_to(emulator: Emulator) -> None:
    """The user's second bucket."""
    emulator.seed("models-eu", "eu-west-1", {"theirs": b"keep me"})


def broken_copy(emulator: Emulator) -> None:
    """A model that is copied in parts, which is broken off at first."""
    emulator.finish_jobs("Completed")
    [job] = emulator.jobs()
    emulator.large_object("training-data", f"sustainable/runs/{job['name']}/output/model.tar.gz", 20)
    emulator.fault("s3", "UploadPartCopy", "refused", skip=10, count=None, message="not this time")


def heal(emulator: Emulator) -> None:
    """Nothing goes wrong any more."""
    emulator.heal()


LIVES = [
    Life("run", (), whole(PLAIN)),
    Life("run", (), [apply(PLAIN.with_(s3_bucket_name="training-dat"), fails=True)], name="run in no bucket"),
    Life("run", (), [*whole(PLAIN)[:1], plan(ends("Completed")), apply(PLAIN, REPORT), destroy()], name="report"),
    Life("create_bucket", ("run",), whole(OWN_BUCKET)),
    Life("companion_bucket", ("run",), whole(ABROAD)),
    Life(
        "companion_bucket",
        ("run",),
        [apply(STAGED, fails=True), apply(STAGED, before=heal), destroy()],
        huge,
        "companion_bucket, copied in parts",
    ),
    Life(
        "companion_bucket",
        ("run",),
        [apply(STAGED, fails=True), apply(STAGED, before=replaced), destroy()],
        huge,
        "companion_bucket, broken off",
    ),
    Life("managed_role", ("run",), whole(PLAIN.with_(role_arn=None))),
    Life("delayed_start", ("run", "managed_role"), [*changes(LATER), plan(starter), destroy()]),
    Life("delayed_start", ("run", "managed_role"), [apply(LATER), destroy()], name="delayed_start, taken back"),
    Life("fsx", ("run", "managed_role"), [*changes(ON_LUSTRE), apply(before=ends("Completed")), destroy()]),
    Life("fsx", ("run", "managed_role"), [apply(ON_LUSTRE), destroy()], name="fsx, taken back"),
    Life("fsx", ("run", "managed_role"), [apply(ON_LUSTRE), plan(no_end), destroy()], name="fsx without a planned end"),
    Life("dashboard", ("run",), whole(PLAIN.with_(dashboard=None))),
    Life("dashboard", (), [apply(FLEET), plan(), destroy()], name="dashboard of a fleet"),
    Life("alarms", ("run",), whole(PLAIN.with_(alarm_sns_topic_arn=TOPIC))),
    Life("metrics", ("run",), [apply(PLAIN), plan(ends("Completed")), destroy()], looked_at),
    Life("logs", ("run",), [apply(PLAIN.with_(capture_logs=None)), plan(ends("Failed", REASON)), destroy()]),
    Life("quotas", ("run",), [apply(PLAIN), destroy()]),
    Life("prices", ("run",), [apply(SPOT), destroy()], market),
    Life("prices", (), [apply(PLACEMENT)], market, "prices of a placement"),
    Life("warm_pool", ("run",), [apply(WARM), plan(ends("Completed")), destroy()], pools),
    Life("training_plan", ("run",), [apply(PLAIN.with_(training_plan_arn=RESERVED)), destroy()], reserved),
    Life("experiments", ("run",), whole(TRACKED)),
    Life("experiments", ("run",), [apply(TRACKED), destroy()], name="experiments of one run"),
    Life(
        "model_registry",
        ("run",),
        [
            apply(AFTER),
            apply(before=ends("Completed")),
            plan(),
            apply(AFTER.with_(**TAGGED)),
            apply(AFTER),
            destroy(),
        ],
    ),
    Life(
        "model_registry",
        ("run",),
        [apply(AFTER), apply(before=among_others), destroy()],
        name="model_registry, in a group with others",
    ),
    Life(
        "model_registry",
        ("run",),
        [apply(AFTER), apply(before=no_version, fails=True), destroy(before=heal)],
        name="model_registry, refused",
    ),
    Life(
        "copy_artifacts",
        ("run",),
        [apply(ELSEWHERE), apply(before=ends("Completed")), destroy()],
        to_copy_to,
        "copy_artifacts from elsewhere",
    ),
    Life("copy_artifacts", ("run",), [apply(COPIED), apply(before=ends("Completed")), destroy()], to_copy_to),
    Life(
        "copy_artifacts",
        ("run",),
        [apply(COPIED), apply(before=broken_copy, fails=True), apply(before=heal), destroy()],
        to_copy_to,
        "copy_artifacts, in parts",
    ),
    Life(
        "copy_artifacts",
        ("run",),
        [apply(COPIED), apply(before=broken_copy, fails=True), destroy(before=heal)],
        to_copy_to,
        "copy_artifacts, broken off",
    ),
    Life(
        "plan",
        (),
        # The first refresh after a create confirms its claim, and a role that may only plan cannot.
        [apply(EVERYTHING, root=True), plan(root=True), plan(), plan(ends("Failed", REASON)), destroy(root=True)],
        looked_at,
    ),
    Life(
        "plan",
        (),
        [apply(LATER, root=True), plan(root=True), plan(), plan(starter), destroy(root=True)],
        name="plan of a start",
    ),
    Life(
        "plan",
        (),
        [apply(ON_LUSTRE, root=True), plan(root=True), plan(), plan(ends("Completed")), destroy(root=True)],
        name="plan of a file system",
    ),
    Life(
        "plan",
        (),
        [apply(ON_LUSTRE, root=True), plan(root=True), plan(no_file_system), destroy(root=True)],
        name="plan without a file system",
    ),
    Life(
        "plan",
        (),
        [apply(EVERYTHING, root=True), plan(root=True), plan(gone), destroy(root=True)],
        name="plan of what is gone",
    ),
    Life(
        "plan",
        (),
        [apply(OWN_BUCKET, root=True), plan(root=True), plan(no_bucket), destroy(root=True)],
        name="plan without a bucket",
    ),
]
"""Beside these, test_permissions.py lives with the features together."""


@dataclass
class Silent:
    """Why the policy has an action that no diagnostic names when it is missing.

    `reason`  what goes on without it
    `lost`    what is said with it, and without it no more
    """

    reason: str
    lost: str = ""


BROKEN_OFF = "a copy that was broken off is begun afresh without it, and an unfinished upload may stay"
KEYS = "the emulator holds no keys: AWS asks for it on behalf of S3 and SageMaker"

SILENT = {
    ("run", "s3:GetBucketTagging"): Silent("a bucket whose tags cannot be read is not ours: it is not removed"),
    ("run", "s3:ListAllMyBuckets"): Silent("the error does not name the nearest bucket", "training-data"),
    ("create_bucket", "s3:GetLifecycleConfiguration"): Silent(
        "what a crash has left undone of the bucket stays undone"
    ),
    ("companion_bucket", "s3:GetLifecycleConfiguration"): Silent(
        "what a crash has left undone of the bucket stays undone"
    ),
    ("companion_bucket", "s3:ListMultipartUploadParts"): Silent(BROKEN_OFF),
    ("copy_artifacts", "s3:ListMultipartUploadParts"): Silent(BROKEN_OFF),
    ("fsx", "scheduler:GetSchedule"): Silent(
        "a planned end that is gone is not seen", "planned end of file system .* is gone"
    ),
    ("fsx", "scheduler:UpdateSchedule"): Silent("only where a killed apply has left the planned deletion"),
    ("fsx", "fsx:DescribeDataRepositoryTasks"): Silent(
        "only while an import lasts, and the emulator's are over at once"
    ),
    ("metrics", "cloudwatch:GetMetricData"): Silent('`measured.method` is "modelled"'),
    ("plan", "sagemaker:ListTags"): Silent("changed tags are not seen"),
    ("plan", "s3:ListBucket"): Silent("a bucket that is gone is not seen", "bucket own is gone"),
    ("plan", "s3:GetObject"): Silent("a claim that is gone is not seen", "claim s3://.* is gone"),
    ("plan", "iam:GetRole"): Silent("a role that is gone is not seen", "execution role .* is gone"),
    ("plan", "cloudwatch:GetDashboard"): Silent("a dashboard that is gone is not seen", "dashboard .* is gone"),
    ("plan", "cloudwatch:DescribeAlarms"): Silent("an alarm that is gone is not seen", "alarm .* is gone"),
    ("plan", "cloudwatch:ListTagsForResource"): Silent("only an import asks whose an alarm is"),
    ("plan", "fsx:DescribeFileSystems"): Silent("a file system that is gone is not seen", "file system .* is gone"),
    ("plan", "events:ListTagsForResource"): Silent("a rule that is gone is not seen", "rule .* is gone"),
    ("plan", "cloudwatch:GetMetricData"): Silent('`measured.method` is "modelled"'),
    ("kms", "kms:GenerateDataKey"): Silent(KEYS),
    ("kms", "kms:Decrypt"): Silent(KEYS),
    ("kms", "kms:DescribeKey"): Silent(KEYS),
    ("kms", "kms:CreateGrant"): Silent(KEYS),
}
"""(feature, action) that no diagnostic names when it is missing."""
