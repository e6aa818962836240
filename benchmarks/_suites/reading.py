"""Results in other shapes: rows of many megabytes, all rows in a list, all rows in a file."""

from __future__ import annotations

from benchmarks._bench import Bench, Case, Runs, Server
from benchmarks._report import Goal, Outcome, Table, megabytes, seconds, spread

from ._names import FAST, OURS, SDK, STDLIB

_RAW = "raw socket + json"
_TO_FILE = "raw socket to a file"
_WIRE = "the wire"


def long_rows(bench: Bench) -> Outcome:
    """Read a single row of 1, 10 and 50 MB."""
    sizes = [1_000_000, 10_000_000, 50_000_000]
    contestants = {STDLIB: ("ours", False), FAST: ("ours", True), _RAW: ("raw_json", True)}
    with bench.server() as server:
        cases = {
            f"{name}, {size // 1_000_000} MB": _case(
                server, contestant, f"long-{size}", orjson=orjson
            )
            for size in sizes
            for name, (contestant, orjson) in contestants.items()
        }
        cases[f"{SDK}, 1 MB"] = _case(server, "sdk", f"long-{sizes[0]}")  # of which 4 take a minute
        runs = bench.run("long", server, cases, bench.rounds(3))
    goals = [
        goal
        for name in OURS
        for goal in (
            Goal(
                "long",
                f"{name}, a row of 10 MB",
                runs.median(f"{name}, 10 MB"),
                0.15,
                form="{:.2f} s",
            ),
            Goal(
                "long",
                f"{name}, 50 MB over 10 MB, time",
                runs.ratio(f"{name}, 50 MB", f"{name}, 10 MB"),
                10,
            ),
        )
    ]
    return Outcome([_table("One long row", runs)], goals)


def _run(
    bench: Bench, suite: str, contestants: dict[str, tuple[str, bool]], rounds: int
) -> tuple[int, Runs]:
    """Have each contestant, with orjson or without, read the same rows; give how many, and the samples."""
    rows = bench.sized(100_000, 20_000)
    with bench.server() as server:
        cases = {
            name: _case(server, contestant, f"rows-{rows}-counted", orjson=orjson)
            for name, (contestant, orjson) in contestants.items()
        }
        return rows, bench.run(suite, server, cases, rounds)


def whole(bench: Bench) -> Outcome:
    """Read all rows into a list, and compare the memory with that of the rows."""
    contestants = {
        STDLIB: ("ours_whole", False),
        FAST: ("ours_whole", True),
        _RAW: ("raw_whole", True),
    }
    rows, runs = _run(bench, "whole", contestants, bench.rounds(3))
    goals = [
        Goal(
            "whole",
            f"{name} over json.loads of every line, memory",
            runs.ratio(name, _RAW, "growth"),
            1.1,
        )
        for name in OURS
    ]
    return Outcome([_table(f"A list of {rows:,} rows", runs)], goals)


def download(bench: Bench) -> Outcome:
    """Write all rows to a file."""
    contestants = {
        STDLIB: ("ours_download", False),
        FAST: ("ours_download", True),
        _TO_FILE: ("raw_file", True),
        _WIRE: ("wire", True),
    }
    rows, runs = _run(bench, "download", contestants, bench.rounds(5))
    goals = [
        Goal("download", f"{name} over {other}, speed", runs.ratio(other, name), 0.5, at_least=True)
        for name in OURS
        for other in (_WIRE, _TO_FILE)
    ]
    return Outcome([_table(f"A file of {rows:,} rows", runs)], goals)


def _case(server: Server, contestant: str, target: str, *, orjson: bool = True) -> Case:
    return Case(
        f"reading.{contestant}",
        target,
        server.facts(target),
        warm_up="rows-10-counted",
        orjson=orjson,
    )


def _table(title: str, runs: Runs) -> Table:
    lines = [
        [
            name,
            seconds(runs.median(name)),
            spread(runs.spread(name)),
            megabytes(runs.median(name, "growth")),
        ]
        for name in runs.samples
    ]
    return Table(title, ["", "time", "spread", "memory grew"], lines)
