"""Answers of our own, in whichever protocol the call came."""

from __future__ import annotations

from typing import Any

from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from ..call import Call
from ..errors import Response


def reply(call: Call, result: dict[str, Any] | None = None) -> Response:
    """Serialise `result` by the operation's output shape."""
    model = get_service_model(call.service).operation_model(call.operation)
    serializer = get_serializer_class(call.service, call.protocol)(operation_model=model)
    made = serializer.serialize(result or {})
    body = made["body"]
    return Response(
        made["status_code"],
        body.encode() if isinstance(body, str) else body,
        dict(made["headers"]),
    )
