"""All moves of the world, and how they make the model that is searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from anthropix_py.job import _happened as happened

from . import journal
from .invariants import Invariants
from .runner import Runner, Way
from .search import Model
from .server import Server
from .world import Directory, Process, Setting, World, place_of, seconds

MONTH = 20_000  # ticks, more than 29 days


class Moves(NamedTuple):
    runner: Runner
    setting: Setting

    def ways(self, world: World) -> Iterator[Way]:
        """Yield what can happen next; first what happens if nothing goes wrong any more."""
        if world.ended is not None:
            yield from self._after_the_end(world)
        elif world.process is None:
            yield from self._without_process(world)
        else:
            yield from self._with_process(world, world.process)
        if world.frozen is not None:
            thawed = world._replace(process=world.frozen, frozen=None)
            for label, after in self.runner.step(thawed, world.frozen):
                # one step at a time, beside the other process
                beside = after._replace(process=world.process, frozen=after.process)
                yield f"the frozen process: {label}", beside

    def _with_process(self, world: World, process: Process) -> Iterator[Way]:
        yield from self.runner.step(world, process)
        budget = world.budget
        if budget.crash:
            yield "crash", world._replace(budget=budget.less("crash"), process=None)
        if process.step != "plan":
            if budget.freeze and world.frozen is None:
                frozen = world._replace(process=None, frozen=process)
                label = f"the process freezes before its {process.step}"
                yield label, frozen._replace(budget=budget.less("freeze"))
            if budget.pause:
                for ticks in (1, self.setting.pause):
                    later = world.server.at(world.server.now + ticks)
                    less = world._replace(budget=budget.less("pause"), server=later)
                    yield f"{ticks} ticks pass before its {process.step}", less
        elif budget.backup:
            kept = world._replace(budget=budget.less("backup"), backup=world.disk)
            yield "a backup of the directory is made", kept

    def _without_process(self, world: World) -> Iterator[Way]:
        budget, server, disk = world.budget, world.server, world.disk
        yield "start", self._started(world, 0)
        if budget.other_key:
            less = world._replace(budget=budget.less("other_key"))
            yield "start with the key of another workspace", self._started(less, 1)
        if budget.cancel:
            less = world._replace(budget=budget.less("cancel"))
            started = self._started(less, 0)
            job = started.disk.job.after(happened.CancelAsked())
            canceling = started._replace(disk=started.disk._replace(job=job))
            yield "start with job.cancel", canceling
        if budget.down:
            less = world._replace(budget=budget.less("down"))
            for ticks in (1, self.setting.pause):
                yield f"{ticks} ticks pass", less._replace(server=server.at(server.now + ticks))
        if budget.month:
            less = world._replace(budget=budget.less("month"))
            for listed in (True, False):
                later = server.month_later(MONTH, listed=listed)
                label = "a month passes" + ", list shows no old batch" * (not listed)
                yield label, less._replace(server=later)
        if budget.lose_journal:
            job = journal.rebuilt(begun(self.setting), disk.mirror)
            less = world._replace(budget=budget.less("lose_journal"))
            yield "the journal is lost and rebuilt", less._replace(disk=disk._replace(job=job))
        if world.backup is not None and world.frozen is None and _is_quiet(server):
            later = server.at(server.now + 1)
            restored = world._replace(disk=world.backup, backup=None, server=later)
            yield "the backup is restored", restored

    def _after_the_end(self, world: World) -> Iterator[Way]:
        budget = world.budget
        if world.ended == "another_workspace" and self.setting.headers:
            yield "the job is run once more", world._replace(ended=None)
        elif budget.again:
            less = budget.less("again")
            yield "the job is run once more", world._replace(budget=less, ended=None)

    def _started(self, world: World, key: int) -> World:
        frozen = world.frozen
        if frozen is not None:
            frozen = frozen._replace(current=False)
        disk = world.disk._replace(job=journal.reopened(world.disk.job))
        return world._replace(disk=disk, process=Process(key), frozen=frozen)


def begun(setting: Setting) -> journal.Job:
    """Return the job as it is once its input has been read."""
    place = place_of(0, headers=setting.headers)
    return journal.begin(setting.parts, setting.rules, seconds(0), place)


def _is_quiet(server: Server) -> bool:
    """Whether restoring a backup takes longer than a create takes to show in list."""
    return not server.coming and all(batch.listed <= server.now for batch in server.batches)


def model(setting: Setting, without: frozenset[str] = frozenset()) -> Model[World]:
    """Return what the search explores: one job in *setting*."""
    disk = Directory(begun(setting))
    start = World(Server(), disk, setting.budget, Process(0))
    moves = Moves(Runner(setting, without), setting)
    return Model(start, moves.ways, Invariants(setting).fault, lambda world: world.ended)
