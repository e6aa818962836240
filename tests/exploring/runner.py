"""The abstract runner: what one process does next, and every way in which the world can answer.

It takes the actions of the real planner. A step is either one exchange with the server or one
commit to the disk, so that a process can die, freeze or pause between any two of them. The first
way of each step is the one without faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

from anthropix_py.job import _happened as happened
from anthropix_py.job import _plan
from anthropix_py.job._happened import Event

from . import journal
from . import rows as _rows
from .answers import Answers
from .journal import Found, GivenUp, Intent, Line
from .world import Process, Setting, World, seconds, tick

Way = tuple[str, World]

INTENT_LATE = "intent before the first byte"
NO_MIRROR = "intent in the mirror"
NO_EPOCH = "epoch"
NO_COUNT = "rows are counted before they are sent"


class Sending(NamedTuple):
    """An attempt whose intent is being written, or whose POST comes next."""

    intent: Intent
    outcome: Event | None = None


class Runner(NamedTuple):
    """What runs a job in a setting. `without` names rules of the runner that are taken away."""

    setting: Setting
    without: frozenset[str] = frozenset()

    def step(self, world: World, process: Process) -> Iterator[Way]:
        """Yield each way in which *process* takes its next step."""
        if not process.current and NO_EPOCH not in self.without:
            label = f"another process has taken over: no {process.step}"
            yield label, world._replace(process=None)
            return
        held = process.held
        if process.step == "plan" and not process.current:
            yield "it has done harm enough", world._replace(process=None)
        elif process.step == "plan":
            yield from self._next(world, process)
        elif isinstance(held, Sending):
            yield from self._send(world, process, held)
        elif isinstance(held, tuple) and process.step == "note":
            lines: tuple[Line, ...] = held
            disk = world.disk._replace(mirror=world.disk.mirror + lines)
            yield "the mirror has it too", _at(world._replace(disk=disk), process)
        else:
            yield self._committed(world, process, held)

    def _next(self, world: World, process: Process) -> Iterator[Way]:
        actions = _plan.plan(world.disk.job.view, seconds(world.server.now))
        for action in actions if self.setting.any_order else actions[:1]:
            yield from self._do(world, process, action)

    def _do(self, world: World, process: Process, action: _plan.Action) -> Iterator[Way]:
        answers = Answers(self.setting, world, process.key)
        match action:
            case _plan.Send(number) if self._is_answered_in_part(world, number):
                # by another batch: what is left goes into another attempt
                label = f"attempt {number} has rows that are answered"
                yield label, _at(world, process, "commit", _plan.Drop(number))
            case _plan.Send(number):
                first = "post" if INTENT_LATE in self.without else "mirror"
                intent = _intent(world, self.setting, number)
                yield f"send attempt {number}", _at(world, process, first, Sending(intent))
            case _plan.Wait(until):
                yield from _wait(world, max(world.server.now + 1, tick(until)), self.setting)
            case _plan.Stop(reason):
                yield f"stop: {reason}", world._replace(process=None, ended=reason)
            case _plan.Finish():
                yield "finish", world._replace(process=None, ended="done")
            case _:
                for label, after, event in answers.to(action):
                    if event is None:
                        yield label, _at(after, process)
                    else:
                        yield label, _at(after, process, "commit", event)

    def _is_answered_in_part(self, world: World, number: int) -> bool:
        job = world.disk.job
        if NO_COUNT in self.without:
            return False
        return len(_rows.held(job.rows, number)) != job.attempt(number).size

    # -- sending -------------------------------------------------------------------------------

    def _send(self, world: World, process: Process, held: Sending) -> Iterator[Way]:
        intent, outcome = held
        number = intent.number
        if process.step == "mirror":
            disk = world.disk
            if NO_MIRROR not in self.without:
                disk = disk._replace(mirror=(*disk.mirror, intent))
            noted = world._replace(disk=disk)
            yield f"intent of {number} into the mirror", _at(noted, process, "commit", held)
        elif process.step == "commit":
            job = world.disk.job
            if process.current:
                job = job.after(happened.Intended(number, intent.at))
            after = world._replace(disk=world.disk._replace(job=job))
            following = _at(after, process, "post", held)
            if outcome is not None:
                following = _at(after, process, "commit", outcome)
            yield f"intent of {number} into the journal", following
        else:
            yield from self._post(world, process, intent)

    def _post(self, world: World, process: Process, intent: Intent) -> Iterator[Way]:
        answers = Answers(self.setting, world, process.key)
        for label, after, event in answers.to_post(intent):
            if event is None:
                # died in the middle of it
                yield label, after._replace(process=None)
            elif INTENT_LATE in self.without:
                yield label, _at(after, process, "mirror", Sending(intent, event))
            else:
                yield label, _at(after, process, "commit", event)

    # -- commits -------------------------------------------------------------------------------

    def _committed(self, world: World, process: Process, event: object) -> Way:
        name = type(event).__name__
        job = self._applied(world, event) if process.current else world.disk.job
        after = world._replace(disk=world.disk._replace(job=job))
        lines = _noted(event, job, seconds(world.server.now))
        if lines:
            return f"commit {name}", _at(after, process, "note", lines)
        return f"commit {name}", _at(after, process)

    def _applied(self, world: World, event: object) -> journal.Job:
        """Return the job after *event*, or after an action that is all about rows."""
        job, at = world.disk.job, seconds(world.server.now)
        most = self.setting.attempts
        match event:
            case _plan.Replace(number):
                return journal.replaced(job, number, at)
            case _plan.Retry():
                return journal.retried(job, at)
            case _plan.Drop(number):
                return journal.dropped(job, number)
            case _plan.GiveUp(number):
                return journal.given_up(job, number, at)
            case _plan.Lose(number):
                return journal.lost(job, number, most)
            case _plan.Collect(number):
                batch = world.server.find(job.attempt(number).batch or "")
                return journal.collected(job, number, batch, most)
            case _:
                return job.after(cast(Event, event))


def _wait(world: World, until: int, setting: Setting) -> Iterator[Way]:
    server = world.server
    yield f"wait until {until}", world._replace(server=server.at(until))
    if world.budget.nap:
        slept = server.sleeping(setting.pause)
        after = world._replace(server=slept, budget=world.budget.less("nap"))
        yield f"the machine sleeps until {slept.now}", after


def _intent(world: World, setting: Setting, number: int) -> Intent:
    attempt = world.disk.job.attempt(number)
    rows = None
    if number > len(setting.parts):
        rows = _rows.held(world.disk.job.rows, number)
    return Intent(number, attempt.size, rows, attempt.instead_of, seconds(world.server.now))


def _noted(event: object, job: journal.Job, at: float) -> tuple[Line, ...]:
    """Return the lines that the mirror gets after *event* is in the journal."""
    if isinstance(event, happened.Created):
        return (Found(event.number, job.attempt(event.number).wire, event.batch),)
    if isinstance(event, happened.Found):
        holders = [one for one in job.view.attempts if one.batch == event.batch]
        return tuple(Found(one.number, one.wire, event.batch) for one in holders)
    if isinstance(event, _plan.GiveUp):
        return (GivenUp(event.number, at),)
    return ()


def _at(world: World, process: Process, step: str = "plan", held: object = None) -> World:
    return world._replace(process=process._replace(step=step, held=held))
