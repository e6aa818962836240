"""Faults as data: what goes wrong, with which call, and how often.

A fault changes a response, or how it is sent; what each kind does is in `_kinds`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._wire import Request, Response
from ._app import call_of, handle
from ._kinds import TABLE, with_body
from ._plan import Plan
from ._store import Store

CALLS = ("create", "list", "show", "cancel", "delete", "results", "count_tokens", "*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FORM = "CALL:KIND[=VALUE][,skip=N][,times=N|all]"


class Fault(NamedTuple):
    """One thing that goes wrong.

    *on*: the call: `create`, `list`, `show`, `cancel`, `delete`, `results`, `count_tokens`, or
    `*` for any. *kind*: what happens, see `KINDS`; *value*: the VALUE in its description, None for
    the default. *skip*: the number of calls that are left alone first; *times*: the number of calls
    affected after those, None for all. *headers*: changes to the response's headers; None removes
    one. *body*: the body of a response in place of the API's; bytes, or a value sent as JSON.
    """

    on: str
    kind: str
    value: Any = None
    skip: int = 0
    times: int | None = 1
    headers: Mapping[str, Any] = {}
    body: object = None

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Return the fault that *text* describes: `CALL:KIND[=VALUE][,skip=N][,times=N|all]`.

        Raises ValueError for anything else, and for a call, kind or value that does not exist.
        """
        first, *options = text.split(",")
        on, colon, rest = first.partition(":")
        if not colon:
            raise ValueError(f"{text!r}: expected {_FORM}")
        kind, _, value = rest.partition("=")
        fault = cls(on, kind, _value(value))
        for option in options:
            fault = fault._replace(**_option(option, text))
        fault._check()
        return fault

    def _check(self) -> None:
        """Raise ValueError for a fault that does not exist or cannot be sent."""
        if self.on not in CALLS:
            raise ValueError(f"a fault is on one of {', '.join(CALLS)}, not on {self.on!r}")
        if self.kind not in TABLE:
            raise ValueError(f"the kind of a fault is one of {', '.join(TABLE)}, not {self.kind!r}")
        for name, text in self.headers.items():
            if not _is_header(name, text):
                raise ValueError(f"{name!r}: {text!r} cannot be sent as a header")
        fits = TABLE[self.kind].fits
        if not fits.check(self._amount):
            raise ValueError(f"the value of {self.kind} is {fits.text}, not {self.value!r}")

    @property
    def _amount(self) -> Any:
        """Return the value, or the default of the kind if there is none."""
        if self.value is None:
            return TABLE[self.kind].default
        return self.value

    def _due(self, calls: int) -> bool:
        """Return whether the fault affects the last of so many *calls*."""
        if calls <= self.skip:
            return False
        return self.times is None or calls <= self.skip + self.times


class Faults:
    """The faults of one emulator; each counts the calls that it is on. Threads may share it."""

    def __init__(self, faults: Fault | Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Counted] = []
        if isinstance(faults, Fault):
            faults = (faults,)
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        """Add faults; each counts calls from now on. Raises ValueError for an impossible one."""
        for fault in faults:
            fault._check()
        with self._lock:
            self._faults += map(_Counted, faults)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def plan(self, store: Store, request: Request) -> Plan:
        """Return the response to *request*, and how it is sent, with all faults that are due."""
        due = self._due(call_of(request.method, urlsplit(request.url).path))
        response = None
        for fault in due:
            response = _instead(fault) or response
        plan = Plan(response or handle(store, request))
        for fault in due:
            plan = _changed(plan, fault)
        return plan

    def _due(self, call: str | None) -> list[Fault]:
        with self._lock:
            return [one.fault for one in self._faults if one.count(call)]


class _Counted:
    """A fault, and the number of calls so far that it is on."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.calls = 0

    def count(self, call: str | None) -> bool:
        """Count a call if the fault is on it; return whether the fault affects it."""
        if self.fault.on not in (call, "*"):
            return False
        self.calls += 1
        return self.fault._due(self.calls)


def _instead(fault: Fault) -> Response | None:
    instead = TABLE[fault.kind].instead
    if instead is None:
        return None
    response = instead(fault._amount)
    if fault.body is not None:
        response = with_body(response, fault.body)
    return _with_headers(response, fault.headers)


def _changed(plan: Plan, fault: Fault) -> Plan:
    kind = TABLE[fault.kind]
    if kind.change is not None:
        plan = kind.change(plan, fault._amount)
    if kind.instead is not None:
        return plan
    return plan._replace(response=_with_headers(plan.response, fault.headers))


def _with_headers(response: Response, changes: Mapping[str, str | None]) -> Response:
    merged: dict[str, str | None] = dict(response.headers)
    merged.update({name.lower(): text for name, text in changes.items()})
    kept = {name: text for name, text in merged.items() if text is not None}
    return response._replace(headers=kept)


def _is_header(name: str, text: object) -> bool:
    if not _HEADER.fullmatch(name):
        return False
    return text is None or (isinstance(text, str) and _TEXT.fullmatch(text) is not None)


def _value(text: str) -> object:
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _option(option: str, text: str) -> dict[str, Any]:
    name, _, number = option.partition("=")
    if option == "times=all":
        return {"times": None}
    if name in ("skip", "times") and number.isdecimal():
        return {name: int(number)}
    raise ValueError(f"{text!r}: expected skip=N or times=N|all, found {option!r}")
