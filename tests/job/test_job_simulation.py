"""Simulated jobs: every promise is kept whatever happens, and planted faults are noticed.

`make simulate` plays as many seeds as one likes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from job_faults import Faults, Server, SimulatedDisk
from job_world import World, play, requests
from samples import table

from anthropix_py.job import _plan, _rows, _submit, _survey
from anthropix_py.job._core import Core
from anthropix_py.job._happened import Found, Intended
from anthropix_py.job._rows import Answer
from anthropix_py.job._view import Attempt, View

SEEDS = 240
AT_ONCE = 20  # seeds of one test


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_seeds_keep_every_promise(first: int) -> None:
    assert {seed: play(seed) for seed in range(first, first + AT_ONCE)} == {
        seed: [] for seed in range(first, first + AT_ONCE)
    }


class Scripted(Server):
    """A server whose first creates end as scripted."""

    def __init__(self, world: World, *draws: float) -> None:
        faults = Faults(world.chance)
        # below 0.25: refused; up to 0.5: broke off; up to 0.75: lost
        faults.refused = faults.failed = faults.lost = 0.25
        faults.cut = faults.late = faults.unseen = 0.0
        super().__init__(world.store, world.clock, world.chance, faults)
        self._draws = list(draws)

    def _draw(self) -> float:
        return self._draws.pop(0) if self._draws else 0.9

    def _other(self, request: object) -> object:  # type: ignore[override]
        self.faults.failed = 0.0
        try:
            return super()._other(request)  # type: ignore[arg-type]
        finally:
            self.faults.failed = 0.25


def small_job(*draws: float) -> World:
    """Return a job of five requests in three batches, of which some expire at first."""
    world = World(7, restores=False)
    world.count = 5
    world.requests = requests(5)
    world.policy = world.policy._replace(
        requests_per_batch=2, batches_in_flight=2, max_attempts=3, interval=600.0
    )
    world.troubled = 0.0
    world.server = Scripted(world, *draws)
    return world


SCRIPTS = {
    "nothing goes wrong": (),
    "the first response is lost": (0.7,),
    "refused, broken off, then lost": (0.1, 0.3, 0.7),
}


def play_crashing_at(number: int, draws: tuple[float, ...]) -> tuple[int, list[str]]:
    """Return how many operations a life had that crashes at one of them, and what is wrong."""
    world = small_job(*draws)
    try:
        finished = world.live(number)
        count = world.server.crashes.count
        while not finished:
            world.clock.advance(60.0)
            finished = world.live(None)
        return count, world.faults_found()
    finally:
        world.close()


@table("draws", SCRIPTS)
def test_a_crash_at_every_operation_is_survived(draws: tuple[float, ...]) -> None:
    count, wrong = play_crashing_at(10**9, draws)
    assert wrong == []
    assert count > 60
    assert {
        number: wrong
        for number in range(1, count + 1)
        if (wrong := play_crashing_at(number, draws)[1])
    } == {}


# Planted bugs: (what to replace, with what, a seed that shows it).


def _adopt(core: Core, batch: str) -> None:
    """Take a batch for that of an unknown attempt because of its size."""
    [seen] = [one for one in core.view.sightings if one.batch == batch]
    for one in core.view.having("unknown"):
        if one.size == seen.size:
            core.commit(Found(batch, one.wire))
            return
    core.commit(Found(batch, 1))


def _intend_late(core: Core, number: int) -> object:
    """Send without an intent on disk."""
    from anthropix_py.job._after import after
    from anthropix_py.job._bodies import SentBody

    kept = core.journal.body(number)
    core.view = after(core.view, Intended(number, core.now()))
    return SentBody(core.folder.body(number), kept.bytes, kept.hash, lambda: None)


def _enter_twice(db: sqlite3.Connection, number: int, answer: Answer) -> bool:
    db.execute(
        "UPDATE rows SET attempt = ?, outcome = ?, again = 0, answered = ?, moved = 1"
        " WHERE row = ?",
        (number, answer.outcome, number, answer.row),
    )
    return False


def _give_up_at_once(view: View, attempt: Attempt, now: float) -> bool:
    return not view.candidates(attempt)


def _never_sync(disk: SimulatedDisk, file: object, *, is_named: bool = False) -> None:
    file.flush()  # type: ignore[attr-defined]


PLANTED: dict[str, tuple[object, str, Callable[..., object], range]] = {
    "a batch adopted by its size": (_survey, "read", _adopt, range(10, 20)),
    # rare, because the audit of the next process finds most of these batches
    "no intent before the POST": (_submit, "_intend", _intend_late, range(920, 930)),
    "given up without settling": (_plan, "may_give_up", _give_up_at_once, range(10)),
    "bodies and intents not synced": (SimulatedDisk, "sync", _never_sync, range(5)),
    "a row checked in twice": (_rows, "_enter_late", _enter_twice, range(40, 50)),
}


@table("place, name, bug, seeds", PLANTED)
def test_planted_bugs_are_noticed(
    place: object, name: str, bug: object, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, name, bug)
    assert any(play(seed) for seed in seeds)
