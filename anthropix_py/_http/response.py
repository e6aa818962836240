"""The body of an answer, read from the socket in large pieces, each handed over as soon as it is there.

http.client asks for every chunk of a chunked body, and TLS gives one record at a time: 16 KiB at
most. Both cost more than what is in them; here everything that has come is taken at once.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from http.client import HTTPResponse, IncompleteRead
from typing import Any

from .chunked import Dechunker

_RECORD = 16 * 1024  # bytes that one record of TLS holds at most


class Incoming(HTTPResponse):
    """An answer as http.client gives it, with a `read1` of its own."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._sock = sock
        self._tls = sock if isinstance(sock, ssl.SSLSocket) else None
        self._dechunker = Dechunker()
        self._failure: OSError | None = None
        self._ended = False  # whether the connection has, behind what was taken

    def read1(self, n: int = -1) -> bytes:
        """Give what has come, *n* bytes at most; wait for the first, and for no more. Nothing at the end."""
        if self.isclosed() or n == 0:
            return b""
        n = n if n > 0 else _RECORD
        data = self._read_chunked(n) if self.chunked else self._read_counted(n)
        if self.length == 0 or self._dechunker.in_trailer:
            self._leave_clean()
        if not data:
            self.close()
        return data

    def _read_counted(self, n: int) -> bytes:
        data = self._take(n if self.length is None else min(n, self.length))
        if self.length is not None:
            self.length -= len(data)
        return data

    def _read_chunked(self, n: int) -> bytes:
        content = b""
        while not content and not self._dechunker.ended:
            if self._dechunker.fault is not None:
                raise ValueError(self._dechunker.fault)
            data = self._take(n)
            if not data and not self._dechunker.in_trailer:
                raise IncompleteRead(b"")
            if not data:  # all content has come, and some servers leave it at that
                self._ended = True
                break
            content = self._dechunker.feed(data)
        return content

    def _take(self, n: int) -> bytes:
        if self._failure is not None:
            raise self._failure
        if self._tls is None:
            return self.fp.read1(n)
        data = self.fp.read1(min(n, _RECORD))
        return self._with_more(data, self._tls, n - len(data)) if data else data

    def _with_more(self, data: bytes, sock: ssl.SSLSocket, n: int) -> bytes:
        """Add what TLS can give without waiting, *n* bytes at most."""
        pieces = [data]
        timeout = sock.gettimeout()
        sock.settimeout(0)
        try:
            while n > 0:
                piece = sock.recv(min(n, _RECORD))
                if not piece:
                    self._ended = True
                    break
                pieces.append(piece)
                n -= len(piece)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            pass
        except OSError as error:
            self._failure = error.with_traceback(None)  # what came before it is handed over first
        finally:
            sock.settimeout(timeout)
        return b"".join(pieces)

    def _leave_clean(self) -> None:
        """See to it that no other request goes out where this one's answer left anything behind, or the end."""
        waiting = self._tls is not None and self._tls.pending() > 0
        if waiting or self._ended or self._failure is not None or self._dechunker.surplus:
            with suppress(OSError):
                self._sock.shutdown(
                    socket.SHUT_RDWR
                )  # which the pool sees, before it gives the connection out
