"""What the system says of a file, as the errors of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import FileError


@contextmanager
def as_file_errors(path: str) -> Iterator[None]:
    """Raise an OSError of the block as a `FileError` about *path*."""
    try:
        yield
    except OSError as error:
        raise FileError(path, error.strerror or str(error)) from None
