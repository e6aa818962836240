"""A durable job beside the same calls without a journal: time, and memory that must not grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from benchmarks._batches import serving
from benchmarks._bench import CORES, FAST, STDLIB, Bench, Case
from benchmarks._job import Counted
from benchmarks._report import Goal, Outcome, memory, runs_table, times, within
from benchmarks._runs import Runs

_FEW = 10_000
_SERVERS = {"emulator": (FAST,), "scripted": (FAST, STDLIB)}
_JOB, _PLAIN = "job", "no journal"
_CONTESTANTS = {_JOB: "jobs.journaled", _PLAIN: "jobs.plain"}
# A folder holds one job.
_WARM_UP = {_JOB: "", _PLAIN: "10"}


class _Run(NamedTuple):
    """So many requests in batches of *size*, with a journal or without one."""

    package: str
    way: str
    requests: int
    size: int

    @property
    def name(self) -> str:
        return f"{self.package}, {self.way}, {self.requests:,} by {self.size:,}"

    @property
    def peer(self) -> str:
        """Return the name of the same run without a journal."""
        return self._replace(way=_PLAIN).name

    def task(self, bench: Bench, server: str) -> Callable[[str], Counted]:
        """Return what runs it once, against a server that knows no batch yet."""
        case = Case(
            _CONTESTANTS[self.way],
            str(self.requests),
            {"rows": self.requests},
            warm_up=_WARM_UP[self.way],
            number=self.size,
        )

        def run(name: str) -> Counted:
            with serving(server, CORES[0], bench.folder) as url:
                return bench.sample(case._replace(url=url), name)

        return run


def job(bench: Bench) -> Outcome:
    """Run a million requests through the emulator, and through a server that is never waited for.

    The emulator checks and serves each request in Python, which takes longer than the job does.
    """
    many = bench.sized(1_000_000, 20_000)
    sizes = (1_000, bench.sized(100_000, 10_000))
    outcome = Outcome([], [])
    for server, packages in _SERVERS.items():
        listed = [
            *(_Run(package, _JOB, _FEW, 1_000) for package in packages),
            *(
                _Run(package, way, many, size)
                for package in packages
                for size in sizes
                for way in _CONTESTANTS
            ),
        ]
        tasks = {f"{server}: {one.name}": one.task(bench, server) for one in listed}
        samples = bench.turns(tasks, bench.rounds(1, 1)).samples
        runs = Runs({name.removeprefix(f"{server}: "): samples[name] for name in samples})
        peers = {one.name: one.peer for one in listed if one.requests == many}

        columns = {
            "over no journal": partial(_over, runs, peers, "seconds"),
            "processor": partial(_over, runs, peers, "cpu"),
        }
        title = f"Requests of 1 KB through the {server} server"
        outcome.tables.append(runs_table(title, runs, columns))
        for one in listed:
            if one.requests == many and one.way == _JOB:
                outcome.goals.extend(_goals(runs, one, server))
    return outcome


def _over(runs: Runs, peers: Mapping[str, str], figure: str, name: str) -> str:
    """Return how much more a run takes than its peer without a journal."""
    if name not in peers:
        return ""
    return times(runs.ratio(name, peers[name], figure))


def _goals(runs: Runs, one: _Run, server: str) -> list[Goal]:
    growth = runs.median(one.name, "growth")
    few = one._replace(requests=_FEW, size=1_000).name
    goal = within(runs, one.name, one.peer, 1.6)
    return [
        goal._replace(text=f"{server}: {goal.text}"),
        memory(f"{server}: {one.name}, memory", growth, 100),
        memory(f"{server}: {one.name}, less {_FEW:,}", growth - runs.median(few, "growth"), 40),
    ]
