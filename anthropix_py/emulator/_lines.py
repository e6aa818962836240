"""Lines of bytes, few or very many: in memory while they are small, in a file once they are not."""

from __future__ import annotations

import tempfile
import threading
from array import array
from collections.abc import Iterator
from typing import BinaryIO

_HELD = 1 << 20  # bytes in memory; with more, they go to the file
_PIECE = 256 * 1024  # bytes read at once


class Lines:
    """Lines that are only ever added to; any number of threads may read them meanwhile.

    *path*: the file that keeps them, begun anew; by default none while they are small, and a
    temporary one afterwards, which goes when this goes.
    """

    def __init__(self, path: str | None = None) -> None:
        self._file: BinaryIO | None = None if path is None else open(path, "w+b", buffering=0)  # noqa: SIM115
        self._lock = threading.Lock()
        self._starts = array("Q")  # where each line begins
        self._written = 0  # bytes in the file
        self._held = bytearray()  # bytes after those

    @classmethod
    def kept(cls, path: str) -> Lines:
        """Give the lines that a file holds, as an earlier one left it."""
        lines = cls()
        lines._file = open(path, "r+b", buffering=0)  # noqa: SIM115
        with open(path, "rb") as file:
            for line in file:
                lines._starts.append(lines._written)
                lines._written += len(line)
        return lines

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def size(self) -> int:
        """Count the bytes, newlines included."""
        return self._written + len(self._held)

    def append(self, line: bytes) -> None:
        """Add a line, given without its newline."""
        with self._lock:
            self._starts.append(self.size)
            self._held += line + b"\n"
            if len(self._held) >= _HELD:
                self._write()

    def flush(self) -> None:
        """Bring all lines to the file, if there is one."""
        with self._lock:
            if self._file is not None:
                self._write()

    def __getitem__(self, index: int) -> bytes:
        start = self._starts[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else self.size
        return self._read(start, end)[:-1]

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes that are there now, from the first, in large pieces."""
        end = self.size
        for start in range(0, end, _PIECE):
            yield self._read(start, min(end, start + _PIECE))

    def __del__(self) -> None:
        file = getattr(self, "_file", None)  # not there if it could not be opened
        if file is not None:
            file.close()

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with this object
        self._file.seek(self._written)
        self._file.write(self._held)
        self._written += len(self._held)
        self._held.clear()

    def _read(self, start: int, end: int) -> bytes:
        with self._lock:
            found = b""
            if start < self._written and self._file is not None:
                self._file.seek(start)
                found = self._file.read(min(end, self._written) - start)
            if end > self._written:
                found += self._held[max(0, start - self._written) : end - self._written]
            return found
