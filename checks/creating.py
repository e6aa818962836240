"""Creates behind a gateway: what it says after the batch was made, and the clocks around it."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import partial

from gateway import END, Answer, Change, place, unchanged
from tally import KEY, ROWS, Case, Tally, requests

from anthropix_py import Policy, batch, init

_ENVOY = b"upstream connect error or disconnect/reset before headers. reset reason: connection"
_HOUR = 3600.0


def _says(status: int, body: bytes = _ENVOY, **headers: str) -> Change:
    """Return a gateway's own response in place of the API's."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: [Answer(status, named, body).wire()]


def _timed_out(answer: Answer) -> Iterable[bytes]:
    """Respond as the API does, with a word that says that a repeat may succeed."""
    error = {"type": "error", "error": {"type": "timeout_error", "message": "slow"}}
    headers = {**answer.headers, "x-should-retry": "true"}
    return [Answer(504, headers, b"").with_json(error).wire()]


def _of_another_size(answer: Answer) -> Iterable[bytes]:
    counts = {**answer.json()["request_counts"], "processing": ROWS + 1}
    return [answer.with_json({**answer.json(), "request_counts": counts}).wire()]


def _after_interim(*statuses: int) -> Change:
    interim = [f"HTTP/1.1 {status} Wait\r\nlink: </x>\r\n\r\n".encode() for status in statuses]
    return lambda answer: [*interim, answer.wire()]


def _lost(_: Answer) -> Iterable[bytes]:
    return [END]


# By name: alternatives, of which each create meets the next.
_RESPONSES: dict[str, list[Change]] = {
    "created, then a gateway's 503, 429, 529": [_says(status) for status in (503, 429, 529)],
    "created, then a gateway's 503 with retry-after": [_says(503, retry_after="1")],
    "created, then 504 with x-should-retry: true": [_timed_out],
    "created, the response names another size": [_of_another_size],
}
_INTERIM = [_after_interim(102), _after_interim(103), _after_interim(100, 102, 103, 103)]


def _run(alternatives: list[Change], times: int) -> Tally:
    tally = Tally()
    with place() as here:
        changes = itertools.cycle(alternatives)
        for _ in range(times):
            before = here.ids()
            here.gateway.changes = {"create": next(changes)}
            result = batch.create(here.client, requests())
            tally.create(here.client, result, here.ids() - before)
    return tally


def _in_between(size: int, times: int) -> Tally:
    """Make another call in the thread of each create, in a signal handler, and lose its response.

    The gateway sends the signal between head and body; a body of *size* bytes is then on its way.
    """
    tally = Tally()
    calls: list[object] = []
    main = threading.get_ident()
    # nobody listens there, so that nothing of this call is sent
    nowhere = init(KEY, base_url="http://127.0.0.1:9", retry=Policy(max_retries=0))

    def interrupt(called: str) -> None:
        if called == "create":
            before = len(calls)
            # the main thread, which is waiting in a call of the system
            signal.pthread_kill(main, signal.SIGUSR1)
            _until(lambda: len(calls) > before)

    usual = signal.signal(signal.SIGUSR1, lambda *_: calls.append(batch.show(nowhere, "x")))
    with place() as here:
        here.gateway.before_body = interrupt
        here.gateway.changes = {"create": _lost}
        for _ in range(times):
            before = here.ids()
            result = batch.create(here.client, requests("x" * (size // ROWS)))
            tally.create(here.client, result, here.ids() - before)
    signal.signal(signal.SIGUSR1, usual)
    # each create must have been interrupted
    tally.wrong += abs(len(calls) - times)
    return tally


def _until(is_done: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not is_done() and time.monotonic() < until:
        time.sleep(0.001)


class _Clock:
    """The time of this machine, *ahead* by so many seconds; waiting takes none."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        pass

    def random(self) -> float:
        return 0.5


# Seconds by which the clock is ahead at the create, and at the candidates.
_CLOCKS: dict[str, tuple[float, float]] = {
    "a clock that is right": (0, 0),
    "a clock 3 s ahead": (3, 3),
    "a clock hours ahead": (9 * _HOUR, 9 * _HOUR),
    "a clock hours behind": (-9 * _HOUR, -9 * _HOUR),
    "a clock set right from hours ahead": (9 * _HOUR, 0),
    "a clock set right from hours behind": (-9 * _HOUR, 0),
    "a clock set hours ahead": (0, 9 * _HOUR),
    "a clock set hours back": (0, -9 * _HOUR),
}


def _without_date(answer: Answer) -> Iterable[bytes]:
    headers = {name: text for name, text in answer.headers.items() if name != "date"}
    return [answer._replace(headers=headers).wire()]


def _with_date_of_a_gateway(answer: Answer) -> Iterable[bytes]:
    """Send the time of a clock that is a few minutes ahead."""
    headers = {**answer.headers, "date": formatdate(time.time() + 240, usegmt=True)}
    return [answer._replace(headers=headers).wire()]


def _with_older(answer: Answer) -> Iterable[bytes]:
    """Put a batch that is a day older before and between those of a page."""
    value = answer.json()
    long_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    old = {**value["data"][0], "id": "msgbatch_old", "created_at": long_ago}
    value["data"] = [old, value["data"][0], old, *value["data"][1:], old]
    return [answer.with_json(value).wire()]


def _with_sixth_count(answer: Answer) -> Iterable[bytes]:
    value = answer.json()
    for one, extra in zip(value["data"], itertools.cycle([{"paused": 0}, {"total": ROWS}])):
        one["request_counts"].update(extra)
    return [answer.with_json(value).wire()]


# What the list is like.
_LISTS: dict[str, Change] = {
    "": unchanged,
    ", no date": _without_date,
    ", a gateway's date": _with_date_of_a_gateway,
}


def _lost_and_found(clocks: tuple[float, float], listed: Change, times: int) -> Tally:
    """Lose the response to each create, and look for its batch."""
    tally = Tally()
    for _ in range(times):
        clock = _Clock(clocks[0])
        with place(clock=clock) as here:
            before = here.ids()
            here.gateway.changes = {"create": _lost, "list": listed}
            result = batch.create(here.client, requests())
            clock.ahead = clocks[1]
            tally.create(here.client, result, here.ids() - before)
    return tally


def cases() -> list[Case]:
    """Return the cases."""
    runs: dict[str, Callable[[int], Tally]] = {}
    for name, alternatives in _RESPONSES.items():
        runs[name] = partial(_run, alternatives)
    runs["lost; a call in a signal handler while waiting"] = partial(_in_between, 0)
    runs["lost; a call in a signal handler while sending"] = partial(_in_between, 4 << 20)
    for name, clocks in _CLOCKS.items():
        for more, listed in _LISTS.items():
            runs[f"lost; {name}{more}"] = partial(_lost_and_found, clocks, listed)
    runs["lost; an older batch in between"] = partial(_lost_and_found, (0, 0), _with_older)
    runs["lost; a sixth count"] = partial(_lost_and_found, (0, 0), _with_sixth_count)
    cases = [Case("create", name, run, ("UnknownOutcome",)) for name, run in runs.items()]
    interim = partial(_run, _INTERIM)
    return [*cases, Case("create", "interim responses 100, 102, 103", interim, ("ok",))]
