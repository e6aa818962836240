"""From 1,000 to a million rows, and eight streams at once: what a row costs must not grow with their number."""

from __future__ import annotations

from benchmarks._bench import Bench, Case, Runs
from benchmarks._report import Goal, Outcome, Table, megabytes, seconds, spread

from ._names import FAST, OURS, STDLIB

_ORJSON = {STDLIB: False, FAST: True}
_STREAMS = 8
_STREAM = "rows-10000-counted"
_WARM_UP = "rows-10-counted"
_AT_ONCE, _IN_TURN = ", eight at once", ", eight in turn"


def scaling(bench: Bench) -> Outcome:
    """Stream ever more rows, then eight bodies at once and in turn."""
    sizes = [1_000, 10_000, bench.sized(100_000, 50_000), bench.sized(1_000_000, 200_000)]
    with bench.server() as server:
        cases = {
            _sized(name, size): Case(
                "reading.ours",
                f"rows-{size}-counted",
                server.facts(f"rows-{size}-counted"),
                warm_up=_WARM_UP,
                orjson=orjson,
            )
            for size in sizes
            for name, orjson in _ORJSON.items()
        }
        runs = bench.run("scaling", server, cases, bench.rounds(3))
        expected = {
            name: value * _STREAMS
            for name, value in server.facts(_STREAM).items()
            if name != "bytes"
        }
        streams = {
            name + how: Case(
                f"reading.{contestant}",
                _STREAM,
                expected,
                warm_up=_WARM_UP,
                orjson=orjson,
                number=_STREAMS,
            )
            for name, orjson in _ORJSON.items()
            for how, contestant in ((_AT_ONCE, "ours_at_once"), (_IN_TURN, "ours_in_turn"))
        }
        together = bench.run("scaling", server, streams, bench.rounds(5))
    return Outcome(
        [_table(runs, sizes), _streams_table(together)],
        [*_goals(runs, sizes), *_streams_goals(together)],
    )


def _sized(name: str, size: int) -> str:
    return f"{name}, {size:,} rows"


def _table(runs: Runs, sizes: list[int]) -> Table:
    lines = [
        [
            _sized(name, size),
            seconds(runs.median(_sized(name, size))),
            spread(runs.spread(_sized(name, size))),
            seconds(runs.median(_sized(name, size)) / size),
            megabytes(runs.median(_sized(name, size), "growth")),
        ]
        for name in OURS
        for size in sizes
    ]
    return Table("Streaming ever more rows", ["", "time", "spread", "a row", "memory grew"], lines)


def _streams_table(runs: Runs) -> Table:
    lines = [[name, seconds(runs.median(name)), spread(runs.spread(name))] for name in runs.samples]
    return Table("Eight streams of 10,000 rows, over one client", ["", "time", "spread"], lines)


def _goals(runs: Runs, sizes: list[int]) -> list[Goal]:
    _, few, many, most = sizes
    goals = []
    for name in OURS:
        a_row = runs.ratio(_sized(name, most), _sized(name, few)) * few / most
        grew = [runs.median(_sized(name, size), "growth") for size in (many, most)]
        goals += [
            Goal("scaling", f"{name}, time a row, {most:,} rows over {few:,}", a_row, 1.1),
            Goal(
                "scaling", f"{name}, memory for {many:,} rows", grew[0] / 1e6, 4, form="{:.1f} MB"
            ),
            Goal(
                "scaling",
                f"{name}, memory a row beyond",
                (grew[1] - grew[0]) / (most - many),
                8,
                form="{:.1f} bytes",
            ),
        ]
    return goals


def _streams_goals(runs: Runs) -> list[Goal]:
    return [
        Goal(
            "scaling",
            f"{name}, eight at once over in turn, time",
            runs.ratio(name + _AT_ONCE, name + _IN_TURN),
            1.1,
        )
        for name in OURS
    ]
