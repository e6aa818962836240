"""The one way into and out of JSON, so that a size measured is the size sent.

Where orjson is installed (the extra `fast`), it does what it does just as the standard library
would, and the rest is left to that: what comes out is the same to the letter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]
from typing import Any

_LONG = 128  # characters
_ESCAPES = {
    b"\\": b"\\\\",
    b'"': b'\\"',
    b"\n": b"\\n",
    b"\r": b"\\r",
    b"\t": b"\\t",
}  # the backslash first
_RARE = bytes(
    code for code in range(32) if code not in b"\n\r\t"
)  # the other characters that need one


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _quoted(text: str) -> str:
    """Do what `encode_basestring` does, but each character of what is returned stands for a byte of UTF-8.

    Long texts are spared its look at every character: bytes.replace finds what needs an escape many at a time.
    """
    if len(text) >= _LONG:
        utf8 = text.encode()
        if len(utf8.translate(None, _RARE)) == len(utf8):
            for character, escape in _ESCAPES.items():
                utf8 = utf8.replace(character, escape)
            return f'"{utf8.decode("latin-1")}"'
    quoted: str = encode_basestring(text)
    return quoted if quoted.isascii() else quoted.encode().decode("latin-1")


def _encoder() -> Callable[[object], bytes]:
    if c_make_encoder is None:  # an interpreter without json's C part
        slow = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        ).encode
        return lambda value: slow(value).encode()
    make, options = (
        c_make_encoder,
        (_plain, _quoted, None, ":", ",", False, False, False),
    )  # the last: no NaN
    return lambda value: "".join(make({}, *options)(value, 0)).encode(
        "latin-1"
    )  # {} for what is being encoded


_encode = _encoder()
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_plain).encode
_decode = json.JSONDecoder().raw_decode

_SPACE = " \t\r\n"  # what JSON takes for it
_BIG_INTEGER = rb"-[0-9]{19}|[0-9]{20}"  # what may not fit 64 bits: orjson makes a float of it
_STEP = 9
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_ROOM = 256  # bytes for which one look at what may be such an integer is worth its time
_ALIKE = frozenset((str, int, bool, type(None)))
_SAME_DIGITS = (
    1e-4,
    1e16,
)  # between them everybody writes a float alike, beyond in more than one way


def dumps(value: object) -> bytes:
    """Encode *value* as compact UTF-8; any mapping is an object.

    Raises TypeError, ValueError or RecursionError for what is not JSON (NaN, bytes, a set, a cycle).
    """
    orjson = _orjson()
    try:
        if orjson is not None and _is_written_alike(value):
            encoded: bytes = orjson.dumps(value)
            return encoded
    except (
        TypeError,
        RecursionError,
    ):  # a lone surrogate, an integer beyond 64 bits, nesting without end
        pass
    try:
        return _encode(value)
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


def loader(*texts: bytes) -> Callable[[bytes], Any]:
    """Give the fastest decoder for lines that stand in *texts*.

    What it gives is what `loads` gives. It raises ValueError also for some JSON that only `loads` can read.
    """
    orjson = _orjson()
    if orjson is None or any(map(_may_hold_big_integer, texts)):
        return _line_loads
    load: Callable[[bytes], Any] = orjson.loads
    return load


@cache
def _orjson() -> Any:
    try:
        import orjson  # here, as it takes as long to import as all of this package
    except ImportError:
        return None
    return orjson


def _line_loads(line: bytes) -> Any:
    text = line.decode()
    try:
        value, end = _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if text[end:].strip(_SPACE):
        raise ValueError("more than one value")
    return value


def _may_hold_big_integer(text: bytes) -> bool:
    """Whether *text* has the digits of an integer that may not fit 64 bits, or too many digits to look at each.

    Of 19 digits side by side every ninth byte is at least two, and every ninth is soon looked through.
    """
    sample = text[::_STEP].translate(_DIGITS_ALIKE)
    at = sample.find(b"00")
    for _ in range(len(text) // _ROOM + 1):
        if at < 0:
            return False
        first, last = at * _STEP, (at + 1) * _STEP
        if text[first : last + 1].isdigit() and re.search(
            _BIG_INTEGER, text[max(0, first - _STEP) : last + _STEP + 2]
        ):
            return True
        at = sample.find(b"00", at + 1)
    return at >= 0


def _is_written_alike(value: Any) -> bool:
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or (type(item) not in _ALIKE and not _is_written_alike(item)):
                return False
        return True
    if kind is list or kind is tuple:
        return all(map(_is_written_alike, value))
    if kind is float:
        least, most = _SAME_DIGITS
        return value == 0 or bool(least <= abs(value) < most)
    return kind in _ALIKE
