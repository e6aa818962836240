"""Receive bytes from a socket, and limit how long that may take.

Only methods that every kind of socket has are used: plain, TLS, and TLS inside TLS, which is used
to reach the server through a proxy that itself uses TLS.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from urllib3.util import wait_for_read

# kinds of sockets whose timeout limits a read as a whole
_EXACT = (socket.socket, ssl.SSLSocket)
_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Receiver(io.RawIOBase):
    """The file that a response reads from. `ended`: whether the other side has closed its end.

    `is_paused`: if set, only bytes that were read before are returned; the socket is not read.

    The complete head must arrive within the timeout of the socket, counted from the first read.
    The socket itself limits only silence, so a byte now and then would keep a caller waiting for
    ever. After `begin_body` each read has the complete timeout.
    """

    def __init__(self, sock: Any) -> None:
        super().__init__()
        self.ended = False
        self.is_paused = False
        self._sock = sock
        # Keeps the socket open until this object is closed, even if the connection is closed.
        self._reference = sock.makefile("rb", buffering=0)
        self._in_head = True
        self._deadline: float | None = None

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002
        """Return this object with a buffer. HTTPResponse calls no other method of its socket."""
        return io.BufferedReader(self)

    def begin_body(self) -> None:
        """From now on, give each read the complete timeout of the socket."""
        self._in_head = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Return the number of bytes read: 0 at the end, None if nothing has arrived."""
        if self.is_paused:
            return None
        count = self._receive_in_time(buffer) if self._in_head else self._receive(buffer)
        if count == 0:
            self.ended = True
        return count

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Return a context in which reads return only what has arrived."""
        timeout = self._sock.gettimeout()
        self._sock.settimeout(0)
        try:
            yield
        finally:
            # an interrupt may have closed it
            with suppress(OSError):
                self._sock.settimeout(timeout)

    def close(self) -> None:
        """Release the socket."""
        self._reference.close()
        super().close()

    def _receive(self, buffer: Any) -> int | None:
        try:
            count: int = self._sock.recv_into(buffer)
        except _NOTHING_YET:
            return None
        return count

    def _receive_in_time(self, buffer: Any) -> int | None:
        timeout = self._sock.gettimeout()
        if not timeout:
            return self._receive(buffer)
        is_first = self._deadline is None
        deadline = self._deadline or monotonic() + timeout
        self._deadline = deadline
        if is_first and type(self._sock) in _EXACT:
            # the first read has the complete timeout, which is that of the socket
            return self._receive(buffer)
        if type(self._sock) is socket.socket:
            # what is readable can be read without waiting
            self._wait(deadline)
            return self._receive(buffer)
        # The time that is left cannot be set as the timeout of the socket, because TLS inside TLS
        # would wait that long for each outer record.
        with self.without_waiting():
            while (count := self._receive(buffer)) is None:
                self._wait(deadline)
        return count

    def _wait(self, deadline: float) -> None:
        left = deadline - monotonic()
        if left <= 0 or not wait_for_read(self._sock, left):
            raise TimeoutError("the head of the response did not arrive in time")
