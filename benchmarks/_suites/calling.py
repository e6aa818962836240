"""Small calls on a warm connection."""

from __future__ import annotations

from benchmarks._bench import Bench, Case, Runs
from benchmarks._report import Goal, Outcome, Table, seconds, spread, times

from ._names import FAST, SDK, STDLIB

_SHOW = {
    STDLIB: ("ours", False),
    FAST: ("ours", True),
    SDK: ("sdk", True),
    "httpx": ("httpx_get", True),
    "urllib3 + json": ("urllib3_json", True),
    "urllib3 + orjson": ("urllib3_orjson", True),
    "raw socket + json": ("raw", True),
}
_PAGE = 100
_LISTED = 1_000


def show(bench: Bench) -> Outcome:
    """Show one batch again and again; list many, and count the requests that takes."""
    calls = bench.sized(1_000, 300)
    cases = {
        name: Case(f"calling.{contestant}", "one", {"calls": calls}, orjson=orjson, number=calls)
        for name, (contestant, orjson) in _SHOW.items()
    }
    listing = {
        "listing": Case(
            "calling.ours_pages", "", {"batches": _LISTED}, ask="/requests", number=_PAGE
        )
    }
    with bench.server() as server:
        runs = bench.run("show", server, cases, bench.rounds(7, 5))
        server.ask("/requests")  # from here on they are counted
        listed = bench.run("show", server, listing, 1)
    return Outcome([_table(runs, calls)], [*_goals(runs), _listing(listed)])


def _table(runs: Runs, calls: int) -> Table:
    lines = [
        [
            name,
            seconds(runs.median(name, "call")),
            spread(runs.spread(name, "call")),
            times(runs.ratio(SDK, name, "call")),
        ]
        for name in runs.samples
    ]
    return Table(
        f"A show on a warm connection, of {calls:,}",
        ["", "median", "spread", "speed of SDK's"],
        lines,
    )


def _goals(runs: Runs) -> list[Goal]:
    beside = [(STDLIB, "urllib3 + json"), (FAST, "urllib3 + orjson")]
    return [
        *(
            Goal("show", f"{name} over {other}, time", runs.ratio(name, other, "call"), 1.3)
            for name, other in beside
        ),
        *(
            Goal(
                "show",
                f"{name} over {SDK}, speed",
                runs.ratio(SDK, name, "call"),
                2.2,
                at_least=True,
            )
            for name in (STDLIB, FAST)
        ),
    ]


def _listing(listed: Runs) -> Goal:
    requests = listed.median("listing", "requests")
    return Goal(
        "show",
        f"requests for {_LISTED:,} batches, {_PAGE} a page",
        requests,
        _LISTED / _PAGE,
        form="{:.0f}",
    )
