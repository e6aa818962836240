"""Small values that many tests need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pytest

from anthropix_py import Client, Policy, init
from anthropix_py._wire import Response
from anthropix_py.emulator import ManualClock

E = TypeVar("E", bound=Exception)

KEY = "sk-ant-api03-the-secret-of-the-tests"
ID = "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"
PATH = f"/v1/messages/batches/{ID}"
OWN_PACE = [5.0, 7.5, 11.25, 16.875, 25.3125, 37.96875, 56.953125, 60.0, 60.0, 60.0]
"""Seconds between the polls of `wait` if the server names none."""


class Bytes:
    """A small body, held in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.length = len(content)

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))


def table(names: str, rows: Mapping[str, object]) -> pytest.MarkDecorator:
    """Return the mark that runs a test once for each of *rows*, whose keys are the ids."""
    return pytest.mark.parametrize(names, rows.values(), ids=rows.keys())


def deep(levels: int) -> list[Any]:
    """Return a list in a list, and so on, too deep for some."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def request(custom_id: str = "a", **params: Any) -> dict[str, Any]:
    """Return a request with nothing wrong but what *params* bring."""
    messages = [{"role": "user", "content": "Hello"}]
    fields = {"model": "m", "max_tokens": 9, "messages": messages, **params}
    return {"custom_id": custom_id, "params": fields}


def counts(processing: int = 0, **others: int) -> dict[str, int]:
    """Return the request_counts of a batch."""
    none = {"succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    return {"processing": processing, **none, **others}


def a_batch(status: str = "in_progress", succeeded: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a batch as the API writes it."""
    ended = status == "ended"
    return {
        "id": ID,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": counts(succeeded=succeeded) if ended else counts(2),
        "ended_at": "2026-08-19T14:54:51.493319+00:00" if ended else None,
        "created_at": "2026-08-19T14:44:51.493319+00:00",
        "expires_at": "2026-08-20T14:44:51.493319+00:00",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"https://api.anthropic.com{PATH}/results" if ended else None,
        **fields,
    }


def row(custom_id: str = "a") -> dict[str, Any]:
    """Return a row of results."""
    return {"custom_id": custom_id, "result": {"type": "canceled"}}


def error_body(kind: str = "api_error", message: str = "no", **details: Any) -> dict[str, Any]:
    """Return the body of an error, in its envelope."""
    error = {"type": kind, "message": message, **({"details": details} if details else {})}
    return {"type": "error", "error": error, "request_id": "req_from_the_body"}


def answer_of(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """Return a response as a transport does, its body JSON or bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers or {}, iter((content,)), lambda: None)


def error_in(result: tuple[str, object], kind: type[E], message: str = "") -> E:
    """Return the error of *result*, which must be of exactly that kind and have *message* in it."""
    tag, error = result
    assert tag == "error", error
    assert isinstance(error, kind)
    assert type(error) is kind
    assert message in str(error)
    return error


def client(url: str, **options: Any) -> Client:
    """Return a client of a server on this machine, with a manual clock and short timeouts."""
    given: dict[str, Any] = {
        "clock": ManualClock(),
        "timeout": 5.0,
        "connect_timeout": 5.0,
        "retry": Policy(),
        **options,
    }
    return init(KEY, base_url=url, **given)
