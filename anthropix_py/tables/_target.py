"""The file that a table is written to: it appears when it is complete, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from .._files import as_file_errors, opened
from .._problem import shown
from ..batch._part import sync_folder
from ..errors import FileError

if TYPE_CHECKING:
    from . import Format

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    "": "parquet",
}


class Output:
    """A file that is open to be written; what the disk refuses is a `FileError` about *path*."""

    closed = False

    def __init__(self, file: IO[bytes], path: str) -> None:
        self._file = file
        self._path = path

    def write(self, content: bytes) -> int:
        """Write *content* and return its length."""
        with as_file_errors(self._path):
            return self._file.write(content)

    def write_all(self, blocks: Iterable[bytes]) -> None:
        """Write *blocks*, one after another."""
        for block in blocks:
            self.write(block)

    def flush(self) -> None:
        """Leave it to the end, when all is brought to the disk."""


def format_of(path: str | os.PathLike[str], format: str | None) -> Format:
    """Return the format to write, by the end of *path* if *format* is None. Raises ValueError."""
    names = ", ".join(map(repr, dict.fromkeys(_FORMATS.values())))
    if format is not None:
        for known in _FORMATS.values():
            if format == known:
                return known
        raise ValueError(f"format must be one of {names}, not {shown(format)}")
    end = os.path.splitext(_text_of(path))[1]
    if end.lower() not in _FORMATS:
        raise ValueError(f"path ends with {end!r}, which is no known format: pass format= {names}")
    return _FORMATS[end.lower()]


@contextmanager
def written(path: str | os.PathLike[str], *, replace: bool) -> Iterator[Output]:
    """Return a context manager of the file to write to.

    It becomes the file at *path* at the end of the block. An exception in the block removes it.
    """
    target = _text_of(path)
    _check_replaceable(target, replace=replace)
    temporary = f"{target}.{os.urandom(4).hex()}.tmp"
    try:
        with as_file_errors(target):
            file = opened(temporary, _FLAGS)
        try:
            yield Output(file, target)
            with as_file_errors(target):
                file.flush()
                os.fsync(file.fileno())
        finally:
            with as_file_errors(target):
                file.close()
        # something may have come there in the meantime
        _check_replaceable(target, replace=replace)
        with as_file_errors(target):
            os.replace(temporary, target)
            sync_folder(os.path.dirname(target) or ".")
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _text_of(path: str | os.PathLike[str]) -> str:
    target = os.fspath(path)
    if not isinstance(target, str):
        raise TypeError(f"path must be a string or a path of strings, not {type(path).__name__}")
    if not target:
        raise ValueError("path is empty")
    return target


def _check_replaceable(target: str, *, replace: bool) -> None:
    """Raise `FileError` if what is at *target* must not be replaced."""
    with as_file_errors(target):
        try:
            found = os.lstat(target)
        except FileNotFoundError:
            return
    if stat.S_ISDIR(found.st_mode):
        raise FileError(target, "is a directory")
    if not stat.S_ISREG(found.st_mode):
        raise FileError(target, "is not a regular file (a link, a device or a pipe)")
    if found.st_size and not replace:
        raise FileError(target, "exists; to replace it, pass replace=True")
