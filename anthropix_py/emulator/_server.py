"""The emulated API over HTTP on this machine: cheroot carries what `Faults` plan."""

from __future__ import annotations

import errno
import logging
import os
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import responses
from typing import Any

from cheroot.server import Gateway, HTTPConnection, HTTPServer

from .._wire import Request
from ._faults import Faults, Plan, limited
from ._store import Store

_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_THREADS = 16  # requests answered at once; a stalled one holds a thread
_BACKLOG = 128  # connections that may wait to be accepted
_TICK = 0.02  # seconds until a stopping server notices
_GRACE = 0  # seconds that it leaves to what is under way
_PIECE = 64 * 1024  # bytes of a request's body read at once


class _Connection(HTTPConnection):
    """A connection that remembers whether it has been waited for, and may have been reset before it is closed."""

    waited_for = False

    def close(self) -> None:
        with suppress(OSError):
            super().close()
        with suppress(OSError, ValueError):
            self.wfile.close()


class _Server(HTTPServer):
    """One emulator's server."""

    ConnectionClass = _Connection

    expiration_interval = _TICK
    request_queue_size = _BACKLOG
    shutdown_timeout = _GRACE

    def __init__(self, store: Store, faults: Faults, host: str, port: int) -> None:
        super().__init__(
            (host, port), _Gateway, minthreads=_THREADS, maxthreads=_THREADS, server_name="emulator"
        )
        self.store = store
        self.faults = faults
        # what cheroot enters into a table of the process would keep the store alive
        getattr(logging, "statistics", {}).pop(f"Cheroot HTTPServer {id(self)}", None)

    def process_conn(self, conn: _Connection) -> None:
        """Give a connection to a thread, but a new one only once it has something to say."""
        if conn.waited_for:
            super().process_conn(conn)
        else:
            conn.waited_for = True
            self.put_conn(conn)

    @property
    def url(self) -> str:
        host, port = self.bind_addr[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Body:
    """The body of a request as it comes in. A counted one that ends too early is none."""

    def __init__(self, length: int, file: Any) -> None:
        self.length = length
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        left = self.length
        while piece := self._file.read(_PIECE):
            left -= len(piece)
            yield piece
        if left > 0:
            raise ConnectionResetError(errno.ECONNRESET, "the client went away within its request")


class _Gateway(Gateway):
    def respond(self) -> None:
        plan = self.req.server.faults.plan(self.req.server.store, self._request())
        try:
            self._read_what_is_left()
            self._send(plan)
        except OSError:  # the client has gone; what is left for it must not be tried again
            self._drop()
            raise
        finally:
            plan.response.close()

    def _drop(self) -> None:
        """Let go of the connection and of what has not gone out."""
        with suppress(OSError, ValueError):
            self.req.conn.wfile.close()

    def _request(self) -> Request:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self.req.inheaders.items()
        }
        body = None
        if "content-length" in headers or self.req.chunked_read:
            body = _Body(int(headers.get("content-length", 0)), self.req.rfile)
        host = headers.get("host", "")
        base = f"http://{host}" if _HOST.fullmatch(host) else self.req.server.url
        return Request(
            self.req.method.decode("latin-1"), base + self.req.uri.decode("latin-1"), headers, body
        )

    def _read_what_is_left(self) -> None:
        """Leave the connection at the next request, whatever of this one was not read."""
        if self.req.chunked_read:
            while self.req.rfile.read(_PIECE):
                pass
            for _ in self.req.rfile.read_trailer_lines():
                pass

    def _send(self, plan: Plan) -> None:
        status = plan.response.status
        self.req.status = f"{status} {responses.get(status, 'Unknown')}".encode()
        headers = plan.response.headers.items()
        self.req.outheaders += [(name.encode(), value.encode("latin-1")) for name, value in headers]
        if plan.head is not None:
            lines = [
                b"HTTP/1.1 " + self.req.status,
                *(b": ".join(pair) for pair in self.req.outheaders),
                b"",
                b"",
            ]
            self.req.sent_headers = True
            self.req.conn.wfile.write(b"\r\n".join(lines)[: plan.head])
            self._end(plan.end)
            return
        self.req.ensure_headers_sent()
        if self.req.method == b"HEAD":
            return
        for piece in limited(plan.response.chunks, plan):
            self.req.write(piece)
            self._pause(plan.pause)
        self._end(plan.end)

    def _pause(self, seconds: float) -> None:
        """Wait, unless the server stops or the client goes meanwhile."""
        until = time.monotonic() + seconds
        while seconds and self.req.server.ready and time.monotonic() < until:
            if _gone(self.req.conn.socket):
                raise ConnectionResetError(
                    errno.ECONNRESET, "the client went away within the answer"
                )

    def _end(self, end: str | None) -> None:
        """Let the answer end as planned; anything but a good end ends the connection, too."""
        if end is None:
            return
        self.req.close_connection = True
        self.req.chunked_write = False  # so that no last chunk is sent
        connection = self.req.conn.socket
        if end == "stall":
            while self.req.server.ready and not _gone(connection):
                pass
        if end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(connection.detach())  # at once: to close in good order would be no reset
            self._drop()


def _gone(connection: socket.socket) -> bool:
    """Wait a moment for the client to say something or to go; give whether it has gone."""
    readable, _, _ = select.select([connection], [], [], _TICK)
    try:
        return bool(readable) and not connection.recv(_PIECE)
    except OSError:
        return True


@contextmanager
def running(store: Store, faults: Faults, host: str, port: int) -> Iterator[str]:
    """Serve *store* until the context ends; gives the base URL. Raises OSError where the port cannot be had."""
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be from 0 to 65535, not {port}")
    server = _Server(store, faults, host, port)
    try:
        server.prepare()
    except OSError:
        if server.socket is not None:
            server.socket.close()
        raise
    thread = threading.Thread(target=server.serve, name="anthropix emulator", daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()
