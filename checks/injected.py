"""The faults that the emulator itself injects, and what creates, readings and actions come to."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from tally import KEY, Case, Tally, requests

from anthropix_py import AnthropixError, Client, Policy, batch, emulator, init, unwrap
from anthropix_py.emulator import Fault, Faults, ManualClock, Store

# Stand for values that are known only at run time.
_ELSEWHERE = "the URL of the foreign server"
_ANYWHERE = -1  # a byte at random

# The bytes among which _ANYWHERE lies, by call and by kind of fault.
_CALLS = {"create": 200, "results": 12_000, "cancel": 200, "delete": 30}
_SHORT = {"cut_head": 150, "broken_gzip": 150}

# Faults that are set together for one call.
_Faulty = tuple[Fault, ...]

_SPEND_LIMIT = {"error": {"details": {"error_code": "enforced_spend_limit_reached"}}}


def _on_create(kind: str, *values: object) -> list[_Faulty]:
    return [(Fault("create", kind, value),) for value in values]


def _on_results(kind: str, value: object = None, times: int | None = 1) -> list[_Faulty]:
    return [(Fault("results", kind, value, times=times),)]


# By name: alternatives, of which each call meets the next.
_CREATE: dict[str, Sequence[_Faulty]] = {
    "500, 502, 504, 520 in turn": _on_create("status", 500, 502, 504, 520),
    "408, 409 in turn": _on_create("status", 408, 409),
    "a proxy's page, 502": _on_create("html", 502),
    "a proxy's page, 200": _on_create("html", 200),
    "created, response lost by reset": _on_create("lose", "reset"),
    "created, response lost by close": _on_create("lose", "close"),
    "created, response lost by silence": _on_create("lose", "stall"),
    "created, reset in the headers": _on_create("cut_head", _ANYWHERE),
    "created, closed in the body": _on_create("cut", _ANYWHERE),
    "created, silence in the body": _on_create("stall", _ANYWHERE),
    "not created, reset": _on_create("refuse", "reset"),
    "429, 503, 529 in turn": _on_create("status", 429, 503, 529),
    "429 for a spend limit": [(Fault("create", "status", 429, body=_SPEND_LIMIT),)],
    "a redirect": _on_create("redirect", _ELSEWHERE),
}
_RESULTS: dict[str, Sequence[_Faulty]] = {
    "closed in the body, twice": _on_results("cut", _ANYWHERE, times=2),
    "reset in the body, twice": _on_results("reset", _ANYWHERE, times=2),
    "silence in the body": _on_results("stall", _ANYWHERE),
    "reset in the headers": _on_results("cut_head", _ANYWHERE),
    "gzip without its end": _on_results("broken_gzip", _ANYWHERE),
    "a body in single bytes": _on_results("chunks", 1),
    "CRLF and blank lines": [(Fault("results", "crlf"), Fault("results", "blank_lines"))],
    "no final newline": _on_results("no_newline"),
    "rows doubled": _on_results("double_rows", 7),
    "rows missing, then complete": _on_results("drop_rows", 7),
    "rows missing for good": _on_results("drop_rows", 7, times=None),
    "a proxy's page, 200": _on_results("html", 200),
    "503, then complete": _on_results("status", 503),
    "a redirect": _on_results("redirect", _ELSEWHERE),
    "a foreign results_url": [(Fault("show", "foreign_url", _ELSEWHERE, times=None),)],
}


class _Setting(NamedTuple):
    """One emulator, a client of it, and the URL of the foreign server."""

    client: Client
    store: Store
    faults: Faults
    elsewhere: str

    @contextmanager
    def injected(self, faulty: _Faulty, chance: random.Random) -> Iterator[None]:
        """Have the faults happen inside the block."""
        for fault in faulty:
            self.faults.add(fault._replace(value=self._value(fault, chance)))
        yield
        self.faults.clear()

    def _value(self, fault: Fault, chance: random.Random) -> object:
        if fault.value == _ELSEWHERE:
            return self.elsewhere
        if fault.value == _ANYWHERE:
            return chance.randrange(1, _SHORT.get(fault.kind, _CALLS[fault.on]))
        return fault.value

    def ids(self) -> set[str]:
        """Return the ids of the batches that there are."""
        return {one.id for one in self.store.newest_first()}


@contextmanager
def _setting(elsewhere: str, **options: Any) -> Iterator[_Setting]:
    """Serve an emulator. The client waits on a clock of its own, but for 0.15 s of silence."""
    store, faults, clock = Store(**options), Faults(), ManualClock()
    with emulator.serve(store, faults=faults) as url:
        policy = Policy(max_retries=3)
        client = init(KEY, base_url=url, timeout=0.15, retry=policy, clock=clock)
        yield _Setting(client, store, faults, elsewhere)


_Run = Callable[[_Setting, Sequence[_Faulty], int], Tally]


def _create(case: _Setting, alternatives: Sequence[_Faulty], times: int) -> Tally:
    """Create batches. Each must be made once, or the error must say what is unknown."""
    tally = Tally()
    chance = random.Random(1)
    for _, faulty in zip(range(times), itertools.cycle(alternatives)):
        before = case.ids()
        with case.injected(faulty, chance):
            result = batch.create(case.client, requests())
        tally.create(case.client, result, case.ids() - before)
    return tally


def _results(case: _Setting, alternatives: Sequence[_Faulty], times: int) -> Tally:
    """Read results. Without an error every row must be there, and each once."""
    tally = Tally()
    chance = random.Random(2)
    created = unwrap(batch.create(case.client, requests()))
    for _, faulty in zip(range(times), itertools.cycle(alternatives)):
        ids: list[str] = []
        failure = None
        with case.injected(faulty, chance):
            ended = unwrap(batch.wait(case.client, created))
            try:
                for row in unwrap(batch.results(case.client, ended, stream=True)):
                    ids.append(row["custom_id"])
            except AnthropixError as error:
                failure = error
        tally.rows(ids, failure)
    return tally


def _cancel(case: _Setting, alternatives: Sequence[_Faulty], times: int) -> Tally:
    """Cancel batches. The result must be the batch, canceled once."""
    tally = Tally()
    chance = random.Random(3)
    for _, faulty in zip(range(times), itertools.cycle(alternatives)):
        created = unwrap(batch.create(case.client, requests()))
        with case.injected(faulty, chance):
            tag, value = batch.cancel(case.client, created)
        tally.count(tag, value)
        now = unwrap(batch.show(case.client, created))
        tally.lost += tag != "ok" or now["cancel_initiated_at"] is None
    return tally


def _delete(case: _Setting, alternatives: Sequence[_Faulty], times: int) -> Tally:
    """Delete batches. The result must say so, and the batch must be gone."""
    tally = Tally()
    chance = random.Random(4)
    for _, faulty in zip(range(times), itertools.cycle(alternatives)):
        created = unwrap(batch.create(case.client, requests()))
        unwrap(batch.wait(case.client, created))
        with case.injected(faulty, chance):
            tag, value = batch.delete(case.client, created)
        tally.count(tag, value)
        tally.lost += tag != "ok" or created["id"] in case.ids()
    return tally


def _lost(call: str) -> dict[str, Sequence[_Faulty]]:
    ends = [(Fault(call, "lose", end),) for end in ("reset", "close", "stall")]
    cuts = [(Fault(call, "cut_head", _ANYWHERE),), (Fault(call, "cut", _ANYWHERE),)]
    return {"carried out, response lost": ends, "carried out, response cut": cuts}


# (call, its cases, what runs them, options of the store)
_GROUPS: list[tuple[str, dict[str, Sequence[_Faulty]], _Run, dict[str, Any]]] = [
    ("create", _CREATE, _create, {}),
    ("results", _RESULTS, _results, {}),
    # canceling when asked again, or ended
    ("cancel", _lost("cancel"), _cancel, {"takes": 1e6, "cancel_takes": 1e6}),
    (
        "cancel",
        {f"{name}, then ended": faulty for name, faulty in _lost("cancel").items()},
        _cancel,
        {"takes": 1e6},
    ),
    ("delete", _lost("delete"), _delete, {}),
]


def _run(
    run: _Run,
    alternatives: Sequence[_Faulty],
    elsewhere: str,
    options: dict[str, Any],
    times: int,
) -> Tally:
    with _setting(elsewhere, **options) as case:
        return run(case, alternatives, times)


def cases(elsewhere: str) -> list[Case]:
    """Return the cases; *elsewhere*: the URL of a server that nothing may be sent to."""
    return [
        Case(call, name, partial(_run, run, alternatives, elsewhere, options))
        for call, table, run, options in _GROUPS
        for name, alternatives in table.items()
    ]
