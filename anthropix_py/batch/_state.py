"""One batch as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ..client import Client
from ..errors import DecodeError, NotEnded
from ..types import BatchRef, MessageBatch
from . import _call, _ids


def get_batch(id: str) -> _call.Call:
    """Give the call that asks for a batch."""
    return _call.Call("GET", _ids.path(id))


def ask_for_batch(client: Client, call: _call.Call) -> tuple[MessageBatch, dict[str, str]]:
    """Make a call that is answered with a batch: its state, and the headers of the answer."""
    value, headers = _call.ask(client, call)
    for key in ("id", "processing_status"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise DecodeError(
                f"the answer is not a batch: it has no {key}", request_id=headers.get("request-id")
            )
    return cast(MessageBatch, value), headers


def show(client: Client, id: str) -> MessageBatch:
    """Give the batch of that id."""
    return ask_for_batch(client, get_batch(id))[0]


def ended(client: Client, id: str, batch: BatchRef) -> MessageBatch:
    """Give the batch if it has ended, after a look where *batch* does not say so. Raises `NotEnded`."""
    if isinstance(batch, str) or batch.get("processing_status") != "ended":
        batch = show(client, id)  # a dict that says otherwise may be old
        if batch["processing_status"] != "ended":
            raise NotEnded(batch)
    return cast(MessageBatch, batch)


def total(batch: Mapping[str, object]) -> int | None:
    """Give the number of requests in a batch, which is never 0; None where its dict does not say."""
    counts = batch.get("request_counts")
    numbers = list(counts.values()) if isinstance(counts, Mapping) else []
    return sum(numbers) or None if all(isinstance(number, int) for number in numbers) else None
