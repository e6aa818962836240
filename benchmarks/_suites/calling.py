"""Small calls on a warm connection."""

from __future__ import annotations

from benchmarks._bench import FAST, OURS, SDK, STDLIB, Bench, Case
from benchmarks._bodies import LISTED
from benchmarks._report import Goal, Outcome, faster, runs_table, times, within

_CONTESTANTS = {
    STDLIB: "ours",
    FAST: "ours",
    SDK: "sdk",
    "httpx": "httpx",
    "urllib3 + json": "urllib3 json",
    "urllib3 + orjson": "urllib3 orjson",
    "raw socket + json": "raw",
}
_PAGE = 100


def show(bench: Bench) -> Outcome:
    """Show one batch again and again; list many, and count the requests that takes."""
    calls = bench.sized(1_000, 300)
    cases = {
        name: Case(f"calling.{contestant}", "one", {"calls": calls}, "", "one", number=calls)
        for name, contestant in _CONTESTANTS.items()
    }
    runs = bench.run(cases, bench.rounds(7, 5))
    pages = Case("calling.ours_pages", "", {"batches": LISTED}, number=_PAGE)
    listed = bench.run({"pages of ours": pages}, 1).median("pages of ours", "requests")
    text = f"requests for {LISTED:,} batches, {_PAGE} a page"
    goals = [
        within(runs, STDLIB, "urllib3 + json", 1.3),
        within(runs, FAST, "urllib3 + orjson", 1.3),
        *(faster(runs, name, SDK, 2.2) for name in OURS),
        Goal(text, listed, LISTED / _PAGE, form="{:.0f}"),
    ]
    title = f"A show on a warm connection, of {calls:,}"
    table = runs_table(title, runs, {"speed of SDK's": lambda name: times(runs.ratio(SDK, name))})
    return Outcome([table], goals)
