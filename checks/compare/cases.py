"""The faults, each of which happens once, to the second call of its kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from anthropix_py._wire import Request, Response
from anthropix_py.emulator import Faults, Store
from anthropix_py.emulator._plan import Plan

_CALL = 2  # number of the call that is affected
_READING = 0.3  # seconds that a client has to read what it was sent, before it is killed
_PAGE = b"<html><body><h1>503 Service Unavailable</h1></body></html>\n"

Kill = Callable[[], None]
Change = Callable[[Plan, Kill], Plan]


class Case(NamedTuple):
    """One fault. *on*: the call, `create` or `results`; *change*: what becomes of its response.

    *failing*: a tenth of the rows expires at first, and a tenth is overloaded. *kills*: the client
    is killed.
    """

    text: str
    on: str | None = None
    change: Change | None = None
    failing: bool = False
    kills: bool = False


class OnceFaults(Faults):
    """Faults of an emulator: those of one case. *kill*: kills the client."""

    def __init__(self, case: Case, kill: Kill) -> None:
        super().__init__()
        self._case = case
        self._kill = kill
        self._calls = 0
        self._counting = threading.Lock()
        self.happened = False

    def plan(self, store: Store, request: Request) -> Plan:
        """Return how *request* is answered. The API has acted on it before anything goes wrong."""
        plan = super().plan(store, request)
        if self._case.change is None or _call(request) != self._case.on:
            return plan
        if plan.response.status != 200:
            return plan
        with self._counting:
            self._calls += 1
            is_due = self._calls == _CALL
        if not is_due:
            return plan
        self.happened = True
        return self._case.change(plan, self._kill)


def _call(request: Request) -> str | None:
    path = urlsplit(request.url).path
    if request.method == "POST" and path.endswith("/batches"):
        return "create"
    if request.method == "GET" and path.endswith("/results"):
        return "results"
    return None


def _lose(plan: Plan, _: Kill) -> Plan:
    return plan._replace(head=0, end="reset")


def _gateway(plan: Plan, _: Kill) -> Plan:
    headers = {"content-type": "text/html", "content-length": str(len(_PAGE))}
    response = Response(503, headers, iter((_PAGE,)), plan.response.close)
    return plan._replace(response=response)


def _kill_first(plan: Plan, kill: Kill) -> Plan:
    kill()
    return plan


def _cut(*, inside: bool) -> Change:
    """Return a change that closes the connection at the end of the middle row, or inside it."""

    def change(plan: Plan, _: Kill) -> Plan:
        rows = _rows(plan)
        middle = len(rows) // 2
        size = sum(map(len, rows[:middle]))
        if inside:
            size += len(rows[middle]) // 2
        response = plan.response._replace(chunks=iter((b"".join(rows),)))
        return plan._replace(response=response, body=size, end="close")

    return change


def _kill_while_reading(plan: Plan, kill: Kill) -> Plan:
    rows = _rows(plan)
    middle = len(rows) // 2

    def chunks() -> Iterator[bytes]:
        yield b"".join(rows[:middle])
        time.sleep(_READING)
        kill()
        yield b"".join(rows[middle:])

    return plan._replace(response=plan.response._replace(chunks=chunks()))


def _rows(plan: Plan) -> list[bytes]:
    return b"".join(plan.response.chunks).splitlines(keepends=True)


CASES: dict[str, Case] = {
    "none": Case("nothing goes wrong"),
    "lost": Case("a batch is made, the response is lost (reset)", "create", _lose),
    "gateway": Case("a batch is made, a gateway says 503", "create", _gateway),
    "cut": Case("results end after a row", "results", _cut(inside=False)),
    "cut_row": Case("results end inside a row", "results", _cut(inside=True)),
    "failing": Case("a tenth of rows expired, a tenth overloaded", failing=True),
    "kill_create": Case(
        "kill -9 after a batch is made, before the response", "create", _kill_first, kills=True
    ),
    "kill_read": Case("kill -9 while results are read", "results", _kill_while_reading, kills=True),
}
