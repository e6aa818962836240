"""The body of an attempt: a file of fixed bytes, one request a line, ready to be sent.

Every request begins with an id of fixed width. So a request is put into another attempt by
exchanging the bytes of the attempt's number: nothing is parsed, and nothing is measured again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from types import TracebackType
from typing import IO, NamedTuple

from .._files import as_file_errors
from ._disk import Disk
from ._errors import JobError
from ._rows import Stored
from ._wire_ids import ATTEMPT_AT, WIDTH, attempt_digits, wire_id

_HEAD, _BETWEEN, _TAIL = b'{"requests":[\n', b",\n", b"\n]}"
_BEFORE_ID = len(b'{"custom_id":"')
_DIGITS = _BEFORE_ID + ATTEMPT_AT
_BLOCK = 64 * 1024  # bytes sent at a time

AFTER_ID = _BEFORE_ID + WIDTH
"""Where a request goes on after its id."""

EMPTY = len(_HEAD) + len(_TAIL)
"""Bytes of a body beside its requests."""

COMMA = len(_BETWEEN)
"""Bytes between two requests."""


class Writer:
    """A body as it is written; a context that closes its file. `count`, `size`: what it holds."""

    def __init__(self, disk: Disk, file: IO[bytes]) -> None:
        self.count = 0
        self.size = len(_HEAD)
        self._disk = disk
        self._file = file
        self._hash = blake2b(_HEAD, digest_size=16)

    @classmethod
    def begin(cls, disk: Disk, path: str) -> Writer:
        """Return the writer of a new body at *path*."""
        writer = cls(disk, disk.create(path))
        try:
            disk.write(writer._file, _HEAD)
        except BaseException:
            writer._file.close()
            raise
        return writer

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, request: bytes) -> int:
        """Write a request; return where it begins."""
        if self.count:
            self._write(_BETWEEN)
        start = self.size
        self._write(request)
        self.count += 1
        return start

    def finish(self) -> str:
        """Bring the complete body to the disk, and return its hash."""
        self._write(_TAIL)
        self._disk.sync(self._file)
        return self._hash.hexdigest()

    def _write(self, content: bytes) -> None:
        self._disk.write(self._file, content)
        self._hash.update(content)
        self.size += len(content)


class First(NamedTuple):
    """The first body of a part, which holds rows *first* to *last*."""

    number: int
    first: int
    last: int


def requests_of(
    path_of: Callable[[int], str],
    firsts: list[First],
    tag: str,
    rows: Iterable[Stored],
    number: int,
) -> Iterator[bytes]:
    """Yield the requests of ascending *rows* for attempt *number*, out of the first bodies.

    Raises `JobError` if a request is not where the journal says.
    """
    parts = iter(firsts)
    part: First | None = None
    file: IO[bytes] | None = None
    digits = attempt_digits(number).encode()
    try:
        for row in rows:
            while part is None or row.row > part.last:
                part = next(parts)
                if file is not None:
                    file.close()
                    file = None
            path = path_of(part.number)
            with as_file_errors(path):
                if file is None:
                    file = open(path, "rb")  # noqa: SIM115
                file.seek(row.start)
                request = file.read(row.length)
            expected = wire_id(tag, part.number, row.row).encode()
            if request[_BEFORE_ID:AFTER_ID] != expected:
                raise JobError("corrupt", f"{path} does not have row {row.row} at {row.start}")
            yield request[:_DIGITS] + digits + request[_DIGITS + len(digits) :]
    finally:
        if file is not None:
            file.close()


class SentBody:
    """A body on its way to the server.

    The last block is held back until *check* has returned and the hash is right: without it no
    server accepts the body. `ended`: whether that block has been handed over.
    """

    def __init__(self, path: str, length: int, hash: str, check: Callable[[], object]) -> None:
        self.length = length
        self.ended = False
        self._path = path
        self._hash = hash
        self._check = check

    def __iter__(self) -> Iterator[bytes]:
        self.ended = False
        found = blake2b(digest_size=16)
        with as_file_errors(self._path), open(self._path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            block = file.read(_BLOCK)
            while more := file.read(_BLOCK):
                found.update(block)
                yield block
                block = more
        found.update(block)
        if size != self.length or found.hexdigest() != self._hash:
            raise JobError("corrupt", f"{self._path} is not the body that was written")
        self._check()
        self.ended = True
        yield block
