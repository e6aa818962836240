"""The server of an emulator: its socket, its connections, and the threads that serve them."""

from __future__ import annotations

import logging
import queue
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cheroot.server import HTTPConnection, HTTPServer

from ._faults import Faults
from ._gateway import CarefulRequest, EmulatorGateway
from ._store import Store

_BACKLOG = 128  # connections not yet accepted
_TICK = 0.02  # seconds between two checks for the end
_GRACE = 0.2  # seconds for responses in progress at the end


class _Connection(HTTPConnection):
    """A connection that can be closed even after a reset.

    `waited_for`: whether the server has already waited for its first bytes.
    """

    RequestHandlerClass = CarefulRequest

    waited_for = False

    def close(self) -> None:
        with suppress(OSError):
            super().close()
        with suppress(OSError, ValueError):
            self.wfile.close()


class _Threads:
    """As many threads as there are busy connections; free threads wait for more.

    This replaces cheroot's pool of a fixed number of threads, which are all blocked once as many
    clients have sent only half a request.
    """

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[_Connection | None] = queue.SimpleQueue()
        self._free = 0  # threads without a connection
        self._threads: dict[threading.Thread, _Connection | None] = {}

    def start(self) -> None:
        """Do nothing: threads are started when they are needed."""

    def put(self, conn: _Connection) -> None:
        """Serve the request that *conn* has sent, unless the server has stopped."""
        with self._lock:
            if not self._server.ready:
                conn.close()
                return
            self._waiting.put(conn)
            if self._free:
                self._free -= 1
                return
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads[thread] = None
            thread.start()

    def stop(self, _timeout: float) -> None:
        """Return once all threads have ended; those that cannot finish soon are interrupted."""
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._waiting.put(None)
        self._shut(socket.SHUT_RD)
        until = time.monotonic() + _GRACE
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._shut(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def _shut(self, how: int) -> None:
        """Interrupt the connections that are being served."""
        with self._lock:
            for conn in self._threads.values():
                if conn is not None:
                    with suppress(OSError):
                        conn.socket.shutdown(how)

    def _work(self) -> None:
        thread = threading.current_thread()
        while conn := self._waiting.get():
            with self._lock:
                self._threads[thread] = conn
            keep = _serve(conn)
            with self._lock:
                self._threads[thread] = None
                self._free += 1
            if keep:
                self._server.put_conn(conn)


def _serve(conn: Any) -> bool:
    """Serve one request; return whether the connection can be used again. If not, close it."""
    keep = False
    try:
        keep = bool(conn.communicate())
    except ConnectionError:
        pass
    finally:
        if not keep:
            conn.close()
    return keep


class _Server(HTTPServer):
    """The server of one emulator."""

    ConnectionClass = _Connection

    expiration_interval = _TICK
    request_queue_size = _BACKLOG
    keep_alive_conn_limit = sys.maxsize

    def __init__(self, store: Store, faults: Faults, host: str, port: int) -> None:
        super().__init__((host, port), EmulatorGateway, server_name="emulator")
        self.store = store
        self.faults = faults
        self.requests = _Threads(self)
        # cheroot registers statistics in a global table, which would keep the store alive
        getattr(logging, "statistics", {}).pop(f"Cheroot HTTPServer {id(self)}", None)

    def process_conn(self, conn: _Connection) -> None:
        """Pass a connection to a thread; a new connection only after it has sent something."""
        if conn.waited_for:
            super().process_conn(conn)
        else:
            conn.waited_for = True
            self.put_conn(conn)

    @property
    def url(self) -> str:
        host, port = self.bind_addr[:2]
        if ":" in host:
            return f"http://[{host}]:{port}"
        return f"http://{host}:{port}"


@contextmanager
def serve_in_thread(store: Store, faults: Faults, host: str, port: int) -> Iterator[str]:
    """Serve *store* until the context ends; yield the base URL.

    Raises OSError if the port cannot be used.
    """
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
