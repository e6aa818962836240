"""The emulated API: a request in, a response out. No I/O.

Not emulated: models, prompt caching, rate limits, organizations and workspaces. What nobody has
shown of the real server is marked (A), an assumption, where it stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from .._address import BATCHES
from .._wire import Request, Response
from ._checks import Refused, check_count, check_create, check_head, page_bounds
from ._rows import tokens
from ._store import Batch, Store, lines_of

T = TypeVar("T")

_RETRY_AFTER = "10"  # seconds: the server's own pace, on every show of a batch in progress
_PIECE = 64 * 1024  # bytes of results handed over at once


def handle(store: Store, request: Request) -> Response:
    """Answer *request* as the API would, out of *store* and into it."""
    exchange = _Exchange(store, request)
    try:
        check_head(exchange.headers)
        return exchange.answer()
    except Refused as refused:
        return exchange.refuse(refused)


class _Exchange:
    """One request on its way to its response."""

    def __init__(self, store: Store, request: Request) -> None:
        url = urlsplit(request.url)
        self.store = store
        self.request = request
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.path = url.path
        self.query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        self.base_url = f"{url.scheme}://{url.netloc}"
        self.request_id = store.new_id("req")

    def answer(self) -> Response:
        if self.path == "/v1/messages/count_tokens":
            return self._allowed({"POST": self._count_tokens})()
        if self.path == BATCHES:
            return self._allowed({"POST": self._create, "GET": self._list})()
        head, _, rest = self.path.partition(BATCHES + "/")
        id, slash, action = rest.partition("/")
        if head or not id or action not in _ACTIONS or bool(slash) != bool(action):
            raise Refused(404, "not_found_error", "Not found")
        call = self._allowed(_ACTIONS[action])
        with self.store.lock:
            return call(self, self._batch(unquote(id)))

    def refuse(self, refused: Refused) -> Response:
        error = {"type": refused.type, "message": refused.message}
        return self._json(
            {"type": "error", "error": error, "request_id": self.request_id}, refused.status, refused.headers
        )

    def _allowed(self, calls: Mapping[str, T]) -> T:
        if self.request.method not in calls:
            raise Refused(405, "invalid_request_error", "Method Not Allowed")  # (A)
        return calls[self.request.method]

    def _body(self) -> Any:
        pieces = b"".join(self.request.body or ())
        if len(pieces) > self.store.limits.bytes:
            raise Refused(413, "request_too_large", "Request exceeds the maximum size")
        try:
            return json.loads(pieces.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Refused(400, "invalid_request_error", f"The request body is not valid JSON: {error}") from None

    def _batch(self, id: str) -> Batch:
        batch = self.store.get(id)
        if batch is None:
            raise Refused(404, "not_found_error", f"Message Batch {id} not found.")
        return batch

    def _create(self) -> Response:
        requests = check_create(self._body(), self.store.limits)
        return self._one(self.store.add(requests))

    def _list(self) -> Response:
        batches = self.store.newest_first()
        page, has_more = page_bounds(self.query, [batch.id for batch in batches], self.store.limits)
        data = [self._object(batch) for batch in batches[page]]
        ends = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return self._json({"data": data, "has_more": has_more, "first_id": ends[0], "last_id": ends[1]})

    def show(self, batch: Batch) -> Response:
        if batch.status == "ended":
            return self._one(batch)
        self.store.look(batch)
        return self._one(batch, {"retry-after": _RETRY_AFTER})

    def cancel(self, batch: Batch) -> Response:
        if batch.status == "ended":
            raise Refused(400, "invalid_request_error", f"Message Batch {batch.id} has already ended.")  # (A)
        self.store.cancel(batch)
        return self._one(batch)

    def delete(self, batch: Batch) -> Response:
        if batch.status != "ended":
            text = "In progress batches cannot be deleted. Consider canceling the batch instead."
            raise Refused(400, "invalid_request_error", text)
        self.store.remove(batch)
        return self._json({"id": batch.id, "type": "message_batch_deleted"})

    def results(self, batch: Batch) -> Response:
        if batch.status != "ended" or batch.archived(self.store.clock.now()):
            text = f"Message Batch {batch.id} has no available results."
            raise Refused(404, "not_found_error", text, {"x-should-retry": "false"})
        headers = {
            "content-type": "application/x-jsonl",
            "content-disposition": f"attachment; filename*=utf-8''{batch.id}_results.jsonl",
        }
        return self._response(200, headers, _pieces(lines_of(batch)))

    def _count_tokens(self) -> Response:
        body = self._body()
        check_count(body)
        return self._json({"input_tokens": tokens(body)})

    def _one(self, batch: Batch, headers: dict[str, str] | None = None) -> Response:
        return self._json(self._object(batch), headers=headers)

    def _object(self, batch: Batch) -> dict[str, Any]:
        with self.store.lock:
            return batch.as_json(self.base_url, self.store.clock.now())

    def _json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        body = json.dumps(value, separators=(",", ":")).encode()
        framed = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
        return self._response(status, framed, iter((body,)))

    def _response(self, status: int, headers: dict[str, str], chunks: Iterator[bytes]) -> Response:
        common = {
            "date": formatdate(self.store.clock.now(), usegmt=True),
            "request-id": self.request_id,
            "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
        }
        return Response(status, {**common, **headers}, chunks, lambda: None)


_ACTIONS: dict[str, dict[str, Callable[[_Exchange, Batch], Response]]] = {
    "": {"GET": _Exchange.show, "DELETE": _Exchange.delete},
    "cancel": {"POST": _Exchange.cancel},
    "results": {"GET": _Exchange.results},
}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
