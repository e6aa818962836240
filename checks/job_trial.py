"""One job of real processes against an emulator in this one, and what the emulator has seen of it.

`Trial` runs processes of the job, each of which may be hindered at its nth request, and counts in
the end what was billed, by what reached the emulator, and what was delivered, by the files.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from anthropix_py import emulator
from anthropix_py._wire import Request, Response
from anthropix_py.emulator import Faults, Store
from anthropix_py.emulator._app import call_of
from anthropix_py.emulator._batch import Batch
from anthropix_py.emulator._plan import Plan

ROWS = 120  # requests of a job
PART = 30  # at most in one batch
PADDING = "x" * 3_000  # so that a body is sent in several blocks
REFUSED = 50  # the number of the request that fails for good
MOMENTS = ("before", "sending", "after", "receiving")

_AGAIN = ("expired", "overloaded_error")
_STRANGERS = range(PART - 7, PART + 1)  # sizes of batches that are not the job's
_FIRST = 100  # bytes of a body before a trap springs
_TIMEOUT = 120  # seconds that one process may take


def requests(count: int = ROWS) -> Iterator[dict[str, Any]]:
    """Yield the requests of a job. The text of each begins with its number."""
    for number in range(count):
        messages = [{"role": "user", "content": f"{number} {PADDING}"}]
        params = {"model": "m", "max_tokens": 9, "messages": messages}
        yield {"custom_id": _id(number), "params": params}


def _id(number: int) -> str:
    return f"question {number}"


def _number(request: dict[str, Any]) -> int:
    """Return the number of a request as it reached the emulator, whatever its custom_id is."""
    text: str = request["params"]["messages"][0]["content"]
    return int(text.partition(" ")[0])


class Replies:
    """A tenth of the requests expires at first, a tenth is overloaded; one is refused for good."""

    def __init__(self) -> None:
        self._seen: Counter[int] = Counter()

    def __call__(self, request: dict[str, Any]) -> str | dict[str, Any]:
        """Return the reply to a request."""
        number = _number(request)
        self._seen[number] += 1
        if number == REFUSED:
            return _errored("invalid_request_error")
        if self._seen[number] == 1 and number % 10 == 3:
            return {"type": "expired"}
        if self._seen[number] == 1 and number % 10 == 7:
            return _errored("overloaded_error")
        return _reply(number)


def _reply(number: int) -> str:
    return f"reply to {number}"


def _errored(kind: str) -> dict[str, Any]:
    error = {"type": "error", "error": {"type": kind, "message": kind}, "request_id": None}
    return {"type": "errored", "error": error}


class Trap(Faults):
    """Makes something happen at the nth request of a process.

    Its *moment*: `before` the emulator acts, which it then does not; `sending`, after the first
    block of the request's body; `after` it has acted; `receiving`, after the first bytes of the
    response's body. `requests` counts those of the process, `calls` all by their names.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str | None] = Counter()
        self.requests = 0
        self._counting = threading.Lock()
        self._nth = 0
        self._moment = ""
        self._spring: Callable[[], object] = print

    def set(self, nth: int, moment: str, spring: Callable[[], object]) -> None:
        """Set the trap for a new process; *nth*: 0 for never."""
        self.requests, self._nth, self._moment, self._spring = 0, nth, moment, spring

    def plan(self, store: Store, request: Request) -> Plan:
        """Return the response to *request*."""
        with self._counting:
            self.requests += 1
            self.calls[call_of(request.method, urlsplit(request.url).path)] += 1
            is_due = self.requests == self._nth
        if not is_due:
            return super().plan(store, request)
        if self._moment == "before":
            self._spring()
            return Plan(Response(503, {}, iter(()), lambda: None), head=0, end="reset")
        if self._moment == "sending" and request.body is not None:
            request = request._replace(body=_Sprung(request.body, self._spring))
            return super().plan(store, request)
        plan = super().plan(store, request)
        if self._moment == "receiving":
            chunks = iter(_Sprung(plan.response.chunks, self._spring))
            return plan._replace(response=plan.response._replace(chunks=chunks))
        self._spring()
        return plan


class _Sprung:
    """Blocks, after the first bytes of which something happens."""

    def __init__(self, blocks: Any, spring: Callable[[], object]) -> None:
        self.length: int = getattr(blocks, "length", 0)
        self._blocks = blocks
        self._spring = spring

    def __iter__(self) -> Iterator[bytes]:
        for number, block in enumerate(self._blocks):
            if number:
                yield block
                continue
            yield block[:_FIRST]
            self._spring()
            yield block[_FIRST:]


class Ended(NamedTuple):
    """How a process ended: its exit code, and what it printed, as JSON."""

    code: int
    printed: dict[str, Any]
    errors: str

    @property
    def name(self) -> str:
        """Return the ending in a word or two."""
        if self.code < 0:
            return f"signal {-self.code}"
        if self.code == 0:
            return "done"
        return str(self.printed.get("error", "CRASHED"))


class Counts(NamedTuple):
    """What must not be: all of it 0."""

    batches_beyond: int = 0
    billed_twice: int = 0
    rows_lost: int = 0
    rows_doubled: int = 0
    out_of_order: int = 0
    wrong_rows: int = 0
    strangers_touched: int = 0

    def plus(self, other: Counts) -> Counts:
        """Return the sum of both."""
        return Counts(*(one + another for one, another in zip(self, other)))


class Trial:
    """One job in *folder*, and its emulator at *url*. `endings` counts how its processes ended."""

    def __init__(
        self, folder: Path, url: str, store: Store, trap: Trap, strangers: list[Batch]
    ) -> None:
        self.folder = folder
        self.url = url
        self.trap = trap
        self.endings: Counter[str] = Counter()
        self._store = store
        self._strangers = {one.id for one in strangers}

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start a process of the job; it may be hindered as the trap is set."""
        script = str(Path(__file__).with_name("kill_jobs.py"))
        command = [sys.executable, script, "--run", str(self.folder), "--url", self.url, *options]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, **pipes)

    def end(self, process: subprocess.Popen[str]) -> Ended:
        """Wait for a process, and count how it ended."""
        try:
            out, errors = process.communicate(timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            errors += f"took more than {_TIMEOUT} s"
        ended = Ended(process.returncode, json.loads(out or "{}"), errors)
        self.endings[ended.name] += 1
        return ended

    def hindered(
        self, nth: int, moment: str, hinder: Callable[[subprocess.Popen[str]], object]
    ) -> Ended:
        """Run a process of the job, which *hinder* is called with at its nth request."""
        started: list[subprocess.Popen[str]] = []
        self.trap.set(nth, moment, lambda: hinder(started[0]))
        started.append(self.start())
        return self.end(started[0])

    def undisturbed(self, *options: str) -> Ended:
        """Run a process of the job to its end."""
        self.trap.set(0, "", print)
        return self.end(self.start(*options))

    def counts(self) -> Counts:
        """Count what is wrong after the job has ended."""
        made = [
            one for one in reversed(self._store.newest_first()) if one.id not in self._strangers
        ]
        left = {one.id for one in self._store.newest_first()} & self._strangers
        touched = (
            len(self._strangers - left) + self.trap.calls["cancel"] + self.trap.calls["delete"]
        )
        beyond, twice = _billed(made)
        delivered = _delivered(self.folder / "results.jsonl")
        failed = _delivered(self.folder / "failures.jsonl")
        expected = [_id(number) for number in range(ROWS) if number != REFUSED]
        ids = [id for id, _ in delivered]
        numbers = [int(id.split()[1]) for id in ids]
        wrong = sum(text != _reply(one) for one, (_, text) in zip(numbers, delivered))
        wrong += [id for id, _ in failed] != [_id(REFUSED)]
        return Counts(
            beyond,
            twice,
            rows_lost=len(set(expected) - set(ids)),
            rows_doubled=len(ids) - len(set(ids)),
            out_of_order=sum(one > other for one, other in itertools.pairwise(numbers)),
            wrong_rows=wrong,
            strangers_touched=touched,
        )


@contextmanager
def trial(folder: Path, takes: float) -> Iterator[Trial]:
    """Yield a trial whose batches end after *takes* seconds."""
    store, trap = Store(reply=Replies(), takes=takes), Trap()
    strangers = [store.add(map(json.dumps, requests(size))) for size in _STRANGERS]
    with emulator.serve(store, faults=trap) as url:
        yield Trial(folder / "job", url, store, trap, strangers)


def _billed(batches: list[Batch]) -> tuple[int, int]:
    """Return how many of *batches* were beyond the plan, and how many requests were billed twice.

    A batch is beyond the plan if a request of it had been sent before, unless its outcome was known
    by then and says that it may be sent again.
    """
    beyond = 0
    succeeded: Counter[int] = Counter()
    earlier: dict[int, list[tuple[float, str]]] = {}
    for batch in batches:
        outcomes = _outcomes(batch)
        ended = batch.ended or float("inf")
        beyond += any(
            when > batch.created or kind not in _AGAIN
            for number in outcomes
            for when, kind in earlier.get(number, ())
        )
        for number, kind in outcomes.items():
            earlier.setdefault(number, []).append((ended, kind))
            succeeded[number] += kind == "succeeded"
    return beyond, sum(count - 1 for count in succeeded.values() if count > 1)


def _outcomes(batch: Batch) -> dict[int, str]:
    """Return what became of each request of a batch, by its number."""
    sent = [json.loads(batch.requests[index]) for index in range(len(batch.requests))]
    numbers = {request["custom_id"]: _number(request) for request in sent}
    rows = [json.loads(batch.results[index]) for index in range(len(batch.results))]
    return {numbers[row["custom_id"]]: _kind(row["result"]) for row in rows}


def _kind(result: dict[str, Any]) -> str:
    if result["type"] != "errored":
        return str(result["type"])
    return str(result["error"]["error"]["type"])


def _delivered(path: Path) -> list[tuple[str, str]]:
    """Return custom_id and text of the rows in a file of results, none if there is no file."""
    with suppress(FileNotFoundError), path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
        return [(row["custom_id"], _text(row["result"])) for row in rows]
    return []


def _text(result: dict[str, Any]) -> str:
    if result["type"] != "succeeded":
        return str(result["type"])
    return str(result["message"]["content"][0]["text"])
