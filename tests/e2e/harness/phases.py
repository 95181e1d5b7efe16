"""The phases of a run's life as data, for the fault matrix: what is in force before, what is done, with what."""

from collections.abc import Callable
from dataclasses import dataclass

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
    """

    name: str
    then: Item
    before: Item | None = None
    command: str = "apply"
    meanwhile: Callable[[Emulator], None] | None = None
    world: Callable[[Emulator], None] | None = None
    ended: bool = False
    supersedes: bool = False


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

REASON = "AlgorithmError: exit code 1"

PHASES = [
    Phase("create", HERE),
    Phase("create with staging", ABROAD),
    Phase("create with a bucket of our own", OWN_BUCKET),
    Phase("create on spot below a price", SPOT, world=market),
    Phase("update in place", HERE.with_(tags={"team": "nlp"}), before=HERE),
    Phase("new run", HERE.with_(hyperparameters={"rate": "2"}), before=HERE, supersedes=True),
    Phase("read", HERE, HERE, "plan", lambda emulator: emulator.finish_jobs("Completed"), ended=True),
    Phase("read of a failure", HERE, HERE, "plan", lambda emulator: emulator.finish_jobs("Failed", REASON), ended=True),
    Phase("destroy", HERE, HERE, "destroy"),
    Phase("destroy with staging", ABROAD, ABROAD, "destroy"),
    Phase("create for later", LATER),
    Phase("update before the start", LATER.with_(tags={"team": "nlp"}), before=LATER),
    Phase("new run before the start", LATER.with_(hyperparameters={"rate": "2"}), before=LATER),
    Phase("destroy before the start", LATER, LATER, "destroy"),
]
