"""What the collected rows of a job have cost, while people watch it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from .. import cost, rows
from ..job._disk import Disk
from ..job._folder import Folder
from ._pace import Pace


class Spent:
    """The price of the batches that were collected.

    `usd`: dollars; None before the first batch, and if one has no price.
    """

    def __init__(self, folder: str, pace: Pace) -> None:
        self._folder = Folder.of(Disk(), folder)
        self._pace = pace
        self._priced: set[int] = set()
        self._known: Decimal | None = Decimal(0)

    @property
    def usd(self) -> Decimal | None:
        """The dollars that were spent."""
        if not self._priced:
            return None
        return self._known

    def add(self, attempt: int) -> None:
        """Add the price of what an attempt has brought, once."""
        if attempt in self._priced or self._known is None:
            return
        self._priced.add(attempt)
        price = self._price(attempt)
        if price is None:
            self._known = None
        else:
            self._known += price

    def _price(self, attempt: int) -> Decimal | None:
        found = rows.read(self._folder.raw(attempt))
        if found[0] == "error":
            return None
        now = datetime.fromtimestamp(self._pace.now(), UTC)
        priced = cost.of(found[1], created_at=now)
        if priced[0] == "error":
            return None
        return priced[1].usd
