"""Request validation from botocore's service models, in AWS's own words.

The sentences are those of AWS's request validator, as every service that uses
it answers them: "1 validation error detected: Value 'x' at 'trainingJobName'
failed to satisfy constraint: Member must satisfy regular expression pattern:
...". They are quoted so in AWS's own documentation and in the issue trackers
of its SDKs (aws/aws-cli issue 4947 and hashicorp/terraform-provider-aws are
two places); SageMaker, IAM, CloudWatch, Logs and STS share them.

S3 only says MalformedXML, and has rules of its own in `services/s3_*`.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape

from .call import Call
from .errors import ApiError

# Which code carries the sentence, by service; the others use ValidationException.
_CODES = {
    "cloudwatch": "ValidationError",
    "iam": "ValidationError",
    "sts": "ValidationError",
    "logs": "InvalidParameterException",
    "pricing": "InvalidParameterException",
}

_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


def validate(call: Call) -> None:
    """Refuse what the service's model does not allow."""
    if call.model is None or call.service == "ec2":
        return
    shape = call.model.input_shape
    if call.service == "s3":
        _s3(call, shape)
        return
    if shape is None:
        return
    if call.protocol == "query":
        _known_query_names(call, shape)
    problems: list[str] = []
    _structure(shape, call.params, "", problems)
    if problems:
        count = len(problems)
        noun = "error" if count == 1 else "errors"
        raise ApiError(
            _CODES.get(call.service, "ValidationException"),
            f"{count} validation {noun} detected: " + "; ".join(problems),
        )


def _s3(call: Call, shape: StructureShape | None) -> None:
    """The XML document only; what is wrong with it S3 does not say."""
    payload = shape.serialization.get("payload") if shape else None
    if call.operation == "CreateBucket":
        return  # a bad location has an error of its own
    if payload is None or not isinstance(shape.members[payload], StructureShape):
        return
    problems: list[str] = []
    if payload in call.params:
        _check(shape.members[payload], call.params[payload], payload, problems)
    elif payload in shape.required_members:
        problems.append("missing")
    if problems:
        # S3 API reference, "List of error codes".
        raise ApiError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )


def _known_query_names(call: Call, shape: StructureShape) -> None:
    from urllib.parse import parse_qsl

    known = {m.serialization.get("name", n) for n, m in shape.members.items()}
    known |= set(shape.members) | {"Action", "Version"}
    for name, _ in parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True):
        if name.split(".")[0] not in known:
            raise _unknown(call.operation, name)


def _unknown(where: str, name: str) -> ApiError:
    # AWS ignores what it does not know. A test that relied on that would
    # prove nothing, so the emulator refuses with a code that AWS never uses.
    return ApiError("EmulatorUnknownMember", f"{where} has no member {name}: AWS would ignore it silently")


def _check(shape: Shape, value: Any, path: str, problems: list[str]) -> None:
    if isinstance(shape, StructureShape):
        if getattr(shape, "is_document_type", False):
            return
        _expect(isinstance(value, dict), value, "structure or map")
        _structure(shape, value, path, problems)
    elif isinstance(shape, ListShape):
        _expect(isinstance(value, list), value, "list")
        _size(shape, value, path, problems)
        for index, item in enumerate(value, 1):
            _check(shape.member, item, f"{path}.{index}.member", problems)
    elif isinstance(shape, MapShape):
        _expect(isinstance(value, dict), value, "structure or map")
        _size(shape, value, path, problems)
        _map(shape, value, path, problems)
    else:
        _scalar(shape, value, path, problems)


def _structure(shape: StructureShape, value: dict[str, Any], path: str, out: list[str]) -> None:
    names = {m.serialization.get("name", n): n for n, m in shape.members.items()}
    for name in value:
        if name not in shape.members and name not in names:
            raise _unknown(shape.name, name)
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        here = _join(path, name)
        found = value.get(name, value.get(wire))
        if found is not None:
            _check(member, found, here, out)
        elif name in shape.required_members:
            out.append(_sentence(None, here, "Member must not be null"))


def _map(shape: MapShape, value: dict[str, Any], path: str, out: list[str]) -> None:
    for key, item in value.items():
        bad = _constraints(shape.key, key)
        if bad:
            out.append(_sentence(key, path, f"Map keys must satisfy constraint: [{', '.join(bad)}]"))
        if isinstance(shape.value, (StructureShape, ListShape, MapShape)):
            _check(shape.value, item, f"{path}.{key}.member", out)
            continue
        _type(shape.value, item)
        bad = _constraints(shape.value, item)
        if bad:
            out.append(
                _sentence(item, f"{path}.{key}.member", f"Map value must satisfy constraint: [{', '.join(bad)}]")
            )


def _scalar(shape: Shape, value: Any, path: str, out: list[str]) -> None:
    _type(shape, value)
    for constraint in _constraints(shape, value):
        out.append(_sentence(value, path, constraint))


def _type(shape: Shape, value: Any) -> None:
    name = shape.type_name
    if name == "string":
        _expect(isinstance(value, str), value, "String")
    elif name == "boolean":
        _expect(isinstance(value, bool), value, "Boolean")
    elif name in _NUMBERS:
        wanted = (int, float) if name in ("float", "double") else int
        whole = isinstance(value, float) and math.isfinite(value) and value == int(value)
        fits = isinstance(value, wanted) or whole
        _expect(fits and not isinstance(value, bool), value, name.capitalize())


def _expect(fits: bool, value: Any, wanted: str) -> None:
    if fits:
        return
    kinds = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
    kind = kinds.get(type(value))
    message = (
        f"{kind} can not be converted to {'an' if wanted[0] in 'AEIOU' else 'a'} {wanted}"
        if kind
        else "Unexpected field type"
    )
    raise ApiError("SerializationException", message)


def _size(shape: Shape, value: Any, path: str, out: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    for wrong in _length(len(value), low, high):
        out.append(_sentence(value, path, wrong))


def _length(size: int, low: int | None, high: int | None) -> list[str]:
    wrong = []
    if high is not None and size > high:
        wrong.append(f"Member must have length less than or equal to {high}")
    if low is not None and size < low:
        wrong.append(f"Member must have length greater than or equal to {low}")
    return wrong


def _constraints(shape: Shape, value: Any) -> list[str]:
    """What the value of a scalar violates, in AWS's words."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in _NUMBERS:
        wrong = []
        if high is not None and value > high:
            wrong.append(f"Member must have value less than or equal to {high}")
        if low is not None and value < low:
            wrong.append(f"Member must have value greater than or equal to {low}")
        return wrong
    if shape.type_name != "string":
        return []
    values = shape.metadata.get("enum")
    if values and value not in values:
        return [f"Member must satisfy enum value set: [{', '.join(values)}]"]
    wrong = _length(len(value), low, high)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compile(pattern).fullmatch(value):
        wrong.append(f"Member must satisfy regular expression pattern: {pattern}")
    return wrong


@functools.cache
def _compile(pattern: str) -> regex.Pattern[str]:
    # Java's \p{IsLetter} family and possessive forms are in `regex`, not `re`.
    return regex.compile(pattern, regex.DOTALL)


def _join(path: str, name: str) -> str:
    camel = name[0].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _sentence(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_show(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _show(value: Any) -> str:
    # Java's toString: [a, b] and {k=v}.
    if isinstance(value, list):
        return "[" + ", ".join(_show(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={_show(v)}" for k, v in value.items()) + "}"
    return str(value)
