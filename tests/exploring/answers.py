"""Every way in which the server, and the people who use it, can answer an action of the planner.

An answer is a label for the trace, the world after it, and the event that the runner commits: for
what is about rows, which are the journal's affair, the action itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from anthropix_py.job import _happened as happened
from anthropix_py.job import _plan
from anthropix_py.job._happened import Event
from anthropix_py.job._view import Attempt

from .journal import Intent
from .server import ARCHIVED, CANCELED, DELETED, ENDED, RUNNING, Batch, Coming, Server
from .world import Setting, World, place_of, seconds

Answer = tuple[str, World, Event | _plan.Action | None]


class Answers(NamedTuple):
    setting: Setting
    world: World
    key: int

    @property
    def now(self) -> float:
        return seconds(self.world.server.now)

    @property
    def later(self) -> float:
        return seconds(self.world.server.now + 1)

    def to(self, action: _plan.Action) -> Iterator[Answer]:
        """Yield the answers to *action*, first the one without faults."""
        match action:
            case _plan.Start():
                yield from self._start()
            case _plan.Walk(since):
                yield from self._walk(since)
            case _plan.Read(batch):
                yield from self._read(batch)
            case _plan.Poll(number):
                yield from self._poll(self._attempt(number))
            case _plan.Cancel(number):
                yield from self._cancel(self._attempt(number))
            case _plan.Collect(number):
                yield from self._collect(self._attempt(number), action)
            case _plan.Doubt(number):
                yield f"doubt {number}", self.world, happened.Doubted(number)
            case _plan.Deliver():
                yield "deliver", self.world, happened.Delivered()
            case _:
                yield str(action), self.world, action

    def _attempt(self, number: int) -> Attempt:
        return self.world.disk.job.attempt(number)

    def _start(self) -> Iterator[Answer]:
        place = place_of(self.key, headers=self.setting.headers)
        known = {one.batch for one in self.world.disk.job.view.attempts}
        proof = any(
            one.id in known and one.place == self.key and one.state != DELETED
            for one in self.world.server.batches
        )
        yield f"list of limit 1: {place}", self.world, happened.Started(self.now, place, proof)

    # -- list ----------------------------------------------------------------------------------

    def _walk(self, since: float) -> Iterator[Answer]:
        place = place_of(self.key, headers=self.setting.headers)
        for before, world in self._unseen():
            shown = [b for b in world.server.listed(self.key) if seconds(b.created) >= since]
            batches = tuple(_listed(batch) for batch in shown)
            names = " ".join(batch.id + "." * (batch.state == RUNNING) for batch in shown)
            event = happened.Walked(self.now, since, place, batches)
            yield f"{before}walk: {names or 'nothing'}", world, event
            if world.budget.cut_walk:
                less = world._replace(budget=world.budget.less("cut_walk"))
                failed = happened.WalkFailed(self.now, self.later)
                yield f"{before}a page of the walk fails", less, failed

    def _unseen(self) -> Iterator[tuple[str, World]]:
        """Yield what may have happened, unseen by anybody, before a list is answered."""
        world = self.world
        running = [b for b in world.server.listed(self.key) if b.state == RUNNING]
        ended = world.server
        for batch in running:
            ended = ended.changed(batch._replace(state=ENDED))
        yield "all have ended; " * bool(running), world._replace(server=ended)
        if any(world.server.now < b.created + self.setting.life for b in running):
            yield "", world
        budget = world.budget
        if budget.stranger:
            for size in sorted(set(self.setting.parts)):
                for created in (world.server.now, world.server.now - 1):
                    grown = world.server.with_stranger(size, self.key, created)
                    less = world._replace(server=grown, budget=budget.less("stranger"))
                    yield f"a stranger's batch of {size} at {created}; ", less
        if budget.vanish:
            for label, server in self._vanished():
                less = world._replace(server=server, budget=budget.less("vanish"))
                yield f"{label}; ", less

    def _vanished(self) -> Iterator[tuple[str, Server]]:
        """Yield the server after a person has deleted a batch that some walk has shown."""
        view = self.world.disk.job.view
        seen = {one.batch for one in view.sightings} | {one.batch for one in view.attempts}
        for batch in self.world.server.listed(self.key):
            if batch.id in seen:
                gone = batch._replace(state=DELETED)
                yield f"a person deletes {batch.id}", self.world.server.changed(gone)

    # -- one batch -----------------------------------------------------------------------------

    def _read(self, id: str) -> Iterator[Answer]:
        batch = self.world.server.find(id)
        if batch.place != self.key or batch.state in (DELETED, ARCHIVED):
            yield f"read {id}: 404", self.world, happened.Unread(id, self.later)
        elif batch.attempt is None:
            yield f"read {id}: a stranger's", self.world, happened.Foreign(id)
        else:
            event = happened.Found(id, batch.attempt)
            yield f"read {id}: attempt {batch.attempt}", self.world, event

    def _poll(self, attempt: Attempt) -> Iterator[Answer]:
        number = attempt.number
        batch, world = self._batch(attempt), self.world
        if batch.place != self.key or batch.state == DELETED:
            yield self._missing(f"show {batch.id}: 404", number, world)
            return
        if batch.state == RUNNING:
            server = world.server.changed(batch._replace(state=ENDED))
            event = self._polled(number, ended=True)
            yield f"show {batch.id}: ended", world._replace(server=server), event
            if world.server.now < batch.created + self.setting.life:
                event = self._polled(number, ended=False)
                yield f"show {batch.id}: in progress", world, event
        else:
            event = self._polled(number, ended=True)
            yield f"show {batch.id}: {batch.state}", world, event
        if world.budget.flicker:
            less = world._replace(budget=world.budget.less("flicker"))
            yield self._missing(f"show {batch.id}: 404 for once", number, less)

    def _cancel(self, attempt: Attempt) -> Iterator[Answer]:
        batch = self._batch(attempt)
        world = self.world
        if batch.attempt != attempt.wire:
            fault = f"I5: {batch.id} is canceled, and is not attempt {attempt.wire}"
            yield f"cancel {batch.id}", world._replace(fault=fault), None
        elif batch.place != self.key or batch.state == DELETED:
            yield self._missing(f"cancel {batch.id}: 404", attempt.number, world)
        else:
            if batch.state == RUNNING:
                canceled = batch._replace(state=ENDED, outcomes=tuple(CANCELED for _ in batch.rows))
                world = world._replace(server=world.server.changed(canceled))
            event = self._polled(attempt.number, ended=True)
            yield f"cancel {batch.id}", world, event

    def _collect(self, attempt: Attempt, action: _plan.Collect) -> Iterator[Answer]:
        batch = self._batch(attempt)
        if batch.place != self.key or batch.state in (DELETED, ARCHIVED):
            yield self._missing(f"results of {batch.id}: 404", attempt.number, self.world)
            return
        for outcomes in self._outcomes(batch):
            server = self.world.server.changed(batch._replace(state=ENDED, outcomes=outcomes))
            world = self.world._replace(server=server)
            label = f"results of {batch.id}: {' '.join(outcomes)}"
            yield label, world, action

    def _outcomes(self, batch: Batch) -> Iterator[tuple[str, ...]]:
        """Yield what the rows of an ended batch may have come to."""
        if batch.outcomes:
            yield batch.outcomes
            return
        ways: list[tuple[str, ...]] = [()]
        for _ in batch.rows:
            ways = [(*way, kind) for way in ways for kind in self.setting.outcomes]
        yield from ways

    def _batch(self, attempt: Attempt) -> Batch:
        assert attempt.batch is not None
        return self.world.server.find(attempt.batch)

    def _polled(self, number: int, *, ended: bool) -> Event:
        return happened.Polled(number, ended, self.later)

    def _missing(self, label: str, number: int, world: World) -> Answer:
        return label, world, happened.Missing(number, self.now, self.later)

    # -- create --------------------------------------------------------------------------------

    def to_post(self, intent: Intent) -> Iterator[tuple[str, World, Event | None]]:
        """Yield what can come of a POST. Without an event the process has died in it."""
        world, budget, setting = self.world, self.world.budget, self.setting
        fault = self._sent_knowingly(intent)
        if fault is not None:
            yield f"POST {intent.number}", world._replace(fault=fault), None
            return
        server = world.server
        if setting.outage[0] <= server.now < setting.outage[1]:
            label = f"POST {intent.number}: refused, as all are for a time"
            yield label, world, happened.Refused(intent.number, seconds(setting.outage[1]))
            return
        job = world.disk.job
        rows = job.body(intent.number)
        create = Coming(job.attempt(intent.number).wire, rows, self.key, server.now, 0, 0)
        for hidden in setting.hidden:
            for skew in setting.skew:
                arrived = server.receive(create._replace(hidden=hidden, skew=skew))
                id = _newest(server, arrived)
                label = f"POST {intent.number}: created {id}, in list from {server.now + hidden}"
                event = happened.Created(intent.number, id, self.later)
                yield label, world._replace(server=arrived), event
        if budget.refused:
            less = world._replace(budget=budget.less("refused"))
            label = f"POST {intent.number}: refused"
            yield label, less, happened.Refused(intent.number, self.later)
        if budget.lost:
            less = world._replace(budget=budget.less("lost"))
            doubted = happened.Doubted(intent.number)
            yield f"POST {intent.number}: never arrives, no answer", less, doubted
            for label, arrived in self._unanswered(create):
                after = less._replace(server=arrived)
                yield f"POST {intent.number}: answer lost, {label}", after, doubted
        if budget.crash:
            less = world._replace(budget=budget.less("crash"))
            for label, arrived in self._unanswered(create):
                yield f"crash in POST {intent.number}, {label}", less._replace(server=arrived), None

    def _unanswered(self, create: Coming) -> Iterator[tuple[str, Server]]:
        for open_for in self.setting.held:
            over = self.world.server.now + open_for
            for late in self.setting.late:
                for hidden in self.setting.hidden:
                    for skew in self.setting.skew:
                        due = over + late
                        coming = create._replace(due=due, hidden=hidden, skew=skew)
                        label = f"over at {over}, in effect at {due}, in list from {due + hidden}"
                        yield label, self.world.server.receive(coming).at(over)

    def _sent_knowingly(self, intent: Intent) -> str | None:
        """Return what is wrong if the journal itself says that a row of *intent* is elsewhere."""
        job = self.world.disk.job
        for one in job.view.attempts:
            if one.batch is None or one.number == intent.number:
                continue
            batch = self.world.server.find(one.batch)
            for row in job.body(intent.number):
                if batch.may_bill(row):
                    return f"I2: row {row} is sent, and is in {batch.id}, which the journal knows"
        return None


def _newest(before: Server, after: Server) -> str:
    [new] = {batch.id for batch in after.batches} - {batch.id for batch in before.batches}
    return new


def _listed(batch: Batch) -> happened.Listed:
    return happened.Listed(
        batch.id,
        len(batch.rows),
        seconds(batch.created),
        batch.state != RUNNING,
        batch.state == ARCHIVED,
    )
