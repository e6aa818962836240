"""Faults as data: what goes wrong, on which call, at which of its occurrences.

A fault changes an answer or how it goes over the wire. Here it is only planned: `_server` carries
the plan out on a socket, where a reset is a reset, and `transport` as far as it can without one.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._wire import Request, Response, Timeout, Transport
from ..errors import TransportError
from ._app import call_of, handle
from ._store import Store

CALLS = ("create", "list", "show", "cancel", "delete", "results", "count_tokens", "*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HTML = b"<html><body><h1>%d</h1></body></html>\n"


class Fault(NamedTuple):
    """One thing that goes wrong.

    *on*: the call: `create`, `list`, `show`, `cancel`, `delete`, `results`, `count_tokens`, or
    `*` for any. *kind* and *value*: see the table `KINDS`. *skip*: occurrences of the call that
    are spared first; *times*: occurrences hit after those, None for all. *headers*: for `status`,
    `html` and `headers`; None takes one out. *body*: for `status`, in place of the usual error.
    """

    on: str
    kind: str
    value: Any = None
    skip: int = 0
    times: int | None = 1
    headers: Mapping[str, Any] = {}
    body: object = None


class Plan(NamedTuple):
    """An answer, and how it goes over the wire.

    *head*, *body*: the most bytes of either that go out, None for all. *end*: what happens there:
    `close`, `reset` or `stall`; None for a good end. *size*: of the body's pieces, each with a
    pause of *pause* seconds after it.
    """

    response: Response
    head: int | None = None
    body: int | None = None
    end: str | None = None
    size: int | None = None
    pause: float = 0.0


class Faults:
    """The faults of one emulator, each with a count of its occurrences. Threads may share it."""

    def __init__(self, faults: Fault | Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, list[int]]] = []
        self.add(*((faults,) if isinstance(faults, Fault) else faults))

    def add(self, *faults: Fault) -> None:
        """Add faults; each counts from now on."""
        for fault in faults:
            if fault.on not in CALLS:
                raise ValueError(f"a fault is on one of {', '.join(CALLS)}, not on {fault.on!r}")
            if fault.kind not in KINDS:
                raise ValueError(
                    f"the kind of a fault is one of {', '.join(KINDS)}, not {fault.kind!r}"
                )
            expected, fits = _VALUES.get(fault.kind, ("none", lambda value: value is None))
            for name, text in fault.headers.items():
                if not _HEADER.fullmatch(name) or not (
                    text is None or (isinstance(text, str) and _TEXT.fullmatch(text))
                ):
                    raise ValueError(f"no header can be {name!r}: {text!r}")
            if not fits(fault.value):
                raise ValueError(f"the value of {fault.kind} is {expected}, not {fault.value!r}")
        with self._lock:
            self._faults += [(fault, [0]) for fault in faults]

    def clear(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._faults.clear()

    def plan(self, store: Store, request: Request) -> Plan:
        """Give the answer to *request*, with what is due to go wrong with it."""
        plan: Plan | None = None
        due = self._due(call_of(request.method, urlsplit(request.url).path))
        for fault in due:
            if fault.kind in _INSTEAD:
                plan = Plan(_INSTEAD[fault.kind](fault))
        plan = plan or Plan(handle(store, request))
        for fault in due:
            if fault.kind in _AFTERWARDS:
                plan = _AFTERWARDS[fault.kind](plan, fault)
        return plan

    def _due(self, call: str | None) -> list[Fault]:
        due = []
        with self._lock:
            for fault, seen in self._faults:
                if fault.on in (call, "*"):
                    seen[0] += 1
                    if seen[0] > fault.skip and (
                        fault.times is None or seen[0] <= fault.skip + fault.times
                    ):
                        due.append(fault)
        return due


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def parse(text: str) -> Fault:
    """Read a fault from `CALL:KIND[=VALUE][,skip=N][,times=N|all]`, the form of the command line."""
    first, *options = text.split(",")
    on, colon, rest = first.partition(":")
    kind, _, value = rest.partition("=")
    skip, times = 0, 1
    every = False
    if not colon:
        raise ValueError(f"{text!r}: expected CALL:KIND[=VALUE][,skip=N][,times=N|all]")
    for option in options:
        name, _, number = option.partition("=")
        if name == "times" and number == "all":
            every = True
        elif name == "times" and number.isdecimal():
            times = int(number)
        elif name == "skip" and number.isdecimal():
            skip = int(number)
        else:
            raise ValueError(f"{text!r}: expected skip=N or times=N|all, found {option!r}")
    fault = Fault(on, kind, _number(value) if value else None, skip, None if every else times)
    Faults([fault])  # raises for a call or a kind that there is not
    return fault


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


# --- answers in place of the API's; the store is not asked ------------------------------------------


def _status(fault: Fault) -> Response:
    status = _or(fault.value, 500)
    error = {
        "type": "error",
        "error": {"type": _TYPES.get(status, "api_error"), "message": "emulated fault"},
    }
    body = error if fault.body is None else fault.body
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {} if isinstance(body, bytes) else {"content-type": "application/json"}
    return _framed(status, {**kind, "request-id": "req_01emulatedfault"}, content, fault)


def _html(fault: Fault) -> Response:
    status = _or(fault.value, 502)
    return _framed(status, {"content-type": "text/html"}, _HTML % status, fault)


def _redirect(fault: Fault) -> Response:
    return _framed(307, {"location": str(fault.value)}, b"", fault)


def _framed(status: int, headers: Mapping[str, str], body: bytes, fault: Fault) -> Response:
    changed = _changed({**headers, "content-length": str(len(body))}, fault.headers)
    return Response(status, changed, iter((body,)), lambda: None)


_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def _nothing(fault: Fault) -> Response:
    return _framed(503, {}, b"", fault)


_INSTEAD: dict[str, Callable[[Fault], Response]] = {
    "status": _status,
    "html": _html,
    "redirect": _redirect,
    "refuse": _nothing,
}

# --- changes to the API's answer, and to its way ----------------------------------------------------


def _edited(edit: Callable[[bytes, Fault], bytes]) -> Callable[[Plan, Fault], Plan]:
    """Make a fault of a change to the whole body; its length is told truly, if it was told."""

    def change(plan: Plan, fault: Fault) -> Plan:
        body = edit(b"".join(plan.response.chunks), fault)
        headers = dict(plan.response.headers)
        if "content-length" in headers:
            headers["content-length"] = str(len(body))
        return plan._replace(response=plan.response._replace(headers=headers, chunks=iter((body,))))

    return change


def _rows(edit: Callable[[list[bytes], int], list[bytes]]) -> Callable[[Plan, Fault], Plan]:
    """Make a fault of a change to as many rows as its value says."""
    return _edited(
        lambda body, fault: b"".join(edit(body.splitlines(keepends=True), _or(fault.value, 1)))
    )


def _headers(plan: Plan, fault: Fault) -> Plan:
    return plan._replace(
        response=plan.response._replace(headers=_changed(plan.response.headers, fault.headers))
    )


def _changed(headers: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**headers, **{name.lower(): value for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value is not None}


def _gzip(plan: Plan, fault: Fault, lost: int = 0) -> Plan:
    zipped = _edited(lambda body, _: gzip.compress(body)[: -lost or None])(plan, fault)
    headers = {**zipped.response.headers, "content-encoding": "gzip"}
    return zipped._replace(response=zipped.response._replace(headers=headers))


def _foreign(body: bytes, fault: Fault) -> bytes:
    try:
        found = json.loads(body)
    except ValueError:  # results, or another fault's page
        return body
    entries = found.get("data", [found]) if isinstance(found, dict) else []
    for batch in entries:
        if isinstance(batch, dict) and isinstance(batch.get("results_url"), str):
            batch["results_url"] = str(fault.value) + urlsplit(batch["results_url"]).path
    return json.dumps(found, separators=(",", ":")).encode()


_AFTERWARDS: dict[str, Callable[[Plan, Fault], Plan]] = {
    "headers": _headers,
    "foreign_url": _edited(_foreign),
    "crlf": _edited(lambda body, _: body.replace(b"\n", b"\r\n")),
    "no_newline": _edited(lambda body, _: body.rstrip(b"\n")),
    "blank_lines": _edited(lambda body, _: b"\n" + body.replace(b"\n", b"\n \n\n")),
    "double_rows": _rows(lambda rows, count: [*rows[:count], *rows]),
    "drop_rows": _rows(lambda rows, count: rows[count:]),
    "gzip": _gzip,
    "broken_gzip": lambda plan, fault: _gzip(plan, fault, _or(fault.value, 8)),
    "chunks": lambda plan, fault: plan._replace(size=_or(fault.value, 1)),
    "slow": lambda plan, fault: plan._replace(size=plan.size or 64, pause=_or(fault.value, 0.1)),
    "refuse": lambda plan, fault: plan._replace(head=0, end=str(fault.value or "reset")),
    "lose": lambda plan, fault: plan._replace(head=0, end=str(fault.value or "reset")),
    "cut_head": lambda plan, fault: plan._replace(head=_or(fault.value, 20), end="reset"),
    "cut": lambda plan, fault: plan._replace(body=_or(fault.value, 0), end="close"),
    "reset": lambda plan, fault: plan._replace(body=_or(fault.value, 0), end="reset"),
    "stall": lambda plan, fault: plan._replace(body=_or(fault.value, 0), end="stall"),
}


def _whole(least: int, most: float = float("inf")) -> Callable[[Any], bool]:
    return lambda value: value is None or (type(value) is int and least <= value <= most)


_STATUS = ("a status from 200 to 999", _whole(200, 999))
_COUNT = ("a count of bytes or rows", _whole(0))
_END = ("reset, close or stall", lambda value: value in (None, "reset", "close", "stall"))
_URL = ("a URL", lambda value: isinstance(value, str) and "://" in value)
_VALUES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("status", "html"), _STATUS),
    **dict.fromkeys(
        ("cut_head", "cut", "reset", "stall", "broken_gzip", "double_rows", "drop_rows"), _COUNT
    ),
    **dict.fromkeys(("lose", "refuse"), _END),
    **dict.fromkeys(("redirect", "foreign_url"), _URL),
    "chunks": ("a count of bytes from 1", _whole(1)),
    "slow": (
        "seconds up to an hour",
        lambda value: value is None or (type(value) in (int, float) and 0 <= value <= 3600),
    ),
}

KINDS: dict[str, str] = {
    "status": "an error of status VALUE (500) in place of the answer",
    "html": "a proxy's page with status VALUE (502) in place of the answer",
    "redirect": "a 307 to VALUE in place of the answer",
    "refuse": "the request has no effect, and no answer comes: VALUE is reset (the default), close or stall",
    "lose": "the request takes effect, the answer does not come: VALUE is reset (the default), close or stall",
    "cut_head": "the connection is reset after VALUE (20) bytes of the answer's head",
    "cut": "the connection is closed after VALUE (0) bytes of the body",
    "reset": "the connection is reset after VALUE (0) bytes of the body",
    "stall": "nothing more comes after VALUE (0) bytes of the body",
    "slow": "a pause of VALUE (0.1) seconds after every 64 bytes of the body",
    "chunks": "the body comes in pieces of VALUE (1) bytes",
    "headers": "headers are changed",
    "gzip": "the body is compressed, asked for or not",
    "broken_gzip": "the body is compressed and ends VALUE (8) bytes too early",
    "crlf": "lines end in CRLF",
    "no_newline": "the last line has no newline",
    "blank_lines": "blank lines between the rows",
    "double_rows": "the first VALUE (1) rows come twice",
    "drop_rows": "the first VALUE (1) rows do not come",
    "foreign_url": "results_url is one of VALUE (an origin)",
}
"""Every kind of fault, and what it does."""


def limited(chunks: Iterator[bytes], plan: Plan) -> Iterator[bytes]:
    """Cut a body into the plan's pieces, up to its limit."""
    left = plan.body
    if left == 0:
        return
    for chunk in chunks:
        size = plan.size or max(1, len(chunk))
        for start in range(0, len(chunk), size):
            piece = chunk[start : start + size][:left]
            yield piece
            if left is not None:
                left -= len(piece)
                if left == 0:
                    return


def without_a_socket(store: Store, faults: Faults) -> Transport:
    """Give a transport that answers from *store*, and carries *faults* out as far as it can."""

    def send(request: Request, timeout: Timeout) -> Response:
        plan = faults.plan(store, request)
        if plan.head is not None:
            raise _broken(plan, store, timeout)
        return plan.response._replace(chunks=_carried(plan, store, timeout))

    return send


def _carried(plan: Plan, store: Store, timeout: Timeout) -> Iterator[bytes]:
    for piece in limited(plan.response.chunks, plan):
        yield piece
        if plan.pause:
            store.clock.sleep(plan.pause)
    if plan.end is not None:
        raise _broken(plan, store, timeout)


def _broken(plan: Plan, store: Store, timeout: Timeout) -> TransportError:
    if plan.end == "stall":
        store.clock.sleep(timeout.read)
        return TransportError("timeout", "emulated: nothing more came", sent=True)
    return TransportError("closed", f"emulated: {plan.end}", sent=True)
