"""Reading results: one row at a time, rows of many megabytes, all in a list, all in a file."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks._bench import FAST, OURS, SDK, STDLIB, Bench, Case
from benchmarks._bodies import HELD
from benchmarks._report import Goal, Outcome, Table, faster, memory, runs_table, times, within
from benchmarks._runs import Runs

_OURS = {STDLIB: "ours", FAST: "ours"}
_WITH_SDK = {**_OURS, SDK: "sdk"}
_ALL = {
    **_WITH_SDK,
    "httpx": "httpx",
    "urllib3": "urllib3 64",
    "raw socket + json": "raw json",
    "raw socket + orjson": "raw orjson",
    "the wire": "wire",
}
_CHUNKS = (", chunks of 16 KiB", ", a chunk a row")
# What is added to a contestant's name: the variant of the body, over TLS or not, and who reads it.
_STREAMING = {
    "": ("counted", False, _ALL),
    ", gzip": ("gzip", False, _WITH_SDK),
    _CHUNKS[0]: ("chunked", False, _OURS),
    _CHUNKS[1]: ("apiece", False, _OURS),
    ", TLS": ("counted", True, {**_OURS, "urllib3": "urllib3 256"}),
}
# How the rows arrive: the variant of the body, and over TLS or not.
_WAYS = {
    "plain": ("plain", False),
    "chunked": ("chunked", False),
    "gzip": ("gzip", False),
    "TLS": ("plain", True),
    "TLS, chunked": ("chunked", True),
}


def reading_case(
    bench: Bench, contestant: str, target: str, times: int = 1, *, tls: bool = False
) -> Case:
    """Return the case of reading *target* that many times, after ten rows as a warm-up."""
    expected = {name: value * times for name, value in bench.server.facts(target).items()}
    variant = target.split("-")[2] if target.startswith("rows-") else "counted"
    warm_up = f"rows-10-{variant}"
    return Case(f"reading.{contestant}", target, expected, "", warm_up, tls, times)


def streaming(bench: Bench) -> Outcome:
    """Stream rows of 2 KB: with a length, as gzip, in chunks, over TLS."""
    rows = bench.sized(100_000, 20_000)
    cases = {
        name + way: reading_case(bench, contestant, f"rows-{rows}-{variant}", tls=tls)
        for way, (variant, tls, contestants) in _STREAMING.items()
        for name, contestant in contestants.items()
    }
    runs = bench.run(cases, bench.rounds(4))
    goals = [
        faster(runs, STDLIB, SDK, 6),
        faster(runs, FAST, SDK, 14),
        faster(runs, STDLIB, "raw socket + json", 1),
        faster(runs, FAST, "raw socket + orjson", 1),
        faster(runs, f"{STDLIB}, gzip", f"{SDK}, gzip", 4),
        faster(runs, f"{FAST}, gzip", f"{SDK}, gzip", 6),
        *(within(runs, name + way, name, 1.1) for way in _CHUNKS for name in OURS),
        *(memory(f"{name}, memory", runs.median(name, "growth"), 4) for name in OURS),
    ]

    def speed(name: str) -> str:
        return times(runs.ratio(SDK + "".join(name.partition(",")[1:]), name))

    title = f"Streaming {rows:,} rows of 2 KB"
    return Outcome([runs_table(title, runs, {"speed of SDK's": speed})], goals)


def promptness(bench: Bench) -> Outcome:
    """See whether a row is handed over before the next arrives, which the server holds back."""
    contestants = {**_WITH_SDK, "httpx": "httpx"}
    cases = {
        f"{name}: {way}": Case(f"reading.{contestant}", f"held-{variant}", {"rows": HELD}, tls=tls)
        for name, contestant in contestants.items()
        for way, (variant, tls) in _WAYS.items()
    }
    runs = bench.run(cases, 1)
    found: dict[str, dict[str, bool]] = {}
    for case in runs.samples:
        name, _, way = case.partition(": ")
        found.setdefault(name, {})[way] = runs.median(case, "prompt") == HELD - 1
    words = {True: "yes", False: "no"}
    lines = [[name, *(words[ways[way]] for way in _WAYS)] for name, ways in found.items()]
    text = "ways in which rows arrive at once"
    goals = [
        Goal(f"{name}, {text}", sum(found[name].values()), len(_WAYS), at_least=True, form="{:.0f}")
        for name in OURS
    ]
    return Outcome([Table("Rows handed over at once", ["", *_WAYS], lines)], goals)


def long_rows(bench: Bench) -> Outcome:
    """Read a single row of 1, 10 and 50 MB."""
    contestants = {**_OURS, "raw socket + json": "raw json"}
    cases = {
        f"{name}, {size} MB": reading_case(bench, contestant, f"long-{size}000000")
        for size in (1, 10, 50)
        for name, contestant in contestants.items()
    }
    # Of the SDK only the shortest: it needs a minute for 4 MB.
    cases[f"{SDK}, 1 MB"] = reading_case(bench, "sdk", "long-1000000")
    runs = bench.run(cases, bench.rounds(3))
    goals = []
    for name in OURS:
        ten = f"{name}, 10 MB"
        goals.append(Goal(f"{name}, a row of 10 MB", runs.median(ten), 0.15, form="{:.2f} s"))
        goals.append(within(runs, f"{name}, 50 MB", ten, 10))
    return Outcome([runs_table("One long row", runs)], goals)


def whole(bench: Bench) -> Outcome:
    """Read all rows into a list, and compare the memory with that of the rows."""
    raw = "raw socket + json"
    contestants = {STDLIB: "ours list", FAST: "ours list", raw: "raw_list json"}
    rows, runs = _run(bench, contestants, bench.rounds(3))
    text = "over json.loads of every line, memory"
    goals = [Goal(f"{name} {text}", runs.ratio(name, raw, "growth"), 1.1) for name in OURS]
    return Outcome([runs_table(f"A list of {rows:,} rows", runs)], goals)


def download(bench: Bench) -> Outcome:
    """Write all rows to a file."""
    peers = {"raw socket to a file": "raw_file", "the wire": "wire"}
    contestants = {STDLIB: "ours_download", FAST: "ours_download", **peers}
    rows, runs = _run(bench, contestants, bench.rounds(5))
    goals = [faster(runs, name, peer, 0.5) for name in OURS for peer in peers]
    return Outcome([runs_table(f"A file of {rows:,} rows", runs)], goals)


def _run(bench: Bench, contestants: Mapping[str, str], rounds: int) -> tuple[int, Runs]:
    """Have each contestant read the same rows; return how many, and the samples."""
    rows = bench.sized(100_000, 20_000)
    cases = {
        name: reading_case(bench, contestant, f"rows-{rows}-counted")
        for name, contestant in contestants.items()
    }
    return rows, bench.run(cases, rounds)
