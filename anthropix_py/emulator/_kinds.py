"""The kinds of faults: one table, with one row for each kind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._wire import Response
from ._plan import Plan

Instead = Callable[[Any], Response]
Change = Callable[[Plan, Any], Plan]
Edit = Callable[[bytes, Any], bytes]


class Fits(NamedTuple):
    """Which values a kind of fault can have: in words, and as a check."""

    text: str
    check: Callable[[Any], bool]


def _integer(text: str, least: int, most: float = float("inf")) -> Fits:
    return Fits(text, lambda value: type(value) is int and least <= value <= most)


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and type(value) is not bool and 0 <= value <= 3600


_NONE = Fits("none", lambda value: value is None)
_STATUS = _integer("a status from 200 to 999", 200, 999)
_COUNT = _integer("a count of bytes or rows", 0)
_SIZE = _integer("a count of bytes, at least 1", 1)
_SECONDS = Fits("seconds, at most an hour", _is_seconds)
_END = Fits("reset, close or stall", lambda value: value in ("reset", "close", "stall"))
_URL = Fits("a URL", lambda value: isinstance(value, str) and "://" in value)


_ENDS = "the connection ends by VALUE: reset, close or stall"


class Kind(NamedTuple):
    """One kind of fault.

    *text*: what it does; VALUE in it stands for the fault's value. *default*: the value of a fault
    that has none. *fits*: the values that are allowed. *instead*: makes a response that is sent in
    place of the API's; the API is not called then. *change*: changes how a response is sent.
    """

    text: str
    default: Any = None
    fits: Fits = _NONE
    instead: Instead | None = None
    change: Change | None = None

    @property
    def help(self) -> str:
        """Return the text, with the default value in it."""
        if self.default is None:
            return self.text
        return self.text.replace("VALUE", f"VALUE ({self.default})", 1)


# Responses in place of the API's.

_ERROR_TYPES = {
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


def with_body(response: Response, body: object) -> Response:
    """Return *response* with another body: bytes without a content type, or any value as JSON."""
    headers = {name: text for name, text in response.headers.items() if name != "content-type"}
    if isinstance(body, bytes):
        return _counted(response.status, headers, body)
    headers["content-type"] = "application/json"
    return _counted(response.status, headers, json.dumps(body).encode())


def _status(status: int) -> Response:
    error = {"type": _ERROR_TYPES.get(status, "api_error"), "message": "emulated fault"}
    response = _counted(status, {"request-id": "req_01emulatedfault"}, b"")
    return with_body(response, {"type": "error", "error": error})


def _html(status: int) -> Response:
    page = f"<html><body><h1>{status}</h1></body></html>\n".encode()
    return _counted(status, {"content-type": "text/html"}, page)


def _redirect(url: str) -> Response:
    return _counted(307, {"location": url}, b"")


def _unsent(_: Any) -> Response:
    return _counted(503, {}, b"")


def _counted(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    framed = {**headers, "content-length": str(len(body))}
    return Response(status, framed, iter((body,)), lambda: None)


# Changes of how a response is sent.


def _no_response(plan: Plan, end: str) -> Plan:
    return plan._replace(head=0, end=end)


def _cut_head(plan: Plan, size: int) -> Plan:
    return plan._replace(head=size, end="reset")


def _cut(end: str) -> Change:
    def change(plan: Plan, size: int) -> Plan:
        return plan._replace(body=size, end=end)

    return change


def _chunks(plan: Plan, size: int) -> Plan:
    return plan._replace(size=size)


def _slow(plan: Plan, seconds: float) -> Plan:
    return plan._replace(size=plan.size or 64, pause=seconds)


# Changes of the complete body.


def _edited(edit: Edit) -> Change:
    """Return a change of the body by *edit*; a compressed body is sent uncompressed."""

    def change(plan: Plan, value: Any) -> Plan:
        body = b"".join(plan.response.chunks)
        headers = dict(plan.response.headers)
        if headers.pop("content-encoding", None) == "gzip":
            body = gzip.decompress(body)
        return _with_body(plan, headers, edit(body, value))

    return change


def _with_body(plan: Plan, headers: dict[str, str], body: bytes) -> Plan:
    if "content-length" in headers:
        headers["content-length"] = str(len(body))
    response = plan.response._replace(headers=headers, chunks=iter((body,)))
    return plan._replace(response=response)


def _content_length(plan: Plan, _: Any) -> Plan:
    headers = {**plan.response.headers, "content-length": ""}
    return _with_body(plan, headers, b"".join(plan.response.chunks))


@_edited
def _crlf(body: bytes, _: Any) -> bytes:
    return body.replace(b"\n", b"\r\n")


@_edited
def _no_newline(body: bytes, _: Any) -> bytes:
    return body.rstrip(b"\n")


@_edited
def _blank_lines(body: bytes, _: Any) -> bytes:
    return b"\n" + body.replace(b"\n", b"\n \n\n")


@_edited
def _double_rows(body: bytes, count: int) -> bytes:
    rows = body.splitlines(keepends=True)
    return b"".join([*rows[:count], *rows])


@_edited
def _drop_rows(body: bytes, count: int) -> bytes:
    return b"".join(body.splitlines(keepends=True)[count:])


@_edited
def _foreign_url(body: bytes, origin: str) -> bytes:
    try:
        found = json.loads(body)
    except ValueError:
        # results, or the page of another fault
        return body
    entries = found.get("data", [found]) if isinstance(found, dict) else []
    for batch in entries:
        if isinstance(batch, dict) and isinstance(batch.get("results_url"), str):
            batch["results_url"] = origin + urlsplit(batch["results_url"]).path
    return json.dumps(found, separators=(",", ":")).encode()


@_edited
def _compressed(body: bytes, lost: int | None) -> bytes:
    zipped = gzip.compress(body, mtime=0)
    return zipped[: len(zipped) - (lost or 0)]


def _gzip(plan: Plan, lost: int | None) -> Plan:
    zipped = _compressed(plan, lost)
    headers = {**zipped.response.headers, "content-encoding": "gzip"}
    return zipped._replace(response=zipped.response._replace(headers=headers))


TABLE: dict[str, Kind] = {
    "status": Kind("an error of status VALUE in place of the response", 500, _STATUS, _status),
    "html": Kind("a proxy's page of status VALUE in place of the response", 502, _STATUS, _html),
    "redirect": Kind("a 307 to VALUE in place of the response", None, _URL, _redirect),
    "refuse": Kind(f"no effect and no response; {_ENDS}", "reset", _END, _unsent, _no_response),
    "lose": Kind(f"the usual effect, but no response; {_ENDS}", "reset", _END, None, _no_response),
    "cut_head": Kind(
        "the connection is reset after VALUE bytes of the headers", 20, _COUNT, change=_cut_head
    ),
    "cut": Kind(
        "the connection is closed after VALUE bytes of the body", 0, _COUNT, change=_cut("close")
    ),
    "reset": Kind(
        "the connection is reset after VALUE bytes of the body", 0, _COUNT, change=_cut("reset")
    ),
    "stall": Kind(
        "nothing more arrives after VALUE bytes of the body", 0, _COUNT, change=_cut("stall")
    ),
    "slow": Kind(
        "a pause of VALUE seconds after every 64 bytes of the body", 0.1, _SECONDS, change=_slow
    ),
    "chunks": Kind("the body is sent in chunks of VALUE bytes", 1, _SIZE, change=_chunks),
    "content_length": Kind("the body has a content-length", change=_content_length),
    "headers": Kind("only the headers are changed"),
    "gzip": Kind("the body is compressed, even if not asked for", change=_gzip),
    "broken_gzip": Kind(
        "the body is compressed, and its last VALUE bytes are missing", 8, _COUNT, change=_gzip
    ),
    "crlf": Kind("lines end in CRLF", change=_crlf),
    "no_newline": Kind("the last line has no newline", change=_no_newline),
    "blank_lines": Kind("blank lines between the rows", change=_blank_lines),
    "double_rows": Kind("the first VALUE rows arrive twice", 1, _COUNT, change=_double_rows),
    "drop_rows": Kind("the first VALUE rows are missing", 1, _COUNT, change=_drop_rows),
    "foreign_url": Kind(
        "the results_url names the host of VALUE, a URL", None, _URL, change=_foreign_url
    ),
}

KINDS: dict[str, str] = {name: kind.help for name, kind in TABLE.items()}
"""What each kind of fault does, by its name; VALUE is the fault's value, with its default."""
