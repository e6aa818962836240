"""The emulated API: a request in, a response out. No I/O but that of its store.

What nobody has shown of the real server is marked (A), an assumption, where it stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .._wire import BATCHES, Request, Response
from ._batch import Batch
from ._checks import check_count, check_head, checked, page_bounds
from ._message import tokens
from ._parse import RequestsIn, value_in
from ._refused import Refused, invalid
from ._store import Store

_RETRY_AFTER = "10"  # seconds: the server's own pace, on every show of a batch that goes on
_COUNT_TOKENS = "/v1/messages/count_tokens"


def handle(store: Store, request: Request) -> Response:
    """Answer *request* as the API would, out of *store* and into it."""
    exchange = _Exchange(store, request)
    try:
        check_head(exchange.headers)
        store.count_call()
        return exchange.answer()
    except Refused as refused:
        return exchange.refuse(refused)


def call_of(method: str, path: str) -> str | None:
    """Give the name of the call that a method and a path make, None where they make none."""
    if path == _COUNT_TOKENS:
        return "count_tokens" if method == "POST" else None
    if path == BATCHES:
        return {"POST": "create", "GET": "list"}.get(method)
    head, _, rest = path.partition(BATCHES + "/")
    id, slash, action = rest.partition("/")
    if head or not id or bool(slash) != bool(action):
        return None
    return _CALLS.get((method, action))


_CALLS = {
    ("GET", ""): "show",
    ("DELETE", ""): "delete",
    ("POST", "cancel"): "cancel",
    ("GET", "results"): "results",
}


class _Exchange:
    """One request on its way to its response."""

    def __init__(self, store: Store, request: Request) -> None:
        url = urlsplit(request.url)
        self.store = store
        self.request = request
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.path = url.path
        self.query = {
            name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()
        }
        self.base_url = f"{url.scheme}://{url.netloc}"
        self.request_id = store.request_id()

    def answer(self) -> Response:
        call = call_of(self.request.method, self.path)
        if call is None:
            others = ("GET", "POST", "DELETE")
            if any(call_of(method, self.path) for method in others):
                raise Refused(405, "invalid_request_error", "Method Not Allowed")  # (A)
            raise Refused(404, "not_found_error", "Not found")
        if call in _ON_A_BATCH:
            return self._on_a_batch(call, unquote(self.path[len(BATCHES) + 1 :].partition("/")[0]))
        answers = {"create": self._create, "list": self._list, "count_tokens": self._count_tokens}
        return answers[call]()

    def refuse(self, refused: Refused) -> Response:
        error: dict[str, Any] = {"error": {"type": refused.type, "message": refused.message}}
        if not refused.edge:
            error = {"type": "error", **error, "request_id": self.request_id}
        response = self._json(error, refused.status, refused.headers)
        if refused.edge:
            headers = {
                name: value for name, value in response.headers.items() if name in _OF_THE_EDGE
            }
            response = response._replace(headers=headers)
        return response

    def _on_a_batch(self, call: str, id: str) -> Response:
        with self.store.lock:
            batch = self.store.get(id)
            if batch is None:
                raise Refused(404, "not_found_error", f"Message Batch {id} not found.")
            state = "archived" if batch.archived(self.store.clock.now()) else batch.status
            return _ON_A_BATCH[call][state](self, batch)

    def _create(self) -> Response:
        requests = checked(RequestsIn(self._body()), self.store.limits)
        return self._state(self.store.add(requests, self.headers["anthropic-version"]))

    def _list(self) -> Response:
        with self.store.lock:
            batches = self.store.newest_first()
            page, has_more = page_bounds(
                self.query, [batch.id for batch in batches], self.store.limits
            )
            data = [self._object(batch) for batch in batches[page]]
        ends = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return self._json(
            {"data": data, "has_more": has_more, "first_id": ends[0], "last_id": ends[1]}
        )

    def _count_tokens(self) -> Response:
        body = value_in(self._body())
        check_count(body)
        return self._json({"input_tokens": tokens(body)})

    def _body(self) -> Iterator[bytes]:
        """Yield the body's pieces, up to the limit; past it all is read and nothing kept."""
        size = 0
        for piece in self.request.body or ():
            size += len(piece)
            if size <= self.store.limits.bytes:
                yield piece
        if size > self.store.limits.bytes:
            raise Refused(413, "request_too_large", "Request exceeds the maximum size", edge=True)

    def _state(self, batch: Batch) -> Response:
        return self._json(self._object(batch))

    def _look(self, batch: Batch) -> Response:
        self.store.look(batch)
        return self._json(self._object(batch), headers={"retry-after": _RETRY_AFTER})

    def _begin_to_cancel(self, batch: Batch) -> Response:
        self.store.cancel(batch)
        return self._state(batch)

    def _has_ended(self, batch: Batch) -> Response:
        raise invalid(f"Message Batch {batch.id} has already ended.")  # (A)

    def _goes_on(self, _batch: Batch) -> Response:
        raise invalid(
            "In progress batches cannot be deleted. Consider canceling the batch instead."
        )

    def _remove(self, batch: Batch) -> Response:
        self.store.remove(batch)
        return self._json({"id": batch.id, "type": "message_batch_deleted"})

    def _no_results(self, batch: Batch) -> Response:
        text = f"Message Batch {batch.id} has no available results."
        raise Refused(404, "not_found_error", text, {"x-should-retry": "false"})

    def _results(self, batch: Batch) -> Response:
        headers = {
            "content-type": "application/x-jsonl",
            "content-disposition": f"attachment; filename*=utf-8''{batch.id}_results.jsonl",
        }
        pieces = batch.results.pieces()
        return self._response(200, headers, pieces)._replace(close=pieces.close)

    def _object(self, batch: Batch) -> dict[str, Any]:
        with self.store.lock:
            return batch.as_json(self.base_url, self.store.clock.now())

    def _json(
        self, value: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        body = json.dumps(value, separators=(",", ":")).encode()
        framed = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            **(headers or {}),
        }
        return self._response(status, framed, iter((body,)))

    def _response(self, status: int, headers: dict[str, str], chunks: Iterator[bytes]) -> Response:
        common = {
            "date": formatdate(self.store.clock.now(), usegmt=True),
            "request-id": self.request_id,
            "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
            "anthropic-workspace-id": self.headers.get(
                "anthropic-workspace-id", "wrkspc_01emulated"
            ),  # (A)
        }
        return Response(status, {**common, **headers}, chunks, lambda: None)


_OF_THE_EDGE = ("date", "content-type", "content-length")

_Answer = Callable[[_Exchange, Batch], Response]

# What each call on a batch does in each of its states. (A): delete while canceling, cancel while
# canceling and when ended, results after 29 days, everything after a delete (404).
_ON_A_BATCH: dict[str, dict[str, _Answer]] = {
    "show": {
        "in_progress": _Exchange._look,
        "canceling": _Exchange._look,
        "ended": _Exchange._state,
        "archived": _Exchange._state,
    },
    "cancel": {
        "in_progress": _Exchange._begin_to_cancel,
        "canceling": _Exchange._state,
        "ended": _Exchange._has_ended,
        "archived": _Exchange._has_ended,
    },
    "delete": {
        "in_progress": _Exchange._goes_on,
        "canceling": _Exchange._goes_on,
        "ended": _Exchange._remove,
        "archived": _Exchange._remove,
    },
    "results": {
        "in_progress": _Exchange._no_results,
        "canceling": _Exchange._no_results,
        "ended": _Exchange._results,
        "archived": _Exchange._no_results,
    },
}
