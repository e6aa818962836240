"""What the collected rows of a job have cost, while people watch it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from .. import cost, rows
from ..job._disk import Disk
from ..job._folder import Folder
from ._pace import Pace


class Spent:
    """The price of the batches that were collected; `usd` is None if one has no price."""

    def __init__(self, folder: str, pace: Pace) -> None:
        self._folder = Folder.of(Disk(), folder)
        self._pace = pace
        self._priced: set[int] = set()
        self.usd: Decimal | None = Decimal(0)

    def add(self, attempt: int) -> None:
        """Add the price of what an attempt has brought, once."""
        if attempt in self._priced or self.usd is None:
            return
        self._priced.add(attempt)
        found = rows.read(self._folder.raw(attempt))
        if found[0] == "error":
            self.usd = None
            return
        now = datetime.fromtimestamp(self._pace.now(), UTC)
        priced = cost.of(found[1], created_at=now)
        if priced[0] == "error" or priced[1].usd is None:
            self.usd = None
            return
        self.usd += priced[1].usd
