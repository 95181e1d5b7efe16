"""The control plane, `/_test/`: README.md is its reference."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from . import moto_backend
from .call import DEFAULT_ACCOUNT
from .errors import Response
from .inventory import inventory
from .sagemaker import jobs, script
from .scheduling import fire
from .world import Settings, World, all_worlds, world

Query = dict[str, str]
Handler = Callable[[World, Query, Any], Any]


class Wrong(Exception):
    """A mistake in a control-plane request."""


def handle(environ: dict[str, Any], body: bytes) -> Response:
    """Answer a control-plane request with JSON."""
    path = environ["PATH_INFO"].removeprefix("/_test/").strip("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    route = _ROUTES.get((environ["REQUEST_METHOD"], path))
    if route is None:
        known = ", ".join(f"{m} /_test/{p}" for m, p in sorted(_ROUTES))
        return _json(404, {"error": f"no such endpoint; there are: {known}"})
    try:
        here = world(query.pop("account", DEFAULT_ACCOUNT))
        return _json(200, route(here, query, json.loads(body) if body else {}))
    except (Wrong, ValueError, TypeError, KeyError) as error:
        return _json(400, {"error": f"{type(error).__name__}: {error}"})
    except Exception as error:  # a bug of the emulator: say so
        return _json(500, {"error": traceback.format_exception(error)})


def _json(status: int, value: Any) -> Response:
    text = json.dumps(value, indent=1, default=str).encode() + b"\n"
    return Response(status, text, {"Content-Type": "application/json"})


def _health(here: World, query: Query, body: Any) -> Any:
    return {"status": "ok", "accounts": [w.account for w in all_worlds()]}


def _reset(here: World, query: Query, body: Any) -> Any:
    """One account, or with `?everything=1` all of them."""
    if query.get("everything"):
        moto_backend.reset()
        for one in all_worlds():
            one.reset()
        return {"reset": "everything"}
    moto_backend.reset(here.account)
    here.reset()
    return {"reset": here.account}


def _add_scripts(here: World, query: Query, body: Any) -> Any:
    specs = body if isinstance(body, list) else [body]
    here.scripts.extend(script.parse(spec) for spec in specs)
    return {"scripts": len(here.scripts)}


def _clear_scripts(here: World, query: Query, body: Any) -> Any:
    here.scripts.clear()
    return {"scripts": 0}


def _list_jobs(here: World, query: Query, body: Any) -> Any:
    return {"jobs": inventory(here)["jobs"]}


def _advance_job(here: World, query: Query, body: Any) -> Any:
    """Move one job: to a status, by seconds, or to its end."""
    with moto_backend.LOCK:
        job = next((j for j in jobs.every(here) if j.name == body["name"]), None)
        if job is None:
            raise Wrong(f"no job {body['name']}")
        if "script" in body:
            job.script = script.parse(body["script"])
        plan = job.plan()
        if "to" in body:
            later = [p for p in plan if p.status == body["to"] and p.start >= job.elapsed]
            if not later:
                raise Wrong(f"{job.name} does not become {body['to']} any more")
            job.elapsed = later[0].start
        elif body.get("end"):
            job.elapsed = plan[-1].start
        else:
            job.elapsed += float(body.get("seconds", 0))
        return {"name": job.name, "secondary_status": job.phase().status}


def _add_faults(here: World, query: Query, body: Any) -> Any:
    for spec in body if isinstance(body, list) else [body]:
        here.faults.add(spec)
    return _list_faults(here, query, body)


def _list_faults(here: World, query: Query, body: Any) -> Any:
    return {"faults": [dataclasses.asdict(rule) for rule in here.faults.rules]}


def _clear_faults(here: World, query: Query, body: Any) -> Any:
    wanted = query.get("operation", "*")
    here.faults.rules[:] = [rule for rule in here.faults.rules if not fnmatch.fnmatchcase(rule.operation, wanted)]
    return _list_faults(here, query, body)


def _requests(here: World, query: Query, body: Any) -> Any:
    since = int(query.pop("since", "0"))
    found = here.log.find(since, **query)
    return {"count": len(found), "requests": found}


def _clear_requests(here: World, query: Query, body: Any) -> Any:
    here.log.entries.clear()
    return {"count": 0}


def _inventory(here: World, query: Query, body: Any) -> Any:
    return inventory(here)


def _notices(here: World, query: Query, body: Any) -> Any:
    from .services import events

    with moto_backend.LOCK:
        return {"notices": events.notices(here)}


def _billing(here: World, query: Query, body: Any) -> Any:
    return {"most": here.most_billing}


def _settings(here: World, query: Query, body: Any) -> Any:
    known = {f.name for f in dataclasses.fields(Settings)}
    unknown = set(body) - known
    if unknown:
        raise Wrong(f"unknown settings {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    for name, value in body.items():
        setattr(here.settings, name, value)
    return dataclasses.asdict(here.settings)


def _add_user(here: World, query: Query, body: Any) -> Any:
    """A user with exactly one policy, and an access key; IAM decides from now on."""
    with moto_backend.LOCK:
        iam = moto_backend.backend("iam", here.account, "aws")
        name = body.get("name", "restricted")
        if name not in iam.users:
            iam.create_user("us-east-1", name)
        iam.put_user_policy(name, "policy", json.dumps(body["policy"]))
        key = iam.create_access_key(name)
    here.settings.enforce_iam = True
    return {"arn": iam.users[name].arn, "access_key": key.access_key_id, "secret_key": key.secret_access_key}


def _declare_object(here: World, query: Query, body: Any) -> Any:
    from .services import s3_large

    s3_large.declare(here, body["bucket"], body["key"], int(body["size"]))
    return {"bucket": body["bucket"], "key": body["key"], "size": int(body["size"])}


def _clock(here: World, query: Query, body: Any) -> Any:
    here.clock.advance(float(body.get("advance_seconds", 0)))
    fire.settle(here)
    return {"now": here.clock.utc().isoformat() + "Z", "offset_seconds": here.clock.offset}


_ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "health"): _health,
    ("POST", "reset"): _reset,
    ("POST", "jobs"): _add_scripts,
    ("DELETE", "jobs"): _clear_scripts,
    ("GET", "jobs"): _list_jobs,
    ("POST", "jobs/advance"): _advance_job,
    ("POST", "faults"): _add_faults,
    ("GET", "faults"): _list_faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _clear_requests,
    ("GET", "inventory"): _inventory,
    ("GET", "notices"): _notices,
    ("GET", "billing"): _billing,
    ("POST", "objects"): _declare_object,
    ("POST", "users"): _add_user,
    ("GET", "settings"): _settings,
    ("POST", "settings"): _settings,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
}
