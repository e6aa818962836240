"""Creating a batch of 100,000 requests of 2.5 KB, from a list and from a generator; checking as many."""

from __future__ import annotations

from pathlib import Path

from benchmarks import _data
from benchmarks._bench import Bench, Case, Runs
from benchmarks._report import Goal, Outcome, Table, megabytes, seconds, spread, times

from ._names import FAST, SDK, STDLIB

_GENERATOR = ", from a generator"


def create(bench: Bench) -> Outcome:
    """Create from a list and from a generator over a file."""
    count = bench.sized(100_000, 20_000)
    target, size = _written(bench, count)
    warm_up, _ = _written(bench, 10)
    contestants = {
        STDLIB: ("ours_list", False),
        FAST: ("ours_list", True),
        SDK: ("sdk_list", True),
        STDLIB + _GENERATOR: ("ours_generator", False),
        FAST + _GENERATOR: ("ours_generator", True),
        SDK + _GENERATOR: ("sdk_generator", True),
    }
    cases = {
        name: Case(
            f"creating.{contestant}",
            target,
            {"requests": count},
            ask="/received",
            warm_up=warm_up,
            orjson=orjson,
        )
        for name, (contestant, orjson) in contestants.items()
    }
    with bench.server() as server:
        runs = bench.run("create", server, cases, bench.rounds(3))
    return Outcome([_create_table(runs, count, size)], _create_goals(runs))


def _written(bench: Bench, count: int) -> tuple[str, int]:
    path = Path(bench.folder, f"requests-{count}.jsonl")
    if not path.exists():
        with path.open("wb") as file:
            _data.write_requests(file, count)
    return str(path), path.stat().st_size


def _create_table(runs: Runs, count: int, size: int) -> Table:
    lines = [
        [
            name,
            seconds(runs.median(name)),
            spread(runs.spread(name)),
            times(runs.ratio(SDK + _GENERATOR * name.endswith(_GENERATOR), name)),
            megabytes(runs.median(name, "growth")),
            megabytes(runs.median(name, "peak")),
        ]
        for name in runs.samples
    ]
    head = ["", "time", "spread", "speed of SDK's", "memory grew", "memory in all"]
    return Table(f"Creating a batch of {count:,} requests, {megabytes(size)}", head, lines)


def _create_goals(runs: Runs) -> list[Goal]:
    generators = [STDLIB + _GENERATOR, FAST + _GENERATOR]
    return [
        Goal("create", f"{STDLIB} over {SDK}, speed", runs.ratio(SDK, STDLIB), 4, at_least=True),
        Goal("create", f"{FAST} over {SDK}, speed", runs.ratio(SDK, FAST), 12, at_least=True),
        Goal(
            "create",
            f"{STDLIB}, memory above the list",
            runs.median(STDLIB, "growth") / 1e6,
            20,
            form="{:.1f} MB",
        ),
        *(
            Goal(
                "create",
                f"{name} over {SDK}'s, speed",
                runs.ratio(SDK + _GENERATOR, name),
                3,
                at_least=True,
            )
            for name in generators
        ),
        *(
            Goal(
                "create",
                f"{name}, memory in all",
                runs.median(name, "peak") / 1e6,
                40,
                form="{:.1f} MB",
            )
            for name in generators
        ),
    ]


def checking(bench: Bench) -> Outcome:
    """Look for problems in a list of requests, and split it."""
    count = bench.sized(100_000, 20_000)
    target, size = _written(bench, count)
    tasks = {
        "validate.problems": ("problems", {"problems": 0}),
        "split.chunks": ("chunks", {"requests": count}),
    }
    cases = {
        f"{name}, {task}": Case(f"creating.{contestant}", target, expected, orjson=orjson)
        for task, (contestant, expected) in tasks.items()
        for name, orjson in ((STDLIB, False), (FAST, True))
    }
    with bench.server() as server:
        runs = bench.run("checking", server, cases, bench.rounds(3))
    pace = {name: size / 1e9 / runs.median(name) * 60 for name in cases}
    lines = [
        [name, seconds(runs.median(name)), spread(runs.spread(name)), f"{pace[name]:.1f}"]
        for name in cases
    ]
    table = Table(
        f"Checking {count:,} requests, {megabytes(size)}",
        ["", "time", "spread", "GB a minute"],
        lines,
    )
    goals = [
        Goal("checking", f"{name}, GB a minute", pace[name], 1, at_least=True, form="{:.1f}")
        for name in cases
    ]
    return Outcome([table], goals)
