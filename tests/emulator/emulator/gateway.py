"""The path of a call: understand, log, fault, authorise, validate, answer."""

from __future__ import annotations

import traceback
from email.utils import formatdate
from typing import Any

from . import auth, billing, control, faults, models, services, validation
from . import call as calls
from .call import Call
from .errors import ApiError, NotSimulated, Response, render
from .requestlog import summary
from .server import Broken, serialise
from .world import World, world

CONTROL = "/_test/"


def handle(environ: dict[str, Any], body: bytes) -> Response | Broken:
    """Answer one HTTP request."""
    if environ["PATH_INFO"].startswith(CONTROL):
        return control.handle(environ, body)
    call = calls.from_environ(environ, body)
    call.account = auth.account_of(call)
    here = world(call.account)
    entry = here.log.add(
        time=here.clock.now(),
        service=call.service,
        region=call.region,
        account=call.account,
        access_key=call.access_key,
        method=call.method,
        path=call.path,
        user_agent=call.header("User-Agent"),
        request_id=call.request_id,
        operation="",
        principal="",
        params={},
        status=0,
        error="",
        fault="",
        needs=[],
        done=False,
    )
    answer = _answer(call, here, entry)
    entry["needs"] = [f"{need.action} on {need.resource}" for need in call.needs]
    if isinstance(answer, Response):
        entry["status"] = answer.status
        _stamp(call, here, answer)
    entry["done"] = True
    return answer


def _answer(call: Call, here: World, entry: dict[str, Any]) -> Response | Broken:
    try:
        _understand(call, entry)
    except (ApiError, NotSimulated) as error:
        return _failed(call, entry, error)
    except Exception as error:
        return _crashed(call, entry, error)
    rule = here.faults.pick(call)
    if rule is None:
        return _effect(call, entry)
    entry["fault"] = rule.kind
    if rule.kind == "delay":
        here.faults.hold(rule)
        return _effect(call, entry)
    if rule.kind == "lost_before":
        return Broken()
    if rule.kind == "held_after":
        entry["status"] = _effect(call, entry).status
        here.faults.hold(rule)
        return Broken()
    if rule.kind in ("lost_after", "truncated"):
        answer = _effect(call, entry)
        entry["status"] = answer.status
        _stamp(call, here, answer)
        text = serialise(answer)
        return Broken(text[: len(text) // 2] if rule.kind == "truncated" else b"")
    return _failed(call, entry, faults.error_of(rule, call))


def _understand(call: Call, entry: dict[str, Any]) -> None:
    if not call.access_key:
        raise _unsigned(call)
    if call.service not in services.MODELLED:
        raise NotSimulated(f"no service is known under the signing name {call.service}")
    if call.region not in models.regions():
        raise NotSimulated(f"there is no region {call.region}")
    calls.resolve(call)
    call.principal = auth.principal_arn(call)
    entry.update(operation=call.operation, principal=call.principal, params=summary(call.params))


def _unsigned(call: Call) -> ApiError:
    # S3 API reference, error codes: AccessDenied. Other services: Common
    # Errors, MissingAuthenticationToken.
    if call.protocol == "rest-xml":
        return ApiError("AccessDenied", "Access Denied", 403)
    code = "MissingAuthenticationToken"
    code += "Exception" if call.protocol == "json" else ""
    return ApiError(code, "Request is missing Authentication Token", 403)


def _effect(call: Call, entry: dict[str, Any]) -> Response:
    try:
        auth.authorise(call)
        validation.validate(call)
        answer = services.answer(call)
        if call.operation in billing.MORE:
            billing.note(world(call.account))
        return answer
    except (ApiError, NotSimulated) as error:
        return _failed(call, entry, error)
    except Exception as error:
        return _crashed(call, entry, error)


def _crashed(call: Call, entry: dict[str, Any], error: Exception) -> Response:
    """A bug of the emulator must not look like AWS."""
    traceback.print_exc()
    return _failed(call, entry, NotSimulated(f"the emulator crashed: {error!r}"))


def _failed(call: Call, entry: dict[str, Any], error: ApiError | NotSimulated) -> Response:
    if isinstance(error, NotSimulated):
        entry["error"] = f"NotSimulated: {error}"
        # In the shape of the protocol, so that an SDK shows the text.
        error = ApiError("NotSimulated", f"{call.service} {call.operation}: {error}", 501)
        return render(error, call.protocol, call.request_id, head=call.method == "HEAD")
    entry["error"] = error.code
    return render(error, call.protocol, call.request_id, head=call.method == "HEAD")


def _stamp(call: Call, here: World, answer: Response) -> None:
    """Headers that every AWS answer has."""
    lower = {name.lower() for name in answer.headers}
    if call.service == "s3":
        if "x-amz-request-id" not in lower:
            answer.headers["x-amz-request-id"] = call.request_id
            answer.headers["x-amz-id-2"] = "emulator"
    elif "x-amzn-requestid" not in lower:
        answer.headers["x-amzn-RequestId"] = call.request_id
    for name in [n for n in answer.headers if n.lower() == "date"]:
        del answer.headers[name]
    answer.headers["Date"] = formatdate(here.clock.now(), usegmt=True)
