"""A clock that tests can move."""

from __future__ import annotations

import datetime
import time


class Clock:
    """The real time plus an offset."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset

    def utc(self) -> datetime.datetime:
        """The same as a naive UTC date, which is what moto keeps."""
        return datetime.datetime.fromtimestamp(self.now(), datetime.UTC).replace(tzinfo=None)

    def advance(self, seconds: float) -> None:
        """Move forward (or, with a negative number, back)."""
        self.offset += seconds
