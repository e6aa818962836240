"""One batch of the emulated API: its state, and its requests and results on disk once they are many."""

from __future__ import annotations

import json
import random
import re
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ._lines import Lines
from ._rows import Row, as_line

EXPIRES = 24 * 3600.0  # seconds after creation
RETAINED = 29 * 24 * 3600.0  # seconds after creation
NEVER = float("inf")


class Pace(NamedTuple):
    """How batches come to their end: see `Store`."""

    takes: float
    looks: int
    cancel_takes: float
    progressive: bool


class Batch:
    """One batch. It moves only by `settle`; whoever calls anything here holds its store's lock or its own."""

    COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")

    def __init__(self, id: str, number: int, version: str, requests: Lines, results: Lines) -> None:
        self.id = id
        self.number = number
        self.created = 0.0
        self.version = version
        self.requests = requests
        self.results = results
        self._done = Lines()  # results in the order of the requests
        self.looks = 0
        self.looked = 0.0
        self.canceled: float | None = None
        self.ended: float | None = None
        self.counts: dict[str, int] = dict.fromkeys(self.COUNTS, 0)

    def begin(self, now: float) -> None:
        """Begin to process what requests there are."""
        self.created = self.looked = now
        self.counts["processing"] = len(self.requests)

    @property
    def status(self) -> str:
        """Give the `processing_status`."""
        if self.ended is not None:
            return "ended"
        return "in_progress" if self.canceled is None else "canceling"

    def archived(self, now: float) -> float | None:
        """Give the time from which the results are gone, None before it."""
        gone = self.created + RETAINED
        return gone if now >= gone else None

    def settle(self, now: float, pace: Pace, work: Callable[[dict[str, Any], str], Row]) -> bool:
        """Let happen what time and looks have brought about; give whether anything did."""
        if self.ended is not None:
            return False
        done = max(self.created + pace.takes, self.looked) if self.looks >= pace.looks else NEVER
        canceled = NEVER if self.canceled is None else self.canceled + pace.cancel_takes
        end = min(done, canceled, self.created + EXPIRES)
        reached = self._reached(min(now, end, self.canceled or now), pace)
        before = len(self._done)
        if end > now:
            self._process(reached, work)
            return len(self._done) > before
        if done > end:
            self._process(reached, work)
            kind = "canceled" if canceled == end else "expired"
            self._process(
                len(self.requests), lambda request, _: as_line(request["custom_id"], {"type": kind})
            )
        else:
            self._process(len(self.requests), work)
        self._shuffle()
        self.ended = end
        return True

    def as_json(self, base_url: str, now: float) -> dict[str, Any]:
        """Give the object of the API, its ten fields in the order of the wire."""
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
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results"
            if self.ended is not None
            else None,
        }

    def _reached(self, when: float, pace: Pace) -> int:
        """Count the requests processed by *when*: none before the end, unless the counts move."""
        if not pace.progressive or not pace.takes:
            return 0
        return int(len(self.requests) * min(1.0, (when - self.created) / pace.takes))

    def _process(self, goal: int, work: Callable[[dict[str, Any], str], Row]) -> None:
        """Work until *goal* requests have their results."""
        for index in range(len(self._done), goal):
            kind, line = work(_request(self.requests[index]), self.version)
            self._done.append(line)
            self.counts[kind] += 1
            self.counts["processing"] -= 1

    def _shuffle(self) -> None:
        """Bring the results into an order that follows from the id alone, and is not that of the requests."""
        order = array("L", range(len(self._done)))
        random.Random(self.id).shuffle(order)
        for index in order:
            self.results.append(self._done[index])
        self._done = Lines()


def _request(text: bytes) -> dict[str, Any]:
    try:
        request: dict[str, Any] = json.loads(text)
    except (
        RecursionError
    ):  # it was read once, but from less far down: what is left of it is at fault
        custom_id = re.search(rb'"custom_id"\s*:\s*"([^"]*)"', text)
        request = {"custom_id": custom_id.group(1).decode() if custom_id else "", "params": {}}
    return request


def timestamp(seconds: float | None) -> str | None:
    """Give a time as the API writes it, to the microsecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
