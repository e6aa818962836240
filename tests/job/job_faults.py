"""The machine and the server of a simulated job: what goes wrong with disk, clock and network."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Iterator
from typing import IO
from urllib.parse import urlsplit

from anthropix_py import emulator
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.emulator import ManualClock, Store
from anthropix_py.errors import TransportError
from anthropix_py.job._disk import Disk

BATCHES = "/v1/messages/batches"


class Crash(BaseException):
    """The process or the machine has stopped here."""


class Crashes:
    """Counts operations, and stops the process at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.count = 0
        self.at = at

    def point(self) -> None:
        self.count += 1
        if self.at is not None and self.count >= self.at:
            raise Crash


class SimulatedDisk(Disk):
    """A disk that forgets what was not synced when the power fails."""

    synchronous = "OFF"

    def __init__(self, crashes: Crashes, chance: random.Random) -> None:
        self.crashes = crashes
        self._chance = chance
        # bytes of a file that are safe; None if even its name is not
        self._safe: dict[str, int | None] = {}

    def create(self, path: str) -> IO[bytes]:
        self.crashes.point()
        self._safe[path] = None
        return super().create(path)

    def append(self, path: str) -> IO[bytes]:
        self.crashes.point()
        if path not in self._safe:
            self._safe[path] = os.path.getsize(path) if os.path.exists(path) else None
        return super().append(path)

    def write(self, file: IO[bytes], content: bytes) -> None:
        self.crashes.point()
        super().write(file, content)

    def sync(self, file: IO[bytes], *, is_named: bool = False) -> None:
        self.crashes.point()
        file.flush()
        if not is_named or self._safe.get(file.name) is not None:
            self._safe[file.name] = os.path.getsize(file.name)
        self.crashes.point()

    def replace(self, path: str, target: str) -> None:
        self.crashes.point()
        os.replace(path, target)
        self._safe[target] = self._safe.pop(path, None)
        self.crashes.point()

    def remove(self, path: str) -> None:
        self.crashes.point()
        super().remove(path)
        self._safe.pop(path, None)

    def commit(self, journal: sqlite3.Connection) -> None:
        self.crashes.point()
        super().commit(journal)
        self.crashes.point()

    def random_bytes(self, count: int) -> bytes:
        return self._chance.randbytes(count)

    def fail_power(self) -> None:
        """Lose what was not synced: nothing of it, some, or all."""
        for path, safe in self._safe.items():
            if not os.path.exists(path):
                continue
            if safe is None and self._chance.random() < 0.5:
                os.unlink(path)
                continue
            with open(path, "r+b") as file:
                size = os.path.getsize(path)
                if size > (safe or 0):
                    file.truncate(self._chance.randint(safe or 0, size))


class Skewed:
    """A machine's clock that is hours off."""

    def __init__(self, clock: ManualClock, offset: float, chance: random.Random) -> None:
        self._clock = clock
        self._offset = offset
        self._chance = chance

    def now(self) -> float:
        return self._clock.now() + self._offset

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def random(self) -> float:
        return self._chance.random()


class Faults:
    """What goes wrong, as shares of the calls. `late`: seconds until a lost create takes effect."""

    def __init__(self, chance: random.Random, *, worst: float = 0.25) -> None:
        self.lost = chance.choice((0.0, worst))
        self.refused = chance.choice((0.0, worst))
        self.failed = chance.choice((0.0, 0.1))
        self.cut = chance.choice((0.0, 0.2))
        self.late = chance.choice((0.0, 0.0, 200.0))
        self.unseen = chance.choice((0.0, 0.0, 200.0))
        # a gateway that sends a create twice, which nobody can prevent: it must be reported
        self.replayed = 0.0
        if not self.unseen and not self.late:
            self.replayed = chance.choice((0.0, 0.0, 0.2))


class Server:
    """The emulator as a transport, with everything that may go wrong on the way."""

    def __init__(
        self, store: Store, clock: ManualClock, chance: random.Random, faults: Faults
    ) -> None:
        self.store = store
        self.clock = clock
        self.crashes = Crashes()
        self.faults = faults
        self._chance = chance
        self._coming: list[tuple[float, Request]] = []
        self._unseen: dict[str, float] = {}
        self.replays = 0

    def __call__(self, request: Request, timeout: Timeout) -> Response:
        self.crashes.point()
        self.clock.advance(self._chance.random() * 2)
        self.settle()
        is_create = request.method == "POST" and urlsplit(request.url).path == BATCHES
        response = self._create(request) if is_create else self._other(request)
        self.crashes.point()
        return response

    def settle(self) -> None:
        """Let creates take effect whose time has come."""
        due = [one for one in self._coming if one[0] <= self.clock.now()]
        self._coming = [one for one in self._coming if one not in due]
        for _, request in due:
            self._handle(request)

    def _draw(self) -> float:
        """Return what decides the fate of a create."""
        return self._chance.random()

    def _handle(self, request: Request) -> Response:
        # uncompressed, so that pages can be changed and rows be cut
        headers = {
            name: text for name, text in request.headers.items() if name != "accept-encoding"
        }
        return emulator.handle(self.store, request._replace(headers=headers))

    def _create(self, request: Request) -> Response:
        assert request.body is not None
        draw = self._draw()
        if draw < self.faults.refused / 2:
            raise TransportError("connect", "refused", sent=False)
        if draw < self.faults.refused:
            return self._error(self._chance.choice((429, 503, 529)))
        blocks = iter(request.body)
        if draw < self.faults.refused + self.faults.failed:
            # it broke off somewhere: the body is not complete
            next(blocks)
            raise TransportError("closed", "reset", sent=True)
        content = b"".join(blocks)
        self.crashes.point()
        whole = request._replace(body=Held(content))
        if draw < self.faults.refused + self.faults.failed + self.faults.lost:
            if self._chance.random() < 0.4:
                # it never arrived
                raise TransportError("closed", "reset", sent=True)
            if self.faults.late:
                self._coming.append(
                    (self.clock.now() + self._chance.random() * self.faults.late, whole)
                )
                raise TransportError("timeout", "no response", sent=True)
            self._handle(whole)
            self.crashes.point()
            if self._chance.random() < 0.5:
                return self._error(500)
            raise TransportError("closed", "reset", sent=True)
        if self._chance.random() < self.faults.replayed:
            self.replays += 1
            self._handle(whole)
        return self._handle(whole)

    def _other(self, request: Request) -> Response:
        if self._chance.random() < self.faults.failed:
            if self._chance.random() < 0.5:
                raise TransportError("timeout", "no response", sent=True)
            return self._error(self._chance.choice((429, 500, 529)))
        response = self._handle(request)
        path = urlsplit(request.url).path
        if path == BATCHES:
            return self._seen(response)
        if path.endswith("/results") and self._chance.random() < self.faults.cut:
            return response._replace(chunks=self._cut(response.chunks))
        return response

    def _cut(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.crashes.point()
            yield chunk[: self._chance.randint(0, len(chunk))]
            raise TransportError("closed", "cut", sent=True)

    def _seen(self, response: Response) -> Response:
        """Hide batches that `list` does not show yet."""
        if not self.faults.unseen:
            return response
        page = json.loads(b"".join(response.chunks))
        now = self.clock.now()
        shown = []
        for batch in page["data"]:
            born = self.store.get(batch["id"]).created  # type: ignore[union-attr]
            delay = self._unseen.setdefault(batch["id"], self._chance.random() * self.faults.unseen)
            if born + delay <= now:
                shown.append(batch)
        page["data"] = shown
        body = json.dumps(page).encode()
        headers = {**response.headers, "content-length": str(len(body))}
        return response._replace(headers=headers, chunks=iter((body,)))

    def _error(self, status: int) -> Response:
        body = {"type": "error", "error": {"type": "some_error", "message": "no"}}
        headers = {"content-type": "application/json", "request-id": "req_1"}
        return Response(status, headers, iter((json.dumps(body).encode(),)), lambda: None)


class Held:
    """A body in memory."""

    def __init__(self, content: bytes) -> None:
        self.length = len(content)
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))
