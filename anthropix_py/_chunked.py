r"""Bodies in HTTP/1.1's chunked transfer coding (RFC 9112, section 7.1), cut anywhere. No I/O.

Large pieces are taken apart here, as a reader that goes from chunk to chunk asks twice for each:
where every row has a chunk of its own that takes as long as parsing it.
"""

from __future__ import annotations

import re

_SIZE = re.compile(rb"\r\n([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")  # extensions mean nothing to anybody
_BEGUN = re.compile(rb"\r?|\r\n[^\r\n]*\r?")  # of the end of a chunk and the size of the next
_TRAILER = re.compile(rb"(?:[^\r\n]+\r\n)*\r\n")
_LONGEST = 4 * 1024  # bytes of a size with its extensions, or of a trailer: nobody's comes near
_SIZES_KEPT = 4096


class Dechunker:
    """The content of one chunked body: `feed` each piece as it arrives; `ended`: whether all of it has come."""

    def __init__(self) -> None:
        self.ended = False
        self._left = 0  # bytes of the chunk in hand that have not come
        self._rest = b"\r\n"  # came, and is not whole: what stands between chunks, as if one had ended before the first
        self._in_trailer = False
        self._sizes: dict[bytes, int] = {}  # by how they were written

    def feed(self, piece: bytes) -> bytes:
        """Give the content that *piece* brings, which may be none. Raises ValueError for what is not chunked."""
        data = self._rest + piece if self._rest else piece
        view = memoryview(data)
        length = len(data)
        content = [view[: self._left]]
        at = self._left
        while at < length and not self._in_trailer:
            end = data.find(b"\r\n", at + 2)
            if end < 0:
                break
            size = self._sizes.get(data[at:end]) or self._size(data[at:end])
            self._in_trailer = size == 0
            content.append(view[end + 2 : end + 2 + size])
            at = end + 2 + size
        self._left = max(0, at - length)
        self._rest = data[at:]
        self._check_rest()
        return b"".join(content)

    def _size(self, written: bytes) -> int:
        parsed = _SIZE.fullmatch(written)
        if parsed is None:
            raise ValueError(f"not the end of a chunk and the size of the next: {written[:40]!r}")
        size = int(parsed[1], 16)
        if len(self._sizes) < _SIZES_KEPT:
            self._sizes[written] = size
        return size

    def _check_rest(self) -> None:
        if self._in_trailer:
            self.ended = _TRAILER.match(self._rest) is not None
        elif not _BEGUN.fullmatch(self._rest):
            raise ValueError(f"not the end of a chunk: {self._rest[:40]!r}")
        if len(self._rest) > _LONGEST and not self.ended:
            raise ValueError(f"the size of a chunk or the trailer goes on past {_LONGEST:,} bytes")
