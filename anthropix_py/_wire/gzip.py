"""Decompress gzip bodies as they arrive. No I/O.

The body is inflated by zlib's own object in blocks of bounded size. Inflating each chunk at once
could turn 50 KB into 48 MB in memory. `gzip.GzipFile` reads from a file, takes 1.1 times as long,
and waits for more bytes before it returns a row that has arrived. What keeps it safe: a gzip member
has ended only when zlib has checked its trailer, so a stream that stops before that is an error,
never a complete body.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from typing import Any

from ..errors import TransportError

_BLOCK = 128 * 1024  # bytes
# tells zlib to expect the header and trailer of gzip
_GZIP = zlib.MAX_WBITS | 16


class CorruptBody(TransportError):
    """A body that contradicts its own checksum or format: its content cannot be trusted."""


def inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip body as it arrives, in blocks of at most 128 KiB.

    Raises `TransportError` if the body is cut, `CorruptBody` if it is corrupt.
    """
    body = _Body()
    for chunk in chunks:
        yield from body.feed(chunk)
    body.finish()


class _Body:
    """A gzip body: one member after another, with zero bytes allowed as padding after each."""

    def __init__(self) -> None:
        # None before the first byte of a member
        self._member: Any = None
        self._padded = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the content in *data*."""
        while data := self._without_padding(data):
            if self._member is None:
                self._member = zlib.decompressobj(_GZIP)
            data = yield from self._inflate(data)

    def finish(self) -> None:
        """Raise `TransportError` if the last member has not ended."""
        if self._member is not None:
            raise TransportError("closed", "the gzip stream broke off before its end", sent=True)

    def _without_padding(self, data: bytes) -> bytes:
        if self._member is None and self._padded:
            return data.lstrip(b"\0")
        return data

    def _inflate(self, data: bytes) -> Generator[bytes, None, bytes]:
        """Yield the content of the current member; return the bytes after its end."""
        full = True
        # A block that is not full means that all input was consumed.
        while full and not self._member.eof:
            block = self._block(data)
            if block:
                yield block
            data = self._member.unconsumed_tail
            full = len(block) == _BLOCK
        if not self._member.eof:
            return b""
        rest: bytes = self._member.unused_data
        self._member = None
        self._padded = True
        return rest

    def _block(self, data: bytes) -> bytes:
        try:
            return bytes(self._member.decompress(data, _BLOCK))
        except zlib.error as error:
            raise CorruptBody("protocol", f"corrupt gzip: {error}", sent=True) from None
