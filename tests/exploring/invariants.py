"""What must hold in each state, told by the server, which alone knows the truth."""

from __future__ import annotations

from typing import NamedTuple

from anthropix_py.job._rows import LOST, OUTCOMES, WAITING

from .server import ARCHIVED, DELETED, Batch
from .world import Setting, World


class Invariants(NamedTuple):
    """I1, I2, I3 and I5, and that a stop has a cause. I4 is for the search to check."""

    setting: Setting

    def fault(self, world: World) -> str | None:
        """Return what is wrong with *world*, None if nothing is."""
        if world.fault is not None:
            return world.fault
        if world.server.paid_twice is not None and not self.setting.beyond:
            return world.server.paid_twice
        known = {batch.id: batch for batch in world.server.batches}
        return (
            _not_ours(world, known)
            or _wrong_outcome(world, known)
            or _forgotten(world)
            or self._without_cause(world)
        )

    def _without_cause(self, world: World) -> str | None:
        if world.ended in (None, "done", *self.setting.stops):
            return None
        return f"I4: it stops, {world.ended}, without a cause"


def _not_ours(world: World, known: dict[str, Batch]) -> str | None:
    for one in world.disk.job.view.attempts:
        if one.batch is not None and known[one.batch].attempt != one.wire:
            return f"I5: {one.batch} is taken for attempt {one.wire}"
    return None


def _wrong_outcome(world: World, known: dict[str, Batch]) -> str | None:
    """A row has the outcome that its batch gave it, and in the end each has one."""
    job = world.disk.job
    for at, row in enumerate(job.rows):
        if row.outcome == WAITING or row.holder == 0:
            if world.ended == "done" and not job.view.canceling:
                return f"I1: it is done, and row {at} has no outcome"
        elif row.outcome == LOST:
            batch = known[job.attempt(row.holder).batch or ""]
            if batch.state not in (DELETED, ARCHIVED):
                return f"I1: row {at} counts as lost, and {batch.id} still has it"
        elif row.answered is not None:
            batch = known[job.attempt(row.answered).batch or ""]
            if at not in batch.rows:
                return f"I1: row {at} has an outcome of {batch.id}, which has no such row"
            if OUTCOMES[row.outcome] != batch.outcomes[batch.rows.index(at)]:
                return f"I1: row {at} has another outcome than {batch.id} gave it"
    return None


def _forgotten(world: World) -> str | None:
    """In the end everything that was paid is delivered or reported."""
    if world.ended != "done":
        return None
    if world.server.coming:
        return "I3: it is done, and a create still takes effect"
    job = world.disk.job
    for batch in world.server.batches:
        if batch.attempt is None or batch.state == DELETED or batch.id in job.orphans:
            continue
        for at in batch.rows:
            row = job.rows[at]
            number = row.holder if row.outcome == LOST else row.answered
            if not batch.may_bill(at):
                continue
            if number is None or job.attempt(number).batch != batch.id:
                return f"I3: it is done, and {batch.id} with row {at} is forgotten"
    return None
