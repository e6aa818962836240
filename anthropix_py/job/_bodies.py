"""The body of an attempt: a file of fixed bytes, one request a line, ready to be sent.

Every request begins with an id of fixed width. So a request is put into another attempt by
writing another id before the same bytes: nothing is parsed, and its size stays the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from types import TracebackType
from typing import IO, Any, NamedTuple

from .. import _json
from .._files import as_file_errors
from ._disk import Disk
from ._errors import JobError
from ._rows import Stored
from ._wire_ids import ROW_AT, ROW_DIGITS, WIDTH, wire_id

_HEAD, _BETWEEN, _TAIL = b'{"requests":[\n', b",\n", b"\n]}"
_BEFORE = b'{"custom_id":"'
_BEFORE_ID = len(_BEFORE)
_BLOCK = 64 * 1024  # bytes sent at a time

AFTER_ID = _BEFORE_ID + WIDTH
"""Where the rest of a request begins, after its id."""

EMPTY = len(_HEAD) + len(_TAIL)
"""Bytes of a body beside its requests."""

COMMA = len(_BETWEEN)
"""Bytes between two requests."""


class Writer:
    """A body as it is written; a context that closes its file. `count`, `size`: what it holds."""

    def __init__(self, disk: Disk, file: IO[bytes], tag: str, attempt: int) -> None:
        self.count = 0
        self.size = len(_HEAD)
        self._disk = disk
        self._file = file
        self._hash = blake2b(digest_size=16)
        # what is before the number of the row in each request
        self._start = b'{"custom_id":"%b' % wire_id(tag, attempt, 0)[:ROW_AT].encode()
        # to be written, one block at a time
        self._held: list[bytes] = [_HEAD]
        self._held_to = self.size + _BLOCK

    @classmethod
    def begin(cls, disk: Disk, path: str, tag: str, attempt: int) -> Writer:
        """Return the writer of a new body at *path*, for requests of *attempt*."""
        return cls(disk, disk.create(path), tag, attempt)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, row: int, rest: bytes) -> int:
        """Write a request, whose *rest* follows its id; return where it begins."""
        if self.count:
            self._held.append(_BETWEEN)
            self.size += COMMA
        start = self.size
        self._held += (self._start, b"%0*d" % (ROW_DIGITS, row), rest)
        self.size += AFTER_ID + len(rest)
        self.count += 1
        if self.size > self._held_to:
            self._write()
        return start

    def finish(self) -> str:
        """Sync the complete body to disk, and return its hash."""
        self._held.append(_TAIL)
        self.size += len(_TAIL)
        self._write()
        self._disk.sync(self._file)
        return self._hash.hexdigest()

    def _write(self) -> None:
        block = b"".join(self._held)
        self._held = []
        self._held_to = self.size + _BLOCK
        self._hash.update(block)
        self._disk.write(self._file, block)


def requests_in(path: str) -> Iterator[Any]:
    """Yield the requests of a body."""
    with as_file_errors(path), open(path, "rb") as file:
        for line in file:
            if line.startswith(_BEFORE):
                yield _json.loads(line.rstrip(b",\n"))


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
) -> Iterator[tuple[int, bytes]]:
    """Yield ascending *rows* out of the first bodies, each with what follows its id.

    Raises `JobError` if a request is not where the journal says.
    """
    parts = iter(firsts)
    part: First | None = None
    file: IO[bytes] | None = None
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
            yield row.row, request[AFTER_ID:]
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
