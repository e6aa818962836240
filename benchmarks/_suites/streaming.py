"""100,000 rows of 2 KB, one at a time: counted, as gzip, in chunks, over TLS."""

from __future__ import annotations

from benchmarks._bench import Bench, Case, Runs, Server
from benchmarks._report import Goal, Outcome, Table, megabytes, seconds, spread, times

from ._names import FAST, SDK, STDLIB

_COUNTED = {
    STDLIB: ("ours", False),
    FAST: ("ours", True),
    SDK: ("sdk", True),
    "httpx": ("httpx_lines", True),
    "urllib3": ("urllib3_64k", True),
    "raw socket + json": ("raw_json", True),
    "raw socket + orjson": ("raw_orjson", True),
    "the wire": ("wire", True),
}
_OURS = {STDLIB: ("ours", False), FAST: ("ours", True)}
_WITH_SDK = {**_OURS, SDK: ("sdk", True)}
_TLS = {**_OURS, "urllib3": ("urllib3_256k", True)}
_VARIANTS = {
    "": ("counted", _COUNTED),
    ", gzip": ("gzip", _WITH_SDK),
    ", chunks of 16 KiB": ("chunked", _OURS),
    ", a chunk a row": ("apiece", _OURS),
    ", TLS": ("counted", _TLS),
}


def streaming(bench: Bench) -> Outcome:
    """Stream every variant with its contestants."""
    rows = bench.sized(100_000, 20_000)
    with bench.server() as server:
        cases = {
            name + variant: _case(server, contestant, f"rows-{rows}-{kind}", tls=variant == ", TLS")
            for variant, (kind, contestants) in _VARIANTS.items()
            for name, contestant in contestants.items()
        }
        runs = bench.run("streaming", server, cases, bench.rounds(4))
    return Outcome([_table(runs, rows)], _goals(runs))


def _case(server: Server, contestant: tuple[str, bool], target: str, *, tls: bool) -> Case:
    name, orjson = contestant
    kind = target.rpartition("-")[2]
    return Case(
        f"reading.{name}",
        target,
        server.facts(target),
        warm_up=f"rows-10-{kind}",
        orjson=orjson,
        tls=tls,
    )


def _table(runs: Runs, rows: int) -> Table:
    lines = [
        [
            name,
            seconds(runs.median(name)),
            spread(runs.spread(name)),
            f"{rows / runs.median(name):,.0f}",
            times(runs.ratio(SDK + "".join(name.partition(",")[1:]), name)),
            megabytes(runs.median(name, "growth")),
        ]
        for name in runs.samples
    ]
    head = ["", "time", "spread", "rows/s", "speed of SDK's", "memory grew"]
    return Table(f"Streaming {rows:,} rows of 2 KB", head, lines)


def _goals(runs: Runs) -> list[Goal]:
    def faster(name: str, other: str, bound: float) -> Goal:
        return Goal(
            "streaming",
            f"{name} over {other}, speed",
            runs.ratio(other, name),
            bound,
            at_least=True,
        )

    def slower(name: str, other: str, bound: float) -> Goal:
        return Goal("streaming", f"{name} over {other}, time", runs.ratio(name, other), bound)

    chunks = [
        slower(name + variant, name, 1.1)
        for variant in (", chunks of 16 KiB", ", a chunk a row")
        for name in _OURS
    ]
    memory = [
        Goal("streaming", f"{name}, memory", runs.median(name, "growth") / 1e6, 4, form="{:.1f} MB")
        for name in _OURS
    ]
    return [
        faster(STDLIB, SDK, 6),
        faster(FAST, SDK, 12),
        faster(STDLIB, "raw socket + json", 1),
        faster(FAST, "raw socket + orjson", 0.95),
        faster(f"{STDLIB}, gzip", f"{SDK}, gzip", 4),
        faster(f"{FAST}, gzip", f"{SDK}, gzip", 6),
        *chunks,
        *memory,
    ]
