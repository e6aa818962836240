"""The day on which a batch was created: prices change by days, in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Union

from .._arguments import check_is_not_a_result, wrong_type
from .._problem import shown
from ..types import Row

CreatedAt = Union[str, datetime, Mapping[str, object]]
"""When a batch was created: the API's text of it, a datetime with a time zone, or a batch."""

_EXPECTED = "a time such as 2026-11-24T09:00:00Z, a datetime, a batch, or a function of a row"


class Days:
    """The day of each row, by a time for all of them or by a function from a row to its time."""

    def __init__(self, created_at: object) -> None:
        self._created_at = created_at
        self._read: dict[str, date] = {}

    @classmethod
    def of(cls, created_at: CreatedAt | Callable[[Row], CreatedAt]) -> Callable[[Row], date]:
        """Return a function from a row to its day in UTC. Raises TypeError or ValueError."""
        if callable(created_at):
            return cls(created_at)._of_row
        day = read(created_at)
        return lambda _: day

    def _of_row(self, row: Row) -> date:
        found = self._created_at(row)  # type: ignore[operator]
        if isinstance(found, Mapping):
            found = found.get("created_at")
        if not isinstance(found, str):
            return read(found)
        if found not in self._read:
            # Few batches have many rows: their times are read once each, but not kept for ever.
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[found] = read(found)
        return self._read[found]


_KEPT = 1000


def read(created_at: object) -> date:
    """Return the day in UTC of a time or of a batch. Raises TypeError or ValueError."""
    check_is_not_a_result(created_at, "a batch")
    if isinstance(created_at, Mapping):
        created_at = created_at.get("created_at")
    if isinstance(created_at, str):
        created_at = _parsed(created_at)
    if not isinstance(created_at, datetime):
        raise wrong_type("created_at", _EXPECTED, created_at)
    if created_at.tzinfo is None:
        raise ValueError(f"created_at must have a time zone, not {created_at.isoformat()}")
    try:
        return created_at.astimezone(UTC).date()
    except OverflowError:
        raise ValueError(f"created_at is out of range: {created_at.isoformat()}") from None


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"created_at must be {_EXPECTED}, not {shown(text)}") from None


def at(seconds: float) -> datetime:
    """Return the time that is *seconds* after the epoch."""
    return datetime.fromtimestamp(seconds, UTC)
