r"""Split chunks of bytes, cut anywhere, into lines. No I/O.

Only b"\n" ends a line, because U+2028 and U+0085 are legal inside JSON strings; the last line need
not have one. A byte order mark before the first line is dropped.

Chunks are split by `BytesIO.readlines`, eight times as fast as `bytes.split`. The parts of an
unfinished line are kept in a list, because joining them as they arrive is quadratic for a long
line. What keeps it safe: every byte fed is either in a line returned or in the unfinished one.

A run of blank lines may be returned as one line, because a megabyte of gzip can hold a gigabyte of
them, and checking each takes hours. Searching every chunk for such runs would take longer than
parsing some rows, so it is done only in a chunk that has too many and too short lines for rows.
"""

from __future__ import annotations

import re
from io import BytesIO

_BOM = b"\xef\xbb\xbf"
_FEW = 1024  # lines in a chunk
_SHORTEST = 32  # bytes of a row, about
_RUNS = re.compile(rb"[ \t\r\n]*\n|[^\n]+\n?")


class Lines:
    """Complete lines: `feed` each chunk as it arrives, then `finish`.

    `partial_size`: bytes of a line whose end has not arrived.
    """

    def __init__(self) -> None:
        self.partial_size = 0
        self._latest: list[bytes] = []
        self._latest_count = 0
        # lines of the latest chunk that were merged into others
        self._merged = 0
        self._lines_before = 0
        self._bytes_before = 0
        self._bytes_fed = 0
        self._partial: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        r"""Return the lines that *chunk* completes, each with its b"\n"."""
        start = self._bytes_fed - self.partial_size
        lines = self._split(chunk)
        rest = b""
        if lines and not lines[-1].endswith(b"\n"):
            rest = lines.pop()
        if lines and self._partial:
            self._partial.append(lines[0])
            lines[0] = self._take_partial()
        self._bytes_fed += len(chunk)
        if rest:
            self._partial.append(rest)
            self.partial_size += len(rest)
        return self._returned(lines, start)

    def finish(self) -> list[bytes]:
        r"""Return a last line that has no b"\n", if there is one."""
        start = self._bytes_fed - self.partial_size
        lines = []
        if self._partial:
            lines.append(self._take_partial())
        self._merged = 0
        return self._returned(lines, start)

    def place_of(self, line: bytes) -> tuple[int, int]:
        """Return the number of *line*, from 1, and its offset in bytes.

        *line* must be one of the objects returned last, because two lines may be equal, and it
        must not be blank, because all blank lines may be one object. For anything else, return the
        place of the line after them.
        """
        number, offset = self._lines_before + 1, self._bytes_before
        for one in self._latest:
            if one is line:
                break
            number += one.count(b"\n")
            offset += len(one)
        return number, offset

    def partial_start(self) -> bytes:
        """Return some bytes from the start of the line whose end has not arrived."""
        return self._partial[0]

    def _split(self, chunk: bytes) -> list[bytes]:
        self._merged = 0
        if len(chunk) > _FEW and chunk.isspace():
            return self._split_at_runs(chunk)
        lines = BytesIO(chunk).readlines()
        if len(lines) > _FEW and len(lines) * _SHORTEST > len(chunk):
            return self._split_at_runs(chunk)
        return lines

    def _split_at_runs(self, chunk: bytes) -> list[bytes]:
        # The first line completes the unfinished one, so no blank lines may be joined to it.
        first = chunk.find(b"\n") + 1 or len(chunk)
        lines = [chunk[:first], *_RUNS.findall(chunk, first)]
        self._merged = chunk.count(b"\n") - sum(line.endswith(b"\n") for line in lines)
        return lines

    def _take_partial(self) -> bytes:
        line = b"".join(self._partial)
        self._partial.clear()
        self.partial_size = 0
        return line

    def _returned(self, lines: list[bytes], start: int) -> list[bytes]:
        self._lines_before += self._latest_count
        self._latest_count = len(lines) + self._merged
        self._bytes_before = start
        if start == 0 and lines and lines[0].startswith(_BOM):
            lines[0] = lines[0][len(_BOM) :]
            self._bytes_before = len(_BOM)
        self._latest = lines
        return lines
