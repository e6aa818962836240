"""From 1,000 to a million rows, and eight streams at once: what a row costs must not grow."""

from __future__ import annotations

from benchmarks._bench import OURS, Bench
from benchmarks._report import Goal, Outcome, memory, runs_table, within
from benchmarks._runs import Runs

from .reading import reading_case

_STREAMS = 8
_WAYS = {"eight at once": "ours_times at once", "eight in turn": "ours_times in turn"}


def scaling(bench: Bench) -> Outcome:
    """Stream ever more rows, then eight bodies at once and in turn."""
    sizes = [1_000, 10_000, bench.sized(100_000, 50_000), bench.sized(1_000_000, 200_000)]
    cases = {
        _sized(name, size): reading_case(bench, "ours", f"rows-{size}-counted")
        for size in sizes
        for name in OURS
    }
    runs = bench.run(cases, bench.rounds(3))
    streams = {
        f"{name}, {way}": reading_case(bench, contestant, "rows-10000-counted", _STREAMS)
        for name in OURS
        for way, contestant in _WAYS.items()
    }
    together = bench.run(streams, bench.rounds(5))
    title = "Eight streams of 10,000 rows, over one client"
    goals = [goal for name in OURS for goal in _goals(runs, name, sizes[1:])]
    for name in OURS:
        at_once, in_turn = (f"{name}, {way}" for way in _WAYS)
        goals.append(within(together, at_once, in_turn, 1.1))
    tables = [runs_table("Streaming ever more rows", runs), runs_table(title, together)]
    return Outcome(tables, goals)


def _sized(name: str, size: int) -> str:
    return f"{name}, {size:,} rows"


def _goals(runs: Runs, name: str, sizes: list[int]) -> list[Goal]:
    few, many, most = sizes
    a_row = runs.ratio(_sized(name, most), _sized(name, few)) * few / most
    grew = [runs.median(_sized(name, size), "growth") for size in (many, most)]
    beyond = (grew[1] - grew[0]) / (most - many)
    return [
        Goal(f"{name}, time a row, {most:,} rows over {few:,}", a_row, 1.1),
        memory(f"{name}, memory for {many:,} rows", grew[0], 4),
        Goal(f"{name}, memory a row beyond", beyond, 8, form="{:.1f} bytes"),
    ]
