"""Read JSON from text and lines: with integers of any size and nesting of any depth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import deep, fast

__all__ = ["loader", "loads"]

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


def loader(*sources: bytes) -> Callable[[bytes], Any]:
    """Return the fastest decoder for lines that are parts of *sources*.

    It returns what `loads` returns, but for text that is not in *sources* an integer beyond 64 bits
    may become a float. It raises ValueError also for some JSON that only `loads` can read.
    """
    orjson = fast.orjson()
    if orjson is None or any(map(fast.may_hold_big_integer, sources)):
        return _load_line
    load: Callable[[bytes], Any] = orjson.loads
    return load


def _load_line(line: bytes) -> Any:
    text = line.decode()
    try:
        value, end = _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply for this decoder") from None
    if text[end:].strip(_SPACE):
        raise ValueError("more than one value")
    return value
