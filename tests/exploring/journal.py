"""The abstract journal of a job, and its mirror: the planner's view, and what is known of rows.

The view is changed by the real `after` alone; what the runner does with the rows (`job/_replan.py`,
`_collect.py`, `_rebuild.py`) is repeated here without files.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from anthropix_py.job import _after, _happened
from anthropix_py.job._happened import Event
from anthropix_py.job._states import State
from anthropix_py.job._view import KEPT, Attempt, Attempts, Place, Rules, View

from . import rows as _rows
from .rows import Row, Rows
from .server import CANCELED, EXPIRED, Batch

# What lasts as long as a process, and how a new one finds it.
_KEPT = View._fields[: View._fields.index("began_here")]
_OF_A_VIEW: dict[str, Any] = {
    name: value for name, value in View._field_defaults.items() if name not in _KEPT
}
_OF_AN_ATTEMPT: dict[str, Any] = {
    name: value for name, value in Attempt._field_defaults.items() if name not in KEPT
}


class Intent(NamedTuple):
    """A line of the mirror, written before a POST. `rows`: None for the first of a part."""

    number: int
    size: int
    rows: tuple[int, ...] | None
    instead_of: int | None
    at: float


class Found(NamedTuple):
    """A line of the mirror: the batch of an attempt."""

    number: int
    wire: int
    batch: str


class GivenUp(NamedTuple):
    """A line of the mirror: an attempt was given up."""

    number: int
    at: float


Line = Intent | Found | GivenUp


Bodies = tuple[tuple[int, tuple[int, ...]], ...]


class Job(NamedTuple):
    """`bodies`: the rows of each attempt's body, by number: a body is written once.

    `orphans`: batches of which a billed row's answer came from another batch.
    """

    view: View
    rows: Rows
    bodies: Bodies
    orphans: frozenset[str] = frozenset()

    def after(self, event: Event) -> Job:
        return self._replace(view=_after.after(self.view, event))

    def attempt(self, number: int) -> Attempt:
        attempt = self.view.get(number)
        if attempt is None:
            raise ValueError(f"there is no attempt {number}")
        return attempt

    def body(self, number: int) -> tuple[int, ...]:
        """Return the rows in the body of an attempt."""
        return dict(self.bodies)[number]

    def freed(self, rows: Rows) -> int:
        """Return how many more rows wait in *rows* than the view knows of."""
        return len(_rows.waiting(rows)) - self.view.again


def begin(parts: tuple[int, ...], rules: Rules, at: float, place: Place) -> Job:
    """Return a job whose parts, of so many requests each, are planned."""
    view = View(total=sum(parts), rules=rules, began_at=at, place=place, began_here=True)
    rows: list[Row] = []
    bodies: Bodies = ()
    for number, size in enumerate(parts, 1):
        view = _after.after(view, _happened.Planned(number, size))
        bodies = (*bodies, (number, tuple(range(len(rows), len(rows) + size))))
        rows += [Row(number)] * size
    return Job(view, tuple(rows), bodies)


def reopened(job: Job) -> Job:
    """Return what a new process reads from the journal."""
    attempts = Attempts(one._replace(**_OF_AN_ATTEMPT) for one in job.view.attempts)
    return job._replace(view=job.view._replace(attempts=attempts, **_OF_A_VIEW))


def replaced(job: Job, number: int, at: float) -> Job:
    """Return the job with a new attempt for the rows of *number*, which was given up."""
    return _planned(job, _rows.unanswered(job.rows, number), number, at)


def retried(job: Job, at: float) -> Job:
    """Return the job with a new attempt for the rows that wait to be sent again."""
    return _planned(job, _rows.waiting(job.rows), None, at)


def _planned(job: Job, chosen: tuple[int, ...], instead_of: int | None, at: float) -> Job:
    number, is_retry = job.view.next_number(), instead_of is None
    if not chosen:
        return job.after(_happened.Planned(number, 0, instead_of, at=at))
    rows = _rows.assign(job.rows, number, chosen, retry=is_retry)
    again = len(chosen) if is_retry else 0
    event = _happened.Planned(number, len(chosen), instead_of, again, at)
    return job._replace(rows=rows, bodies=_with_body(job.bodies, number, chosen)).after(event)


def _with_body(bodies: Bodies, number: int, rows: tuple[int, ...]) -> Bodies:
    return tuple(sorted({**dict(bodies), number: rows}.items()))


def dropped(job: Job, number: int) -> Job:
    """Return the job without attempt *number*, which was not sent."""
    above = job.attempt(number).instead_of
    if above is None:
        rows = _rows.hold_up(job.rows, number)
    else:
        rows = _rows.hand_back(job.rows, number, above)
    event = _happened.Dropped(number, job.freed(rows))
    return job._replace(rows=rows).after(event)


def given_up(job: Job, number: int, at: float) -> Job:
    """Return the job once attempt *number* is taken for never created."""
    rows = _rows.release(job.rows, number)
    event = _happened.GivenUp(number, at, job.freed(rows))
    return job._replace(rows=rows).after(event)


def lost(job: Job, number: int, most: int) -> Job:
    """Return the job when the results of *number* are gone; paid rows are not sent again."""
    rows = _rows.lose(job.rows, number, _rows.LOST, again=False, most=most)
    event = _happened.Lost(number, job.freed(rows))
    return job._replace(rows=rows).after(event)


def collected(job: Job, number: int, batch: Batch, most: int) -> Job:
    """Return the job once the rows of *batch*, read to its end, are checked in."""
    answers = tuple(
        (row, _rows.numbered(what), what == EXPIRED)
        for row, what in zip(batch.rows, batch.outcomes)
    )
    rows, twice = _rows.check_in(job.rows, number, answers, most)
    if _rows.lacking(rows, number):
        rows = _rows.lose(rows, number, _rows.MISSING, again=True, most=most)
    canceled = CANCELED in batch.outcomes and not job.view.canceling
    event = _happened.Collected(number, job.freed(rows), canceled)
    orphans = job.orphans | {batch.id} if twice else job.orphans
    return job._replace(rows=rows, orphans=orphans).after(event)


def rebuilt(job: Job, mirror: tuple[Line, ...]) -> Job:
    """Return *job*, as it was when it began, with what the mirror tells."""
    view = job.view
    for line in mirror:
        if isinstance(line, Intent):
            view = _with_intent(view, line)
        elif isinstance(line, Found):
            known = view.get(line.number)
            if known is None:
                sent_at = view.began_at
                known = Attempt(line.number, 0, wire=line.wire, entered=True, sent_at=sent_at)
            view = view.put(known._replace(state="submitted", batch=line.batch))
        else:
            known = view.get(line.number)
            if known is not None and known.batch is None:
                view = view.put(known._replace(state="given_up"))
                view = view._replace(gave_up_at=max(view.gave_up_at or 0.0, line.at))
    rows, bodies = job.rows, job.bodies
    for line in mirror:
        if isinstance(line, Intent) and line.rows is not None:
            bodies = _with_body(bodies, line.number, line.rows)
            rows = _rows.assign(rows, line.number, line.rows, retry=line.instead_of is None)
    return Job(view, rows, bodies)


def _with_intent(view: View, line: Intent) -> View:
    number, above = line.number, line.instead_of
    known = view.get(number) or Attempt(number, line.size, wire=number, instead_of=above)
    before = None if above is None else view.get(above)
    if before is not None:
        view = view.put(before._replace(replaced=True))
    sent_at = line.at if known.sent_at is None else known.sent_at
    state: State = "unknown"
    if known.batch is not None:
        state = "submitted"
    return view.put(known._replace(state=state, sent_at=sent_at))
