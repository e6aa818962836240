"""Files: opened so that no interrupt leaves them open; their lines; their errors as ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING

from .errors import FileError

if TYPE_CHECKING:
    from gzip import GzipFile

LONGEST_LINE = 1 << 29  # bytes; a batch holds half as much
_GZIP = b"\x1f\x8b"


@contextmanager
def as_file_errors(path: str) -> Iterator[None]:
    """Turn an OSError that the block raises into a `FileError` about *path*."""
    try:
        yield
    except OSError as error:
        raise FileError(path, error.strerror or str(error)) from None


def opened(path: str, flags: int) -> IO[bytes]:
    """Return the file at *path*, opened with *flags*, for reading and writing.

    An interrupt (Ctrl-C) between `os.open` and what takes its descriptor would leave that open for
    ever. Python handles signals between its own steps only, and there is none inside `map`.
    """
    return next(map(open, map(os.open, (path,), (flags,), (0o666,)), ("r+b",)))


class WrongContent(FileError):
    """A file can be read, but is not what it must be."""


def lines(path: str) -> Iterator[bytes]:
    """Yield the lines of a file, decompressed if it is compressed with gzip.

    Raises `FileError`; `WrongContent` for damaged gzip, and for a line of `LONGEST_LINE` or more.
    """
    import gzip
    import zlib

    with as_file_errors(path), open(path, "rb") as file:
        if file.peek(2)[:2] != _GZIP:
            yield from _lines_in(file, path)
            return
        try:
            with gzip.open(file, "rb") as unzipped:
                yield from _lines_in(unzipped, path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise WrongContent(path, f"its compressed data is damaged: {error}") from None


def _lines_in(file: IO[bytes] | GzipFile, path: str) -> Iterator[bytes]:
    for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
        if len(line) == LONGEST_LINE:
            raise WrongContent(path, f"line {number} has {LONGEST_LINE:,} bytes or more")
        yield line
