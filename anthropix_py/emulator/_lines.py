"""Lines of bytes, few or very many: in memory while they are small, in a file once they are not."""

from __future__ import annotations

import tempfile
import threading
from array import array
from typing import IO

_HELD = 1 << 20  # bytes in memory; with more, they go to the file
_PIECE = 256 * 1024  # bytes read at once


class Lines:
    """Lines that are only ever added to; any number of threads may read them meanwhile.

    *path*: the file that keeps them, begun anew; by default none while they are small, and a
    temporary one afterwards, which goes when this goes.
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._lock = threading.RLock()
        self._starts = array("Q")  # where each line begins
        self._written = 0  # bytes in the file
        self._held = bytearray()  # bytes after those
        if path is not None:
            open(path, "wb").close()

    @classmethod
    def kept(cls, path: str) -> Lines:
        """Give the lines that a file holds, as an earlier one left it."""
        lines = cls()
        lines._path = path
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
        with self._lock:
            return self._written + len(self._held)

    def append(self, line: bytes) -> None:
        """Add a line, given without its newline."""
        with self._lock:
            self._starts.append(self.size)
            self._held += line + b"\n"
            if len(self._held) >= _HELD:
                self._write()

    def rest(self) -> None:
        """Bring all lines to the file that keeps them, if there is one, and let go of it until it is wanted."""
        with self._lock:
            if self._path is not None:
                self._write()
                self._close()

    def __getitem__(self, index: int) -> bytes:
        with self._lock:
            start = self._starts[index]
            end = self._starts[index + 1] if index + 1 < len(self._starts) else self.size
            return self.read(start, end)[:-1]

    def pieces(self) -> Pieces:
        """Give all bytes that are there now, from the first, in large pieces, whatever becomes of the file's name."""
        self.rest()
        return Pieces(self, None if self._path is None else open(self._path, "rb"))

    def __del__(self) -> None:
        self._close()

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = tempfile.TemporaryFile() if self._path is None else open(self._path, "r+b")  # noqa: SIM115
        return self._file

    def _close(self) -> None:
        file = getattr(self, "_file", None)  # not there if the path could not be opened
        if file is not None:
            file.close()
            self._file = None

    def _write(self) -> None:
        if self._held:
            file = self._opened()
            file.seek(self._written)
            file.write(self._held)
            file.flush()
            self._written += len(self._held)
            self._held.clear()

    def read(self, start: int, end: int) -> bytes:
        """Give the bytes from *start* up to *end*."""
        with self._lock:
            found = b""
            if start < self._written:
                file = self._opened()
                file.seek(start)
                found = file.read(min(end, self._written) - start)
            if end > self._written:
                found += self._held[max(0, start - self._written) : end - self._written]
            return found


class Pieces:
    """The bytes of lines as they were at one moment, in large pieces. `close` ends them early."""

    def __init__(self, lines: Lines, file: IO[bytes] | None) -> None:
        self._lines = lines
        self._file = file
        self._at = 0
        self._end = lines.size

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> bytes:
        start, self._at = self._at, min(self._end, self._at + _PIECE)
        if start == self._at:
            self.close()
            raise StopIteration
        return (
            self._lines.read(start, self._at)
            if self._file is None
            else self._file.read(self._at - start)
        )

    def close(self) -> None:
        """Give the file up; nothing more comes."""
        self._end = self._at
        if self._file is not None:
            self._file.close()

    def __del__(self) -> None:
        self.close()
