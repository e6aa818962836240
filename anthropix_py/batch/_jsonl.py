r"""Results from bytes: JSON Lines, cut anywhere, to rows. No I/O.

Lines end at b"\\n" alone, as U+2028 and U+0085 are legal inside JSON strings; the last needs no
end. Blank lines and a byte order mark at the start are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import cast

from .. import _json
from .._seen import Seen, key_of
from .._wire.reading import error_from
from ..errors import AnthropixError, DecodeError
from ..types import Row

_BOM = b"\xef\xbb\xbf"
_LONGEST = 256 << 20  # bytes of a line: no message comes near
_EXCERPT = 80  # bytes of a faulty line shown
_BEGIN, _MIDDLE, _END = b'{"custom_id":"', b',"result":{', b"}}\n"  # of a row as the API writes it
_KEY = b'"custom_id":'  # no text holds it, as the quotes in a text are escaped


class CutLine(DecodeError):
    """A last line that begins like a row, ends inside it and has no newline: the body was cut."""


class Decoder:
    """The rows of one answer; `count`: at its end, how many came.

    `status` and `headers` are those of the answer the bytes are from: an error found in place of
    a row is reported as that answer's.
    """

    def __init__(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self._status = status
        self._headers = headers or {}
        self.count = 0
        self._lines: list[bytes] = []  # given last
        self._texts: tuple[bytes, ...] = ()  # in which they stand
        self._number = 0  # of lines given before them
        self._offset = 0  # bytes before them
        self._fed = 0  # bytes
        self._pieces: list[bytes] = []  # of a line whose end has not come
        self._held = 0  # bytes in them

    def rows(self, chunks: Iterable[bytes], seen: Seen) -> Iterator[Row]:
        """Yield the rows of a whole body that are new to *seen*.

        Raises `DecodeError`; `APIError` for an error in place of a row; `CutLine` where the last
        line stops inside a row.
        """
        slots, mask = seen.slots, seen.mask
        for lines in self._all_lines(chunks):
            load = _json.loader(*self._texts)
            for line in lines:
                try:
                    row = load(line)
                    id = row["custom_id"]
                    if type(id) is not str or type(row["result"]) is not dict:
                        raise TypeError
                except (ValueError, LookupError, TypeError):
                    row = self._doubtful_row(line)
                    if row is None:
                        continue
                    id = row["custom_id"]
                key = (
                    key_of(id) or 1
                )  # from here on as seen.add, whose call is a tenth of a row's time
                slot = key & mask
                known = slots[slot]
                if not known:
                    slots[slot] = key
                    seen.count += 1
                    yield row
                elif known != key and seen.add_crowded(key):
                    yield row

    def lines(self, chunks: Iterable[bytes], seen: Seen) -> Iterator[bytes]:
        r"""Yield the new rows as the lines they came in, each with b"\n" at its end: all that a piece brings at once.

        Of a line that begins and ends as the API writes rows the inside is not looked at. Raises as `rows` does.
        """
        for lines in self._all_lines(chunks):
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
        for line in lines:
            id = row_id(line)
            if id is not None:
                if seen.add(id):
                    yield line
            elif (row := self._doubtful_row(line)) is not None and seen.add(row["custom_id"]):
                yield line.rstrip(b"\r\n") + b"\n"

    def _feed(self, chunk: bytes) -> list[bytes]:
        """Give the lines that *chunk* completes, with their ends."""
        lines = BytesIO(
            chunk
        ).readlines()  # splits at b"\n" alone, and three times as fast as split
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        before = self._held
        self._texts = (chunk,)
        if lines and self._pieces:
            lines[0] = b"".join((*self._pieces, lines[0]))
            self._texts = (chunk, lines[0])
            self._pieces.clear()
            self._held = 0
        self._give(lines, before)
        self._fed += len(chunk)
        if rest:
            self._pieces.append(rest)
            self._held += len(rest)
            if self._held > _LONGEST:
                raise self._fault(f"a line goes on past {_LONGEST:,} bytes", self._pieces[0])
        return self._lines

    def _finish(self) -> list[bytes]:
        """Give a last line that has no newline, if there is one."""
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._texts = (line,)
        self._give([line] if line else [], self._held)
        self._held = 0
        return self._lines

    def _all_lines(self, chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
        for chunk in chunks:
            lines = self._feed(chunk)
            if lines:  # a long line comes in many pieces, which are looked at when it is whole
                yield lines
        yield self._finish()

    def _give(self, lines: list[bytes], held: int) -> None:
        self._number += len(self._lines)
        self._offset = self._fed - held
        if self._offset == 0 and lines and lines[0].startswith(_BOM):
            lines[0] = lines[0][len(_BOM) :]
            self._offset = len(_BOM)
        self._lines = lines
        self.count += len(lines)

    def _doubtful_row(self, line: bytes) -> Row | None:
        """Read what may be a row after all; None for a blank line. Raises for anything else."""
        if line.isspace() or not line:
            self.count -= 1
            return None
        content = line.rstrip(b"\r\n")
        try:
            value = _json.loads(content.decode())
        except ValueError as error:
            fault = self._fault(f"not JSON: {error}", line)
            cut = not line.endswith(b"\n") and line.lstrip().startswith(b"{")
            raise CutLine(*fault.args) if cut else fault from None
        if not isinstance(value, dict):
            raise self._fault("not a JSON object", line)
        if value.get("type") == "error" and "custom_id" not in value:
            raise error_from(self._status, self._headers, value)
        if not is_row(value):
            raise self._fault("not a row with custom_id and result", line)
        return cast(Row, value)

    def _fault(self, detail: str, line: bytes) -> DecodeError:
        before = next(
            (at for at, given in enumerate(self._lines) if given is line), len(self._lines)
        )
        offset = self._offset + sum(map(len, self._lines[:before]))
        excerpt = line[:_EXCERPT].decode("utf-8", "replace")
        return DecodeError(
            detail, self._number + before + 1, offset, excerpt, self._headers.get("request-id")
        )


def is_row(value: object) -> bool:
    """Whether a JSON value has what every row has."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("custom_id"), str)
        and isinstance(value.get("result"), dict)
    )


def row_id(line: bytes) -> str | None:
    r"""Give the custom_id of a line that begins and ends as the API writes a row, b"\n" included; None for any other.

    A row that begins inside it, or bytes of zero as a crash leaves them, make it another.
    """
    after = line.find(b'"', len(_BEGIN))
    if not (
        line.startswith(_BEGIN) and line.startswith(_MIDDLE, after + 1) and line.endswith(_END)
    ):
        return None
    id = line[len(_BEGIN) : after].decode("ascii", "replace")
    plain = id.isascii() and id.isprintable() and "\\" not in id
    return id if plain and line.find(_KEY, after) < 0 and line.find(b"\0", after) < 0 else None
