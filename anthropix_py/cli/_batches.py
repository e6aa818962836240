"""Batches as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..types import MessageBatch
from . import _table, _words

_COLUMNS = ("id", "status", "requests", "succeeded", "failed", "created")
_FAILED = ("errored", "canceled", "expired")


def lines(batches: Sequence[MessageBatch], width: int) -> list[str]:
    """Return a table of batches; on a narrow terminal two lines for each."""
    rows = list(map(row, batches))
    found = _table.columns(_COLUMNS, rows)
    if max(map(len, found)) <= width:
        return found
    found = []
    for id, status, count, succeeded, _, created in rows:
        counts = f"{status}, {count} requests"
        if status == "ended":
            counts = f"{status}, {succeeded} of {count} succeeded"
        found += [str(id), f"  {counts}", f"  {created}"]
    return found


def row(batch: MessageBatch) -> list[object]:
    """Return the fields of one batch in a table."""
    counts: Any = batch.get("request_counts") or {}
    failed = sum(counts.get(kind) or 0 for kind in _FAILED)
    return [
        batch["id"],
        batch.get("processing_status"),
        requests(batch),
        counts.get("succeeded"),
        failed,
        _words.moment(batch.get("created_at")),
    ]


def requests(batch: MessageBatch) -> int:
    """Return the number of requests of a batch."""
    counts: Any = batch.get("request_counts") or {}
    return sum(count for count in counts.values() if isinstance(count, int))


def fields(batch: MessageBatch) -> dict[str, object]:
    """Return all fields of one batch, the counts in one line."""
    found: dict[str, object] = {**batch}
    found.pop("type", None)
    counts: Any = batch.get("request_counts") or {}
    found["request_counts"] = _words.counted(counts)
    for name, value in found.items():
        if name.endswith("_at") and isinstance(value, str):
            found[name] = _words.moment(value)
    return found
