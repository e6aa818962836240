"""The state of the emulated API: its batches, its limits, its random numbers.

Nothing runs in the background: each call first brings the batch up to the present.
"""

from __future__ import annotations

import math
import os
import random
import string
import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from .._clock import SYSTEM, Clock
from ..limits import Limits
from ._batch import Batch, Pace
from ._refusal import Refusal
from ._shelf import Shelf
from ._worker import Outcomes, Reply, Terms, Worker, check_shares

_ALPHABET = string.digits + string.ascii_letters
_MINUTE = 60.0


class Store:
    """The state of one emulated API. Two stores share nothing; threads may share one.

    The end of a batch: it ends when *takes* seconds have passed on *clock* and `show` has returned
    it *looks* times as in progress; if both are 0, at the next call. A canceled batch ends after
    *cancel_takes* seconds. Any batch ends after 24 hours; its unprocessed requests expire. With
    *progressive*, the counts change in proportion to the time; otherwise only at the end.

    The result of a request: *outcomes* decides first, as shares (`{"errored": 0.1}`, drawn
    separately for each batch) or as a function of the request: `succeeded`, `errored`, `expired`,
    `canceled`, `refusal` or `max_tokens` (the last two are succeeded, with that stop reason). Then
    *reply* returns text, fields of a message (`{"content": [...], "stop_reason": ...}`, the others
    are added), or a complete result (`{"type": "errored", "error": ...}`); if it raises, the
    request is errored. By default the reply is the use of a forced tool, JSON that fits an output
    format, or else a quote of the prompt. *models*: the models that exist, None for any.

    *limits*: the most requests and bytes in a batch, and batches on a page. *calls_per_minute*: the
    most calls, *queue*: the most requests in processing at once; None for no limit. *api_keys*: the
    keys that are accepted, None for any. *state*: a folder that keeps the batches across restarts,
    for one store at a time (until `close`). *seed* decides ids, drawn outcomes and the order of
    results; None for random ones.
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
        api_keys: Collection[str] | None = None,
        state: str | os.PathLike[str] | None = None,
        clock: Clock = SYSTEM,
        seed: int | None = None,
    ) -> None:
        _check_least(0, takes=takes, looks=looks, cancel_takes=cancel_takes)
        _check_least(1, calls_per_minute=calls_per_minute, queue=queue)
        if isinstance(outcomes, Mapping):
            check_shares(outcomes)
        if isinstance(api_keys, str):
            raise TypeError("api_keys must be a collection of keys, not one str")
        if seed is None:
            seed = random.getrandbits(64)
        self.limits = limits
        self.clock = clock
        self.api_keys = api_keys
        self.lock: threading.RLock = threading.RLock()
        self._pace = Pace(takes, looks, cancel_takes, progressive)
        self._shelf = Shelf.open(state, seed)
        self._worker = Worker(reply, outcomes, models, self._shelf.seed)
        self._calls_per_minute = calls_per_minute
        self._calls: deque[float] = deque()  # times of the calls of the last minute
        self._queue = queue
        self._chance = random.Random(f"{self._shelf.seed} {self._shelf.made} requests")
        self._batches = {batch.id: batch for batch in self._shelf.load()}  # the oldest first

    def add(self, requests: Iterable[str], version: str = "2023-06-01", beta: str = "") -> Batch:
        """Create a batch of checked requests, each given as JSON.

        *version*, *beta*: the `anthropic-version` and `anthropic-beta` that it is created with. If
        the iterable raises, no batch is created. Raises `Refusal` if the queue is full (429) or
        the folder cannot be written (500).
        """
        with self.lock, _writing():
            # the same seed gives the same ids, whatever else is drawn
            chance = random.Random(f"{self._shelf.seed} {self._shelf.made}")
            id = _new_id("msgbatch", chance)
            batch = self._shelf.begin(Terms(id, version, beta))
        try:
            for request in requests:
                line = request.replace("\n", " ").encode(errors="surrogatepass")
                with _writing():
                    batch.requests.append(line)
            with self.lock:
                self._check_queue(len(batch.requests))
                batch.begin(self.clock.now())
                self._save(batch, must=True)
                self._batches[batch.id] = batch
        except BaseException:
            self._shelf.remove(batch)
            raise
        return batch

    def close(self) -> None:
        """Release the folder `state` for another store; this one must not be used any more."""
        self._shelf.close()

    def get(self, id: str) -> Batch | None:
        """Return a batch as it is now, None if it does not exist."""
        with self.lock:
            batch = self._batches.get(id)
            if batch is not None:
                self._advance(batch)
            return batch

    def newest_first(self) -> list[Batch]:
        """Return all batches as they are now, the newest first."""
        with self.lock:
            for batch in self._batches.values():
                # a batch that cannot be written must not hide the others
                with suppress(Refusal):
                    self._advance(batch)
            return list(reversed(self._batches.values()))

    def count_look(self, batch: Batch) -> None:
        """Count a call of `show` that found *batch* in progress."""
        with self.lock:
            batch.looks += 1
            batch.looked = self.clock.now()
            self._save(batch, must=False)

    def cancel(self, batch: Batch) -> None:
        """Start to cancel *batch*, unless it is being canceled already."""
        with self.lock:
            if batch.canceled is not None:
                return
            batch.canceled = self.clock.now()
            try:
                self._save(batch, must=True)
            except Refusal:
                batch.canceled = None
                raise

    def remove(self, batch: Batch) -> None:
        """Delete *batch* and its results."""
        with self.lock, _writing():
            del self._batches[batch.id]
            self._shelf.remove(batch)

    def request_id(self) -> str:
        """Return a new id for a request, `req_01...`."""
        with self.lock:
            return _new_id("req", self._chance)

    def count_call(self) -> None:
        """Count a call; raise `Refusal` (429) above the limit of calls a minute."""
        if self._calls_per_minute is None:
            return
        with self.lock:
            now = self.clock.now()
            while self._calls and self._calls[0] <= now - _MINUTE:
                self._calls.popleft()
            if len(self._calls) >= self._calls_per_minute:
                wait = self._calls[0] + _MINUTE - now
                retry_after = f"{math.ceil(wait * 1000) / 1000:.3f}"
                limit = f"the rate limit of {self._calls_per_minute} requests per minute"
                raise _too_many(f"This request would exceed {limit}.", retry_after)
            self._calls.append(now)

    def _check_queue(self, more: int) -> None:
        if self._queue is None:
            return
        processing = sum(batch.counts["processing"] for batch in self.newest_first())
        if processing + more > self._queue:
            limit = f"the limit of {self._queue} requests in processing"
            raise _too_many(f"This batch would exceed {limit}.", "60")  # (A)

    def _advance(self, batch: Batch) -> None:
        with _writing():
            changed = batch.advance(self.clock.now(), self._pace, self._worker.row)
        if changed or batch.unsaved:
            # results of a batch in progress can be made again, so they may be saved later
            self._save(batch, must=batch.ended is not None)

    def _save(self, batch: Batch, *, must: bool) -> None:
        """Save *batch*; if that fails, raise if it *must* be saved, otherwise try again later."""
        batch.unsaved = True
        try:
            with _writing():
                self._shelf.save(batch)
        except Refusal:
            if must:
                raise
        else:
            batch.unsaved = False


@contextmanager
def _writing() -> Iterator[None]:
    """Turn an OSError that the block raises, such as a full disk, into a `Refusal` (500)."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"Internal server error: the emulator cannot write its state: {reason}"
        raise Refusal(500, "api_error", message) from None


def _check_least(least: int, **options: float | None) -> None:
    for name, value in options.items():
        # not value < least, which is false for NaN
        if value is not None and not value >= least:
            raise ValueError(f"{name} must be at least {least}, not {value}")


def _too_many(message: str, retry_after: str) -> Refusal:
    return Refusal(429, "rate_limit_error", message, {"retry-after": retry_after})


def _new_id(kind: str, chance: random.Random) -> str:
    return f"{kind}_01" + "".join(chance.choices(_ALPHABET, k=22))
