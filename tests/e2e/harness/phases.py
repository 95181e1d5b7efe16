"""The phases of a run's life as data, for the fault matrix: what is in force before, what is done, with what."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import prices
from .config import Item, training
from .emulator import Emulator


@dataclass
class Phase:
    """One command of a user.

    `name`       in the table
    `then`       the configuration that the command works on, and that is applied again afterwards
    `before`     the configuration applied first, undisturbed; none: nothing exists
    `command`    apply, plan (which reads) or destroy
    `meanwhile`  what happens in AWS between the two
    `world`      what AWS is like, beside the usual
    `ended`      the run is over by then, and stays so
    `supersedes` a run is followed by another: the record of the ended one stays
    `beyond`     the phase that makes the other calls: only what this one makes beyond it is disturbed
    """

    name: str
    then: Item
    before: Item | None = None
    command: str = "apply"
    meanwhile: Callable[[Emulator], None] | None = None
    world: Callable[[Emulator], None] | None = None
    ended: bool = False
    supersedes: bool = False
    beyond: str = ""


USUAL = {
    "on_destroy": "delete",
    "force_destroy": True,
    "on_change": "rerun",
    "source_dir": "train",
    "entry_point": "train.py",
    "training_image": None,
}
HERE = training(**USUAL)
ABROAD = training(preferred_training_regions=["eu-north-1"], **USUAL)
OWN_BUCKET = training(s3_bucket_name="bucket-of-our-own", create_bucket=True, **{**USUAL, "dataset_size_gb": 0})


def market(emulator: Emulator) -> None:
    """Spot capacity at half the price."""
    emulator.settings(
        spot_prices=[prices.spot("g5.xlarge", "us-east-1", 0.5)], products=[prices.ec2("g5.xlarge", "us-east-1", 1.0)]
    )


SPOT = training(use_spot_instances=True, supports_checkpointing=True, max_spot_price_percentage=80, **USUAL)

LATER = training(earliest_start="2096-05-14T18:00:00Z", **USUAL)

HOURS = 2
SOON = training(earliest_start=(datetime.now(UTC) + timedelta(hours=HOURS)).strftime("%Y-%m-%dT%H:%M:%SZ"), **USUAL)


def fires(emulator: Emulator) -> None:
    """The time of the planned start comes."""
    emulator.advance(HOURS * 3600 + 30)


def fires_unheard(emulator: Emulator) -> None:
    """The same, and the scheduler does not hear that the job was made: it tries again."""
    emulator.fault("sagemaker", "CreateTrainingJob", "lost")
    emulator.advance(HOURS * 3600 + 600)
    emulator.heal()


def fails_to_start(emulator: Emulator) -> None:
    """The scheduler is refused, and gives up with a dead letter."""
    emulator.fault("sagemaker", "CreateTrainingJob", "refused", count=None)
    emulator.advance(HOURS * 3600 + 90)
    emulator.advance(2 * HOURS * 3600)
    emulator.heal()


TOLD = HERE.with_(alarm_sns_topic_arn="arn:aws:sns:us-east-1:123456789012:ml")
RECORDED = HERE.with_(enable_experiment_tracking=True, experiment={"name": "bert"})
AFTERWARDS = HERE.with_(copy_artifacts_to="s3://training-data/copies/", model_package_group_name="bert")
WARM = HERE.with_(keep_alive_minutes=60)
CHECKPOINTED = HERE.with_(supports_checkpointing=True, use_spot_instances=False)
RESUMED = CHECKPOINTED.with_(resume_from="previous_run")


def pools(emulator: Emulator) -> None:
    """Warm pools are allowed."""
    emulator.settings(quotas={"ml.g5.xlarge for training warm pool usage": 1})


def completes(emulator: Emulator) -> None:
    """Every job ends well."""
    emulator.finish_jobs("Completed")


def fails(emulator: Emulator) -> None:
    """Every job fails."""
    emulator.finish_jobs("Failed", REASON)


def checkpoints(emulator: Emulator) -> None:
    """The training code has written some."""
    for job in emulator.jobs():
        for number in range(2):
            key = f"sustainable/checkpoints/bert/{job['name']}/{number}"
            if job["name"].startswith("bert"):
                emulator.client("s3").put_object(Bucket="training-data", Key=key, Body=b"weights")


NETWORK = {"subnets": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
MOUNTED = training(use_fsx_lustre=True, vpc_config=NETWORK, **USUAL)

REASON = "AlgorithmError: exit code 1"

PHASES = [
    Phase("create", HERE),
    Phase("create with staging", ABROAD),
    Phase("create with a bucket of our own", OWN_BUCKET),
    Phase("create on spot below a price", SPOT, world=market, beyond="create"),
    Phase("create with alarms", TOLD, beyond="create"),
    Phase("create with an experiment", RECORDED, beyond="create"),
    Phase("create with a warm pool", WARM, world=pools, beyond="create"),
    Phase("update in place", HERE.with_(tags={"team": "nlp"}), before=HERE),
    Phase("alarms in place", TOLD, before=HERE, beyond="update in place"),
    Phase("new run", HERE.with_(hyperparameters={"rate": "2"}), before=HERE, supersedes=True),
    Phase("new run that resumes", RESUMED, CHECKPOINTED, meanwhile=checkpoints, supersedes=True, beyond="new run"),
    Phase("read", HERE, HERE, "plan", completes, ended=True),
    Phase("read of a failure", HERE, HERE, "plan", fails, ended=True, beyond="read"),
    Phase("after the end", AFTERWARDS, HERE, "apply", completes, ended=True, beyond="read"),
    Phase("destroy", HERE, HERE, "destroy"),
    Phase("destroy with staging", ABROAD, ABROAD, "destroy"),
    Phase("destroy with alarms", TOLD, TOLD, "destroy", beyond="destroy"),
    Phase("destroy with an experiment", RECORDED, RECORDED, "destroy", beyond="destroy"),
    Phase("destroy of a warm pool", WARM, WARM, "destroy", completes, pools, ended=True, beyond="destroy"),
    Phase("create with a file system", MOUNTED, beyond="create"),
    Phase("end of a file system", MOUNTED, MOUNTED, "apply", completes, ended=True, beyond="read"),
    Phase("destroy with a file system", MOUNTED, MOUNTED, "destroy", beyond="destroy"),
    Phase("create for later", LATER),
    Phase("update before the start", LATER.with_(tags={"team": "nlp"}), before=LATER),
    Phase("new run before the start", LATER.with_(hyperparameters={"rate": "2"}), before=LATER),
    Phase("destroy before the start", LATER, LATER, "destroy"),
    Phase("read after the start", SOON, SOON, "plan", fires),
    Phase("read after a start unheard", SOON, SOON, "plan", fires_unheard),
    Phase("read of a failed start", SOON, SOON, "plan", fails_to_start, ended=True, beyond="read"),
    Phase("destroy after the start", SOON, SOON, "destroy", fires, beyond="destroy before the start"),
    Phase(
        "destroy of a failed start",
        SOON,
        SOON,
        "destroy",
        fails_to_start,
        ended=True,
        beyond="destroy before the start",
    ),
]
assert {phase.beyond for phase in PHASES} <= {"", *(phase.name for phase in PHASES)}, "beyond names a phase"
