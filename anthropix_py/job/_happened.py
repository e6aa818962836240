"""What can happen to a job: each action of the planner ends in one of these events.

Times are the server's, in seconds since the epoch.
"""

from __future__ import annotations

from typing import NamedTuple

from ._view import Place


class Started(NamedTuple):
    """The first response of a process. *proof*: `show` has answered for a batch of this job.

    *vouched*: the caller has said that the place is the job's.
    """

    at: float
    place: Place
    proof: bool = False
    vouched: bool = False


class Listed(NamedTuple):
    """A batch as `list` shows it."""

    batch: str
    size: int | None
    created_at: float
    ended: bool = False
    archived: bool = False


class Walked(NamedTuple):
    """A walk is complete down to *since*; *at*: the time of its first page."""

    at: float
    since: float
    place: Place
    batches: tuple[Listed, ...]


class WalkFailed(NamedTuple):
    """A walk was not complete: nothing may be concluded. The next comes not before *next_at*."""

    at: float
    next_at: float


class Found(NamedTuple):
    """A row of a batch has an id of this job, with the number *wire*."""

    batch: str
    wire: int


class Foreign(NamedTuple):
    """A row of a batch has an id that is not of this job."""

    batch: str


class Unread(NamedTuple):
    """Reading a batch failed; to be tried again not before *next_at*."""

    batch: str
    next_at: float


class OverBudget(NamedTuple):
    """The next batch might cost more than is left; to be asked again after a batch was collected.

    *detail*: the figures, for people.
    """

    detail: str


class Intended(NamedTuple):
    """The intent is on disk; the POST may begin. *at*: the server's time, rather too early."""

    number: int
    at: float


class Created(NamedTuple):
    """The POST returned a batch, to be polled not before *poll_at*."""

    number: int
    batch: str
    poll_at: float = 0.0


class Refused(NamedTuple):
    """The POST certainly had no effect; none is made again before *next_at*."""

    number: int
    next_at: float = 0.0


class Doubted(NamedTuple):
    """Nobody knows whether the attempt made a batch."""

    number: int


class GivenUp(NamedTuple):
    """No batch of the attempt was found in time; *again* of its rows wait to be sent again."""

    number: int
    at: float
    again: int = 0


class Planned(NamedTuple):
    """An attempt of *size* requests was planned; *again*: rows that wait no longer.

    Without a size no row of *instead_of* was left to be sent. *at*: None for a part of the input.
    """

    number: int
    size: int
    instead_of: int | None = None
    again: int = 0
    at: float | None = None


class Dropped(NamedTuple):
    """An attempt that was not sent is not needed; *again* of its rows wait to be sent again."""

    number: int
    again: int = 0


class Polled(NamedTuple):
    """The batch of an attempt was polled, or polling failed; the next poll is at *poll_at*."""

    number: int
    ended: bool
    poll_at: float


class Missing(NamedTuple):
    """The server says that it has no such batch."""

    number: int
    at: float
    poll_at: float


class Lost(NamedTuple):
    """The results of an attempt are gone: *again* of its rows wait to be sent again."""

    number: int
    again: int = 0


class Collected(NamedTuple):
    """Every row of an attempt is on disk and checked in. *canceled*: somebody canceled rows."""

    number: int
    again: int = 0
    canceled: bool = False


class CancelAsked(NamedTuple):
    """`job.cancel` was called: nothing more is sent."""


class Delivered(NamedTuple):
    """The files of results are complete and on disk."""


Event = (
    Started
    | Walked
    | WalkFailed
    | Found
    | Foreign
    | Unread
    | OverBudget
    | Intended
    | Created
    | Refused
    | Doubted
    | GivenUp
    | Planned
    | Dropped
    | Polled
    | Missing
    | Lost
    | Collected
    | CancelAsked
    | Delivered
)
