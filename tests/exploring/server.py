"""The abstract server: batches that are created, listed, processed and kept, with all that the
protocol assumes about them, and nothing else.

What cannot be observed is decided late. Whether a batch has ended is chosen when somebody asks for
it, and a stranger's batch appears when somebody lists: no observer can tell the difference, and
the search is spared all orders of events that nobody sees. Times are whole ticks.
"""

from __future__ import annotations

from typing import NamedTuple

RUNNING, ENDED, ARCHIVED, DELETED = "running", "ended", "archived", "deleted"
OK, EXPIRED, CANCELED = "succeeded", "expired", "canceled"


class Batch(NamedTuple):
    """A batch as the server knows it. `attempt` is None for somebody else's."""

    id: str
    attempt: int | None
    rows: tuple[int, ...]
    place: int
    created: int
    listed: int  # first tick at which list shows it
    state: str = RUNNING
    outcomes: tuple[str, ...] = ()
    hidden: bool = False  # list does not show it any more

    def may_bill(self, row: int) -> bool:
        """Whether *row* was billed here, or still may be."""
        if row not in self.rows:
            return False
        return not self.outcomes or self.outcomes[self.rows.index(row)] == OK


class Coming(NamedTuple):
    """A create that the server has received and that takes effect at tick `due`."""

    attempt: int
    rows: tuple[int, ...]
    place: int
    due: int
    hidden: int  # ticks until list shows it
    skew: int  # ticks by which created_at is behind


class Server(NamedTuple):
    now: int = 0
    batches: tuple[Batch, ...] = ()
    coming: tuple[Coming, ...] = ()
    paid_twice: str | None = None

    def receive(self, create: Coming) -> Server:
        """Return the server once it has received *create*, and acted on it if it is due."""
        coming = tuple(sorted((*self.coming, create)))
        return self._replace(coming=coming).at(self.now)

    def at(self, now: int) -> Server:
        """Return the server at tick *now*: what is due by then has taken effect."""
        due = [create for create in self.coming if create.due <= now]
        if not due:
            return self._replace(now=now)
        server = self._replace(now=now, coming=tuple(c for c in self.coming if c.due > now))
        for create in due:
            server = server._take_effect(create)
        return server

    def _take_effect(self, create: Coming) -> Server:
        twins = sum(batch.attempt == create.attempt for batch in self.batches)
        id = f"a{create.attempt}" + "'" * twins
        created = create.due - create.skew
        new = Batch(
            id, create.attempt, create.rows, create.place, created, create.due + create.hidden
        )
        twice = self.paid_twice
        for batch in self.batches:
            is_ours = batch.attempt is not None
            if twice is None and is_ours and any(batch.may_bill(row) for row in create.rows):
                twice = f"I2: {id} was created although {batch.id} may bill the same row"
        return self._replace(batches=tuple(sorted((*self.batches, new))), paid_twice=twice)

    def sleeping(self, ticks: int) -> Server:
        """Return the server after our machine slept: what it had not sent yet comes later."""
        coming = tuple(create._replace(due=create.due + ticks) for create in self.coming)
        return self._replace(coming=coming).at(self.now + ticks)

    def changed(self, batch: Batch) -> Server:
        batches = tuple(sorted(batch if b.id == batch.id else b for b in self.batches))
        return self._replace(batches=batches)

    def with_stranger(self, size: int, place: int, created: int) -> Server:
        number = sum(batch.attempt is None for batch in self.batches)
        new = Batch(f"s{number}", None, tuple(range(-size, 0)), place, created, created)
        return self._replace(batches=tuple(sorted((*self.batches, new))))

    def month_later(self, ticks: int, *, listed: bool) -> Server:
        """Return the server when *ticks*, more than 29 days, have passed."""
        later = self.at(self.now + ticks)
        archived = []
        for batch in later.batches:
            if batch.state != DELETED:
                batch = batch._replace(state=ARCHIVED, hidden=not listed)
            archived.append(batch)
        return later._replace(batches=tuple(sorted(archived)))

    def listed(self, place: int) -> tuple[Batch, ...]:
        """Return what list shows in *place*, newest first."""
        shown = [
            batch
            for batch in self.batches
            if batch.place == place
            and batch.listed <= self.now
            and batch.state != DELETED
            and not batch.hidden
        ]
        return tuple(sorted(shown, key=lambda batch: (-batch.created, batch.id)))

    def find(self, id: str) -> Batch:
        [batch] = [batch for batch in self.batches if batch.id == id]
        return batch
