"""Small values and helpers that the tests of the emulator share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from samples import Bytes

from anthropix_py._wire import BATCHES, Request
from anthropix_py.emulator import Store, handle
from anthropix_py.emulator._batch import Batch

COUNT_TOKENS = "/v1/messages/count_tokens"
BASE = "http://emulator:8080"
VERSION = {"anthropic-version": "2023-06-01"}
HEAD = {"x-api-key": "k", **VERSION}
PARAMS: dict[str, Any] = {
    "model": "m",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hello"}],
}
DAY = 24 * 3600.0
START = 1_787_150_691.493319  # 2026-08-19T14:44:51.493319+00:00
IN_PROGRESS = "In progress batches cannot be deleted. Consider canceling the batch instead."


def cases(names: str, rows: Mapping[str, Any]) -> pytest.MarkDecorator:
    """Return the mark that runs a test with each of *rows*, whose keys are the ids."""
    return pytest.mark.parametrize(names, rows.values(), ids=rows)


def requests(count: int = 1, **params: Any) -> list[dict[str, Any]]:
    """Return requests without a fault, except for *params*; their ids are id-0, id-1 ..."""
    changed = {**PARAMS, **params}
    return [{"custom_id": f"id-{number}", "params": changed} for number in range(count)]


def texts(count: int = 1, **params: Any) -> list[str]:
    """Return *requests* as the JSON that `Store.add` takes."""
    return [json.dumps(request) for request in requests(count, **params)]


def create_body(count: int = 1) -> bytes:
    """Return the body of a create."""
    return json.dumps({"requests": requests(count)}).encode()


class Received(NamedTuple):
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the value of the body."""
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Return the status, and the type and the message of the error."""
        return self.status, self.json["error"]["type"], self.json["error"]["message"]


def ask(
    store: Store,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] = HEAD,
    base: str = BASE,
) -> Received:
    """Return the API's response; *body* is bytes, a `Body`, or a value to send as JSON."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    content: Any = Bytes(body) if isinstance(body, bytes) else body
    response = handle(store, Request(method, base + path, headers, content))
    received = Received(response.status, response.headers, b"".join(response.chunks))
    response.close()
    return received


def create(store: Store, count: int = 1) -> str:
    """Create a batch; return its id."""
    response = ask(store, "POST", BATCHES, create_body(count))
    assert response.status == 200
    return str(response.json["id"])


def now(store: Store, batch: Batch | str) -> Batch:
    """Return a batch as it is now."""
    found = store.get(batch if isinstance(batch, str) else batch.id)
    assert found is not None
    return found


def counted(batch: Batch) -> dict[str, int]:
    """Return the counts of a batch that are not 0."""
    return {kind: count for kind, count in batch.counts.items() if count}


def content(batch: Batch) -> bytes:
    """Return the results of a batch as they are sent."""
    return b"".join(batch.results.blocks())


def rows(batch: Batch) -> list[dict[str, Any]]:
    """Return the results of a batch."""
    return [json.loads(line) for line in content(batch).splitlines()]
