r"""Bodies in HTTP/1.1's chunked transfer coding (RFC 9112, section 7.1), cut anywhere. No I/O.

Large pieces are taken apart here, as a reader that goes from chunk to chunk asks twice for each:
where every row has a chunk of its own that takes as long as parsing it.
"""

from __future__ import annotations

import re

_SIZE = re.compile(
    rb"\r\n0*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?"
)  # extensions mean nothing to anybody
_BEGUN = re.compile(rb"\r?|\r\n[^\r\n]*\r?")  # of the end of a chunk and the size of the next
_TRAILER = re.compile(rb"(?:(?!\r?\n)[^\n]*\n)*\r?\n")  # fields, and an empty line
_LONGEST = 4 * 1024  # bytes of a size with its extensions, or of a trailer: nobody's comes near
_SIZES_KEPT = 4096
_SIZE_KEPT = 16  # bytes


class Dechunker:
    """The content of one chunked body: `feed` each piece as it arrives.

    `in_trailer`: whether all content has come; `ended`: whether the end of the body has, too;
    `surplus`: whether anything came after it. `fault`: says why this is no chunked body, once it
    is known; what came before the fault is given all the same.
    """

    def __init__(self) -> None:
        self.in_trailer = False
        self.ended = False
        self.surplus = False
        self.fault: str | None = None
        self._left = 0  # bytes of the chunk in hand that have not come
        self._rest = b"\r\n"  # came, and is not whole: what stands between chunks, as if one had ended before the first
        self._sizes: dict[bytes, int] = {}  # by how they were written

    def feed(self, piece: bytes) -> bytes:
        """Give the content that *piece* brings, which may be none."""
        data = self._rest + piece if self._rest else piece
        view = memoryview(data)
        length = len(data)
        content = [view[: self._left]]
        at = self._left
        while at < length and not self.in_trailer and self.fault is None:
            end = data.find(b"\r\n", at + 2)
            if end < 0:
                break
            size = self._sizes.get(data[at:end]) or self._size(data[at:end])
            self.in_trailer = size == 0 and self.fault is None
            content.append(view[end + 2 : end + 2 + size])
            at = end + 2 + size
        self._left = max(0, at - length)
        self._rest = data[at:]
        self._check_rest()
        return b"".join(content)

    def _size(self, written: bytes) -> int:
        parsed = _SIZE.fullmatch(written)
        if parsed is None or len(written) > _LONGEST:
            self.fault = f"not the end of a chunk and the size of the next: {written[:40]!r}"
            return 0
        size = int(parsed[1], 16)
        if len(self._sizes) < _SIZES_KEPT and len(written) <= _SIZE_KEPT:
            self._sizes[written] = size
        return size

    def _check_rest(self) -> None:
        if self.in_trailer:
            trailer = _TRAILER.match(self._rest)
            self.ended = trailer is not None
            self.surplus = trailer is not None and trailer.end() < len(self._rest)
        elif not self._left and not _BEGUN.fullmatch(self._rest):
            self.fault = self.fault or f"not the end of a chunk: {self._rest[:40]!r}"
        if len(self._rest) > _LONGEST and not self.ended:
            self.fault = (
                self.fault or f"the size of a chunk or the trailer goes on past {_LONGEST:,} bytes"
            )
