"""What the planner sees of a job: an immutable value, made from the journal.

All times are the server's, in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from heapq import merge
from typing import Literal, NamedTuple

from ._states import IN_FLIGHT, UNSENT, State

SLACK = 300.0
"""Seconds by which the `Date` of a response and `created_at` of a batch may differ."""

RETAINED = 29 * 24 * 3600.0
"""Seconds after its creation for which a batch keeps its results."""

_ROUNDING = 1.0  # seconds: a Date has no fractions


class Place(NamedTuple):
    """Whose batches a server shows: its origin, and organization and workspace as it says them."""

    origin: str
    organization: str | None = None
    workspace: str | None = None

    def compared(self, other: Place) -> Literal["same", "another", "unclear"]:
        """Return whether both are one place; `unclear` if the server does not say it."""
        pairs = list(zip(self, other))
        if any(None not in (one, two) and one != two for one, two in pairs):
            return "another"
        if any(None in pair for pair in pairs):
            return "unclear"
        return "same"


class Rules(NamedTuple):
    """The numbers of a policy that the planner needs.

    `retry_size`: requests of a full batch. `interval`: seconds between two polls of a batch.
    """

    settle: float = 600.0
    batches_in_flight: int = 20
    requests_in_flight: int = 200_000
    retry_size: int = 10_000
    interval: float = 10.0

    @property
    def quarter(self) -> float:
        """Return the most seconds that count between two walks, and the pause between them."""
        return self.settle / 4

    @property
    def pause(self) -> float:
        """Return the seconds between two walks that wait for a batch to end."""
        return min(self.interval, self.quarter)

    @property
    def enough(self) -> float:
        """Return the seconds after which an attempt without a candidate is given up."""
        return self.settle + _ROUNDING


class Attempt(NamedTuple):
    """One try to get *size* requests processed as one batch.

    `wire`: the number in its custom_ids; it differs from `number` for a second batch with the same
    ids. `instead_of`: the attempt given up whose rows it has. `replaced`: whether the rows of this
    one, given up, have been planned again. `entered`: found on the server, not made by this
    journal, so that its rows are not known before they are read. `sent_at`: in the intent.
    `walked_at`: of the latest complete walk since its POST was over; `settled`: the seconds that
    count since the first. `planned_at`: None for the parts that the input was cut into.

    `poll_at` and `missing` last as long as the process: when to poll its batch, and for how long
    the server has said that there is no such batch, and when it did.
    """

    number: int
    size: int
    state: State = "planned"
    wire: int = 0
    instead_of: int | None = None
    replaced: bool = False
    entered: bool = False
    sent_at: float | None = None
    batch: str | None = None
    walked_at: float | None = None
    settled: float = 0.0
    planned_at: float | None = None
    poll_at: float = 0.0
    missing: tuple[float, float] | None = None


KEPT = Attempt._fields[:-2]
"""The fields of an attempt that the journal keeps."""


class Sighting(NamedTuple):
    """A batch seen in `list` that may be ours: nobody has read one of its rows yet.

    `size`: None if the server does not say it. `vanished`: not in the latest walk that should have
    shown it. `read_at`: not to be read before, after reading it failed.
    """

    batch: str
    size: int | None
    created_at: float
    ended: bool = False
    archived: bool = False
    vanished: bool = False
    read_at: float = 0.0

    @property
    def is_running(self) -> bool:
        """Return whether the batch had not ended when it was last listed."""
        return not (self.ended or self.archived or self.vanished)


class Attempts(tuple[Attempt, ...]):
    """The attempts of a job, the oldest first, found by number and by state without a search.

    The planner asks a dozen questions about them after every event. Searching them for each took
    half the time of a job of 1,000 batches. What keeps the index right is that a tuple, once made,
    does not change.
    """

    @cached_property
    def places(self) -> dict[int, int]:
        """Return where the attempt of each number is."""
        return {one.number: at for at, one in enumerate(self)}

    @cached_property
    def by_state(self) -> dict[State, list[int]]:
        """Return where the attempts in each state are."""
        found: dict[State, list[int]] = {}
        for at, one in enumerate(self):
            found.setdefault(one.state, []).append(at)
        return found

    @cached_property
    def successors(self) -> list[Attempt]:
        """Return those that were not sent and stand for one that was given up."""
        return [one for one in self.having(*UNSENT) if one.instead_of is not None]

    def having(self, *states: State) -> Iterator[Attempt]:
        """Yield the attempts in one of *states*."""
        found = [self.by_state[state] for state in states if state in self.by_state]
        return (self[at] for at in merge(*found))

    def put(self, attempt: Attempt) -> Attempts:
        """Return the attempts with *attempt* in place of the one with its number, or added."""
        at = self.places.get(attempt.number)
        if at is None:
            return Attempts((*self, attempt))
        attempts = list(self)
        attempts[at] = attempt
        changed = Attempts(attempts)
        changed.places = self.places
        return changed


class View(NamedTuple):
    """The state of a job. The first half is kept in the journal, the second for one process.

    `strangers`: batches proven to be somebody else's. `again`: rows to be sent again that are in no
    attempt. `gave_up_at`: when an attempt was given up last. `canceled`: somebody else canceled
    rows; `canceling`: `job.cancel` was called. `delivered`: the files of results are up to date.

    `began_here`: this process began the job. `started_at`: None before the first response.
    `recognized`: whether the place is the job's.
    `audited`: whether the audit at the start is over. `audited_at`: of the latest complete walk
    back to the beginning after which nothing was sent. `fresh`: how far back the walk went that was
    the very last thing that happened. `walk_at`, `send_at`: not to be done before.
    `failing_since`: when `list` began to fail. `over_budget`: why the next batch might cost more
    than `max_cost` leaves, None if nothing speaks against it.
    """

    total: int = 0
    rules: Rules = Rules()
    began_at: float | None = None
    place: Place | None = None
    attempts: Attempts = Attempts()
    sightings: tuple[Sighting, ...] = ()
    strangers: frozenset[str] = frozenset()
    again: int = 0
    gave_up_at: float | None = None
    canceled: bool = False
    canceling: bool = False
    delivered: bool = False

    began_here: bool = False
    started_at: float | None = None
    recognized: bool = False
    audited: bool = False
    audited_at: float | None = None
    walked_at: float | None = None
    fresh: float | None = None
    walk_at: float = 0.0
    send_at: float = 0.0
    failing_since: float | None = None
    over_budget: str | None = None

    @property
    def bound(self) -> float:
        """Return the time back to which an audit reads."""
        return (self.began_at or 0.0) - SLACK

    def get(self, number: int) -> Attempt | None:
        """Return the attempt with that number, None if there is none."""
        at = self.attempts.places.get(number)
        if at is None:
            return None
        return self.attempts[at]

    def having(self, *states: State) -> Iterator[Attempt]:
        """Yield the attempts in one of *states*."""
        return self.attempts.having(*states)

    def put(self, attempt: Attempt) -> View:
        """Return the view with *attempt* in place of the one with its number, or added."""
        return self._replace(attempts=self.attempts.put(attempt))

    def next_number(self) -> int:
        """Return a number that no attempt has."""
        return 1 + max((one.number for one in self.attempts), default=0)

    def candidates(self, attempt: Attempt) -> list[Sighting]:
        """Return the unread batches that *attempt* may have made."""
        since = window(attempt)
        return [
            one
            for one in self.sightings
            if one.size in (attempt.size, None) and one.created_at > since
        ]

    def ancestors(self, attempt: Attempt) -> list[Attempt]:
        """Return the attempts given up in whose place *attempt* was planned, the latest first."""
        found: list[Attempt] = []
        above = attempt.instead_of
        while above is not None:
            one = self.get(above)
            if one is None:
                break
            found.append(one)
            above = one.instead_of
        return found

    def in_flight(self) -> list[Attempt]:
        """Return the attempts that the server may be processing."""
        return list(self.having(*IN_FLIGHT))


def window(attempt: Attempt) -> float:
    """Return the time after which a batch of *attempt*, which was sent, must have been created."""
    return (attempt.sent_at or 0.0) - SLACK
