"""From the start of the interpreter: the import, the first answer, and what has to be installed for them."""

from __future__ import annotations

import time
from functools import partial
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks._bench import ROOT, Bench, Broken, Runs
from benchmarks._job import Counted
from benchmarks._report import Goal, Outcome, Table, megabytes, seconds, spread, times
from benchmarks.imports import CONTESTANTS

from ._names import FAST, OURS, SDK, STDLIB

_BARE = "bare interpreter"
_IMPORT = "import "
_URLLIB3 = "urllib3 + json"
_ANSWER = "first answer, "
_HIDE = "import sys; sys.modules['orjson'] = None\n"
_OURS_FIRST = """
import anthropix_py
from anthropix_py import batch
print(anthropix_py.unwrap(batch.show(anthropix_py.init("any-key", base_url="URL"), "one"))["id"])
"""
_FIRST = {
    STDLIB: _HIDE + _OURS_FIRST,
    FAST: _OURS_FIRST,
    SDK: """
import anthropic
print(anthropic.Anthropic(api_key="any-key", base_url="URL").messages.batches.retrieve("one").id)
""",
    _URLLIB3: """
import json, urllib3
print(json.loads(urllib3.PoolManager().request("GET", "URL/v1/messages/batches/one").data)["id"])
""",
}


def start(bench: Bench) -> Outcome:
    """Start interpreters that import, and that go on to a first answer."""
    rounds = bench.rounds(7, 5)
    imports = {_IMPORT * (name != _BARE) + name: code for name, code in CONTESTANTS.items()}
    imports[_IMPORT + "anthropic"] = "import anthropic"
    with bench.server() as server:
        tasks = {name: partial(_timed, bench, code, "") for name, code in imports.items()}
        for name, code in _FIRST.items():
            tasks[_ANSWER + name] = partial(_timed, bench, code.replace("URL", server.http), "one")
        for task in tasks.values():
            task()  # compiles
        runs = bench.turns("start", tasks, rounds)
    return Outcome([_table(runs), _installed()], _goals(runs))


def _timed(bench: Bench, code: str, expected: str) -> Counted:
    start = time.perf_counter()
    printed = bench.python("-c", code).strip()
    taken = time.perf_counter() - start
    if printed != expected:
        raise Broken(f"printed {printed!r}, not {expected!r}")
    return {"seconds": taken}


def _table(runs: Runs) -> Table:
    lines = [
        [
            name,
            seconds(runs.median(name)),
            spread(runs.spread(name)),
            seconds(runs.above(name, _BARE)),
            times(runs.ratio(_ANSWER + SDK, name)) if name.startswith(_ANSWER) else "",
        ]
        for name in runs.samples
    ]
    return Table(
        "From the start of the interpreter",
        ["", "time", "spread", "above bare", "speed of SDK's"],
        lines,
    )


def _goals(runs: Runs) -> list[Goal]:
    above = runs.above(_IMPORT + "anthropix_py", _BARE) * 1e3
    return [
        Goal(
            "start", "import anthropix_py, above the bare interpreter", above, 20, form="{:.1f} ms"
        ),
        *(
            Goal(
                "start",
                f"{name} over {_URLLIB3}, time to the first answer",
                runs.ratio(_ANSWER + name, _ANSWER + _URLLIB3),
                1.2,
            )
            for name in OURS
        ),
    ]


def _installed() -> Table:
    lines = []
    for name in ("anthropix_py", "anthropic"):
        needed = _needed(name)
        size = sum(map(_size, needed))
        lines.append([name, str(len(needed)), megabytes(size)])
    return Table("Installed, with all that is needed", ["", "packages", "size"], lines)


def _needed(name: str) -> set[str]:
    """Give the names of a distribution and of all that it requires, extras aside."""
    found: set[str] = set()
    left: list[str] = [canonicalize_name(name)]
    while left:
        found.add(name := left.pop())
        for requirement in map(Requirement, metadata.requires(name) or []):
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and canonicalize_name(requirement.name) not in found:
                left.append(canonicalize_name(requirement.name))
    return found


def _size(name: str) -> int:
    """Give the bytes of a distribution's files, compiled ones aside."""
    if name == "anthropix-py":  # installed from this folder
        files = [path for path in (ROOT / "anthropix_py").rglob("*") if path.is_file()]
    else:
        files = [Path(str(file.locate())) for file in metadata.files(name) or []]
    return sum(path.stat().st_size for path in files if path.suffix != ".pyc" and path.exists())
