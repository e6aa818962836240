"""The state that is searched: the server, the directory of one job, and the processes that run it.

A process is its next step and what it holds in memory; everything else it knows is in the
directory. `Budget` bounds how often each thing may go wrong, so that the search ends.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from anthropix_py.job._view import Place, Rules

from .journal import Job, Line
from .server import OK, Server

TICK = 150.0  # seconds
_EPOCH = 1_000_000.0  # seconds: tick 0


class Budget(NamedTuple):
    """How often each thing may still happen."""

    crash: int = 0
    lost: int = 0  # answers of a create
    refused: int = 0  # creates
    freeze: int = 0  # a process stops in mid-step while another takes over
    nap: int = 0  # the machine sleeps, with what it was sending
    down: int = 0  # time passes while no process runs
    pause: int = 0  # time passes in the middle of a step
    stranger: int = 0
    vanish: int = 0  # a batch that was seen is deleted by a person
    month: int = 0
    other_key: int = 0
    lose_journal: int = 0
    backup: int = 0
    cut_walk: int = 0
    flicker: int = 0  # a 404 that goes away
    again: int = 0  # the job is run once more after its end
    cancel: int = 0  # the job is run again with job.cancel

    def less(self, name: str) -> Budget:
        return self._replace(**{name: getattr(self, name) - 1})


class Setting(NamedTuple):
    """One configuration: what is run, what may happen, and what the server takes for it."""

    parts: tuple[int, ...] = (1,)  # requests in each
    budget: Budget = Budget()
    late: tuple[int, ...] = (0, 1)  # ticks until a create whose answer is lost takes effect
    hidden: tuple[int, ...] = (0, 1)  # ticks until list shows it
    skew: tuple[int, ...] = (0,)  # ticks by which created_at is behind
    held: tuple[int, ...] = (0,)  # ticks until a POST without an answer is over
    outcomes: tuple[str, ...] = (OK,)
    outage: tuple[int, int] = (0, 0)  # ticks from and before which every POST is refused
    life: int = 2  # ticks that a batch runs at most
    attempts: int = 2
    headers: bool = True  # responses tell the place
    any_order: bool = False  # of the actions that a plan allows; else the first is taken
    stops: tuple[str, ...] = ()  # reasons to stop that have a cause here
    beyond: bool = False  # what the server takes is beyond `settle`: paid twice, but reported
    rules: Rules = Rules()

    @property
    def pause(self) -> int:
        """Return the ticks that outlast `settle`."""
        return int(self.rules.settle / TICK) + 2


class Process(NamedTuple):
    """A process: the key it runs with, and the step it is about to take.

    `current` is whether its epoch is the journal's: no other process has taken over since.
    """

    key: int
    current: bool = True
    step: str = "plan"
    held: Hashable = None


class Directory(NamedTuple):
    """What is on disk."""

    job: Job
    mirror: tuple[Line, ...] = ()


class World(NamedTuple):
    server: Server
    disk: Directory
    budget: Budget
    process: Process | None = None
    frozen: Process | None = None
    backup: Directory | None = None
    ended: str | None = None
    fault: str | None = None


def seconds(tick: int) -> float:
    """Return the server's time at *tick*."""
    return _EPOCH + tick * TICK


def tick(time: float) -> int:
    """Return the first tick that is not before *time*."""
    return -int(-(time - _EPOCH) // TICK)


def place_of(key: int, *, headers: bool) -> Place:
    """Return the place that a response shows to a process with *key*."""
    return Place("here", "us", f"workspace {key}") if headers else Place("here")
