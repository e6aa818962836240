"""The state behind the emulated API: batches, and how time and looks move them. No I/O.

A batch moves by itself only when somebody asks: every question first settles what time and the
looks so far have brought about.
"""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from .._clock import SYSTEM, Clock
from ..limits import Limits
from ._rows import Reply, as_line, quote_prompt, row

_EXPIRES = 24 * 3600.0  # seconds after creation
_RETAINED = 29 * 24 * 3600.0  # seconds after creation
_NEVER = float("inf")
_ALPHABET = string.digits + string.ascii_letters


class Batch:
    """One batch: its requests, and after its end their results as lines of JSON."""

    def __init__(self, id: str, created: float, requests: list[dict[str, Any]]) -> None:
        self.id = id
        self.created = created
        self.requests = requests
        self.looks = 0
        self.looked = created
        self.canceled: float | None = None
        self.ended: float | None = None
        self.lines: list[bytes] = []
        self.counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        self.counts["processing"] = len(requests)

    @property
    def status(self) -> str:
        if self.ended is not None:
            return "ended"
        return "in_progress" if self.canceled is None else "canceling"

    def archived(self, now: float) -> float | None:
        """Give the time from which the results are gone, None before it."""
        gone = self.created + _RETAINED
        return gone if now >= gone else None

    def end(self, when: float, outcome: Callable[[dict[str, Any]], tuple[str, bytes]]) -> None:
        """End at *when*, with the results that *outcome* gives, in an order that follows from the id alone."""
        rows = [outcome(request) for request in self.requests]
        random.Random(self.id).shuffle(rows)
        counts: dict[str, int] = dict.fromkeys(self.counts, 0)
        for kind, _ in rows:
            counts[kind] += 1
        self.counts, self.lines, self.ended = counts, [line for _, line in rows], when

    def as_json(self, base_url: str, now: float) -> dict[str, Any]:
        """Give the object of the API, its ten fields in the order of the wire."""
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": self.status,
            "request_counts": dict(self.counts),
            "ended_at": timestamp(self.ended),
            "created_at": timestamp(self.created),
            "expires_at": timestamp(self.created + _EXPIRES),
            "archived_at": timestamp(self.archived(now)),
            "cancel_initiated_at": timestamp(self.canceled),
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results" if self.ended is not None else None,
        }


class Store:
    """All that one emulated API knows. Two stores share nothing; threads may share one.

    A batch ends once *takes* seconds have passed on *clock* and `show` has answered *looks* times
    that it goes on; with neither, by the next call after its creation. A canceled one ends
    *cancel_takes* seconds later. *reply* gives the answer
    to a request: text, a whole message, or a whole result. *limits* are those enforced. *seed*
    decides the ids and the order of results.
    """

    def __init__(
        self,
        *,
        takes: float = 0.0,
        looks: int = 0,
        cancel_takes: float = 0.0,
        reply: Reply | None = None,
        limits: Limits = Limits(),
        clock: Clock = SYSTEM,
        seed: int = 0,
    ) -> None:
        for name, value in (("takes", takes), ("looks", looks), ("cancel_takes", cancel_takes)):
            if not value >= 0:  # False for NaN
                raise ValueError(f"{name} must be at least 0, not {value}")
        self.limits = limits
        self.clock = clock
        self.lock = threading.RLock()
        self._takes = takes
        self._looks = looks
        self._cancel_takes = cancel_takes
        self._reply = reply or quote_prompt
        self._chance = random.Random(seed)
        self._batches: dict[str, Batch] = {}  # in the order of their creation

    def add(self, requests: list[dict[str, Any]]) -> Batch:
        """Create a batch of requests that have been checked."""
        with self.lock:
            batch = Batch(self.new_id("msgbatch"), self.clock.now(), requests)
            self._batches[batch.id] = batch
            return batch

    def get(self, id: str) -> Batch | None:
        """Give a batch as it is now, None where there is none."""
        with self.lock:
            batch = self._batches.get(id)
            if batch is not None:
                self._settle(batch)
            return batch

    def newest_first(self) -> list[Batch]:
        """Give all batches as they are now."""
        with self.lock:
            for batch in self._batches.values():
                self._settle(batch)
            return list(reversed(self._batches.values()))

    def look(self, batch: Batch) -> None:
        """Count a look that found *batch* going on."""
        batch.looks += 1
        batch.looked = self.clock.now()

    def cancel(self, batch: Batch) -> None:
        """Begin to cancel."""
        if batch.canceled is None:
            batch.canceled = self.clock.now()

    def remove(self, batch: Batch) -> None:
        """Forget a batch and its results."""
        with self.lock:
            del self._batches[batch.id]

    def new_id(self, kind: str) -> str:
        """Make an id like the API's, `msgbatch_01...` or `req_01...`."""
        with self.lock:
            return f"{kind}_01" + "".join(self._chance.choices(_ALPHABET, k=22))

    def _settle(self, batch: Batch) -> None:
        """Let *batch* end if what ends it has come about: its cancellation, its work, or its 24 hours."""
        if batch.ended is not None:
            return
        now, expires = self.clock.now(), batch.created + _EXPIRES
        done = max(batch.created + self._takes, batch.looked) if batch.looks >= self._looks else _NEVER
        canceled = _NEVER if batch.canceled is None else batch.canceled + self._cancel_takes
        if min(done, canceled, expires) > now:
            return
        if done <= min(canceled, expires):
            batch.end(done, lambda request: row(request, self._reply))
        else:
            kind = "canceled" if canceled <= expires else "expired"
            batch.end(min(canceled, expires), lambda request: as_line(request["custom_id"], {"type": kind}))


def timestamp(seconds: float | None) -> str | None:
    """Give a time as the API writes it, to the microsecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="microseconds")


def lines_of(batch: Batch) -> Iterator[bytes]:
    """Yield the results of an ended batch, a line each."""
    for line in batch.lines:
        yield line + b"\n"
