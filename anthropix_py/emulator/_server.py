"""The emulated API over HTTP on this machine: cheroot carries, `handle` answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cheroot.server import Gateway, HTTPServer

from .._wire import Request, Response
from ._app import handle
from ._store import Store

_THREADS = 16  # requests answered at once; a stalled one holds a thread
_TICK = 0.02  # seconds until a stopping server notices


class _Server(HTTPServer):
    """One emulator's server."""

    expiration_interval = _TICK

    def __init__(self, store: Store, host: str, port: int) -> None:
        super().__init__((host, port), _Gateway, minthreads=_THREADS, maxthreads=_THREADS, server_name="emulator")
        self.store = store


class _Body:
    """The body of a request as it comes in."""

    def __init__(self, length: int, file: object) -> None:
        self.length = length
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(64 * 1024):  # type: ignore[attr-defined]
            yield piece


class _Gateway(Gateway):
    def respond(self) -> None:
        response = handle(self.req.server.store, self._request())
        try:
            self._send(response)
        finally:
            response.close()

    def _request(self) -> Request:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.req.inheaders.items()
        }
        host = headers.get("host") or "{}:{}".format(*self.req.server.bind_addr[:2])
        body = None
        if "content-length" in headers or self.req.chunked_read:
            body = _Body(int(headers.get("content-length", -1)), self.req.rfile)
        url = f"http://{host}{self.req.uri.decode('latin-1')}"
        return Request(self.req.method.decode("latin-1"), url, headers, body)

    def _send(self, response: Response) -> None:
        self.req.status = f"{response.status} Status".encode()
        self.req.outheaders += [(name.encode(), value.encode("latin-1")) for name, value in response.headers.items()]
        self.req.ensure_headers_sent()
        for chunk in response.chunks:
            if chunk:
                self.req.write(chunk)


@contextmanager
def running(store: Store, host: str, port: int) -> Iterator[str]:
    """Serve *store* until the context ends; gives the base URL."""
    server = _Server(store, host, port)
    server.prepare()
    thread = threading.Thread(target=server.serve, name="anthropix emulator", daemon=True)
    thread.start()
    try:
        yield "http://{}:{}".format(*server.bind_addr[:2])
    finally:
        server.stop()
        thread.join()
