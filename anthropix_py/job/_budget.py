"""What a job has cost and may still cost, so that no batch is created beyond `max_cost`.

A batch is worth the price of its rows once they are collected, and before that the most that its
requests can cost. Both are kept in the journal, because they are slow to find out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .. import _json
from .._files import as_file_errors
from ..result import unwrap
from ._bodies import requests_in
from ._core import Core
from ._values import Policy
from ._view import Attempt


def check_prices(policy: Policy) -> None:
    """Raise an error that says what to install, if *policy* needs prices and they are missing."""
    if policy.max_cost is not None:
        from ..cost import bound

        unwrap(bound([], created_at=_time(0.0)))


def beyond(core: Core, number: int) -> str | None:
    """Return why the batch of attempt *number* might exceed `max_cost`; None if it cannot."""
    if core.policy.max_cost is None:
        return None
    most = Decimal(str(core.policy.max_cost))
    spent = _sum(_spent(core, one) for one in core.view.having("collected"))
    open_ones = core.view.having("sending", "unknown", "submitted", "ended", "lost")
    reserved = _sum(_bound(core, one.number) for one in open_ones)
    following = _bound(core, number)
    if spent is None or reserved is None or following is None:
        which = "a batch that was sent"
        if following is None:
            which = "the next batch"
        return f"nobody can say what {which} costs at most: see cost.bound"
    if spent + reserved + following <= most:
        return None
    return (
        f"spent {_dollars(spent)}, for batches in progress at most {_dollars(reserved)}, "
        f"for the next one at most {_dollars(following)}; the limit is {_dollars(most)}"
    )


def _dollars(value: Decimal) -> str:
    if value >= 1:
        return f"${value:,.2f}"
    return f"${value:.5f}".rstrip("0").rstrip(".")


def _spent(core: Core, attempt: Attempt) -> Decimal | None:
    """Return what the rows of a collected attempt cost; at most, if they cannot be priced."""
    kept = _kept(core, "cost", attempt.number)
    if kept is not None:
        return kept
    from ..cost import of

    rows = _rows_in(core.folder.raw(attempt.number))
    found = unwrap(of(rows, created_at=_time(attempt.sent_at or 0.0)))
    if found.usd is None or found.refused is None:
        return _bound(core, attempt.number)
    # refusals are normally not billed, but nobody promises that
    _keep(core, "cost", attempt.number, found.usd + found.refused)
    return found.usd + found.refused


def _bound(core: Core, number: int) -> Decimal | None:
    """Return what an attempt costs at most; None if nobody can say it."""
    kept = _kept(core, "bound", number)
    if kept is not None:
        return kept
    path = core.folder.body(number)
    if not os.path.exists(path):
        # a batch found on the server, or one collected before there was a limit
        return None
    from ..cost import bound

    found = unwrap(bound(requests_in(path), created_at=_time(core.now()))).usd
    if found is not None:
        _keep(core, "bound", number, found)
    return found


def _kept(core: Core, column: str, number: int) -> Decimal | None:
    [kept] = core.journal.db.execute(
        f"SELECT {column} FROM attempts WHERE number = ?",  # noqa: S608
        (number,),
    ).fetchone()
    if kept is None:
        return None
    return Decimal(kept)


def _keep(core: Core, column: str, number: int, value: Decimal) -> None:
    with core.journal.change() as db:
        db.execute(
            f"UPDATE attempts SET {column} = ? WHERE number = ?",  # noqa: S608
            (str(value), number),
        )


def _rows_in(path: str) -> Iterator[Any]:
    with as_file_errors(path), open(path, "rb") as file:
        yield from map(_json.loads, file)


def _sum(values: Iterator[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
