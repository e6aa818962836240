"""The rows of a batch's results: asked for, decoded, counted."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import cast

from . import _address, _call
from ._jsonl import Decoder
from ._wire import Response
from .client import Client
from .errors import AnthropixError, APIError, IncompleteResults, NotEnded
from .types import BatchRef, MessageBatch, Row


def rows(client: Client, batch_or_url: BatchRef) -> Generator[Row, None, None]:
    """Begin to read results. What can be known before the first row is raised here, the rest while iterating."""
    id = _address.results_id(client, batch_or_url)
    expected = _expected(client, id, batch_or_url)
    response = _begin(client, id)
    stream = _stream(response, expected)
    next(stream)  # up to its try: from here on closing or dropping it gives the connection up
    return cast("Generator[Row, None, None]", stream)


def _expected(client: Client, id: str, batch_or_url: BatchRef) -> int | None:
    """Give the number of rows to come, None where only the id is known. Raises `NotEnded`."""
    if isinstance(batch_or_url, str) or "processing_status" not in batch_or_url:
        return None
    batch = batch_or_url
    if batch["processing_status"] != "ended":  # it may have ended since, and its counts have moved
        batch = _look(client, id)
        if batch["processing_status"] != "ended":
            raise NotEnded(cast(MessageBatch, batch))
    counts = batch.get("request_counts")
    return sum(counts.values()) if isinstance(counts, Mapping) else None


def _begin(client: Client, id: str) -> Response:
    try:
        return _call.begin(client, _call.Call("GET", _address.path(id, "/results")))
    except APIError as error:
        if error.status != 404:
            raise
        batch = _unless_ended(client, id)
        if batch is None:
            raise
    raise NotEnded(batch)


def _unless_ended(client: Client, id: str) -> MessageBatch | None:
    """Give the batch if its results are missing only because it goes on; a 404 alone does not tell."""
    try:
        batch = _look(client, id)
    except AnthropixError:
        return None
    return cast(MessageBatch, batch) if batch.get("processing_status") in ("in_progress", "canceling") else None


def _look(client: Client, id: str) -> Mapping[str, object]:
    return _call.ask(client, _call.Call("GET", _address.path(id))).value


def _stream(response: Response, expected: int | None) -> Iterator[Row | None]:
    seen: set[str] = set()
    duplicates = 0
    try:
        yield None
        for row in _decoded(response):
            if row["custom_id"] in seen:
                duplicates += 1
                continue
            seen.add(row["custom_id"])
            yield row
    finally:
        response.close()
    if expected is not None and len(seen) != expected:
        raise IncompleteResults(expected, len(seen), duplicates)


def _decoded(response: Response) -> Iterator[Row]:
    decoder = Decoder(response.status, response.headers)
    for chunk in response.chunks:
        yield from decoder.feed(chunk)
    yield from decoder.finish()
