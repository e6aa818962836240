"""Write JSON: values to compact UTF-8.

The output means the same with and without msgspec: it parses to the same keys in the same order,
the same strings, integers of any size and floats of the same bits. Its text may differ (1e16 and
1e+16 are the same float). Both refuse the same values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from . import fast

__all__ = ["dumps"]


def _as_dict(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_as_dict
).encode
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_as_dict).encode


def dumps(value: object) -> bytes:
    """Return *value* as compact UTF-8; any mapping becomes an object.

    Raises TypeError or ValueError for values that JSON does not have (NaN, bytes, a set, a cycle),
    for an integer of more digits than `str` writes, and for nesting too deep for Python's encoder.
    """
    codec = fast.codec()
    if codec is not None:
        try:
            if fast.is_plain(value):
                return codec.encode(value)
        except (ValueError, RecursionError):
            # msgspec refuses lone surrogates and deep nesting.
            pass
    try:
        return _dumps(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _dumps(value: object) -> bytes:
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        # A lone surrogate cannot be written in UTF-8, but as a \u escape.
        return _encode_ascii(value).encode()
