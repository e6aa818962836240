r"""Results from bytes: JSON Lines, cut anywhere, to rows. No I/O.

Lines end at b"\\n" alone, as U+2028 and U+0085 are legal inside JSON strings; the last needs no
end. Blank lines and a byte order mark at the start are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from . import _json
from ._wire import error_from
from .errors import DecodeError
from .types import Row

_BOM = b"\xef\xbb\xbf"
_LONGEST = 256 << 20  # bytes of a line: no message comes near
_EXCERPT = 80  # bytes of a faulty line shown


class Line(NamedTuple):
    """A line of results as it came, without its end, and the row it holds."""

    content: bytes
    row: Row


class CutLine(DecodeError):
    """A last line that begins like a row, ends inside it and has no newline: the body was cut."""


class Decoder:
    """Rows from pieces: `feed` each piece as it arrives, then `finish`.

    `status` and `headers` are those of the answer the bytes are from: an error found in place of
    a row is reported as that answer's.
    """

    def __init__(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self._status = status
        self._headers = headers or {}
        self._pieces: list[bytes] = []  # of a line whose end has not come
        self._held = 0  # bytes in them
        self._line = 0  # lines begun
        self._offset = 0  # bytes before the line in hand

    def lines(self, chunks: Iterator[bytes]) -> Iterator[Line]:
        """Yield every line of a whole body."""
        for chunk in chunks:
            yield from self.feed(chunk)
        yield from self.finish()

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Yield the lines that *chunk* completes. Raises `DecodeError` or `APIError` at what is no row."""
        *ended, rest = chunk.split(b"\n")
        for end in ended:
            self._pieces.append(end)
            yield from self._end_line(1)
        if rest:
            self._pieces.append(rest)
            self._held += len(rest)
            if self._held > _LONGEST:
                raise self._fault(f"a line goes on past {_LONGEST:,} bytes", self._pieces[0], self._offset)

    def finish(self) -> Iterator[Line]:
        """Yield a last line that has no newline. Raises `CutLine` where it stops inside a row, else as `feed` does."""
        yield from self._end_line(0)

    def _end_line(self, newline: int) -> Iterator[Line]:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        start = self._offset
        self._offset += len(line) + newline
        self._line += 1
        if start == 0:
            line = line.removeprefix(_BOM)
        if line and not line.isspace():
            yield Line(line.rstrip(b"\r"), self._row(line, start, cut=not newline))

    def _row(self, line: bytes, start: int, *, cut: bool) -> Row:
        try:
            value = _json.loads(line.decode())
        except ValueError as error:
            fault = self._fault(f"not JSON: {error}", line, start)
            raise CutLine(*fault.args) if cut and line.lstrip().startswith(b"{") else fault from None
        if not isinstance(value, dict):
            raise self._fault("not a JSON object", line, start)
        if value.get("type") == "error" and "custom_id" not in value:
            raise error_from(self._status, self._headers, value)
        if not isinstance(value.get("custom_id"), str) or not isinstance(value.get("result"), dict):
            raise self._fault("not a row with custom_id and result", line, start)
        return cast(Row, value)

    def _fault(self, detail: str, line: bytes, start: int) -> DecodeError:
        excerpt = line[:_EXCERPT].decode("utf-8", "replace")
        return DecodeError(detail, self._line, start, excerpt, self._headers.get("request-id"))
