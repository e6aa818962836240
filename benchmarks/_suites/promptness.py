"""Whether a row is handed over when its newline is there, while the server holds the next one back."""

from __future__ import annotations

from benchmarks._bench import Bench, Case
from benchmarks._bodies import HELD
from benchmarks._report import Goal, Outcome, Table

from ._names import FAST, OURS, SDK, STDLIB

_CONTESTANTS = {
    STDLIB: ("ours", False),
    FAST: ("ours", True),
    SDK: ("sdk", True),
    "httpx": ("httpx_lines", True),
}
_WAYS = {
    "plain": ("plain", False),
    "chunked": ("chunked", False),
    "gzip": ("gzip", False),
    "TLS": ("plain", True),
    "TLS, chunked": ("chunked", True),
}


def promptness(bench: Bench) -> Outcome:
    """Have every contestant read a body that waits for it, once in every way."""
    cases = {
        f"{name}, {way}": Case(
            f"promptness.{contestant}",
            f"held-{kind}",
            {"rows": HELD},
            orjson=orjson,
            tls=tls,
            number=HELD,
        )
        for name, (contestant, orjson) in _CONTESTANTS.items()
        for way, (kind, tls) in _WAYS.items()
    }
    with bench.server() as server:
        runs = bench.run("promptness", server, cases, 1)
    prompt = {name: runs.median(name, "prompt") == HELD - 1 for name in cases}
    lines = [
        [name, *("yes" if prompt[f"{name}, {way}"] else "no" for way in _WAYS)]
        for name in _CONTESTANTS
    ]
    goals = [
        Goal(
            "promptness",
            f"{name}, ways of which rows come at once",
            sum(prompt[f"{name}, {way}"] for way in _WAYS),
            len(_WAYS),
            at_least=True,
            form="{:.0f}",
        )
        for name in OURS
    ]
    return Outcome([Table("Rows handed over at once", ["", *_WAYS], lines)], goals)
