"""Files: opened so that no interrupt leaves them open; their errors as errors of this package."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from .errors import FileError


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
