"""The state behind the emulated API: batches, and how time and looks move them. No I/O.

A batch moves by itself only when somebody asks: every question first settles what time and the
looks so far have brought about.
"""

from __future__ import annotations

import json
import random
import string
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from .._clock import SYSTEM, Clock
from ..limits import Limits
from ._rows import Reply, quote_prompt, result

_EXPIRES = 24 * 3600.0  # seconds after creation
_RETAINED = 29 * 24 * 3600.0  # seconds after creation
_ALPHABET = string.digits + string.ascii_letters


class Batch:
    """One batch: its requests, and after its end their results as lines of JSON."""

    def __init__(self, id: str, created: float, requests: list[dict[str, Any]]) -> None:
        self.id = id
        self.created = created
        self.requests = requests
        self.looks = 0
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

    def end(self, when: float, outcome: Callable[[dict[str, Any]], dict[str, Any]], order: random.Random) -> None:
        """End at *when*, with the results that *outcome* gives, in an order of chance."""
        rows = [{"custom_id": request["custom_id"], "result": outcome(request)} for request in self.requests]
        self.counts["processing"] = 0
        for row in rows:
            self.counts[row["result"]["type"]] += 1
        order.shuffle(rows)
        self.lines = [
            json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(errors="replace") for row in rows
        ]
        self.ended = when

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
    that it goes on; with neither, by the next call after its creation. *reply* gives the answer
    to a request: text, a whole message, or a whole result. *limits* are those enforced. *seed*
    decides the ids and the order of results.
    """

    def __init__(
        self,
        *,
        takes: float = 0.0,
        looks: int = 0,
        reply: Reply | None = None,
        limits: Limits = Limits(),
        clock: Clock = SYSTEM,
        seed: int = 0,
    ) -> None:
        if takes < 0 or looks < 0:
            raise ValueError(f"takes and looks must not be negative: takes={takes}, looks={looks}")
        self.limits = limits
        self.clock = clock
        self.lock = threading.RLock()
        self._takes = takes
        self._looks = looks
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

    def cancel(self, batch: Batch) -> None:
        """Begin to cancel: the next call finds it ended."""
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
        if batch.ended is not None:
            return
        now = self.clock.now()
        due, expires = batch.created + self._takes, batch.created + _EXPIRES
        order = random.Random(batch.id)
        if batch.canceled is not None:
            batch.end(now, lambda _: {"type": "canceled"}, order)
        elif now >= due and due <= expires and batch.looks >= self._looks:
            batch.end(now if self._looks else due, lambda request: result(request, self._reply), order)
        elif now >= expires:
            batch.end(expires, lambda _: {"type": "expired"}, order)


def timestamp(seconds: float | None) -> str | None:
    """Give a time as the API writes it, to the microsecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="microseconds")


def lines_of(batch: Batch) -> Iterator[bytes]:
    """Yield the results of an ended batch, a line each."""
    for line in batch.lines:
        yield line + b"\n"
