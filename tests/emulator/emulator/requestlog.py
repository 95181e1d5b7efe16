"""A log of every call, with queries."""

from __future__ import annotations

import fnmatch
import threading
from typing import Any

# Long enough for the largest test; older entries go first.
_LIMIT = 50_000

# Values that say little and are long.
_LONG = 300


class RequestLog:
    """The calls of one account, oldest first."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._next = 1
        self._lock = threading.Lock()

    def add(self, **entry: Any) -> dict[str, Any]:
        """Append an entry; the caller fills in the outcome later."""
        with self._lock:
            entry["id"] = self._next
            self._next += 1
            self.entries.append(entry)
            if len(self.entries) > _LIMIT:
                del self.entries[0]
        return entry

    def find(self, since: int = 0, **wanted: str) -> list[dict[str, Any]]:
        """Entries after `since` whose fields match the given globs."""
        with self._lock:
            entries = [e for e in self.entries if e["id"] > since]
        return [e for e in entries if all(_matches(e, k, v) for k, v in wanted.items())]


def _matches(entry: dict[str, Any], key: str, pattern: str) -> bool:
    value = entry.get("params", {}).get(key[7:]) if key.startswith("params.") else entry.get(key)
    return fnmatch.fnmatchcase("" if value is None else str(value), pattern)


def summary(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters, without the bulk."""
    return {k: _shorten(v) for k, v in params.items()}


def _shorten(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str) and len(value) > _LONG and not value.startswith("{"):
        return value[:_LONG] + f"... ({len(value)} characters)"
    if isinstance(value, dict):
        return {k: _shorten(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_shorten(v) for v in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "read"):
        return "<stream>"
    return value
