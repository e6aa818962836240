"""The rows of a job in its journal: which attempt holds each, and what became of it.

All of it is SQL; whoever calls it has a commit open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

OUTCOMES = ("waiting", "succeeded", "errored", "canceled", "expired", "lost", "missing", "other")
"""What became of a row, by its number in the journal. `lost`: the results were deleted or are too
old. `missing`: its batch was read to the end without it, twice."""

WAITING, SUCCEEDED, LOST, MISSING = 0, 1, 5, 6


class Stored(NamedTuple):
    """Where a request is kept: in the first body of its part."""

    row: int
    start: int
    length: int


class Answer(NamedTuple):
    """One row of results. `again`: whether `try_again` took it."""

    row: int
    outcome: int
    again: bool


class Answers(NamedTuple):
    """The rows of results of one batch. `plain`: those that succeeded and are not sent again."""

    plain: Sequence[int]
    others: Sequence[Answer]


class Settled(NamedTuple):
    """A row for delivery. `answered`: the attempt whose results hold it, None if none do.

    `is_open`: whether it may still get another outcome.
    """

    row: int
    id: bytes
    outcome: int
    answered: int | None
    is_open: int


def insert(db: sqlite3.Connection, rows: Iterable[tuple[int, bytes, int, int, int]]) -> None:
    """Add rows, each (row, id, attempt, start, length)."""
    db.executemany(
        "INSERT INTO rows (row, id, attempt, start, length) VALUES (?, ?, ?, ?, ?)", rows
    )


def duplicates(db: sqlite3.Connection, most: int) -> list[tuple[bytes, int, int]]:
    """Return ids that are used twice: (id, first row, another row)."""
    try:
        db.execute("CREATE UNIQUE INDEX IF NOT EXISTS ids ON rows (id)")
    except sqlite3.IntegrityError:
        found = db.execute(
            "SELECT id, min(row), max(row) FROM rows GROUP BY id HAVING count(*) > 1"
            " ORDER BY 2 LIMIT ?",
            (most,),
        )
        return found.fetchall()
    return []


def waiting(db: sqlite3.Connection, most: int) -> list[Stored]:
    """Return rows that wait to be sent again."""
    found = db.execute(
        "SELECT row, start, length FROM rows WHERE attempt = 0 ORDER BY row LIMIT ?", (most,)
    )
    return [Stored(*one) for one in found]


def unanswered(db: sqlite3.Connection, number: int) -> list[Stored]:
    """Return the rows of an attempt that have no outcome, or wait for another one."""
    held, values = _held(db, number)
    found = db.execute(
        f"SELECT row, start, length FROM rows WHERE {held} AND (outcome = 0 OR again = 2)"  # noqa: S608
        " ORDER BY row",
        values,
    )
    return [Stored(*one) for one in found]


def assign(db: sqlite3.Connection, number: int, rows: Iterable[Stored], *, retry: bool) -> None:
    """Put rows into a new attempt. A *retry* counts as a try, what stands for another does not."""
    change = "attempt = ?, moved = 1"
    if retry:
        change += ", tries = tries + 1, again = 2"
    db.executemany(
        f"UPDATE rows SET {change} WHERE row = ?",  # noqa: S608
        ((number, one.row) for one in rows),
    )


def hand_back(db: sqlite3.Connection, number: int, above: int) -> None:
    """Move the rows of an attempt that was not sent back to the attempt they came from.

    Those that the other batch has answered, and that may be sent again, wait.
    """
    db.execute(
        "UPDATE rows SET attempt = CASE WHEN again = 1 THEN 0 ELSE ? END"
        " WHERE moved AND attempt = ?",
        (above, number),
    )


def hold_up(db: sqlite3.Connection, number: int) -> None:
    """Make the rows of an attempt that is not sent wait to be put into another."""
    held, values = _held(db, number)
    db.execute(
        "UPDATE rows SET attempt = 0, again = 1, moved = 1, tries = tries - 1"  # noqa: S608
        f" WHERE {held}",
        values,
    )


def count_held(db: sqlite3.Connection, number: int) -> int:
    """Return how many rows an attempt holds; others may have been answered elsewhere."""
    held, values = _held(db, number)
    count: int = db.execute(f"SELECT count(*) FROM rows WHERE {held}", values).fetchone()[0]  # noqa: S608
    return count


def _held(db: sqlite3.Connection, number: int) -> tuple[str, tuple[int, ...]]:
    """Return the condition for the rows of an attempt, and its values."""
    first, last = db.execute(
        "SELECT first, last FROM attempts WHERE number = ?", (number,)
    ).fetchone()
    if first is None:
        return "moved AND attempt = ?", (number,)
    return "row BETWEEN ? AND ? AND attempt = ?", (first, last, number)


def check_in(db: sqlite3.Connection, number: int, answers: Answers, most: int) -> int:
    """Record the outcomes of rows in the batch of attempt *number*; each row counts once.

    *most*: tries. Returns how many rows were billed a second time.
    """
    if _are_those_held(db, number, answers):
        # The usual case, in a fifth of the time that one statement for each row takes.
        held, values = _held(db, number)
        db.execute(
            f"UPDATE rows SET outcome = 1, answered = ?, again = 0 WHERE {held}",  # noqa: S608
            (number, *values),
        )
        _enter(db, number, answers.others, most)
        return 0
    every = [*(Answer(row, SUCCEEDED, again=False) for row in answers.plain), *answers.others]
    if _enter(db, number, every, most) == len(every):
        return 0
    return sum(_enter_late(db, number, one) for one in every)


def _are_those_held(db: sqlite3.Connection, number: int, answers: Answers) -> bool:
    """Return whether *answers* are for exactly the rows that an attempt holds, one for each."""
    held, values = _held(db, number)
    rows = sorted([*answers.plain, *(one.row for one in answers.others)])
    found = db.execute(f"SELECT row FROM rows WHERE {held} ORDER BY row", values)  # noqa: S608
    return rows == [row for (row,) in found]


def _enter(db: sqlite3.Connection, number: int, answers: Sequence[Answer], most: int) -> int:
    """Record outcomes of rows that the attempt holds; return the number of these rows."""
    entered = db.executemany(
        "UPDATE rows SET outcome = ?, answered = ?, again = ? AND tries < ?,"
        " attempt = CASE WHEN ? AND tries < ? THEN 0 ELSE attempt END"
        " WHERE row = ? AND attempt = ?",
        ((a.outcome, number, a.again, most, a.again, most, a.row, number) for a in answers),
    )
    return entered.rowcount


def _enter_late(db: sqlite3.Connection, number: int, answer: Answer) -> bool:
    """Record the outcome of a row that another attempt holds; return whether it was billed twice.

    A success is used where there is none; a failure only if nothing newer is known.
    """
    found = db.execute(
        "SELECT attempt, outcome, answered FROM rows WHERE row = ?", (answer.row,)
    ).fetchone()
    if found is None or found[2] == number:
        return False
    holder, outcome, answered = found
    if outcome == SUCCEEDED:
        return answer.outcome == SUCCEEDED
    is_newer = outcome == WAITING or (holder == 0 and number > (answered or 0))
    if answer.outcome == SUCCEEDED:
        holder = number
    elif not is_newer:
        return False
    db.execute(
        "UPDATE rows SET attempt = ?, outcome = ?, again = ?, answered = ?, moved = 1"
        " WHERE row = ?",
        (holder, answer.outcome, answer.again, number, answer.row),
    )
    return False


def lacking(db: sqlite3.Connection, number: int) -> int:
    """Return how many rows of an attempt are not in the results of its batch."""
    held, values = _held(db, number)
    found = db.execute(
        f"SELECT count(*) FROM rows WHERE {held} AND answered IS NOT ?",  # noqa: S608
        (*values, number),
    )
    count: int = found.fetchone()[0]
    return count


def lose(db: sqlite3.Connection, number: int, outcome: int, *, again: bool, most: int) -> None:
    """Record *outcome* for the rows of an attempt that are not in the results of its batch."""
    held, values = _held(db, number)
    db.execute(
        "UPDATE rows SET outcome = ?, answered = NULL,"  # noqa: S608
        " again = ? AND tries < ?, attempt = CASE WHEN ? AND tries < ? THEN 0 ELSE attempt END"
        f" WHERE {held} AND answered IS NOT ? AND outcome != 1",
        (outcome, again, most, again, most, *values, number),
    )


def release(db: sqlite3.Connection, number: int) -> None:
    """Make rows of an attempt that made no batch wait, if their outcome elsewhere allows it."""
    held, values = _held(db, number)
    db.execute(f"UPDATE rows SET attempt = 0 WHERE {held} AND again = 1", values)  # noqa: S608


def count_waiting(db: sqlite3.Connection) -> int:
    """Return how many rows wait to be sent again."""
    count: int = db.execute("SELECT count(*) FROM rows WHERE attempt = 0").fetchone()[0]
    return count


def outcomes(db: sqlite3.Connection, *, finished: bool) -> dict[str, int]:
    """Return how many rows have each outcome; while the job runs, for good.

    Those that may still get another one are `waiting`.
    """
    final = "outcome"
    if not finished:
        final = "CASE WHEN attempt = 0 OR again THEN 0 ELSE outcome END"
    found = db.execute(
        f"SELECT {final} AS final, count(*) FROM rows GROUP BY final ORDER BY final"  # noqa: S608
    )
    return {OUTCOMES[outcome]: count for outcome, count in found}


def settled(db: sqlite3.Connection) -> Iterator[Settled]:
    """Yield every row in the order of the input."""
    found = db.execute(
        "SELECT row, id, outcome, answered, outcome = 0 OR attempt = 0 OR again"
        " FROM rows ORDER BY row"
    )
    return map(Settled._make, found)
