"""Results into a file that is whole or is not there.

Rows go to a part beside the target, named after the batch, that keeps what has come over a crash
or a full disk; the next call goes on from it. Only when every row is there and on the disk does
the part become the target.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from .. import _json
from .._files import as_file_errors
from .._seen import Seen
from ..client import Client
from ..errors import FileError, IncompleteResults
from ..types import BatchRef
from . import _ids, _results, _state
from ._jsonl import is_row, row_id

_PACE = 256  # rows at least between two reports of progress
_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)  # not every system has both

OnProgress = Callable[[int, "int | None"], object]


class Download(NamedTuple):
    """A finished download: where it is, and how many rows and bytes it holds."""

    path: str
    rows: int
    bytes: int


def download(
    client: Client, batch: BatchRef, path: str | os.PathLike[str], on_progress: OnProgress | None
) -> Download:
    """Write the results of *batch* to *path*. Raises `FileError` for what the system refuses."""
    id = _ids.results_id(client, batch)
    expected = _state.total(_state.ended(client, id, batch))
    target = _target(path)
    if on_progress is not None and not callable(on_progress):
        raise TypeError(f"on_progress must be callable, not {type(on_progress).__name__}")
    with _Part(f"{target}.{_ids.quoted(id)}.part", expected) as part:
        if len(part.ids) != expected:
            results = _results.Results(client, id, expected, part.ids)
            try:
                told = len(part.ids)
                for lines in results.lines():
                    part.write(lines)
                    if on_progress is not None and len(part.ids) - told >= _PACE:
                        told = len(part.ids)
                        on_progress(told, expected)
            except IncompleteResults as error:
                if error.received > (error.expected or error.received):
                    part.empty()  # it holds rows of something else, and would never be whole
                raise
            finally:
                results.close()
        part.become(target)
    if on_progress is not None:
        on_progress(len(part.ids), expected)
    return Download(target, len(part.ids), part.size)


def _target(path: str | os.PathLike[str]) -> str:
    target = os.fspath(path)
    if not isinstance(target, str):
        raise TypeError(f"path must be a string or a path of strings, not {type(path).__name__}")
    if not target:
        raise ValueError("path is empty")
    if os.path.isdir(target):
        raise FileError(target, "Is a directory")
    return target


class _Part:
    """The file that rows go to until all are there. `ids`: the custom_ids of its rows, `size`: its bytes.

    Entering it locks it and keeps its whole rows; what a crash left after them is cut off.
    """

    def __init__(self, path: str, expected: int | None) -> None:
        self.ids = Seen(expected)
        self.size = 0
        self._path = path

    def __enter__(self) -> _Part:
        with as_file_errors(self._path):
            self._file = os.fdopen(
                os.open(self._path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666), "r+b"
            )
            try:
                self._lock()
                self._keep_whole_rows()
            except BaseException:
                self._file.close()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            with suppress(OSError):
                if os.fstat(self._file.fileno()).st_size == 0:
                    os.unlink(self._path)
        with suppress(OSError) if error is not None else as_file_errors(self._path):
            self._file.close()

    def write(self, rows: bytes) -> None:
        """Add rows with their ends; the reader of results has put their ids into `ids`."""
        with as_file_errors(self._path):
            self.size += self._file.write(rows)
            self._file.flush()  # so that they outlive this process

    def empty(self) -> None:
        """Let go of all rows."""
        with as_file_errors(self._path):
            self._file.seek(0)
            self._file.truncate()
        self.size = 0

    def become(self, target: str) -> None:
        """Take the place of *target*, once all of it is on the disk."""
        with as_file_errors(target):
            self._file.flush()
            os.fsync(self._file.fileno())
            os.replace(self._path, target)
            if os.name == "posix":  # elsewhere a folder cannot be opened, nor needs it
                folder = os.open(os.path.dirname(target) or ".", os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)

    def _lock(self) -> None:
        if os.name != "posix":
            return
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileError(self._path, "another download of this batch is writing it") from None
        if (
            not os.path.exists(self._path)
            or os.stat(self._path).st_ino != os.fstat(self._file.fileno()).st_ino
        ):
            raise FileError(self._path, "another download of this batch has just finished")

    def _keep_whole_rows(self) -> None:
        for line in self._file:
            id = _id_of(line)
            if id is None or not self.ids.add(id):
                break
            self.size += len(line)
        self._file.seek(self.size)
        self._file.truncate()


def _id_of(line: bytes) -> str | None:
    return row_id(line) or _parsed_id(line)


def _parsed_id(line: bytes) -> str | None:
    if not line.endswith(b"\n"):
        return None
    try:
        row = _json.loads(line)
    except ValueError:
        return None
    return row["custom_id"] if is_row(row) else None
