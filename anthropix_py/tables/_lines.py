"""Tables as lines of text: CSV and JSON Lines, as bytes in blocks of about a megabyte.

CSV is written here, not by the module csv, with which such a table takes four times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .. import _json
from ._records import NAMES, Record

_BLOCK = 1 << 20  # characters or bytes
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_END = "\r\n"  # RFC 4180, section 2
_SURROGATE = re.compile("[\ud800-\udfff]")


def encoded(records: Iterable[Record], format: str, *, guard: bool) -> Iterator[bytes]:
    """Return the table in *format*, "csv" or "jsonl", in blocks of complete lines."""
    if format == "csv":
        return _csv(records, guard=guard)
    return _json_lines(records)


def valid(text: str) -> str:
    """Return *text* as valid Unicode: with U+FFFD in place of each lone surrogate."""
    return _SURROGATE.sub("\ufffd", text)


def _json_lines(records: Iterable[Record]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for row, values in records:
        line = _json.dumps(dict(zip(NAMES, (*values, row.decode()))))
        lines += (line, b"\n")
        size += len(line)
        if size >= _BLOCK:
            yield b"".join(lines)
            lines.clear()
            size = 0
    if lines:
        yield b"".join(lines)


def _csv(records: Iterable[Record], *, guard: bool) -> Iterator[bytes]:
    lines = [",".join(NAMES) + _END]
    size = 0
    for row, values in records:
        line = ",".join([_cell(value, guard=guard) for value in (*values, row.decode())])
        lines.append(line + _END)
        size += len(line)
        if size >= _BLOCK:
            yield _as_utf8("".join(lines))
            lines.clear()
            size = 0
    yield _as_utf8("".join(lines))


def _cell(value: str | int | None, *, guard: bool) -> str:
    """Return a value as CSV: every text is in quotes, so an empty text is not like None."""
    if isinstance(value, str):
        if guard and value.startswith(_FORMULA):
            value = f"'{value}"
        return '"' + value.replace('"', '""') + '"'
    if value is None:
        return ""
    return str(value)


def _as_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return valid(text).encode()
