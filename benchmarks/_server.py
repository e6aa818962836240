"""The server that contestants talk to: raw sockets and threads, and nothing to do but to send.

A process of its own: it says in one line of JSON where it is, and lives until its input is closed. Beside the
API it answers `/prepare/ID` (render a body, and say what is in it), `/requests` (how many came since it was asked),
`/received` (what the last create was sent) and `/release/N` (let a held body go on after row N).
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from io import BufferedReader
from pathlib import Path
from urllib.parse import parse_qsl

from . import _bodies, _data

_HELD_BACK = 2.0  # seconds at most
_BUFFER = 1 << 20
_HEAD = (
    "HTTP/1.1 200 OK\r\n"
    "date: Wed, 19 Aug 2026 15:44:51 GMT\r\n"
    "content-type: {}\r\n"
    "connection: keep-alive\r\n"
    "anthropic-ratelimit-requests-limit: 4000\r\n"
    "anthropic-ratelimit-requests-remaining: 3999\r\n"
    "anthropic-ratelimit-requests-reset: 2026-08-19T15:44:51Z\r\n"
    "anthropic-organization-id: 7d3a5c5e-6b86-4f3a-9d4c-0f9b5a2c1e11\r\n"
    "request-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\n"
    "strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
    "via: 1.1 google\r\n"
    "cf-cache-status: DYNAMIC\r\n"
    "x-robots-tag: none\r\n"
    "vary: Accept-Encoding\r\n"
    "server: cloudflare\r\n"
    "cf-ray: 8b4c0d2e3f4a5b6c-FRA\r\n"
    "{}\r\n"
)


class Site:
    """What all connections to one server share."""

    def __init__(self) -> None:
        self.bodies = _bodies.Bodies()
        self.requests = 0  # since somebody asked
        self.released = threading.Event()
        self.holding = 0  # the row after which a body is held back, counted from 1
        self.posting = threading.Lock()
        self.received = bytearray()  # kept between creates, as touching new memory takes time
        self.length = 0  # bytes of the last create in it

    def release(self, row: str) -> dict[str, object]:
        """Let the held body go on, and tell whether it was still held back after *row*."""
        held = self.holding == int(row)
        self.released.set()
        return {"held": held}

    def arrived(self) -> dict[str, object]:
        """Look into the last create's body: its size, and how many requests it holds."""
        body = self.received
        whole = body.startswith(b'{"requests":') and body[: self.length].rstrip().endswith(b"]}")
        return {
            "bytes": self.length,
            "requests": body.count(b'"custom_id"', 0, self.length) if whole else 0,
        }


class Connection:
    """One client, served until it leaves."""

    def __init__(self, connection: socket.socket, site: Site, url: str) -> None:
        self._connection = connection
        self._reader = BufferedReader(socket.SocketIO(connection, "r"), _BUFFER)
        self._site = site
        self._url = url

    def serve(self) -> None:
        """Answer request after request."""
        with suppress(OSError), self._connection, self._reader:
            while line := self._reader.readline():
                method, target, _ = line.decode().split(" ", 2)
                path, _, query = target.partition("?")
                self._site.requests += 1
                headers = _headers(self._reader)
                if method == "POST":
                    self._create(headers)
                else:
                    self._answer(path, query)

    def _answer(self, path: str, query: str) -> None:
        for pattern, answer in _ROUTES:
            if match := pattern.fullmatch(path):
                answer(self, match[1], query)
                return
        raise OSError(f"nobody asks for {path}")

    def _show(self, id: str, _query: str) -> None:
        self._connection.sendall(_shown(id, self._url))

    def _page(self, _all: str, query: str) -> None:
        self._json(_bodies.page(dict(parse_qsl(query)), self._url))

    def _results(self, id: str, _query: str) -> None:
        body = self._site.bodies.body(id)
        self._connection.sendall(_HEAD.format("application/x-jsonl", body.head).encode())
        if id.startswith("held-"):
            self._hold(list(body.pieces()))
            return
        for piece in body.pieces():
            self._connection.sendall(memoryview(piece))

    def _hold(self, pieces: list[bytes]) -> None:
        for row, piece in enumerate(pieces, 1):
            self._site.released.clear()
            self._site.holding = row if row < len(pieces) else 0
            self._connection.sendall(piece)
            if self._site.holding:
                self._site.released.wait(_HELD_BACK)
                self._site.holding = 0

    def _prepare(self, id: str, _query: str) -> None:
        self._json(self._site.bodies.body(id).facts)

    def _requests(self, _all: str, _query: str) -> None:
        self._json({"requests": self._site.requests - 1})
        self._site.requests = 0

    def _received(self, _all: str, _query: str) -> None:
        with self._site.posting:
            self._json(self._site.arrived())

    def _release(self, row: str, _query: str) -> None:
        self._json(self._site.release(row))

    def _create(self, headers: dict[str, str]) -> None:
        with self._site.posting:
            self._site.length = 0
            if "content-length" in headers:
                self._receive(int(headers["content-length"]))
            else:
                while size := int(self._reader.readline(), 16):
                    self._receive(size)
                    self._reader.readline()
                self._reader.readline()
        self._connection.sendall(_shown("created", self._url))

    def _receive(self, size: int) -> None:
        site = self._site
        missing = site.length + size - len(site.received)
        if missing > 0:
            site.received.extend(bytes(max(missing, _BUFFER)))
        with memoryview(site.received) as view:
            end = site.length + size
            while site.length < end:
                got = self._reader.readinto(view[site.length : end])
                if not got:
                    raise OSError("the client left")
                site.length += got

    def _json(self, value: object) -> None:
        self._connection.sendall(_answered(_bodies.encoded(value)))


_ROUTES: list[tuple[re.Pattern[str], Callable[[Connection, str, str], None]]] = [
    (re.compile("/v1/messages/batches/([^/]+)"), Connection._show),
    (re.compile("/v1/messages/batches/([^/]+)/results"), Connection._results),
    (re.compile("(/v1/messages/batches)"), Connection._page),
    (re.compile("/prepare/([^/]+)"), Connection._prepare),
    (re.compile("(/requests)"), Connection._requests),
    (re.compile("(/received)"), Connection._received),
    (re.compile("/release/([0-9]+)"), Connection._release),
]


def _headers(reader: BufferedReader[socket.SocketIO]) -> dict[str, str]:
    headers = {}
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return headers


@cache
def _shown(id: str, url: str) -> bytes:
    return _answered(_bodies.encoded(_bodies.batch(id, url)))


def _answered(content: bytes) -> bytes:
    return (
        _HEAD.format("application/json", f"content-length: {len(content)}\r\n").encode() + content
    )


def _accept(listener: socket.socket, site: Site, url: str, context: ssl.SSLContext | None) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, site, url, context), daemon=True).start()


def _serve(connection: socket.socket, site: Site, url: str, context: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        connection = context.wrap_socket(connection, server_side=True) if context else connection
        Connection(connection, site, url).serve()


def _listen(site: Site, context: ssl.SSLContext | None = None) -> str:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20
    )  # a small one stalls senders of 64 KiB
    url = f"{'https' if context else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    threading.Thread(target=_accept, args=(listener, site, url, context), daemon=True).start()
    return url


def _certificate() -> tuple[ssl.SSLContext, str]:
    """Make a certificate for this run; give the server's side of it, and the authority in PEM."""
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context, authority.cert_pem.bytes().decode()


def main() -> None:
    """Serve on a core of its own until the input is closed."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    _data.first_block()
    site = Site()
    context, authority = _certificate()
    path = Path(tempfile.gettempdir(), "authority.pem")  # in the folder of the run
    path.write_text(authority)
    print(
        json.dumps({"http": _listen(site), "https": _listen(site, context), "ca": str(path)}),
        flush=True,
    )
    sys.stdin.read()


if __name__ == "__main__":
    main()
