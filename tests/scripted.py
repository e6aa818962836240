"""A server on a raw socket that plays a script, and that a request too many makes fail."""

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
from typing import NamedTuple

PATIENCE = 10.0  # seconds until a test that hangs fails


class Received(NamedTuple):
    """One request as it came in. `connection` counts from 0."""

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
    os.close(connection.detach())  # at once: close() would wait for the reader


def reset(connection: socket.socket) -> None:
    """Break the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def stall(connection: socket.socket) -> None:
    """Say nothing more until the client goes away."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass
    connection.close()


def head(status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Give a status line and headers."""
    lines = [
        f"HTTP/1.1 {status} Status",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def counted(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Give a whole answer with a Content-Length."""
    return head(status, {"content-length": str(len(body)), **(headers or {})}) + body


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Give a whole answer in JSON."""
    return counted(
        json.dumps(value).encode(), status, {"content-type": "application/json", **(headers or {})}
    )


def chunk(data: bytes) -> bytes:
    """Give *data* as one chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def chunked(data: bytes, size: int = 1 << 16, headers: dict[str, str] | None = None) -> bytes:
    """Give a whole answer in chunks of *size*."""
    pieces = [chunk(data[start : start + size]) for start in range(0, len(data), size)]
    return (
        head(200, {"transfer-encoding": "chunked", **(headers or {})})
        + b"".join(pieces)
        + b"0\r\n\r\n"
    )


class Scripted:
    """Plays one step for each request, on whatever connection it comes.

    On leaving the context it fails if a request came that the script had no step for, if a step
    was not asked for, or if playing went wrong. *before_body* is called before a request's body is read.
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
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(PATIENCE)  # so that no connection is accepted from here on
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
                if connection.fileno() == -1:  # what the reader still holds is no request
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


class TLS(Scripted):
    """A scripted server behind TLS. `port`: where it listens; `refused`: connections that came to nothing."""

    def __init__(
        self, context: ssl.SSLContext, *steps: Step | bytes, host: str = "127.0.0.1"
    ) -> None:
        super().__init__(*steps)
        self._context = context
        self.port = int(self.url.rsplit(":", 1)[1])
        self.url = f"https://{host}:{self.port}"
        self.refused = 0

    def __enter__(self) -> TLS:
        super().__enter__()
        return self

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            with self._lock:
                outside = (
                    connection.dup()
                )  # to be shut down by others: an SSLSocket is for one thread
                self._open.append(outside)
            with outside:
                self.refused += 1
                with self._context.wrap_socket(connection, server_side=True) as wrapped:
                    self.refused -= 1
                    super()._serve(wrapped, number)
