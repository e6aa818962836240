"""Creating a batch from a list and from a generator, and checking its requests, of each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks._bench import FAST, OURS, SDK, STDLIB, Bench, Case
from benchmarks._data import KINDS, write_requests
from benchmarks._report import (
    Goal,
    Outcome,
    Table,
    faster,
    megabytes,
    memory,
    runs_table,
    times,
    within,
)
from benchmarks._runs import Runs

_MAIN = "many scripts"
# Requests in full and in quick runs.
_COUNTS = {_MAIN: (100_000, 15_000), "an image": (1_000, 100)}
_OTHERS = (30_000, 5_000)

_GENERATOR = ", generator"
_JSON, _ORJSON = "json alone", "orjson alone"
_CREATING = {
    STDLIB: "from_list ours",
    FAST: "from_list ours",
    SDK: "from_list sdk",
    _JSON: "from_list json",
    _ORJSON: "from_list orjson",
    STDLIB + _GENERATOR: "from_generator ours",
    FAST + _GENERATOR: "from_generator ours",
    SDK + _GENERATOR: "from_generator sdk",
}
_CHECKING = {
    f"{STDLIB}, validate.problems": "problems",
    f"{FAST}, validate.problems": "problems",
    f"{STDLIB}, split.chunks": "chunks",
    f"{FAST}, split.chunks": "chunks",
    _JSON: "encode json",
    _ORJSON: "encode orjson",
}


def create(bench: Bench) -> Outcome:
    """Create from a list and from a generator over a file."""
    outcome = Outcome([], [])
    for kind in KINDS:
        count, path = _written(bench, kind)
        warm_up = str(_file(bench, kind, 10))
        cases = {
            f"{kind}: {name}": Case(
                f"creating.{contestant}", str(path), {"requests": count}, "/received", warm_up
            )
            for name, contestant in _CREATING.items()
        }
        runs = bench.run(cases, bench.rounds(3, 2))
        outcome.tables.append(_table("Creating", count, path, runs))
        if kind == _MAIN:
            outcome.goals.extend(_main_goals(runs))
        else:
            outcome.goals.extend(_goals(runs, kind))
    return outcome


def checking(bench: Bench) -> Outcome:
    """Look for problems in a list of requests, and split it; beside encoding them and no more."""
    outcome = Outcome([], [])
    for kind in KINDS:
        count, path = _written(bench, kind)
        expected = {"problems": 0, "requests": count}
        cases = {
            f"{kind}: {name}": Case(f"creating.{contestant}", str(path), expected)
            for name, contestant in _CHECKING.items()
        }
        runs = bench.run(cases, bench.rounds(3, 2))
        outcome.tables.append(_table("Checking", count, path, runs))
        gigabytes = path.stat().st_size / 1e9
        for name in filter(_limit, cases):
            pace = gigabytes / runs.median(name) * 60
            text = f"{name}, GB a minute"
            outcome.goals.append(Goal(text, pace, 1, at_least=True, form="{:.1f}"))
    return outcome


def _sdk(name: str) -> str:
    """Return the name of the official SDK's case: of the same kind, from a list or a generator."""
    kind, _, contestant = name.partition(": ")
    return f"{kind}: {SDK}" + "".join(contestant.partition(",")[1:])


def _limit(name: str) -> str:
    """Return the name of the case that only encodes with the JSON library of *name*, or nothing."""
    kind, _, contestant = name.partition(": ")
    for mark, limit in (("(stdlib)", _JSON), ("(fast)", _ORJSON)):
        if mark in contestant:
            return f"{kind}: {limit}"
    return ""


def _table(doing: str, count: int, path: Path, runs: Runs) -> Table:
    title = f"{doing} {count:,} requests, {megabytes(path.stat().st_size)}"
    columns: dict[str, Callable[[str], str]] = {
        "speed of SDK's": lambda name: times(runs.ratio(_sdk(name), name)),
        "time over JSON alone": lambda name: times(runs.ratio(name, _limit(name))),
    }
    return runs_table(title, runs, columns)


def _written(bench: Bench, kind: str) -> tuple[int, Path]:
    count = bench.sized(*_COUNTS.get(kind, _OTHERS))
    return count, _file(bench, kind, count)


def _file(bench: Bench, kind: str, count: int) -> Path:
    path = Path(bench.folder, f"{kind}-{count}.jsonl")
    if not path.exists():
        write_requests(path, kind, count)
    return path


def _main_goals(runs: Runs) -> list[Goal]:
    stdlib, fast = (f"{_MAIN}: {name}" for name in OURS)
    generators = [f"{_MAIN}: {name}{_GENERATOR}" for name in OURS]
    return [
        faster(runs, stdlib, _sdk(stdlib), 4),
        faster(runs, fast, _sdk(fast), 12),
        memory(f"{stdlib}, memory above the list", runs.median(stdlib, "growth"), 20),
        *(faster(runs, name, _sdk(name), 3) for name in generators),
        *(memory(f"{name}, memory in all", runs.median(name, "peak"), 40) for name in generators),
    ]


def _goals(runs: Runs, kind: str) -> list[Goal]:
    ours = [f"{kind}: {name}" for name in OURS]
    return [
        *(faster(runs, name, _sdk(name), 2) for name in ours),
        *(within(runs, name, _limit(name), 3) for name in ours),
    ]
