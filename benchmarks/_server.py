"""The server that contestants talk to. It does as little as it can, so that it is never waited for.

The emulator cannot stand in for it: it renders each row when it is asked for, which takes longer
than reading it. A process of its own: it says in one line of JSON where it is, and ends when its
input is closed. Beside the API it answers `/prepare/ID` (render a body, and say what is in it),
`/received` (what the last create was sent)
and `/release/N` (let a held body go on after row N).
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import ssl
import sys
import tempfile
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

import trustme

from . import _bodies

_HELD_BACK = 2.0  # seconds at most
_BUFFER = 1 << 20
_ID = b"request-"  # before the eight digits of a custom_id
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


class State:
    """What all connections share."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.holding = 0  # the row after which a body is held back, counted from 1
        self.creating = threading.Lock()
        # The bytes of the last create. Kept, because touching new memory takes time.
        self.received = bytearray()
        self.length = 0

    def last_number(self) -> int:
        """Return the number of requests, by the id of the last: to count them would take longer."""
        at = self.received.rfind(_ID, 0, self.length) + len(_ID)
        return int(self.received[at : at + 8]) + 1

    def last_create(self) -> dict[str, int]:
        """Return the size of the last create's body, and how many requests are in it."""
        with self.creating:
            found = self.received.count(b'"custom_id"', 0, self.length)
            end = self.received[max(0, self.length - 64) : self.length].rstrip()
            if not (self.received.startswith(b'{"requests":') and end.endswith(b"]}")):
                found = 0
            return {"bytes": self.length, "requests": found}


class Site(socketserver.ThreadingTCPServer):
    """A port, with TLS or without."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        state: State,
        context: ssl.SSLContext | None = None,
        handler: type[socketserver.BaseRequestHandler] | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), handler or Connection)
        # A small buffer would stall those who send 64 KiB at a time.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.state = state
        self._context = context
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its handshake is left to its own thread."""
        connection, address = super().get_request()
        if self._context:
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address


class Connection(socketserver.StreamRequestHandler):
    """One client, served until it leaves."""

    rbufsize = _BUFFER
    disable_nagle_algorithm = True

    @property
    def _site(self) -> Site:
        return cast("Site", self.server)

    def handle(self) -> None:
        """Respond to request after request."""
        with suppress(OSError):
            while line := self.rfile.readline():
                method, target, _ = line.decode().split(" ", 2)
                path, _, query = target.partition("?")
                headers = self._headers()
                if method == "POST":
                    self._create(headers)
                else:
                    self._get(path, query)

    def _headers(self) -> dict[str, str]:
        headers = {}
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _get(self, path: str, query: str) -> None:
        state = self._site.state
        match path.removeprefix("/v1/messages/batches").split("/")[1:]:
            case []:
                self._json(_bodies.page(dict(parse_qsl(query)), self._site.url))
            case ["prepare", id]:
                self._json(_bodies.results(id).facts)
            case ["release", row]:
                held = state.holding == int(row)
                state.released.set()
                self._json({"held": held})
            case ["received"]:
                self._json(state.last_create())
            case [id, "results"]:
                self._results(id)
            case [id]:
                self.wfile.write(_shown(id, self._site.url))
            case _:
                raise ValueError(f"there is no {path}")

    def _results(self, id: str) -> None:
        body = _bodies.results(id)
        self.wfile.write(_HEAD.format("application/x-jsonl", body.head).encode())
        if id.startswith("held-"):
            self._hold(list(body.blocks()))
            return
        for block in body.blocks():
            self.wfile.write(block)

    def _hold(self, blocks: list[bytes]) -> None:
        state = self._site.state
        *first, last = blocks
        for row, block in enumerate(first, 1):
            state.released.clear()
            state.holding = row
            self.wfile.write(block)
            state.released.wait(_HELD_BACK)
            state.holding = 0
        self.wfile.write(last)

    def _create(self, headers: dict[str, str]) -> None:
        with self._site.state.creating:
            self._site.state.length = 0
            if "content-length" in headers:
                self._receive(int(headers["content-length"]))
            else:
                while size := int(self.rfile.readline(), 16):
                    self._receive(size)
                    self.rfile.readline()
                self.rfile.readline()
        self.wfile.write(_shown(f"created-{self._site.state.last_number()}", self._site.url))

    def _receive(self, size: int) -> None:
        state = self._site.state
        missing = state.length + size - len(state.received)
        if missing > 0:
            state.received.extend(bytes(max(missing, _BUFFER)))
        with memoryview(state.received) as view:
            end = state.length + size
            while state.length < end:
                count = self.rfile.readinto(view[state.length : end])
                if not count:
                    raise OSError("the client left")
                state.length += count

    def _json(self, value: object) -> None:
        self.wfile.write(_response(_bodies.encoded(value)))


@cache
def _shown(id: str, url: str) -> bytes:
    return _response(_bodies.encoded(_bodies.batch(id, url)))


def _response(content: bytes) -> bytes:
    head = _HEAD.format("application/json", f"content-length: {len(content)}\r\n")
    return head.encode() + content


def main() -> None:
    """Serve on a core of its own until the input is closed."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca = Path(tempfile.gettempdir(), "authority.pem")
    ca.write_bytes(authority.cert_pem.bytes())
    state = State()
    http, https = Site(state), Site(state, context)
    for site in (http, https):
        threading.Thread(target=site.serve_forever, daemon=True).start()
    print(json.dumps({"http": http.url, "https": https.url, "ca": str(ca)}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
