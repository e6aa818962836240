"""Read JSON from text and lines: with integers of any size and nesting of any depth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import deep, fast

__all__ = ["loader", "loads", "row_checker"]

# JSON whitespace (RFC 8259, section 2)
_SPACE = " \t\r\n"
_decode = json.JSONDecoder().raw_decode
_decode_exactly = json.JSONDecoder(parse_int=deep.integer).decode


def loads(text: str | bytes) -> Any:
    """Return the value of *text*; bytes are UTF-8, with or without a byte order mark.

    An integer of more digits than `int` reads is a `decimal.Decimal`. Raises ValueError for text
    that is not JSON, and for bytes that are not UTF-8.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        # Without json's own line number, because our errors already have one.
        raise ValueError(f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        return deep.loads(text)


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # an integer of more digits than `int` reads
        return _decode_exactly(text)


def loader() -> Callable[[bytes], Any]:
    """Return the fastest decoder for lines.

    It returns what `loads` returns. It raises ValueError or RecursionError also for some JSON that
    only `loads` can read.
    """
    codec = fast.codec()
    if codec is None:
        return _load_line
    return codec.decode


def row_checker() -> Callable[[bytes], str]:
    """Return the fastest function that checks a line and returns its custom_id.

    It raises ValueError, LookupError, TypeError or RecursionError if the line is not a row, and
    also for some rows that only `loads` can read.
    """
    codec = fast.codec()
    if codec is None:
        return _id_of
    return codec.id_of


def _id_of(line: bytes) -> str:
    row = _load_line(line)
    id: str = row["custom_id"]
    if type(id) is not str or type(row["result"]) is not dict:
        raise TypeError("not a row")
    return id


def _load_line(line: bytes) -> Any:
    text = line.decode()
    value, end = _decode(text)
    if text[end:].strip(_SPACE):
        raise ValueError("more than one value")
    return value
