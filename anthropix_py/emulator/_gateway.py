"""Read one HTTP request for the emulator, and send the response as a `Plan` says.

cheroot parses requests and frames responses. This file adds what cheroot does not do: it refuses
malformed paths and lengths, reads chunked bodies in small blocks, and closes a connection if the
end of a request's body is not known.
"""

from __future__ import annotations

import errno
import os
import re
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import responses
from typing import Any

from cheroot.server import Gateway, HTTPRequest

from .._wire import Request
from ._plan import Plan
from ._refusal import Refusal, invalid

_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;.*)?\r\n")
_LINE = 64 * 1024  # bytes of a line between two chunks
_BLOCK = 64 * 1024  # bytes of a request's body read at once
_LARGEST_CHUNK = 1 << 30  # bytes
_TICK = 0.02  # seconds between two checks of the server and the client


class CarefulRequest(HTTPRequest):
    """A request that is refused (400) if its path or the length of its body is malformed."""

    def read_request_line(self) -> bool:
        parent: Any = super()
        try:
            return bool(parent.read_request_line())
        except ValueError:
            return self._refuse("Malformed Request-URI")

    def read_request_headers(self) -> bool:
        parent: Any = super()
        if not parent.read_request_headers():
            return False
        length = self.inheaders.get(b"Content-Length")
        if length is not None and not re.fullmatch(rb"[0-9]+", length):
            return self._refuse("Malformed Content-Length Header.")
        if length is not None and self.chunked_read:
            return self._refuse("A chunked body has no Content-Length.")
        return True

    def _refuse(self, message: str) -> bool:
        self.simple_response("400 Bad Request", message)
        return False


class EmulatorGateway(Gateway):
    """Sends the response to one request."""

    def respond(self) -> None:
        body = self._body()
        plan = self.req.server.faults.plan(self.req.server.store, self._request(body))
        try:
            self._skip(body)
            self._send(plan)
        except OSError:
            # The client has left, so whatever is still buffered must not be sent.
            self._discard()
            raise
        finally:
            plan.response.close()

    def _discard(self) -> None:
        """Drop what has not been sent."""
        with suppress(OSError, ValueError):
            self.req.conn.wfile.close()

    def _body(self) -> _Body | None:
        if self.req.chunked_read:
            return _Body(0, _unchunked(self.req.conn.rfile))
        length = self.req.inheaders.get(b"Content-Length")
        if length is None:
            return None
        return _Body(int(length), _counted(self.req.rfile, int(length)))

    def _request(self, body: _Body | None) -> Request:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self.req.inheaders.items()
        }
        base = self.req.server.url
        host = headers.get("host", "")
        if _HOST.fullmatch(host):
            base = f"http://{host}"
        method, uri = self.req.method.decode("latin-1"), self.req.uri.decode("latin-1")
        return Request(method, base + uri, headers, body)

    def _skip(self, body: _Body | None) -> None:
        """Read the rest of a chunked body, so that the next request can be read."""
        if body is None or not self.req.chunked_read:
            return
        try:
            for _ in body:
                pass
        except Refusal:
            body.broken = True
        if body.broken:
            self.req.close_connection = True

    def _send(self, plan: Plan) -> None:
        status = plan.response.status
        self.req.status = f"{status} {responses.get(status, 'Unknown')}".encode()
        headers = plan.response.headers.items()
        self.req.outheaders += [(name.encode(), value.encode("latin-1")) for name, value in headers]
        if plan.head is not None:
            self._send_head(plan.head)
            self._end(plan.end)
            return
        self.req.ensure_headers_sent()
        if self.req.method == b"HEAD":
            return
        for block in plan.blocks():
            self.req.write(block)
            self._pause(plan.pause)
        self._end(plan.end)

    def _send_head(self, size: int) -> None:
        """Send the first *size* bytes of the status line and the headers."""
        lines = [b"HTTP/1.1 " + self.req.status, *map(b": ".join, self.req.outheaders), b"", b""]
        self.req.sent_headers = True
        self.req.conn.wfile.write(b"\r\n".join(lines)[:size])

    def _pause(self, seconds: float) -> None:
        """Wait, unless the server stops or the client leaves meanwhile."""
        until = time.monotonic() + seconds
        while seconds and self.req.server.ready and time.monotonic() < until:
            if _wait_for_client_to_leave(self.req.conn.socket):
                raise _client_left()

    def _end(self, end: str | None) -> None:
        """End the response as planned; any end but a proper one also closes the connection."""
        if end is None:
            return
        self.req.close_connection = True
        # so that cheroot does not send the last chunk
        self.req.chunked_write = False
        connection = self.req.conn.socket
        if end == "stall":
            left = False
            while self.req.server.ready and not left:
                left = _wait_for_client_to_leave(connection)
        if end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # at once: an orderly close would not reset the connection
            os.close(connection.detach())
            self._discard()


class _Body:
    """The body of a request as it arrives. `broken`: whether its end is not known."""

    def __init__(self, length: int, blocks: Iterator[bytes]) -> None:
        self.length = length
        self.broken = False
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._blocks
        except Refusal:
            self.broken = True
            raise


def _counted(file: Any, length: int) -> Iterator[bytes]:
    """Yield a body of known length; one that ends before it raises."""
    left = length
    while block := file.read(_BLOCK):
        left -= len(block)
        yield block
    if left > 0:
        raise _client_left()


def _unchunked(file: Any) -> Iterator[bytes]:
    """Yield the content of a chunked body, and skip its trailers. Raises `Refusal` (400)."""
    while left := _chunk_size(file.readline(_LINE)):
        while left:
            block = file.read(min(left, _BLOCK))
            if not block:
                raise _client_left()
            left -= len(block)
            yield block
        if file.readline(_LINE) != b"\r\n":
            raise invalid("The request body is not properly chunked: a chunk has no end")
    while line := file.readline(_LINE):
        if line == b"\r\n":
            return
    raise _client_left()


def _chunk_size(line: bytes) -> int:
    if not line:
        raise _client_left()
    size = _SIZE.fullmatch(line)
    if size is None:
        raise invalid("The request body is not properly chunked: a chunk has no size")
    found = int(size[1], 16)
    if found > _LARGEST_CHUNK:
        raise invalid(f"The request body is not properly chunked: a chunk of {found} bytes")
    return found


def _client_left() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the client closed the connection")


def _wait_for_client_to_leave(connection: socket.socket) -> bool:
    """Wait for a moment until the client sends something or leaves; return whether it has left."""
    readable, _, _ = select.select([connection], [], [], _TICK)
    if not readable:
        return False
    try:
        return not connection.recv(_BLOCK)
    except OSError:
        return True
