"""One batch as it is now, and how its dict is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ..client import Client
from ..errors import DecodeError, NotEnded
from ..types import BatchRef, MessageBatch
from . import _call, _ids

COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")
"""The states in which `request_counts` counts requests."""


def get_batch(id: str) -> _call.Call:
    """Return the call that asks for a batch."""
    return _call.Call("GET", _ids.path(id))


def show(client: Client, id: str) -> MessageBatch:
    """Return the batch with that id."""
    return batch_in(_call.ask(client, get_batch(id)), id)


def batch_in(reply: _call.Reply, id: str | None = None) -> MessageBatch:
    """Return the batch in a reply. Raises `DecodeError` for anything else, or for another id."""
    request_id = reply.headers.get("request-id")
    for key in ("id", "processing_status"):
        value = reply.value.get(key)
        if not isinstance(value, str) or not value:
            raise DecodeError(
                f"the response is not a batch: it has no {key}", request_id=request_id
            )
    found = reply.value["id"]
    if id is not None and found != id:
        detail = f"the response is about another batch, {found!r}"
        raise DecodeError(detail, request_id=request_id)
    return cast(MessageBatch, reply.value)


def ended(client: Client, id: str, batch: BatchRef) -> MessageBatch:
    """Return the batch if it has ended; the server is asked if *batch* does not say so.

    Raises `NotEnded`.
    """
    if isinstance(batch, str) or batch.get("processing_status") != "ended":
        # a dict that says otherwise may be old
        batch = show(client, id)
        if batch["processing_status"] != "ended":
            raise NotEnded(batch)
    return cast(MessageBatch, batch)


def total(batch: Mapping[str, object]) -> int | None:
    """Return the number of requests in a batch, which is never 0; None if its dict does not say.

    It does not say if it has a count of another kind than the five of today, other than 0: that may
    be one more kind of row, or the total.
    """
    counts = batch.get("request_counts")
    if not isinstance(counts, Mapping) or any(counts[name] for name in counts.keys() - set(COUNTS)):
        return None
    numbers = list(counts.values())
    if not all(isinstance(number, int) for number in numbers):
        return None
    return sum(numbers) or None


def may_have(batch: Mapping[str, object], requests: int) -> bool:
    """Return whether a batch may be one of that many requests; doubt is True."""
    return total(batch) in (requests, None)
