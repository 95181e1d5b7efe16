"""Everything the emulator keeps for one account, beside what moto keeps."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from .call import DEFAULT_ACCOUNT
from .clock import Clock
from .faults import Faults
from .requestlog import RequestLog


@dataclass
class Settings:
    """Switches of one account; `POST /_test/settings` sets them."""

    # IAM policies decide (otherwise every signed call is allowed).
    enforce_iam: bool = False
    # "Could not assume role" for so many seconds after CreateRole, and for
    # so many CreateTrainingJob calls per role.
    role_propagation_seconds: float = 0.0
    role_propagation_attempts: int = 0
    # A new role is unknown to IAM's other calls for so long, and a new bucket
    # to calls on its configuration.
    iam_visibility_seconds: float = 0.0
    bucket_settling_seconds: float = 0.0
    # Lifetime of assumed roles' credentials; 0: as asked for.
    session_seconds: float = 0.0
    # The name of a deleted queue rests for so long (AWS: 60).
    queue_rest_seconds: float = 0.0
    # Check the job's role, its buckets and the role's rights to them at
    # CreateTrainingJob, as SageMaker does. Off where IAM and S3 are elsewhere.
    check_job_access: bool = True
    # CreateTrainingJob calls per second before "Rate exceeded"; 0 is no limit
    # (AWS allows 1).
    create_jobs_per_second: float = 0.0
    # "region quota name" or "quota name" -> value.
    quotas: dict[str, float] = field(default_factory=dict)
    default_quota: float = 1000.0
    # How long a file system or a link to S3 takes to become AVAILABLE, and a file
    # system to be gone; how long an import runs; what makes each of them fail.
    fsx_seconds: float = 0.3
    fsx_failure: str = ""
    fsx_link_failure: str = ""
    fsx_import_seconds: float = 0.0
    fsx_import_failure: str = ""
    # Price list entries, as GetProducts answers them, and spot prices.
    products: list[dict[str, Any]] = field(default_factory=list)
    spot_prices: list[dict[str, Any]] = field(default_factory=list)
    # Answers of DescribeTrainingPlan, each with its region.
    training_plans: list[dict[str, Any]] = field(default_factory=list)


class World:
    """One account: its jobs, clock, faults, log and switches."""

    def __init__(self, account: str):
        self.account = account
        self.lock = threading.RLock()
        self.clock = Clock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.clock.offset = 0.0
        self.settings = Settings()
        self.faults = Faults()
        self.log = RequestLog()
        # Region -> job name -> Job.
        self.jobs: dict[str, dict[str, Any]] = {}
        self.scripts: list[Any] = []
        # Dashboards belong to the account, whichever region's endpoint is used.
        self.dashboards: dict[str, Any] = {}
        # (region, name) -> model package group, and (region, kind, name) -> experiment, trial or component.
        self.model_groups: dict[tuple[str, str], dict[str, Any]] = {}
        self.experiments: dict[tuple[str, str, str], dict[str, Any]] = {}
        # Id -> FileSystem.
        self.file_systems: dict[str, Any] = {}
        # Role name -> (time of CreateRole, CreateTrainingJob calls refused so far).
        self.role_born: dict[str, float] = {}
        self.role_refusals: dict[str, int] = {}
        # Bucket name -> time of CreateBucket.
        self.bucket_born: dict[str, float] = {}
        # EventBridge Scheduler: (region, group, name) -> Schedule; (region, name) -> Group.
        self.schedules: dict[tuple[str, str, str], Any] = {}
        self.schedule_groups: dict[tuple[str, str], Any] = {}
        self.firing = False
        # Training -> the most of its jobs and planned starts at one moment.
        self.most_billing: dict[str, dict[str, int]] = {}
        # (region, queue name) -> when it was deleted.
        self.queues_deleted: dict[tuple[str, str], float] = {}
        # When the next CreateTrainingJob is allowed, where there is a rate.
        self.next_create = 0.0


_worlds: dict[str, World] = {}
_lock = threading.Lock()


def world(account: str = DEFAULT_ACCOUNT) -> World:
    """The world of an account, made on first use."""
    with _lock:
        found = _worlds.get(account)
        if found is None:
            found = _worlds[account] = World(account)
        return found


def all_worlds() -> list[World]:
    """Every account that has been used."""
    with _lock:
        return list(_worlds.values())
