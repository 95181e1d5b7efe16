"""Everything that exists in an account, for "nothing is left" checks."""

from __future__ import annotations

import json
from typing import Any

from moto.core.base_backend import BackendDict

from . import moto_backend
from .sagemaker import effects, jobs, pools
from .scheduling import fire
from .services import fsx
from .world import World


def inventory(world: World) -> dict[str, Any]:
    """All resources by kind."""
    with moto_backend.LOCK, world.lock:
        fire.settle(world)
        effects.settle(world)
        return {
            "account": world.account,
            "buckets": _buckets(world),
            "claims": _claims(world),
            "roles": _roles(world),
            "policies": _policies(world),
            "dashboards": _dashboards(world),
            "alarms": _alarms(world),
            "event_rules": _event_rules(world),
            "jobs": _jobs(world),
            "file_systems": _file_systems(world),
            "log_groups": _log_groups(world),
            "experiments": _experiments(world),
            "model_groups": _model_groups(world),
            "schedules": _schedules(world),
            "schedule_groups": _schedule_groups(world),
            "queues": _queues(world),
        }


def _all(service: str, account: str) -> list[tuple[str, Any]]:
    """(region, model) of a service that has been used; looking creates nothing."""
    return [
        (region, backend)
        for backends in BackendDict._instances
        if backends.service_name == service and account in backends
        for region, backend in list(backends[account].items())
    ]


def _buckets(world: World) -> list[dict[str, Any]]:
    found = []
    for _, backend in _all("s3", world.account):
        for bucket in backend.buckets.values():
            found.append(
                {
                    "name": bucket.name,
                    "region": bucket.region_name,
                    "versioning": bucket.versioning_status or "",
                    "tags": backend.tagger.get_tag_dict_for_resource(bucket.arn),
                    "objects": sorted(k for k, v in bucket.keys.items() if not _marker(v)),
                    "versions": [
                        {"key": key.name, "version": key.version_id, "marker": _marker(key), "etag": _etag(key)}
                        for name in bucket.keys
                        for key in bucket.keys.getlist(name)
                    ],
                    "uploads": [m.key_name for m in bucket.multiparts.values()],
                }
            )
    return sorted(found, key=lambda b: b["name"])


def _marker(key: Any) -> bool:
    return type(key).__name__ == "FakeDeleteMarker"


def _etag(key: Any) -> str:
    return "" if _marker(key) else key.etag


def _claims(world: World) -> list[dict[str, Any]]:
    """The provider's own claim objects, read."""
    found = []
    for _, backend in _all("s3", world.account):
        for bucket in backend.buckets.values():
            for name, key in bucket.keys.items():
                if name.startswith("sustainable/claims/") and not _marker(key):
                    found.append({"bucket": bucket.name, "key": name, "claim": _read(key)})
    return found


def _read(key: Any) -> Any:
    try:
        return json.loads(key.value)
    except ValueError:
        return key.value.decode("utf-8", "replace")


def _roles(world: World) -> list[dict[str, Any]]:
    return [
        {
            "name": role.name,
            "arn": role.arn,
            "path": role.path,
            "tags": {t["Key"]: t["Value"] for t in role.tags},
            "inline_policies": {n: json.loads(p) for n, p in role.policies.items()},
            "attached_policies": list(role.managed_policies),
            "boundary": role.permissions_boundary_arn,
            "trust": json.loads(role.assume_role_policy_document),
        }
        for _, backend in _all("iam", world.account)
        for role in backend.roles.values()
    ]


def _policies(world: World) -> list[str]:
    """Customer-managed policies."""
    own = f":{world.account}:"
    return [arn for _, b in _all("iam", world.account) for arn in b.managed_policies if own in arn]


def _dashboards(world: World) -> list[dict[str, Any]]:
    return [{"name": d.name, "body": json.loads(d.body)} for d in world.dashboards.values()]


def _alarms(world: World) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "region": region,
            "tags": backend.tagger.get_tag_dict_for_resource(alarm.alarm_arn),
            "actions": alarm.alarm_actions,
            "metrics": [_plain(query) for query in alarm.metric_data_queries],
            "threshold": alarm.threshold,
            "treat_missing_data": alarm.treat_missing_data,
        }
        for region, backend in _all("cloudwatch", world.account)
        for name, alarm in backend.alarms.items()
    ]


def _plain(value: Any) -> Any:
    """One of moto's objects as JSON."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {k: _plain(v) for k, v in vars(value).items()} if hasattr(value, "__dict__") else value


def _event_rules(world: World) -> list[dict[str, Any]]:
    return [
        {
            "name": rule.name,
            "region": region,
            "pattern": rule.event_pattern.get_pattern(),
            "targets": rule.targets,
            "tags": backend.tagger.get_tag_dict_for_resource(rule.arn),
        }
        for region, backend in _all("events", world.account)
        for bus in backend.event_buses.values()
        for rule in bus.rules.values()
    ]


def _jobs(world: World) -> list[dict[str, Any]]:
    return [
        {
            "name": job.name,
            "region": job.region,
            "arn": job.arn,
            "status": job.phase().job_status,
            "secondary_status": job.phase().status,
            "tags": job.tags,
            "request": job.request,
            "pool": pools.state(world, job),
        }
        for job in jobs.every(world)
    ]


def _file_systems(world: World) -> list[dict[str, Any]]:
    """Those whose deletion was asked for are on their way and bill no more."""
    return [
        {
            "id": one.id,
            "region": one.region,
            "lifecycle": one.lifecycle(world),
            "tags": one.tags,
            "request": one.request,
            "links": [link.request for link in one.links.values()],
        }
        for one in fsx.every(world)
    ]


def _log_groups(world: World) -> list[dict[str, Any]]:
    return [
        {"name": name, "region": region, "streams": sorted(group.streams)}
        for region, backend in _all("logs", world.account)
        for name, group in backend.groups.items()
    ]


def _experiments(world: World) -> list[dict[str, Any]]:
    """Experiments, trials and the components that record jobs."""
    keys = ("kind", "name", "region", "arn", "tags")
    return [{key: thing[key] for key in keys} for thing in world.experiments.values()]


def _model_groups(world: World) -> list[dict[str, Any]]:
    """Model package groups and their versions, as they were asked for."""
    keys = ("name", "region", "arn", "tags", "versions")
    return [{key: group[key] for key in keys} for group in world.model_groups.values()]


def _schedules(world: World) -> list[dict[str, Any]]:
    return [
        {"name": s.name, "group": s.group, "region": s.region, "completed": s.completed, "request": s.request}
        for s in world.schedules.values()
    ]


def _schedule_groups(world: World) -> list[dict[str, Any]]:
    return [
        {"name": g.name, "region": g.region, "tags": g.tags} for g in world.schedule_groups.values() if not g.deleting
    ]


def _queues(world: World) -> list[dict[str, Any]]:
    return [
        {"name": name, "region": region, "tags": queue.tags, "attributes": queue.attributes}
        for region, backend in _all("sqs", world.account)
        for name, queue in backend.queues.items()
    ]
