"""moto, called in process, one call at a time.

What moto does not implement, and what makes it crash, becomes `NotSimulated`
(HTTP 501). moto itself would answer 500 with an HTML page, which an SDK takes
for an outage of AWS and retries.
"""

from __future__ import annotations

import io
import os
import threading
from typing import Any

# Settings that moto reads on import. Managed policies: so that
# AmazonSageMakerFullAccess and the like can be attached.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
os.environ.setdefault("S3_IGNORE_SUBDOMAIN_BUCKETNAME", "true")
os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")

from moto import backends as moto_backends
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from .call import Call
from .errors import NotSimulated, Response
from .world import world

# Held for every call: a conditional write must look and write in one step,
# and moto's models are not made for threads.
LOCK = threading.RLock()

_current = threading.local()


def _app(service: Any) -> Any:
    app = create_backend_app(service)
    app.debug = False
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app


# moto reads its own folder for this list, once per request.
_modules = frozenset(moto_backends.list_of_moto_modules())
moto_backends.list_of_moto_modules = lambda: _modules

_dispatcher = DomainDispatcherApplication(_app)


def environ_for(call: Call) -> dict[str, Any]:
    """The WSGI environment of a call, with the body readable once more."""
    environ = dict(call.environ)
    environ["wsgi.input"] = io.BytesIO(call.body)
    environ["CONTENT_LENGTH"] = str(len(call.body))
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("werkzeug.request", None)
    return environ


def call_moto(call: Call) -> Response:
    """What moto answers."""
    collected: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        collected["status"] = int(status.split()[0])
        collected["headers"] = dict(headers)

    _current.account = call.account
    try:
        parts = _dispatcher(environ_for(call), start_response)
        body = b"".join(parts)
    except NotImplementedError as error:
        raise NotSimulated(f"moto has no {call.service} {call.operation}: {error}") from error
    except Exception as error:
        raise NotSimulated(
            f"moto crashed in {call.service} {call.operation}: {type(error).__name__}: {error}"
        ) from error
    finally:
        _current.account = None
    response = Response(collected["status"], body, collected["headers"])
    if response.status in (404, 500) and body.lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise NotSimulated(f"moto has no {call.service} {call.operation}")
    return response


def backend(service: str, account: str, region: str) -> Any:
    """moto's model of one service, account and region (or partition)."""
    from moto.backends import get_backend

    return get_backend(service)[account][region]


def reset(account: str | None = None) -> None:
    """Forget one account's resources, or everything."""
    with LOCK:
        if account is None:
            from moto.moto_api._internal.models import moto_api_backend

            moto_api_backend.reset()
            return
        _forget_buckets(account)
        for backends in list(BackendDict._instances):
            if account in backends:
                del backends[account]


def _forget_buckets(account: str) -> None:
    # S3Backend.reset() would close the objects of every account.
    from moto.s3.models import FakeKey, FakeMultipart, s3_backends

    gone = set()
    if account not in s3_backends:
        return
    for partition in s3_backends[account].values():
        for name, bucket in partition.buckets.items():
            gone.add(name)
            s3_backends.bucket_accounts.pop(name, None)
            for part in bucket.multiparts.values():
                part.dispose()
    kept = []
    for key in FakeKey.instances_tracked:
        if getattr(key, "account_id", None) == account:
            key.dispose()
        else:
            kept.append(key)
    FakeKey.instances_tracked = kept
    FakeMultipart.instances_tracked = [m for m in FakeMultipart.instances_tracked if m.account_id != account]


def _fewer_managed_policies() -> None:
    """A new account costs 0.3 s with all 1,582 managed policies of AWS; keep
    those that have to do with training."""
    import json

    from moto.iam import aws_managed_policies, models

    wanted = (
        "AmazonSageMaker",
        "AmazonS3",
        "CloudWatch",
        "IAM",
        "AdministratorAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
    )
    parsed = json.loads(aws_managed_policies.aws_managed_policies_data)
    kept = {name: data for name, data in parsed.items() if name.startswith(wanted)}

    def init(self: Any) -> list[Any]:
        return [
            models.AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            for name, data in kept.items()
        ]

    models.IAMBackend._init_aws_policies = init


def _shift_s3_clock() -> None:
    """S3's dates follow the account's clock: claims and leases are judged by them."""
    import moto.s3.models as s3

    real = s3.utcnow

    def utcnow() -> Any:
        account = getattr(_current, "account", None)
        return real() if account is None else world(account).clock.utc()

    s3.utcnow = utcnow


_fewer_managed_policies()
_shift_s3_clock()
