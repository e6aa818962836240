"""What the journal knows of rows: `job/_rows.py` in plain Python, on values that can be hashed.

The names and the rules are those of the real module, whose SQL would make the search a hundred
times slower. A test runs both side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from anthropix_py.job._rows import LOST, MISSING, OUTCOMES, SUCCEEDED, WAITING

Answers = tuple[tuple[int, int, bool], ...]  # row, outcome, and whether it may be sent again


class Row(NamedTuple):
    """`holder`: the latest attempt that holds it; 0: it waits to be sent again.

    `again`: 1 if it may be sent again, 2 if it is in an attempt again. `answered`: by which one.
    """

    holder: int
    outcome: int = WAITING
    answered: int | None = None
    again: int = 0
    tries: int = 1


Rows = tuple[Row, ...]


def unanswered(rows: Rows, number: int) -> tuple[int, ...]:
    """Return the rows of an attempt that its batch would have answered."""
    return tuple(
        at
        for at, row in enumerate(rows)
        if row.holder == number and (row.outcome == WAITING or row.again == 2)
    )


def waiting(rows: Rows) -> tuple[int, ...]:
    """Return the rows that wait to be sent again."""
    return held(rows, 0)


def held(rows: Rows, number: int) -> tuple[int, ...]:
    """Return the rows that an attempt holds."""
    return tuple(at for at, row in enumerate(rows) if row.holder == number)


def assign(rows: Rows, number: int, chosen: Iterable[int], *, retry: bool) -> Rows:
    """Put *chosen* rows into a new attempt."""

    def change(row: Row) -> Row:
        if retry:
            row = row._replace(tries=row.tries + 1, again=2)
        return row._replace(holder=number)

    return _changed(rows, chosen, change)


def hand_back(rows: Rows, number: int, above: int) -> Rows:
    """Give the rows of an attempt that was not sent to the one whose rows it has."""

    def change(row: Row) -> Row:
        return row._replace(holder=0 if row.again == 1 else above)

    return _changed(rows, held(rows, number), change)


def hold_up(rows: Rows, number: int) -> Rows:
    """Let the rows of an attempt that is not sent wait."""

    def change(row: Row) -> Row:
        return row._replace(holder=0, again=1, tries=row.tries - 1)

    return _changed(rows, held(rows, number), change)


def release(rows: Rows, number: int) -> Rows:
    """Let rows of an attempt that made no batch wait, if another batch says that they may."""
    free = [at for at in held(rows, number) if rows[at].again == 1]
    return _changed(rows, free, lambda row: row._replace(holder=0))


def lose(rows: Rows, number: int, outcome: int, *, again: bool, most: int) -> Rows:
    """Enter *outcome* for the rows of an attempt that its batch has not answered."""

    def change(row: Row) -> Row:
        if row.answered == number or row.outcome == SUCCEEDED:
            return row
        is_again = again and row.tries < most
        holder = 0 if is_again else row.holder
        return row._replace(outcome=outcome, answered=None, again=int(is_again), holder=holder)

    return _changed(rows, held(rows, number), change)


def check_in(rows: Rows, number: int, answers: Answers, most: int) -> tuple[Rows, int]:
    """Enter what became of rows in the batch of attempt *number*.

    Returns the rows, and how many that were billed came a second time.
    """
    changed = [*rows]
    entered = 0
    for at, outcome, again in answers:
        row = changed[at]
        if row.holder == number:
            is_again = again and row.tries < most
            holder = 0 if is_again else number
            changed[at] = Row(holder, outcome, number, int(is_again), row.tries)
            entered += 1
    if entered == len(answers):
        return tuple(changed), 0
    return _late(changed, number, answers)


def _late(changed: list[Row], number: int, answers: Answers) -> tuple[Rows, int]:
    """Enter rows that another attempt holds."""
    twice = 0
    for at, outcome, again in answers:
        row = changed[at]
        if row.answered == number:
            continue
        if row.outcome == SUCCEEDED:
            twice += outcome == SUCCEEDED
            continue
        is_newer = row.outcome == WAITING or (row.holder == 0 and number > (row.answered or 0))
        holder = row.holder
        if outcome == SUCCEEDED:
            holder = number
        elif not is_newer:
            continue
        changed[at] = Row(holder, outcome, number, int(again), row.tries)
    return tuple(changed), twice


def lacking(rows: Rows, number: int) -> int:
    """Return how many rows of an attempt its batch has not answered."""
    return sum(row.holder == number and row.answered != number for row in rows)


def _changed(rows: Rows, chosen: Iterable[int], change: Callable[[Row], Row]) -> Rows:
    changed = [*rows]
    for at in chosen:
        changed[at] = change(changed[at])
    return tuple(changed)


def numbered(outcome: str) -> int:
    """Return the number of an outcome in the journal."""
    return OUTCOMES.index(outcome)


__all__ = ["LOST", "MISSING", "Row", "Rows"]
