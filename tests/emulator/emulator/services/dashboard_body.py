"""The checks of a dashboard body (CloudWatch user guide, "Dashboard body
structure and syntax").

"Should NOT have more than N items" and "Invalid metric field type, only
'String' type is allowed" are AWS's own words, quoted in the issue trackers of
Terraform modules; the other messages have the same form (AWS uses a JSON
Schema validator) and were never checked against AWS.
"""

from __future__ import annotations

import json
from typing import Any

TYPES = ("metric", "text", "log", "alarm", "explorer", "custom", "trace")
MAX_WIDGETS = 500

Problem = tuple[str, str]


def problems_of(text: str) -> list[Problem]:
    """(path, message) for everything that is wrong."""
    try:
        body = json.loads(text)
    except ValueError:
        return [("", "The field DashboardBody must be a valid JSON object")]
    if not isinstance(body, dict):
        return [("", "Should be object")]
    widgets = body.get("widgets")
    if not isinstance(widgets, list):
        return [("", "Should have required property 'widgets'")]
    if len(widgets) > MAX_WIDGETS:
        return [("/widgets", f"Should NOT have more than {MAX_WIDGETS} items")]
    found: list[Problem] = []
    for index, widget in enumerate(widgets):
        _widget(widget, f"/widgets/{index}", found)
    return found


def _widget(widget: Any, path: str, out: list[Problem]) -> None:
    if not isinstance(widget, dict):
        out.append((path, "Should be object"))
        return
    kind = widget.get("type")
    if kind not in TYPES:
        out.append((f"{path}/type", "Should be equal to one of the allowed values"))
        return
    for name, low, high in (("x", 0, 23), ("y", 0, None), ("width", 1, 24), ("height", 1, 1000)):
        _number(widget.get(name), f"{path}/{name}", low, high, out)
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        out.append((path, "Should have required property 'properties'"))
        return
    {"metric": _metric, "text": _text, "log": _log}.get(kind, _nothing)(properties, f"{path}/properties", out)


def _number(value: Any, path: str, low: int, high: int | None, out: list[Problem]) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        out.append((path, "Should be integer"))
    elif value < low:
        out.append((path, f"Should be >= {low}"))
    elif high is not None and value > high:
        out.append((path, f"Should be <= {high}"))


def _nothing(properties: dict[str, Any], path: str, out: list[Problem]) -> None:
    """Widgets that the provider does not use."""


def _text(properties: dict[str, Any], path: str, out: list[Problem]) -> None:
    if not isinstance(properties.get("markdown"), str):
        out.append((path, "Should have required property 'markdown'"))


def _log(properties: dict[str, Any], path: str, out: list[Problem]) -> None:
    for name in ("query", "region"):
        if not isinstance(properties.get(name), str):
            out.append((path, f"Should have required property '{name}'"))


def _metric(properties: dict[str, Any], path: str, out: list[Problem]) -> None:
    if not isinstance(properties.get("region"), str):
        out.append((path, "Should have required property 'region'"))
    metrics = properties.get("metrics")
    if metrics is None:
        if "annotations" not in properties:
            out.append((path, "Should have required property 'metrics'"))
        return
    if not isinstance(metrics, list):
        out.append((f"{path}/metrics", "Should be array"))
        return
    if len(metrics) > 500:
        out.append((f"{path}/metrics", "Should NOT have more than 500 items"))
    for index, entry in enumerate(metrics):
        _entry(entry, f"{path}/metrics/{index}", out)


def _entry(entry: Any, path: str, out: list[Problem]) -> None:
    if not isinstance(entry, list) or not entry:
        out.append((path, "Should be array"))
        return
    if isinstance(entry[0], dict):
        if len(entry) > 1:
            out.append((path, "Should NOT have more than 1 items"))
        elif "expression" not in entry[0]:
            out.append((f"{path}/0", "Should have required property 'expression'"))
        return
    fields = entry[:-1] if isinstance(entry[-1], dict) else entry
    for index, item in enumerate(fields):
        if not isinstance(item, str):
            out.append((f"{path}/{index}", "Invalid metric field type, only 'String' type is allowed"))
            return
    if len(fields) < 2:
        out.append((path, "Should NOT have fewer than 2 items"))
    elif len(fields) % 2:
        out.append((path, f"Should NOT have more than {len(fields) - 1} items"))
