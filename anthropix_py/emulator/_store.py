"""The state behind the emulated API: its batches, its limits, its chance.

A batch moves by itself only when somebody asks: every question first settles what time and the
looks so far have brought about.
"""

from __future__ import annotations

import math
import os
import random
import string
import threading
from collections import deque
from collections.abc import Collection, Iterable

from .._clock import SYSTEM, Clock
from ..limits import Limits
from ._batch import Batch, Pace
from ._refused import Refused
from ._rows import Outcomes, Reply, Worker
from ._shelf import Shelf

_ALPHABET = string.digits + string.ascii_letters
_MINUTE = 60.0


class Store:
    """All that one emulated API knows. Two stores share nothing; threads may share one.

    When a batch ends: once *takes* seconds have passed on *clock* and `show` has answered *looks*
    times that it goes on; with neither, by the next call after its creation. A canceled one ends
    *cancel_takes* seconds later. After 24 hours it expires. With *progressive* its counts move
    in proportion to the time, otherwise all at the end.

    What becomes of a request: *reply* gives its answer: text, fields of a message (`{"content":
    [...], "stop_reason": ...}`, the others are filled in), or a whole result (`{"type":
    "errored", "error": ...}`); if it raises, the request is errored. *outcomes* chooses
    otherwise, as shares (`{"errored": 0.1}`) or as a function of the request: `succeeded`,
    `errored`, `expired`, `canceled`, `refusal` or `max_tokens` (those two are succeeded, with
    that stop reason). *models*: those known, None for any.

    *limits*: the most requests, bytes and batches a page. *calls_per_minute* and *queue* (requests
    in processing at once): None for no limit. *state*: a folder that keeps the batches over a
    restart. *seed* decides ids, outcomes by share and, through the ids, the order of results;
    None for others each time.
    """

    def __init__(
        self,
        *,
        takes: float = 0.0,
        looks: int = 0,
        cancel_takes: float = 0.0,
        progressive: bool = False,
        reply: Reply | None = None,
        outcomes: Outcomes | None = None,
        models: Collection[str] | None = None,
        limits: Limits = Limits(),
        calls_per_minute: int | None = None,
        queue: int | None = None,
        state: str | os.PathLike[str] | None = None,
        clock: Clock = SYSTEM,
        seed: int | None = None,
    ) -> None:
        for name, value in (("takes", takes), ("looks", looks), ("cancel_takes", cancel_takes)):
            if not value >= 0:  # False for NaN
                raise ValueError(f"{name} must be at least 0, not {value}")
        for name, most in (("calls_per_minute", calls_per_minute), ("queue", queue)):
            if most is not None and most < 1:
                raise ValueError(f"{name} must be at least 1, not {most}")
        self.limits = limits
        self.clock = clock
        self.lock = threading.RLock()
        self._pace = Pace(takes, looks, cancel_takes, progressive)
        self._shelf = Shelf(state, random.getrandbits(64) if seed is None else seed)
        self._worker = Worker(reply, outcomes, models, self._shelf.seed)
        self._calls_per_minute = calls_per_minute
        self._calls: deque[float] = deque()  # times of those of the last minute
        self._queue = queue
        self._chance = random.Random(f"{self._shelf.seed} {self._shelf.made} requests")
        self._batches = {
            batch.id: batch for batch in self._shelf.load()
        }  # in the order of their creation

    def add(self, requests: Iterable[str], version: str = "2023-06-01") -> Batch:
        """Create a batch of requests that have been checked, given as JSON. What they raise ends it before it began."""
        with self.lock:
            chance = random.Random(
                f"{self._shelf.seed} {self._shelf.made}"
            )  # an id for each place, in every run
            batch = self._shelf.begin(_new_id("msgbatch", chance), version)
        try:
            for request in requests:
                batch.requests.append(request.replace("\n", " ").encode(errors="surrogatepass"))
            with self.lock:
                self._check_queue(len(batch.requests))
                batch.begin(self.clock.now())
                self._shelf.save(batch)
                self._batches[batch.id] = batch
        except BaseException:
            self._shelf.remove(batch)
            raise
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
        with self.lock:
            batch.looks += 1
            batch.looked = self.clock.now()
            self._shelf.save(batch)

    def cancel(self, batch: Batch) -> None:
        """Begin to cancel."""
        with self.lock:
            if batch.canceled is None:
                batch.canceled = self.clock.now()
                self._shelf.save(batch)

    def remove(self, batch: Batch) -> None:
        """Forget a batch and its results."""
        with self.lock:
            del self._batches[batch.id]
            self._shelf.remove(batch)

    def request_id(self) -> str:
        """Make the id of a request, `req_01...`."""
        with self.lock:
            return _new_id("req", self._chance)

    def count_call(self) -> None:
        """Count a call against the limit of the minute. Raises `Refused` (429) past it."""
        if self._calls_per_minute is None:
            return
        with self.lock:
            now = self.clock.now()
            while self._calls and self._calls[0] <= now - _MINUTE:
                self._calls.popleft()
            if len(self._calls) >= self._calls_per_minute:
                wait = {
                    "retry-after": f"{math.ceil((self._calls[0] + _MINUTE - now) * 1000) / 1000:.3f}"
                }
                text = f"This request would exceed the rate limit of {self._calls_per_minute} requests per minute."
                raise Refused(429, "rate_limit_error", text, wait)
            self._calls.append(now)

    def _check_queue(self, more: int) -> None:
        if self._queue is None:
            return
        processing = sum(batch.counts["processing"] for batch in self.newest_first())
        if processing + more > self._queue:
            text = f"This batch would exceed the limit of {self._queue} requests in processing."
            raise Refused(429, "rate_limit_error", text, {"retry-after": "60"})  # (A)

    def _settle(self, batch: Batch) -> None:
        if batch.settle(self.clock.now(), self._pace, self._worker.row):
            self._shelf.save(batch)


def _new_id(kind: str, chance: random.Random) -> str:
    return f"{kind}_01" + "".join(chance.choices(_ALPHABET, k=22))
