"""One batch of the emulated API: its state, its requests and its results."""

from __future__ import annotations

import json
import random
import re
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ._lines import Lines
from ._worker import Row, Terms, as_row

EXPIRES = 24 * 3600.0  # seconds after creation
RETAINED = 29 * 24 * 3600.0  # seconds after creation
NEVER = float("inf")

Work = Callable[[dict[str, Any], Terms], Row]


class Pace(NamedTuple):
    """The options that decide when batches end: see `Store`."""

    takes: float
    looks: int
    cancel_takes: float
    progressive: bool


class Batch:
    """One batch. Only `advance` changes its status; callers hold the lock of its store.

    `looks`: the number of `show` calls that found it in progress; `looked`: the time of the last
    one. `unsaved`: whether anything changed since it was saved. Times are seconds since the epoch,
    None until they are set.
    """

    COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")

    def __init__(self, terms: Terms, number: int, requests: Lines, results: Lines) -> None:
        self.id: str = terms.batch_id
        self.number = number  # of the batch in its store
        self.terms = terms
        self.requests = requests
        self.results = results
        self.looks = 0
        self.looked: float = 0.0
        self.created: float = 0.0
        self.canceled: float | None = None
        self.ended: float | None = None
        self.counts: dict[str, int] = dict.fromkeys(self.COUNTS, 0)
        self.unsaved = False
        self._done = Lines()  # results in the order of the requests

    def begin(self, now: float) -> None:
        """Start to process the requests."""
        self.created = now
        self.looked = now
        self.counts["processing"] = len(self.requests)

    @property
    def status(self) -> str:
        """Return the `processing_status`."""
        if self.ended is not None:
            return "ended"
        if self.canceled is not None:
            return "canceling"
        return "in_progress"

    def archived(self, now: float) -> float | None:
        """Return the time at which the results were removed, None while they are there."""
        removed = self.created + RETAINED
        if now < removed:
            return None
        return removed

    def advance(self, now: float, pace: Pace, work: Work) -> bool:
        """Bring the batch up to *now*; return whether anything changed."""
        if self.ended is not None:
            return False
        before = len(self._done)
        done, canceled = self._due(pace)
        end = min(done, canceled, self.created + EXPIRES)
        self._process(self._reached(min(now, end), pace), work)
        if end > now:
            return len(self._done) > before
        if done > end:
            kind = "canceled" if canceled == end else "expired"
            work = _unprocessed(kind)
        self._process(len(self.requests), work)
        self._shuffle()
        self.ended = end
        return True

    def as_json(self, base_url: str, now: float) -> dict[str, Any]:
        """Return the object of the API, its ten fields in the order of the wire."""
        results_url = None
        if self.ended is not None:
            results_url = f"{base_url}/v1/messages/batches/{self.id}/results"
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": self.status,
            "request_counts": dict(self.counts),
            "ended_at": timestamp(self.ended),
            "created_at": timestamp(self.created),
            "expires_at": timestamp(self.created + EXPIRES),
            "archived_at": timestamp(self.archived(now)),
            "cancel_initiated_at": timestamp(self.canceled),
            "results_url": results_url,
        }

    def _due(self, pace: Pace) -> tuple[float, float]:
        """Return when all requests will be processed, and when a cancellation takes effect."""
        done = canceled = NEVER
        if self.looks >= pace.looks:
            done = max(self.created + pace.takes, self.looked)
        if self.canceled is not None:
            canceled = self.canceled + pace.cancel_takes
        return done, canceled

    def _reached(self, when: float, pace: Pace) -> int:
        """Return how many requests are processed by *when*: 0 unless progress is shown."""
        if not pace.progressive or not pace.takes:
            return 0
        if self.canceled is not None:
            when = min(when, self.canceled)
        return int(len(self.requests) * min(1.0, (when - self.created) / pace.takes))

    def _process(self, goal: int, work: Work) -> None:
        """Process requests until *goal* of them have their results."""
        for index in range(len(self._done), goal):
            kind, line = work(_request(self.requests[index]), self.terms)
            self._done.append(line)
            self.counts[kind] += 1
            self.counts["processing"] -= 1

    def _shuffle(self) -> None:
        """Write the results in random order, which depends only on the id of the batch."""
        # an earlier call may have failed halfway because of a full disk
        self.results.clear()
        order = array("L", range(len(self._done)))
        random.Random(self.id).shuffle(order)
        for index in order:
            self.results.append(self._done[index])
        self._done = Lines()


def _unprocessed(kind: str) -> Work:
    return lambda request, _: as_row(request["custom_id"], {"type": kind})


def _request(text: bytes) -> dict[str, Any]:
    try:
        request: dict[str, Any] = json.loads(text)
    except RecursionError:
        # It parsed on arrival, at a lower recursion depth. Here it is too deep, so its params are
        # treated as invalid.
        [custom_id] = re.findall(rb'"custom_id"\s*:\s*"([^"]*)"', text)[:1] or [b""]
        request = {"custom_id": custom_id.decode(), "params": {}}
    return request


def timestamp(seconds: float | None) -> str | None:
    """Return a time as the API writes it, to the microsecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
