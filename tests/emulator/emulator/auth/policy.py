"""Evaluation of IAM policies (IAM user guide, "Policy evaluation logic").

An explicit deny wins; otherwise an identity policy has to allow, and so has
the permissions boundary where there is one. Condition operators that are not
listed here are refused as not simulated.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import NotSimulated

Context = dict[str, Any]


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document, parsed if it is text."""
    if isinstance(document, str):
        document = json.loads(document)
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def allows(documents: Iterable[Any], action: str, resource: str, context: Context) -> bool:
    """Whether any statement allows."""
    return _any(documents, "Allow", action, resource, context)


def denies(documents: Iterable[Any], action: str, resource: str, context: Context) -> bool:
    """Whether any statement denies explicitly."""
    return _any(documents, "Deny", action, resource, context)


def _any(documents: Iterable[Any], effect: str, action: str, resource: str, ctx: Context) -> bool:
    return any(
        s.get("Effect") == effect and applies(s, action, resource, ctx) for d in documents for s in statements(d)
    )


def applies(statement: dict[str, Any], action: str, resource: str, context: Context) -> bool:
    """Whether a statement speaks about this action, resource and context."""
    return (
        _names(statement, "Action", lambda p: glob(p.lower(), action.lower()))
        and _names(statement, "Resource", lambda p: glob(_fill(p, context), resource))
        and conditions_hold(statement.get("Condition", {}), context)
    )


def _names(statement: dict[str, Any], key: str, test: Callable[[str], bool]) -> bool:
    if f"Not{key}" in statement:
        return not any(test(p) for p in as_list(statement[f"Not{key}"]))
    return any(test(p) for p in as_list(statement.get(key, [])))


def as_list(value: Any) -> list[Any]:
    """IAM writes a single value without its list."""
    return value if isinstance(value, list) else [value]


def glob(pattern: str, value: str) -> bool:
    """IAM's wildcards: only * and ?."""
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "\x00")).replace("\x00", r"\["), value) is not None


def _fill(text: str, context: Context) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda m: str(context.get(m[1].lower(), m[0])), text)


def _number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, have: test(float(have), float(wanted))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, have: have == wanted,
    "StringEqualsIgnoreCase": lambda wanted, have: have.lower() == wanted.lower(),
    "StringLike": glob,
    "ArnEquals": glob,
    "ArnLike": glob,
    "Bool": lambda wanted, have: have.lower() == wanted.lower(),
    "NumericEquals": _number(lambda have, wanted: have == wanted),
    "NumericLessThan": _number(lambda have, wanted: have < wanted),
    "NumericLessThanEquals": _number(lambda have, wanted: have <= wanted),
    "NumericGreaterThan": _number(lambda have, wanted: have > wanted),
    "NumericGreaterThanEquals": _number(lambda have, wanted: have >= wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def conditions_hold(conditions: dict[str, Any], context: Context) -> bool:
    """All operators and keys have to hold."""
    return all(
        _holds(operator, key.lower(), [str(v) for v in as_list(values)], context)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    have = context.get(key)
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return (have is None) == (wanted[0].lower() == "true")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = name in _NEGATED
    test = _OPERATORS.get(_NEGATED.get(name, name))
    if test is None:
        raise NotSimulated(f"the IAM condition operator {operator}")
    if have is None:
        # A missing key matches the negated operators and ForAllValues only.
        return if_exists or negated or quantifier == "ForAllValues"
    values = [str(v) for v in as_list(have)]
    hit = [any(test(w, v) for w in wanted) != negated for v in values]
    return any(hit) if quantifier == "ForAnyValue" else all(hit)
