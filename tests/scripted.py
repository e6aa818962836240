"""Servers and transports that play a script, and that a request too many makes fail.

`Scripted` listens on a real socket, `TLS` on one with TLS; `ScriptedTransport` needs no socket.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from samples import KEY, a_batch, answer_of, error_body

from anthropix_py import AnthropixError, Client, TransportError, init
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import TransportReason

PATIENCE = 10.0  # seconds until a test that hangs fails


class Received(NamedTuple):
    """One request as it arrived. `connection` counts from 0."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


Action = bytes | Callable[[socket.socket], None]
Step = Sequence[Action]
"""What to do about one request: bytes are sent, the rest is called with the connection."""


def close(connection: socket.socket) -> None:
    """End the connection in good order."""
    connection.shutdown(socket.SHUT_RDWR)
    # at once: connection.close() would wait for the reader
    socket.close(connection.detach())


def reset(connection: socket.socket) -> None:
    """Break the connection off."""
    linger = struct.pack({"nt": "hh"}.get(os.name, "ii"), 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    socket.close(connection.detach())


def stall(connection: socket.socket) -> None:
    """Say nothing more until the client goes away."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass
    connection.close()


def head(status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Return a status line and headers."""
    lines = [
        f"HTTP/1.1 {status} Status",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def counted(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Return a complete response with a Content-Length."""
    return head(status, {"content-length": str(len(body)), **(headers or {})}) + body


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Return a complete response in JSON."""
    headers = {"content-type": "application/json", **(headers or {})}
    return counted(json.dumps(value).encode(), status, headers)


def chunk(data: bytes) -> bytes:
    """Return *data* as one chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def chunked(data: bytes, size: int = 1 << 16, headers: dict[str, str] | None = None) -> bytes:
    """Return a complete response in chunks of *size* bytes."""
    chunks = [chunk(data[start : start + size]) for start in range(0, len(data), size)]
    top = head(200, {"transfer-encoding": "chunked", **(headers or {})})
    return top + b"".join(chunks) + b"0\r\n\r\n"


class Scripted:
    """Plays one step for each request, on whatever connection it arrives.

    On leaving the context it fails if a request arrived that the script had no step for, or if a
    step was not asked for. *before_body* is called before a request's body is read.
    """

    def __init__(
        self, *steps: Step | bytes, before_body: Callable[[], object] = lambda: None
    ) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._steps: Iterator[Step] = iter(
            [[step] if isinstance(step, bytes) else step for step in steps]
        )
        self._left = len(steps)
        self._faults: list[str] = []
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._before_body = before_body
        self._lock = threading.Lock()
        self._played = threading.Semaphore(0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Scripted:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            # not every system can shut down a socket that listens; there close() is enough
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        # so that no connection is accepted from here on
        self._threads[0].join(PATIENCE)
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
        for thread in self._threads:
            thread.join(PATIENCE)
        if error is None:
            assert self._faults == []
            assert self._left == 0, f"{self._left} steps of the script were not asked for"

    def wait_for_step(self) -> None:
        """Return when one more step has been played to its end."""
        assert self._played.acquire(timeout=PATIENCE), "no step was played"

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(PATIENCE)
                with self._lock:
                    self._open.append(connection)
                    number, self.connections = self.connections, self.connections + 1
                self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), connection.makefile("rb") as reader:
            while (request := _read(reader, number, self._before_body)) is not None:
                with self._lock:
                    self.received.append(request)
                    step = next(self._steps, None)
                    self._left -= 1
                if step is None:
                    self._faults.append(f"a request too many: {request.method} {request.target}")
                    close(connection)
                    return
                for action in step:
                    if isinstance(action, bytes):
                        connection.sendall(action)
                    else:
                        action(connection)
                self._played.release()
                if connection.fileno() == -1:
                    # what the reader still holds is not a request
                    return


def _read(reader: object, number: int, before_body: Callable[[], object]) -> Received | None:
    line = reader.readline()  # type: ignore[attr-defined]
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while line := reader.readline().strip():  # type: ignore[attr-defined]
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    before_body()
    body = reader.read(int(headers.get("content-length", 0)))  # type: ignore[attr-defined]
    return Received(method, target, headers, body, number)


TransportStep = Callable[[], "Response | AnthropixError"]
"""What a scripted transport does about one request: it returns the response or raises the error."""


def respond(body: object = b"", status: int = 200, **headers: str) -> TransportStep:
    """Return a step that responds with *body*, as JSON or bytes; `retry_after` is `retry-after`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: answer_of(status, body, named)


def fail(reason: TransportReason = "closed", *, sent: bool = True) -> TransportStep:
    """Return a step on which the connection fails."""
    return lambda: TransportError(reason, "reset", sent)


def blocks(*blocks: bytes | AnthropixError | Callable[[], object]) -> TransportStep:
    """Return a step that responds with these blocks; errors are raised, functions called."""

    def play() -> Iterator[bytes]:
        for block in blocks:
            if isinstance(block, AnthropixError):
                raise block
            if isinstance(block, bytes):
                yield block
            else:
                block()

    return lambda: Response(200, {"transfer-encoding": "chunked"}, play(), lambda: None)


def page(
    *batches: str | dict[str, Any], more: bool = False, date: str | None = None, **fields: Any
) -> TransportStep:
    """Return a step that responds with a page of *batches* (or their ids); *more*: its has_more."""
    data = [a_batch(id=one) if isinstance(one, str) else one for one in batches]
    edges = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
    value = {"first_id": None, "last_id": None, **edges, "data": data, "has_more": more, **fields}
    headers = {} if date is None else {"date": date, "request-id": "req_1"}
    return lambda: answer_of(200, value, headers)


class ScriptedTransport:
    """A transport that plays one step for each request, and fails on one too many.

    `requests`, `timeouts` and `times` (seconds on `clock`) have what it was called with and when.
    *takes*: seconds of `clock` that a request takes.
    """

    def __init__(
        self, *steps: TransportStep, clock: ManualClock | None = None, takes: float = 0.0
    ) -> None:
        self.requests: list[Request] = []
        self.timeouts: list[Timeout] = []
        self.times: list[float] = []
        self.clock = clock or ManualClock()
        self._steps = list(steps)
        self._takes = takes

    def __call__(self, request: Request, timeout: Timeout) -> Response:
        self.requests.append(request)
        self.timeouts.append(timeout)
        self.times.append(self.clock.monotonic())
        assert self._steps, f"a request too many: {self.calls}"
        step = self._steps.pop(0)
        self.clock.advance(self._takes)
        outcome = step()
        if isinstance(outcome, AnthropixError):
            raise outcome
        return outcome

    def client(self, **options: Any) -> Client:
        """Return a client that sends its requests here, and waits on `clock`."""
        return init(KEY, **{"transport": self, "clock": self.clock, **options})

    def assert_played(self) -> None:
        """Assert that every step was asked for."""
        assert self._steps == []

    @property
    def calls(self) -> list[str]:
        """Return the method and path of every request."""
        return [f"{one.method} {urlsplit(one.url).path}" for one in self.requests]

    @property
    def queries(self) -> list[str]:
        """Return the query of every request."""
        return [urlsplit(one.url).query for one in self.requests]


class TLS(Scripted):
    """A scripted server behind TLS.

    `port`: where it listens. `refused`: connections whose handshake failed. `callers`: the name in
    the certificate of the caller of each other connection, "" if it showed none.
    """

    def __init__(
        self, context: ssl.SSLContext, *steps: Step | bytes, host: str = "127.0.0.1"
    ) -> None:
        super().__init__(*steps)
        self._context = context
        self.port = int(self.url.rsplit(":", 1)[1])
        self.url = f"https://{host}:{self.port}"
        self.refused = 0
        self.callers: list[str] = []

    def __enter__(self) -> TLS:
        super().__enter__()
        return self

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            with self._lock:
                # to be shut down by other threads: an SSLSocket is for one alone
                outside = connection.dup()
                self._open.append(outside)
            with outside:
                self.refused += 1
                with self._context.wrap_socket(connection, server_side=True) as wrapped:
                    self.refused -= 1
                    shown: Any = wrapped.getpeercert() or {}
                    self.callers += [name for _, name in shown.get("subjectAltName", [("", "")])]
                    super()._serve(wrapped, number)


def refusal(status: int, headers: dict[str, str] | None = None, **details: object) -> bytes:
    """Return a complete response of the API's own: an error in its envelope."""
    return answer(error_body("some_error", "no", **details), status, headers)


class Repeating(Scripted):
    """Plays the same `step` for every request, however many arrive."""

    step: Step = ()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), connection.makefile("rb") as reader:
            while connection.fileno() != -1 and _read(reader, number, lambda: None) is not None:
                for action in self.step:
                    if isinstance(action, bytes):
                        connection.sendall(action)
                    else:
                        action(connection)
