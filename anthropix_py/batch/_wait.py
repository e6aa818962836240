"""Waiting for a batch to end: when to look again, and what trouble to live through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from .. import retry
from .._events import emit, log
from .._problem import shown
from .._wire.secret import struck
from ..client import Client
from ..errors import AnthropixError, APIError, WaitTimeout
from ..types import BatchRef, MessageBatch
from . import _ids, _state

_FIRST = 5.0  # seconds to the second look, where the server names no pace
_GROWTH = 1.5
_SLOWEST = 60.0
_LONGEST_ASKED = 600.0  # seconds; a pace slower than that is taken for a slip
_FASTEST = 1.0  # seconds; a faster pace is only for those who ask for it
_LONGEST = 24 * 3600.0  # seconds between looks: a batch takes no longer
_FAILURES = 10  # looks that may fail one after the other
_MISSING = (
    3  # of these, answers of 404: a batch just made or just ended may be missing for a moment
)


def wait(
    client: Client,
    batch: BatchRef,
    timeout: float | None,
    interval: float | None,
    on_update: Callable[[MessageBatch], object] | None,
) -> MessageBatch:
    """Look until the batch has ended. Raises `WaitTimeout`, or the error of the last of too many failed looks."""
    _check("timeout", timeout, lambda seconds: seconds >= 0)
    _check("interval", interval, lambda seconds: 0 < seconds <= _LONGEST)
    if on_update is not None and not callable(on_update):
        raise TypeError(f"on_update must be callable, not {type(on_update).__name__}")
    id = _ids.batch_id(batch)
    latest = (
        None
        if isinstance(batch, str) or "processing_status" not in batch
        else cast(MessageBatch, batch)
    )
    if latest is not None and latest["processing_status"] == "ended":
        return latest
    looks = _Looks(client, id, interval)
    started = client.clock.monotonic()
    while True:
        waited = client.clock.monotonic() - started
        left = float("inf") if timeout is None else timeout - waited
        seen = looks.look(left)
        if seen is not None:
            latest = seen
            if on_update is not None:
                on_update(seen)
            if seen["processing_status"] == "ended" or seen.get("archived_at"):
                return seen
        waited = client.clock.monotonic() - started
        if timeout is not None and waited >= timeout:
            raise WaitTimeout(latest, waited, looks.trouble)
        pause = looks.pause if timeout is None else min(looks.pause, timeout - waited)
        emit(client, "poll", **looks.call.named, delay=pause, elapsed=waited)
        client.clock.sleep(pause)


class _Looks:
    """One look after the other: how many failed in a row, and when the next is due."""

    def __init__(self, client: Client, id: str, interval: float | None) -> None:
        # A failed look is followed by the next one, not by retries of its own.
        self._client = client._replace(retry=client.retry._replace(max_retries=0))
        self.call = _state.get_batch(id)
        self._interval = interval
        self._own_pace = _FIRST
        self._failed = 0
        self._missing = 0
        self.pause = 0.0
        self.trouble: AnthropixError | None = None  # of the latest look

    def look(self, left: float) -> MessageBatch | None:
        """Give the batch, None if this look failed in a way that may pass. *left*: seconds it may take."""
        most = max(left, _FASTEST)
        patient = self._client._replace(
            timeout=min(self._client.timeout, most),
            connect_timeout=min(self._client.connect_timeout, most),
        )
        try:
            batch, headers = _state.ask_for_batch(patient, self.call)
        except AnthropixError as error:
            if not self._bearable(error):
                raise
            self._set_pause(error.headers if isinstance(error, APIError) else {}, failed=True)
            self.trouble = struck(error, self._client.secrets)
            log().warning(
                "a look at the batch failed, the next is in %.0f s: %s", self.pause, self.trouble
            )
            return None
        self._failed = self._missing = 0
        self.trouble = None
        self._set_pause(headers)
        return batch

    def _bearable(self, error: AnthropixError) -> bool:
        missing = isinstance(error, APIError) and error.status == 404
        self._failed += 1
        self._missing += missing
        return (
            (missing or retry.passing(error))
            and self._failed <= _FAILURES
            and self._missing <= _MISSING
        )

    def _set_pause(self, headers: Mapping[str, str], *, failed: bool = False) -> None:
        asked = retry.retry_after(headers, self._client.clock.now())
        if self._interval is not None:
            self.pause = (
                max(self._interval, min(asked or 0.0, _LONGEST_ASKED)) if failed else self._interval
            )
        elif asked is not None:
            self.pause = min(max(asked, _FASTEST), _LONGEST_ASKED)
        else:
            self.pause = self._own_pace
            self._own_pace = min(self._own_pace * _GROWTH, _SLOWEST)


def _check(name: str, value: float | None, fits: Callable[[float], bool]) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {shown(value)}")
    if not fits(value):
        raise ValueError(f"{name} must not be {value}")
