"""Any number of lines of bytes: in memory while they are few, then in a file."""

from __future__ import annotations

import tempfile
import threading
from array import array
from typing import IO

_HELD = 1 << 20  # bytes in memory, at most
_BLOCK = 256 * 1024  # bytes read at once


class Lines:
    """Lines that can only be appended; other threads may read them at the same time.

    Without a path they use a temporary file once they are large; it is deleted together with them.
    A call that fails because the disk is full changes nothing, and can be repeated.
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._lock = threading.RLock()
        self._starts = array("Q")  # offset of each line
        self._written = 0  # bytes in the file
        self._held = bytearray()  # bytes after those

    @classmethod
    def create(cls, path: str | None) -> Lines:
        """Return an object without lines; with a *path* it keeps them in a new file there."""
        if path is not None:
            open(path, "wb").close()
        return cls(path)

    @classmethod
    def open(cls, path: str) -> Lines:
        """Return the lines of an existing file."""
        lines = cls(path)
        with open(path, "rb") as file:
            for line in file:
                lines._starts.append(lines._written)
                lines._written += len(line)
        return lines

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def size(self) -> int:
        """Return the number of bytes, newlines included."""
        with self._lock:
            return self._written + len(self._held)

    def append(self, line: bytes) -> None:
        """Add a line, given without its newline."""
        with self._lock:
            # before the line is added, so that a full disk changes nothing
            if len(self._held) + len(line) >= _HELD:
                self._write()
            self._starts.append(self.size)
            self._held += line + b"\n"

    def clear(self) -> None:
        """Remove all lines."""
        with self._lock:
            self._starts = array("Q")
            self._held.clear()
            if self._written or self._path is not None:
                self._written = 0
                self._opened().truncate(0)

    def flush(self) -> None:
        """Write all lines to the file that keeps them, if any, and close it until it is needed."""
        with self._lock:
            if self._path is not None:
                self._write()
                self._close()

    def __getitem__(self, index: int) -> bytes:
        with self._lock:
            start = self._starts[index]
            end = self.size
            if index + 1 < len(self._starts):
                end = self._starts[index + 1]
            return self.read(start, end)[:-1]

    def blocks(self) -> Blocks:
        """Return the bytes as they are now, in large blocks, even if the file is deleted later."""
        self.flush()
        if self._path is None:
            return Blocks(self, None)
        return Blocks(self, open(self._path, "rb"))

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from offset *start* up to *end*."""
        with self._lock:
            found = b""
            if start < self._written:
                file = self._opened()
                file.seek(start)
                found = file.read(min(end, self._written) - start)
            if end > self._written:
                found += self._held[max(0, start - self._written) : end - self._written]
            return found

    def __del__(self) -> None:
        self._close()

    def _opened(self) -> IO[bytes]:
        if self._file is not None:
            return self._file
        if self._path is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        else:
            self._file = open(self._path, "r+b", buffering=0)  # noqa: SIM115
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self) -> None:
        """Write what is held. If that fails halfway, the next call writes it all again."""
        if self._held:
            file = self._opened()
            file.seek(self._written)
            done = 0
            while done < len(self._held):
                done += file.write(self._held[done:]) or 0
            self._written += len(self._held)
            self._held.clear()


class Blocks:
    """The bytes of lines as they were at one moment, in large blocks. `close` ends them early."""

    def __init__(self, lines: Lines, file: IO[bytes] | None) -> None:
        self._lines = lines
        self._file = file
        self._at = 0
        self._end = lines.size

    def __iter__(self) -> Blocks:
        return self

    def __next__(self) -> bytes:
        start, self._at = self._at, min(self._end, self._at + _BLOCK)
        if start == self._at:
            self.close()
            raise StopIteration
        if self._file is None:
            return self._lines.read(start, self._at)
        return self._file.read(self._at - start)

    def close(self) -> None:
        """Close the file; no more blocks follow."""
        self._end = self._at
        if self._file is not None:
            self._file.close()

    def __del__(self) -> None:
        self.close()
