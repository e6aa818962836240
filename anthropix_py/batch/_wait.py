"""Wait for a batch to end: poll it, within the caller's timeout, and tolerate failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from .._arguments import number
from .._events import emit, warn
from ..client import Client
from ..errors import AnthropixError, WaitTimeout
from ..types import BatchRef, MessageBatch
from . import _call, _ids, _state
from ._polling import Polling

_LONGEST_INTERVAL = 24 * 3600.0  # seconds: a batch takes no longer
# A poll is given this long even if less is left of the caller's time.
_LEAST_TIME = 1.0  # seconds

OnUpdate = Callable[[MessageBatch], object]


def wait(
    client: Client,
    batch: BatchRef,
    timeout: float | None,
    interval: float | None,
    on_update: OnUpdate | None,
) -> MessageBatch:
    """Poll until the batch has ended, and return its last state.

    Raises `WaitTimeout`, or the error of the last poll if too many failed or waiting is useless.
    """
    if timeout is not None:
        number("timeout", timeout, least=0, unit="seconds")
    if interval is not None:
        number("interval", interval, above=0, most=_LONGEST_INTERVAL, unit="seconds")
    if on_update is not None and not callable(on_update):
        raise TypeError(f"on_update must be callable, not {type(on_update).__name__}")
    id = _ids.batch_id(batch)
    known = _state_in(batch)
    if known is not None and known["processing_status"] == "ended":
        return known
    try:
        return _poll(client, id, known, timeout, interval, on_update)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(
            f"Batch {id} is still being processed by the server. To go on waiting for it: "
            f"batch.wait(client, {id!r})"
        )
        raise


def _poll(
    client: Client,
    id: str,
    latest: MessageBatch | None,
    timeout: float | None,
    interval: float | None,
    on_update: OnUpdate | None,
) -> MessageBatch:
    polling = Polling(interval)
    started = client.clock.monotonic()
    while True:
        left = _left(client, started, timeout)
        polling, seen = _poll_once(client, id, polling, left)
        if seen is not None:
            latest = seen
            if on_update is not None:
                on_update(seen)
            if seen["processing_status"] == "ended" or seen.get("archived_at"):
                return seen
        waited = client.clock.monotonic() - started
        left = _left(client, started, timeout)
        if left <= 0:
            raise WaitTimeout(latest, waited, polling.error)
        pause = min(polling.pause, left)
        call = _state.get_batch(id)
        emit(client, "poll", **call.named, delay=pause, elapsed=waited)
        client.clock.sleep(pause)


def _left(client: Client, started: float, timeout: float | None) -> float:
    if timeout is None:
        return float("inf")
    return timeout - (client.clock.monotonic() - started)


def _poll_once(
    client: Client, id: str, polling: Polling, left: float
) -> tuple[Polling, MessageBatch | None]:
    """Return the state of the polling after one poll, and the batch if the poll succeeded.

    *left*: the seconds that it may take. A poll that fails is not retried: the next poll follows.
    """
    longest = max(left, _LEAST_TIME)
    hurried = client._replace(
        retry=client.retry._replace(max_retries=0),
        timeout=min(client.timeout, longest),
        connect_timeout=min(client.connect_timeout, longest),
    )
    try:
        reply = _call.ask(hurried, _state.get_batch(id))
        batch = _state.batch_in(reply, id)
    except AnthropixError as error:
        after = polling.failed_by(error, client.clock.now())
        if after is None:
            raise
        warn(client, f"polling the batch failed, next try in {after.pause:.0f} s: {error}")
        return after, None
    return polling.succeeded(reply.headers, client.clock.now()), batch


def _state_in(batch: BatchRef) -> MessageBatch | None:
    if isinstance(batch, str) or "processing_status" not in batch:
        return None
    return cast(MessageBatch, batch)
