"""Small values that many tests need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from anthropix_py import Client, Policy, init
from anthropix_py._wire import Response
from anthropix_py.emulator import ManualClock

KEY = "sk-ant-api03-the-secret-of-the-tests"
ID = "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"
PATH = f"/v1/messages/batches/{ID}"


class Bytes:
    """A small body, held in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.length = len(content)

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))


def deep(levels: int) -> list[Any]:
    """Give a list in a list, and so on, too deep for some."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def request(custom_id: str = "a", **params: Any) -> dict[str, Any]:
    """Give a request that nothing is wrong with, but for *params*."""
    messages = [{"role": "user", "content": "Hello"}]
    return {
        "custom_id": custom_id,
        "params": {"model": "m", "max_tokens": 9, "messages": messages, **params},
    }


def a_batch(status: str = "in_progress", succeeded: int = 0, **fields: Any) -> dict[str, Any]:
    """Give a batch as the API does."""
    ended = status == "ended"
    return {
        "id": ID,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {
            "processing": 0 if ended else 2,
            "succeeded": succeeded if ended else 0,
            "errored": 0,
            "canceled": 0,
            "expired": 0,
        },
        "ended_at": "2026-08-19T14:54:51.493319+00:00" if ended else None,
        "created_at": "2026-08-19T14:44:51.493319+00:00",
        "expires_at": "2026-08-20T14:44:51.493319+00:00",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"https://api.anthropic.com{PATH}/results" if ended else None,
        **fields,
    }


def row(custom_id: str = "a") -> dict[str, Any]:
    """Give a row of results."""
    return {"custom_id": custom_id, "result": {"type": "canceled"}}


def error_body(kind: str = "api_error", message: str = "no", **details: Any) -> dict[str, Any]:
    """Give the body of an error, enveloped."""
    error = {"type": kind, "message": message, **({"details": details} if details else {})}
    return {"type": "error", "error": error, "request_id": "req_from_the_body"}


def answer_of(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """Give a response as a transport does, its body JSON or bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers or {}, iter((content,)), lambda: None)


def client(url: str, **options: Any) -> Client:
    """Give a client of a server on this machine: it waits on a clock of its own, and not long on the wire."""
    given: dict[str, Any] = {
        "clock": ManualClock(),
        "timeout": 5.0,
        "connect_timeout": 5.0,
        "retry": Policy(),
        **options,
    }
    return init(KEY, base_url=url, **given)
