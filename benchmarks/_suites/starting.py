"""From the start of the interpreter: the import, and the first response."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from benchmarks._bench import FAST, OURS, SDK, STDLIB, Bench, Broken
from benchmarks._job import Counted
from benchmarks._report import Goal, Outcome, runs_table, seconds, times, within

_BARE = "bare interpreter"
_IMPORT = "import, "
_FIRST = "first response, "
_URLLIB3 = "urllib3 + json"
_HIDE = "import sys; sys.modules['msgspec'] = sys.modules['orjson'] = None\n"
_OURS = """
import anthropix_py
from anthropix_py import batch
print(anthropix_py.unwrap(batch.show(anthropix_py.init("any-key", base_url="URL"), "one"))["id"])
"""
_IMPORTS = {
    _BARE: "pass",
    f"{_IMPORT}ours": "import anthropix_py",
    f"{_IMPORT}urllib3": "import urllib3",
    f"{_IMPORT}{SDK}": "import anthropic",
}
_RESPONSES = {
    _FIRST + STDLIB: _HIDE + _OURS,
    _FIRST + FAST: _OURS,
    _FIRST + SDK: """
import anthropic
print(anthropic.Anthropic(api_key="any-key", base_url="URL").messages.batches.retrieve("one").id)
""",
    _FIRST + _URLLIB3: """
import json, urllib3
print(json.loads(urllib3.PoolManager().request("GET", "URL/v1/messages/batches/one").data)["id"])
""",
}


def start(bench: Bench) -> Outcome:
    """Start interpreters that import, and that go on to a first response."""
    tasks = {name: partial(_timed, bench, code, "") for name, code in _IMPORTS.items()}
    for name, code in _RESPONSES.items():
        tasks[name] = partial(_timed, bench, code.replace("URL", bench.server.http), "one")
    # Once before, so that everything is compiled.
    bench.turns(tasks, 1)
    runs = bench.turns(tasks, bench.rounds(7, 5))
    above = runs.above(f"{_IMPORT}ours", _BARE) * 1e3
    goals = [
        Goal("import anthropix_py, above the bare interpreter", above, 20, form="{:.1f} ms"),
        *(within(runs, _FIRST + name, _FIRST + _URLLIB3, 1.2) for name in OURS),
    ]
    columns: dict[str, Callable[[str], str]] = {
        "above bare": lambda name: seconds(runs.above(name, _BARE)),
        "speed of SDK's": lambda name: times(runs.ratio(name.split(", ")[0] + f", {SDK}", name)),
    }
    table = runs_table("From the start of the interpreter", runs, columns)
    return Outcome([table], goals)


def _timed(bench: Bench, code: str, expected: str, name: str) -> Counted:
    begin = time.perf_counter()
    printed = bench.python(name, "-c", code).strip()
    taken = time.perf_counter() - begin
    if printed != expected:
        raise Broken(f"printed {printed!r}, not {expected!r}")
    return {"seconds": taken}
