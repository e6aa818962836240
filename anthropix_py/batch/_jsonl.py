r"""The rows in a response of results: JSON Lines, in chunks that are cut anywhere. No I/O.

Blank lines are skipped. A row is checked by using it, because a row of 2 KB is parsed in two
microseconds and everything else adds to that: only if parsing it or reading its two fields fails is
the line read again, slowly, to find out what is wrong with it.

`Decoder.lines`, which only copies rows to a file, checks that each is JSON too, because a row that
was cut and joined to another can begin and end like a good one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from .. import _json
from .._seen import Seen
from .._wire.reading import error_from
from ..errors import AnthropixError, DecodeError
from ..types import Row
from ._lines import Lines

LONGEST_ROW = 256 << 20  # bytes
"""More than any row has. The highest limit of output is 300,000 tokens. If each had 128 characters,
and each of these was escaped in 6 bytes, it would be 230 MB. A lower bound could refuse a row that
was paid for; this one only ends a line that would fill the memory."""

_EXCERPT = 80  # bytes of a faulty line shown

# What the fast way through a line may raise.
_NOT_A_ROW = (ValueError, LookupError, TypeError, RecursionError)


class CutLine(DecodeError):
    """A last line that begins like a row, ends inside it and has no newline: the body was cut."""


class Decoder:
    """The rows of one response. `count`: how many rows it had, duplicates included, once it ended.

    *status* and *headers* are those of the response. An error found in place of a row is reported
    with them.
    """

    def __init__(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.count = 0
        self._status = status
        self._headers = headers or {}
        self._lines = Lines()

    def rows(self, chunks: Iterable[bytes], seen: Seen) -> Iterator[Row]:
        """Yield the rows of a complete body that are new to *seen*.

        Raises `DecodeError`, `APIError` for an error in place of a row, and `CutLine` if the last
        line ends inside a row.
        """
        is_new = seen.add
        load = _json.loader()
        for lines in self._split(chunks):
            for line in lines:
                try:
                    row = load(line)
                    id = row["custom_id"]
                    if type(id) is not str or type(row["result"]) is not dict:
                        raise TypeError
                except _NOT_A_ROW:
                    row = self._read_slowly(line)
                    if row is None:
                        continue
                    id = row["custom_id"]
                if is_new(id):
                    yield row

    def lines(self, chunks: Iterable[bytes], seen: Seen) -> Iterator[bytes]:
        r"""Yield the lines of rows that are new to *seen*, unchanged, each with b"\n" at its end.

        Yields all lines that a chunk completes at once. Raises as `rows` does.
        """
        for lines in self._split(chunks):
            new: list[bytes] = []
            fault: AnthropixError | None = None
            try:
                new.extend(self._new(lines, seen))
            except AnthropixError as error:
                fault = error
            if new:
                yield b"".join(new)
            if fault is not None:
                raise fault

    def _new(self, lines: Iterable[bytes], seen: Seen) -> Iterator[bytes]:
        id_of = _json.row_checker()
        is_new = seen.add
        for line in lines:
            try:
                id = id_of(line)
            except _NOT_A_ROW:
                row = self._read_slowly(line)
                if row is None:
                    continue
                id = row["custom_id"]
            if not is_new(id):
                continue
            if not line.endswith(b"}\n"):
                line = line.rstrip(b"\r\n") + b"\n"
            yield line

    def _split(self, chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
        for chunk in chunks:
            lines = self._lines.feed(chunk)
            # A long line arrives in many chunks; nothing needs to be read before it ends.
            if lines:
                self.count += len(lines)
                yield lines
            if self._lines.partial_size > LONGEST_ROW:
                start = self._lines.partial_start()
                raise self._fault(f"a line is longer than {LONGEST_ROW:,} bytes", start)
        lines = self._lines.finish()
        self.count += len(lines)
        yield lines

    def _read_slowly(self, line: bytes) -> Row | None:
        """Return the row in *line*, None for a blank line. Raises for anything else."""
        if line.isspace() or not line:
            self.count -= 1
            return None
        try:
            value = _json.loads(line.rstrip(b"\r\n").decode())
        except ValueError as error:
            raise self._not_json(error, line) from None
        if not isinstance(value, dict):
            raise self._fault("not a JSON object", line)
        if value.get("type") == "error" and "custom_id" not in value:
            raise error_from(self._status, self._headers, value)
        if not is_row(value):
            raise self._fault("not a row with custom_id and result", line)
        return cast(Row, value)

    def _not_json(self, error: ValueError, line: bytes) -> DecodeError:
        fault = self._fault(f"not JSON: {error}", line)
        if line.endswith(b"\n") or not line.lstrip().startswith(b"{"):
            return fault
        return CutLine(*fault.args)

    def _fault(self, detail: str, line: bytes) -> DecodeError:
        number, offset = self._lines.place_of(line)
        excerpt = line[:_EXCERPT].decode("utf-8", "replace")
        return DecodeError(detail, number, offset, excerpt, self._headers.get("request-id"))


def is_row(value: object) -> bool:
    """Return whether a JSON value has what every row has."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("custom_id"), str)
        and isinstance(value.get("result"), dict)
    )


def row_in(line: bytes) -> str | None:
    r"""Return the custom_id of the row in *line*; None if it is not a row that ends with b"\n"."""
    if not line.endswith(b"\n"):
        return None
    try:
        return _json.row_checker()(line)
    except _NOT_A_ROW:
        return _id_slowly(line)


def _id_slowly(line: bytes) -> str | None:
    try:
        # as text, because a byte order mark is not part of a row
        value = _json.loads(line.decode())
    except ValueError:
        return None
    return value["custom_id"] if is_row(value) else None
