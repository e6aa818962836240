"""The emulated API: from a request to its response. Only the store does I/O.

Where the behaviour of the real server is not known, the source is marked (A), an assumption.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .._wire import BATCHES, Request, Response
from ._batch import Batch
from ._checks import check_count, check_head, checked, page_bounds
from ._message import tokens
from ._parse import RequestReader, parse_json
from ._refusal import Refusal, invalid, not_found
from ._store import Store

_RETRY_AFTER = "10"  # seconds: the server's own poll interval
_COUNT_TOKENS = "/v1/messages/count_tokens"
_CALLS = {
    ("GET", ""): "show",
    ("DELETE", ""): "delete",
    ("POST", "cancel"): "cancel",
    ("GET", "results"): "results",
}


def handle(store: Store, request: Request) -> Response:
    """Return the API's response to *request*, which may read and change *store*."""
    exchange = _Exchange(store, request)
    try:
        check_head(exchange.headers, store.api_keys)
        store.count_call()
        return exchange.respond()
    except Refusal as refusal:
        return exchange.refuse(refusal)


def call_of(method: str, path: str) -> str | None:
    """Return the name of the call with that method and path, None if there is no such call."""
    if path == _COUNT_TOKENS:
        return {"POST": "count_tokens"}.get(method)
    if path == BATCHES:
        return {"POST": "create", "GET": "list"}.get(method)
    head, _, rest = path.partition(BATCHES + "/")
    id, slash, action = rest.partition("/")
    if head or not id or bool(slash) != bool(action):
        return None
    return _CALLS.get((method, action))


class _Exchange:
    """One request on its way to its response."""

    def __init__(self, store: Store, request: Request) -> None:
        url = urlsplit(request.url)
        query = parse_qs(url.query, keep_blank_values=True)
        self.store = store
        self.request = request
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.path = url.path
        self.query = {name: values[-1] for name, values in query.items()}
        self.base_url = f"{url.scheme}://{url.netloc}"
        self.request_id = store.request_id()

    def respond(self) -> Response:
        call = call_of(self.request.method, self.path)
        if call is None:
            raise self._no_call()
        if call in _ON_A_BATCH:
            return self._on_a_batch(call)
        calls = {"create": self._create, "list": self._list, "count_tokens": self._count_tokens}
        return calls[call]()

    def refuse(self, refusal: Refusal) -> Response:
        error = {"type": refusal.type, "message": refusal.message}
        if refusal.edge:
            return self._refuse_at_the_edge(refusal.status, {"error": error})
        body: dict[str, Any] = {"type": "error", "error": error}
        if not refusal.anonymous:
            body["request_id"] = self.request_id
        return self._json(body, refusal.status, refusal.headers)

    def _refuse_at_the_edge(self, status: int, value: object) -> Response:
        body = _encoded(value)
        headers = {
            "date": self._date(),
            "content-type": "application/json",
            "content-length": str(len(body)),
        }
        return Response(status, headers, iter((body,)), lambda: None)

    def _no_call(self) -> Refusal:
        if any(call_of(method, self.path) for method in ("GET", "POST", "DELETE")):
            return Refusal(405, "invalid_request_error", "Method Not Allowed")  # (A)
        return Refusal(404, "not_found_error", "Not found", anonymous=True)

    def _on_a_batch(self, call: str) -> Response:
        id = unquote(self.path[len(BATCHES) + 1 :].partition("/")[0])
        with self.store.lock:
            batch = self.store.get(id)
            if batch is None:
                raise not_found(f"Message Batch {id} not found.")
            state = batch.status
            if batch.archived(self.store.clock.now()):
                state = "archived"
            return _ON_A_BATCH[call][state](self, batch)

    def _create(self) -> Response:
        requests = checked(RequestReader(self._body()), self.store.limits)
        version, beta = self.headers["anthropic-version"], self.headers.get("anthropic-beta", "")
        return self._show(self.store.add(requests, version, beta))

    def _list(self) -> Response:
        with self.store.lock:
            batches = self.store.newest_first()
            ids = [batch.id for batch in batches]
            page, has_more = page_bounds(self.query, ids, self.store.limits)
            data = [self._object(batch) for batch in batches[page]]
        first_id = last_id = None
        if data:
            first_id, last_id = data[0]["id"], data[-1]["id"]
        return self._json(
            {"data": data, "has_more": has_more, "first_id": first_id, "last_id": last_id}
        )

    def _count_tokens(self) -> Response:
        body = parse_json(self._body())
        check_count(body, self.headers.get("anthropic-beta", ""))
        return self._json({"input_tokens": tokens(body)})

    def _body(self) -> Iterator[bytes]:
        """Yield the body up to the limit. A larger body is read to its end, and then refused."""
        size = 0
        for block in self.request.body or ():
            size += len(block)
            if size <= self.store.limits.bytes:
                yield block
        if size > self.store.limits.bytes:
            raise Refusal(413, "request_too_large", "Request exceeds the maximum size", edge=True)

    def _show(self, batch: Batch) -> Response:
        return self._json(self._object(batch))

    def _show_unfinished(self, batch: Batch) -> Response:
        self.store.count_look(batch)
        return self._json(self._object(batch), headers={"retry-after": _RETRY_AFTER})

    def _cancel(self, batch: Batch) -> Response:
        self.store.cancel(batch)
        return self._show(batch)

    def _refuse_cancel(self, batch: Batch) -> Response:
        raise invalid(f"Message Batch {batch.id} has already ended.")  # (A)

    def _delete(self, batch: Batch) -> Response:
        self.store.remove(batch)
        return self._json({"id": batch.id, "type": "message_batch_deleted"})

    def _refuse_delete(self, _batch: Batch) -> Response:
        raise invalid(
            "In progress batches cannot be deleted. Consider canceling the batch instead."
        )

    def _results(self, batch: Batch) -> Response:
        headers = {
            "content-type": "application/x-jsonl",
            "content-disposition": f"attachment; filename*=utf-8''{batch.id}_results.jsonl",
        }
        blocks = batch.results.blocks()
        return self._response(200, headers, blocks)._replace(close=blocks.close)

    def _refuse_results(self, batch: Batch) -> Response:
        message = f"Message Batch {batch.id} has no available results."
        raise not_found(message, {"x-should-retry": "false"})

    def _object(self, batch: Batch) -> dict[str, Any]:
        with self.store.lock:
            return batch.as_json(self.base_url, self.store.clock.now())

    def _json(
        self, value: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        body = _encoded(value)
        common = {"content-type": "application/json", "vary": "Accept-Encoding"}
        if _accepts_gzip(self.headers.get("accept-encoding", "")):
            body = gzip.compress(body, mtime=0)
            common["content-encoding"] = "gzip"
        return self._response(status, {**common, **(headers or {})}, iter((body,)))

    def _response(self, status: int, headers: dict[str, str], chunks: Iterator[bytes]) -> Response:
        workspace = self.headers.get("anthropic-workspace-id", "wrkspc_01emulated")  # (A)
        common = {
            "date": self._date(),
            "request-id": self.request_id,
            "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
            "anthropic-workspace-id": workspace,
        }
        return Response(status, {**common, **headers}, chunks, lambda: None)

    def _date(self) -> str:
        return formatdate(self.store.clock.now(), usegmt=True)


def _accepts_gzip(accepted: str) -> bool:
    for coding in accepted.lower().split(","):
        name, _, quality = coding.partition(";q=")
        if name.strip() == "gzip":
            return quality.strip() not in ("0", "0.0", "0.00", "0.000")
    return False


def _encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_Handler = Callable[[_Exchange, Batch], Response]

# What each call on a batch does in each of its states. (A): delete while canceling, cancel while
# canceling and when ended, results after 29 days, everything after a delete (404).
_ON_A_BATCH: dict[str, dict[str, _Handler]] = {
    "show": {
        "in_progress": _Exchange._show_unfinished,
        "canceling": _Exchange._show_unfinished,
        "ended": _Exchange._show,
        "archived": _Exchange._show,
    },
    "cancel": {
        "in_progress": _Exchange._cancel,
        "canceling": _Exchange._show,
        "ended": _Exchange._refuse_cancel,
        "archived": _Exchange._refuse_cancel,
    },
    "delete": {
        "in_progress": _Exchange._refuse_delete,
        "canceling": _Exchange._refuse_delete,
        "ended": _Exchange._delete,
        "archived": _Exchange._delete,
    },
    "results": {
        "in_progress": _Exchange._refuse_results,
        "canceling": _Exchange._refuse_results,
        "ended": _Exchange._results,
        "archived": _Exchange._refuse_results,
    },
}
