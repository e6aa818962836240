"""Turn the system's errors about files into errors of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import FileError


@contextmanager
def as_file_errors(path: str) -> Iterator[None]:
    """Turn an OSError that the block raises into a `FileError` about *path*."""
    try:
        yield
    except OSError as error:
        raise FileError(path, error.strerror or str(error)) from None
