"""The file that a download fills, and how it is recognized after a crash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, NamedTuple

from .._files import as_file_errors, opened
from .._seen import Seen
from ..errors import FileError
from ._jsonl import LONGEST_ROW, row_in

_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)  # not every system has both
_SUCCEEDED = b'"succeeded"'


class Kept(NamedTuple):
    """The complete rows at the beginning of a file.

    `sample`: the line of one of them, None if there is no row. It is compared with what the server
    sends for the same custom_id, because the name of the file and the ids in it do not prove that
    the rows are of this batch: another batch may have the same ids. `ids`: the ids of all other
    rows. `size`: the bytes of all rows, the sample included.
    """

    ids: Seen
    sample: bytes | None
    size: int

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.ids) + (self.sample is not None)


def kept_rows(file: IO[bytes], expected: int | None) -> Kept:
    """Return the rows of *file* up to the first line that is not a row or repeats an id."""
    sample = _sample_of(file)
    sample_id = None if sample is None else row_in(sample)
    ids = Seen(expected)
    size = 0
    sample_at = None
    for line in _lines_of(file):
        id = row_in(line)
        if id is None:
            break
        if id == sample_id and sample_at is None:
            sample_at = size
        elif id == sample_id or not ids.add(id):
            break
        size += len(line)
    return Kept(ids, sample, size)


def _lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of *file* from its beginning; of a longer one than any row only pieces."""
    file.seek(0)
    while line := file.readline(LONGEST_ROW):
        yield line


def _sample_of(file: IO[bytes]) -> bytes | None:
    """Return the first row that succeeded, because the id of its message is unique.

    If no row succeeded, return the first row.
    """
    first = None
    for line in _lines_of(file):
        if row_in(line) is None:
            break
        if _SUCCEEDED in line:
            return line
        first = first or line
    return first


class Part:
    """The file that rows are written to until it is complete; a context manager, made by `open`.

    `ids`: the custom_ids of rows that need not be written again. `size`: its bytes.
    """

    def __init__(self, path: str, file: IO[bytes], expected: int | None) -> None:
        self.ids = Seen(expected)
        self.size = 0
        self._path = path
        self._file = file
        self._expected = expected
        self._sample: bytes | None = None
        self._written = False

    @classmethod
    def open(cls, path: str, expected: int | None) -> Part:
        """Return the part at *path*, a new one or one that an earlier call left, and lock it.

        Its complete rows are kept; anything after them is removed. Raises `FileError`.
        """
        with as_file_errors(path):
            part = cls(path, opened(path, os.O_RDWR | os.O_CREAT | _FLAGS), expected)
            try:
                part._lock()
                part._keep_rows()
            except BaseException:
                part._file.close()
                raise
        return part

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            with as_file_errors(self._path):
                self._file.close()
            return
        with suppress(OSError):
            if os.fstat(self._file.fileno()).st_size == 0:
                os.unlink(self._path)
        with suppress(OSError):
            self._file.close()

    @property
    def rows(self) -> int:
        """Return the number of its rows."""
        return len(self.ids) + (self._sample is not None)

    @property
    def is_confirmed(self) -> bool:
        """Return whether the server has sent the sample row too, or the part began empty."""
        return self._sample is None

    @property
    def is_complete(self) -> bool:
        """Return whether it held every row from the beginning and is confirmed."""
        return self.is_confirmed and not self._written and len(self.ids) == self._expected

    def write(self, rows: bytes) -> None:
        """Add lines of rows, whose ids the reader of results has already added to `ids`.

        The sample row, which confirms what the part held before, is not written a second time.
        """
        if self._sample is not None and self._sample in rows:
            rows = rows.replace(self._sample, b"", 1)
            self._sample = None
        if not rows:
            return
        with as_file_errors(self._path):
            self.size += self._file.write(rows)
            # so that they are kept if this process is killed
            self._file.flush()
        self._written = True

    def cut(self, size: int) -> None:
        """Remove all rows after the first *size* bytes."""
        with as_file_errors(self._path):
            self._file.flush()
            self._file.truncate(size)
            self._keep_rows()
        self._written = size > 0

    def become(self, target: str) -> None:
        """Bring the part to the disk, and rename it to *target*."""
        with as_file_errors(target):
            self._file.flush()
            os.fsync(self._file.fileno())
            if os.name != "posix":
                # on other systems an open file cannot be renamed
                self._file.close()
            os.replace(self._path, target)
            sync_folder(os.path.dirname(target) or ".")

    def _lock(self) -> None:
        if os.name != "posix":
            return
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            detail = "another download of this batch is writing it"
            raise FileError(self._path, detail) from None
        except OSError as error:
            # Without a lock, two downloads could write into each other's rows.
            detail = (
                f"cannot be locked ({error.strerror}): this file system, perhaps one on the "
                "network, has no locks; download to another one and move the file"
            )
            raise FileError(self._path, detail) from None
        if not os.path.exists(self._path) or not self._is_at_its_path():
            raise FileError(self._path, "another download of this batch has just finished")

    def _is_at_its_path(self) -> bool:
        return os.path.samestat(os.stat(self._path), os.fstat(self._file.fileno()))

    def _keep_rows(self) -> None:
        kept = kept_rows(self._file, self._expected)
        self.ids, self._sample, self.size = kept.ids, kept.sample, kept.size
        self._file.seek(self.size)
        self._file.truncate()


def sync_folder(folder: str) -> None:
    """Bring the names in *folder* to the disk, on systems where a folder can be opened for that."""
    if os.name != "posix":
        return
    descriptors: list[int] = []
    try:
        # Kept by the call that opens it: no interrupt can fall in between and leave it open.
        descriptors.extend(map(os.open, (folder,), (os.O_RDONLY,)))
        os.fsync(descriptors[0])
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
