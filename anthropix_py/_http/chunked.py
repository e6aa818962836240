r"""Bodies in HTTP/1.1's chunked transfer coding (RFC 9112, section 7.1), cut anywhere. No I/O.

All that has arrived is decoded in one loop over one block of bytes. http.client reads the size and
the content of each chunk with separate calls, which takes 2.5 times as long if every row has a
chunk of its own. Parsed sizes are cached by their text. What keeps it safe: the bytes between two
chunks (a CRLF, the size, a CRLF) are parsed only together, once all of them have arrived; the state
leaves "content" only at a size of 0 or at a fault.
"""

from __future__ import annotations

import re
from typing import Literal

State = Literal["content", "trailer", "ended", "surplus", "faulty"]

# Between two chunks: the end of one and the size of the next; extensions are ignored.
_SIZE = re.compile(rb"\r\n0*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
# The same, incomplete.
_SIZE_BEGUN = re.compile(rb"\r?|\r\n[^\r\n]*\r?")
# Fields, and an empty line.
_TRAILER = re.compile(rb"(?:(?!\r?\n)[^\n]*\n)*\r?\n")
# far more than any server sends
_LONGEST = 4 * 1024  # bytes of a size with its extensions, or of a trailer
_MOST_REMEMBERED = 4096  # sizes
_LONGEST_REMEMBERED = 16  # bytes of a size as written


class Dechunker:
    """The content of one chunked body: `feed` each block of bytes as it arrives.

    `state`: "content" while more content is expected; "trailer" when all content has arrived;
    "ended" after the end of the body; "surplus" if anything follows the body; "faulty" if this is
    not a chunked body, and then `fault` says why. Content before a fault is still returned.
    """

    def __init__(self) -> None:
        self.state: State = "content"
        self.fault = ""
        self._left = 0  # bytes of the current chunk that have not arrived
        # Received but incomplete: the CRLF and size line between two chunks. It starts as if a
        # chunk had just ended, so that the first size line is not a special case.
        self._rest = b"\r\n"
        self._sizes: dict[bytes, int] = {}

    @property
    def has_all_content(self) -> bool:
        """Whether all content has arrived, even if the end of the body has not."""
        return self.state in ("trailer", "ended", "surplus")

    def feed(self, block: bytes) -> bytes:
        """Return the content in *block*, empty if there is none."""
        data = self._rest + block
        view = memoryview(data)
        length = len(data)
        content = [view[: self._left]]
        at = self._left
        while at < length and self.state == "content":
            end = data.find(b"\r\n", at + 2)
            if end < 0:
                break
            size = self._sizes.get(data[at:end]) or self._size(data[at:end])
            content.append(view[end + 2 : end + 2 + size])
            at = end + 2 + size
        self._left = max(0, at - length)
        self._rest = data[at:]
        self._check_rest()
        return b"".join(content)

    def _size(self, written: bytes) -> int:
        """Return the size of a chunk; 0 for the last chunk or a fault, which change the state."""
        parsed = _SIZE.fullmatch(written)
        if parsed is None or len(written) > _LONGEST:
            self._fail(f"not the end of a chunk and the size of the next: {written[:40]!r}")
            return 0
        size = int(parsed[1], 16)
        if size == 0:
            self.state = "trailer"
        elif len(self._sizes) < _MOST_REMEMBERED and len(written) <= _LONGEST_REMEMBERED:
            self._sizes[written] = size
        return size

    def _check_rest(self) -> None:
        if self.state == "content":
            if not self._left and not _SIZE_BEGUN.fullmatch(self._rest):
                self._fail(f"not the end of a chunk: {self._rest[:40]!r}")
        elif self.state != "faulty":
            self._check_trailer()
        if len(self._rest) > _LONGEST and self.state in ("content", "trailer"):
            self._fail(f"the size of a chunk or the trailer is longer than {_LONGEST:,} bytes")

    def _check_trailer(self) -> None:
        trailer = _TRAILER.match(self._rest)
        if trailer is None:
            return
        self.state = "ended"
        if trailer.end() < len(self._rest):
            self.state = "surplus"

    def _fail(self, why: str) -> None:
        self.state = "faulty"
        self.fault = why
