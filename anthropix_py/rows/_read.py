"""Read a file of rows, compressed with gzip or not, one block after another.

A row is checked by using it: only if parsing it or reading its two fields fails is its line read
again, slowly, to find out what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import IO, cast

from .. import _json
from .._files import as_file_errors
from .._wire.gzip import inflated
from ..batch._jsonl import LONGEST_ROW, is_row
from ..batch._lines import Lines
from ..errors import FileError, TransportError
from ..types import Row
from ._errors import RowError

Pair = tuple[bytes, Row]

_BLOCK = 128 * 1024  # bytes
_GZIP = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_EXCERPT = 80  # bytes of a faulty line shown


def rows(path: str | os.PathLike[str]) -> Generator[Row, None, None]:
    """Return a generator over the rows of a file, which is open already. Raises `FileError`."""
    return _without_lines(pairs(path))


def pairs(path: str | os.PathLike[str]) -> Generator[Pair, None, None]:
    """Return a generator over each line of a file and the row in it. Raises `FileError`."""
    found = os.fspath(path)
    if not isinstance(found, str):
        raise TypeError(f"path must be a string or a path of strings, not {type(path).__name__}")
    generator = _pairs(found)
    # Up to a first yield, whose value nobody sees: it opens the file. From then on the file is
    # closed when the generator ends, is closed or is dropped.
    next(generator)
    return cast("Generator[Pair, None, None]", generator)


def _without_lines(found: Generator[Pair, None, None]) -> Generator[Row, None, None]:
    for _, row in found:
        yield row


def _pairs(path: str) -> Generator[Pair | None, None, None]:
    with as_file_errors(path), open(path, "rb") as file:
        blocks = _content(file, path)
        yield None
        lines = Lines()
        load = _json.loader()
        for complete in _split(blocks, lines, path):
            for line in complete:
                try:
                    row = load(line)
                    if type(row["custom_id"]) is not str or type(row["result"]) is not dict:
                        raise TypeError
                except (ValueError, LookupError, TypeError, RecursionError):
                    row = _read_slowly(path, lines, line)
                    if row is None:
                        continue
                yield line, row


def _split(blocks: Iterator[bytes], lines: Lines, path: str) -> Iterator[list[bytes]]:
    for block in blocks:
        yield lines.feed(block)
        if lines.partial_size > LONGEST_ROW:
            detail = f"a line is longer than {LONGEST_ROW:,} bytes"
            raise _fault(path, lines, lines.partial_start(), detail)
    yield lines.finish()


def _read_slowly(path: str, lines: Lines, line: bytes) -> Row | None:
    """Return the row in *line*, None for a blank line. Raises `RowError` for anything else."""
    if line.isspace() or not line:
        return None
    try:
        value = _json.loads(line.rstrip(b"\r\n").decode())
    except ValueError as error:
        detail = f"not JSON: {error}"
        if not line.endswith(b"\n"):
            detail = f"the file ends inside this line: {detail}"
        raise _fault(path, lines, line, detail) from None
    if not is_row(value):
        raise _fault(path, lines, line, "not a row with custom_id and result")
    return cast(Row, value)


def _fault(path: str, lines: Lines, line: bytes, detail: str) -> RowError:
    number, offset = lines.place_of(line)
    return RowError(path, detail, number, offset, line[:_EXCERPT].decode("utf-8", "replace"))


def _content(file: IO[bytes], path: str) -> Iterator[bytes]:
    """Return the content of a file in blocks, decompressed if it is compressed."""
    blocks = iter(lambda: file.read(_BLOCK), b"")
    if file.peek(2)[:2] == _GZIP:  # type: ignore[attr-defined]
        return _inflated(blocks, path)
    return blocks


def _inflated(blocks: Iterator[bytes], path: str) -> Iterator[bytes]:
    try:
        yield from inflated(blocks)
    except TransportError as error:
        raise FileError(path, f"its compressed data is damaged or cut: {error.detail}") from None
