"""The one way into and out of JSON, so that a size measured is the size sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_plain).encode


def dumps(value: object) -> bytes:
    """Encode *value* as compact UTF-8; any mapping is an object.

    Raises TypeError, ValueError or RecursionError for what is not JSON (NaN, bytes, a set, a cycle).
    """
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:  # a lone surrogate: UTF-8 has no place for it, a \u escape has
        return _encode_ascii(value).encode()


def loads(text: str | bytes) -> Any:
    """Decode *text*; bytes are UTF-8. Raises ValueError (of which a bad encoding is one) for what is not JSON."""
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:  # in words that do not count lines, as our errors do that
        raise ValueError(f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
