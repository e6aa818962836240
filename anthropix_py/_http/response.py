"""The body of a response, read from the socket in large blocks as soon as bytes arrive.

http.client returns at most one chunk of a chunked body at a time, and over TLS one record of at
most 16 KiB. Here all bytes that have arrived are returned at once: chunks of 16 KiB are read in
half the time, and over TLS one call returns as much as eight did. What keeps it safe: a read waits
only for the first byte, so a row is never held back; an error after data is kept for the next call,
so data is never lost; and before a connection is reused, a read without waiting must have shown
that nothing follows the response, so that no such bytes are read as the next response.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from http.client import HTTPResponse, IncompleteRead
from io import BytesIO
from typing import Any, cast

from .chunked import Dechunker
from .head import check_framing, read_head
from .receiver import Receiver

_RECORD = 16 * 1024  # bytes in a record of TLS, at most


class PromptResponse(HTTPResponse):
    """The response of http.client with another `begin` and another `read1`."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        self._receiver = Receiver(sock)
        super().__init__(cast(Any, self._receiver), *args, **kwargs)
        self._sock = sock
        # One read of a plain socket returns all that has arrived; other kinds do not promise that.
        self._is_plain = type(sock) is socket.socket
        self._dechunker = Dechunker()
        self._failure: OSError | None = None

    def begin(self) -> None:
        """Read the head."""
        if self.headers is not None:
            return
        file = self.fp
        head = read_head(cast(Any, file))
        self.fp = cast(Any, BytesIO(head))
        try:
            super().begin()
        finally:
            self.fp = file
        # urllib3 refuses lengths that differ
        if not self.chunked and (self.length is None or self.headers.get("transfer-encoding")):
            check_framing(self.headers)
        self._receiver.begin_body()
        # urllib3 would log what the parser finds wrong with the head, values of fields included.
        self.headers.set_payload("")
        self.headers.defects.clear()

    def read1(self, n: int = -1) -> bytes:
        """Return up to *n* bytes that have already arrived, blocking only for the first.

        Empty at the end of the body.
        """
        if self.isclosed() or n == 0:
            return b""
        if n < 0:
            n = _RECORD
        data = self._read(n)
        # urllib3 closes a body of known length after its last byte, without another read.
        if not data or self.length == 0:
            self._shut_down_unless_clean()
        if not data:
            self.close()
        return data

    def _read(self, n: int) -> bytes:
        if self.chunked:
            return self._read_chunked(n)
        if self.length is None:
            return self._take(n)
        data = self._take(min(n, self.length))
        self.length -= len(data)
        return data

    def _read_chunked(self, n: int) -> bytes:
        content = b""
        while not content and self._dechunker.state not in ("ended", "surplus"):
            if self._dechunker.state == "faulty":
                raise ValueError(self._dechunker.fault)
            data = self._take(n)
            if not data and self._dechunker.state == "content":
                raise IncompleteRead(b"")
            if not data:
                # All content has arrived; some servers send nothing after the last chunk.
                break
            content = self._dechunker.feed(data)
        return content

    def _take(self, n: int) -> bytes:
        if self._failure is not None:
            raise self._failure
        if self._is_plain:
            return self.fp.read1(n)
        data = self.fp.read1(min(n, _RECORD))
        if not data:
            return b""
        return self._with_more(data, n - len(data))

    def _with_more(self, data: bytes, n: int) -> bytes:
        """Return *data* and up to *n* bytes that can be added without waiting."""
        blocks = [data]
        try:
            with self._receiver.without_waiting():
                while n > 0 and (block := self.fp.read1(min(n, _RECORD))):
                    blocks.append(block)
                    n -= len(block)
        except OSError as error:
            # Raised by the next call, because the data before it is returned first.
            self._failure = error.with_traceback(None)
        return b"".join(blocks)

    def _shut_down_unless_clean(self) -> None:
        """Shut the connection down if it would be reused although something may follow."""
        if self.will_close or not self._is_followed():
            return
        # By the descriptor, because not every kind of socket has this method. Before urllib3 reuses
        # the connection, it finds the socket readable, and closes it.
        with (
            suppress(OSError),
            socket.fromfd(self._sock.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same,
        ):
            same.shutdown(socket.SHUT_RDWR)

    def _is_followed(self) -> bool:
        if self._receiver.ended or self._failure is not None:
            return True
        if self._dechunker.state == "surplus":
            return True
        if self._is_plain:
            # Only the buffer can hide something: what the kernel still has makes the connection
            # readable, and urllib3 looks for that before it reuses one.
            self._receiver.is_paused = True
            return bool(self.fp.peek(1))
        try:
            with self._receiver.without_waiting():
                more = self.fp.peek(1)
        except OSError:
            return True
        return bool(more) or self._receiver.ended
