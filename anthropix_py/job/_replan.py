"""Attempts after the first: what is planned again, what is dropped, what is given up."""

from __future__ import annotations

import sqlite3

from . import _rows
from ._bodies import Writer, requests_of
from ._core import Core
from ._happened import Dropped, Event, GivenUp, Lost, Planned
from ._journal import Body
from ._rows import Stored
from ._values import Row
from ._view import Attempt


def give_up(core: Core, number: int) -> None:
    """Record that an attempt created no batch."""
    at = core.now()

    def change(db: sqlite3.Connection) -> Event:
        _rows.release(db, number)
        return GivenUp(number, at, _rows.count_waiting(db) - core.view.again)

    core.commit(change)
    core.mirror.add("give_up", attempt=number, at=at)
    core.warn(f"attempt {number} has created no batch: its requests are sent again")
    core.emit("given_up", attempt=number)


def drop(core: Core, number: int) -> None:
    """Drop an attempt that was not sent: its rows are in another, or wait again."""
    above = attempt_of(core, number).instead_of

    def change(db: sqlite3.Connection) -> Event:
        if above is None:
            _rows.hold_up(db, number)
        else:
            _rows.hand_back(db, number, above)
        return Dropped(number, _rows.count_waiting(db) - core.view.again)

    core.commit(change)
    core.folder.disk.remove(core.folder.body(number))


def replace(core: Core, number: int) -> None:
    """Plan the rows of an attempt that was given up again."""
    rows = _rows.unanswered(core.journal.db, number)
    _plan(core, rows, number)


def retry(core: Core) -> None:
    """Plan rows that wait to be sent again, as many as one batch takes."""
    rows = _rows.waiting(core.journal.db, core.policy.requests_per_batch)
    _plan(core, _that_fit(core, rows), None)


def lose(core: Core, number: int) -> None:
    """Record that the results of an attempt are gone. `try_again` decides about its rows."""
    again = core.policy.try_again(_LOST)

    def change(db: sqlite3.Connection) -> Event:
        _rows.lose(db, number, _rows.LOST, again=again, most=core.policy.max_attempts)
        return Lost(number, _rows.count_waiting(db) - core.view.again)

    core.commit(change)
    core.warn(f"the batch of attempt {number} is gone: its rows are lost")
    core.emit("lost", attempt=number)


_LOST: Row = {"custom_id": "", "result": {"type": "lost"}}


def _that_fit(core: Core, rows: list[Stored]) -> list[Stored]:
    size = 0
    for index, one in enumerate(rows):
        size += one.length + 2
        if size > core.policy.bytes_per_batch - 32 and index:
            return rows[:index]
    return rows


def _plan(core: Core, rows: list[Stored], instead_of: int | None) -> None:
    """Write the body of a new attempt with *rows*, then record the attempt."""
    number = core.view.next_number()
    if not rows:
        core.commit(Planned(number, 0, instead_of, at=core.now()))
        return
    folder = core.folder
    with Writer.begin(folder.disk, folder.body(number), core.tag, number) as writer:
        for row, rest in requests_of(folder.body, core.firsts(), core.tag, rows):
            writer.add(row, rest)
        hash = writer.finish()
    body = Body(None, None, writer.size, hash)
    is_retry = instead_of is None
    at = core.now()

    def change(db: sqlite3.Connection) -> Event:
        _rows.assign(db, number, rows, retry=is_retry)
        # inserted here because the rows refer to it; its other fields follow in this commit
        db.execute("INSERT INTO attempts (number, kept) VALUES (?, '[]')", (number,))
        core.journal.put_body(number, body)
        waited = len(rows) * is_retry
        return Planned(number, len(rows), instead_of, waited, at)

    core.commit(change)
    core.emit("planned", attempt=number, requests=len(rows), retry=is_retry)


def attempt_of(core: Core, number: int) -> Attempt:
    """Return an attempt that the view has."""
    attempt = core.view.get(number)
    if attempt is None:
        raise ValueError(f"no such attempt: {number}")
    return attempt
