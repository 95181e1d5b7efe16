"""What a user has to read after a fault, and what is allowed to pass in silence."""

import re
from dataclasses import dataclass

from .cli import Result

PASSING = ("throttled 10 s", "answer lost", "reset")
"""Faults that go by: a user is not to notice them."""

CODES = {
    "refused": r"\b(AccessDenied|AccessDeniedException|UnauthorizedOperation|403)\b",
    "500 for ever": r"\b(InternalError|InternalFailure|500)\b",
}


@dataclass(frozen=True)
class Silent:
    """A call whose failure for good costs a user nothing that has to be told while the command succeeds."""

    operations: tuple[str, ...]
    why: str
    about: str = ""
    """Pattern that the call's parameters match."""
    refresh: bool = False
    """Only in commands that begin with a refresh of what exists."""

    def covers(self, call: dict, refreshes: bool) -> bool:
        """Whether it is such a call."""
        return (
            call["operation"] in self.operations
            and re.search(self.about, str(call["params"])) is not None
            and (refreshes or not self.refresh)
        )


SILENT = (
    # A refresh looks at much that it can do without, and often with a role that may only read a few things.
    Silent(("GetMetricData",), "without metrics the run counts as modelled, which measured.method and efficiency say"),
    Silent(("ListTags",), "a refresh that may not read tags leaves tags_all as it was", "training-job/", refresh=True),
    Silent(("GetObject", "PutObject"), "each refresh tries again to confirm the claim", "/claims/", refresh=True),
    Silent(("HeadObject", "ListObjectsV2"), "the size of the model stays unknown", "/output/", refresh=True),
    Silent(
        (
            "HeadBucket",
            "GetRole",
            "GetDashboard",
            "DescribeAlarms",
            "ListTagsForResource",
            "GetSchedule",
            "GetScheduleGroup",
        ),
        "what cannot be looked at is not reported as removed elsewhere: an error is no evidence",
        refresh=True,
    ),
    Silent(("HeadObject",), "the same: an error is no evidence", "sustainable/(users|source)/", refresh=True),
    Silent(("GetBucketTagging",), "a bucket of the user's stays, whatever its tags are", "'training-data'"),
)


def judge(fault: str, call: dict, result: Result, refreshes: bool) -> None:
    """Passing faults pass; a kill is an error; what lasts is named with operation and code: as an error where the command
    fails, else as a warning. `call` is the disturbed request as the emulator has logged it."""
    if fault in PASSING:
        assert result.code == 0, "a passing fault is an error"
        return
    if fault == "killed":
        assert result.code != 0, "the provider was killed and nobody said so"
        return
    if result.code == 0 and any(silent.covers(call, refreshes) for silent in SILENT):
        return
    operation = call["operation"]
    kind, diagnostics = ("error", result.errors) if result.code != 0 else ("warning", result.warnings)
    said = [f"{one.summary} {one.detail}" for one in diagnostics]
    naming = [text for text in said if re.search(rf"\b{operation}\b", text)]
    assert naming, f"no {kind} names {operation} ({call['params']})"
    assert any(re.search(CODES[fault], text) for text in naming), f"no {kind} names the code"
