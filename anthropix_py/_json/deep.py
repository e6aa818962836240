"""JSON that Python's own decoder refuses: nested beyond its stack, or with an integer too long.

A batch has one stream of results, so a row that cannot be read would hide all rows after it. A loop
reads one token at a time and keeps a list of the containers that are still open. It is some 15
times as slow as `json`; its time is proportional to the length of the text. By default `int` reads
at most 4,300 digits (`sys.set_int_max_str_digits`), because its time grows with their square. A
longer integer becomes a `decimal.Decimal`, which is as exact and takes proportional time.
"""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

__all__ = ["integer", "loads"]

_SPACE = re.compile(r"[ \t\r\n]*")
# NaN and Infinity are not JSON, but `json` reads them too.
_SCALAR = re.compile(
    r"(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|true|false|null|NaN|-?Infinity"
)
_WORDS = {"true": True, "false": False, "null": None}
_STRING, _OTHER, _END = "string", "other", ""

# The kinds of tokens that may follow, by what is expected; any other is a fault.
_VALUE = frozenset(("[", "{", _STRING, _OTHER))
_FIRST_ITEM = _VALUE | {"]"}
_KEY = frozenset((_STRING,))
_FIRST_KEY = _KEY | {"}"}
_COLON = frozenset(":")
_AFTER_ITEM = frozenset(",]")
_AFTER_MEMBER = frozenset(",}")
_NOTHING = frozenset((_END,))


def loads(text: str) -> Any:
    """Return the value of *text*. Raises ValueError if it is not JSON."""
    if not text.rstrip().endswith(("]", "}")):
        # checked first, because it may be a cut text of many megabytes
        raise ValueError(f"nested, and not closed at character {len(text)}")
    reader = _Reader()
    at = 0
    while True:
        kind, value, end = _next(text, at)
        if kind not in reader.expected:
            raise ValueError(f"unexpected {text[at : at + 10]!r} at character {at}")
        if kind == _END:
            return reader.value
        reader.add(kind, value)
        at = end


class _Reader:
    """Builds a value from tokens. `expected`: the kinds that may follow."""

    def __init__(self) -> None:
        self.expected = _VALUE
        self._top: list[Any] = []
        # The containers that are still open, and the key in each that is an object.
        self._open: list[Any] = [self._top]
        self._keys = [""]

    @property
    def value(self) -> Any:
        """Return the complete value."""
        return self._top[0]

    def add(self, kind: str, value: Any) -> None:
        """Add one token, of a kind that is expected, with its value."""
        if kind == ":":
            self.expected = _VALUE
        elif kind == ",":
            self.expected = _KEY if self._is_in_object() else _VALUE
        elif kind in ("]", "}"):
            self._open.pop()
            self._keys.pop()
            self._end_value()
        elif self.expected >= _VALUE:
            self._begin_value(kind, value)
        else:
            self._keys[-1] = value
            self.expected = _COLON

    def _begin_value(self, kind: str, value: Any) -> None:
        if self._is_in_object():
            self._open[-1][self._keys[-1]] = value
        else:
            self._open[-1].append(value)
        if kind not in ("[", "{"):
            self._end_value()
            return
        self.expected = _FIRST_ITEM if kind == "[" else _FIRST_KEY
        self._open.append(value)
        self._keys.append("")

    def _end_value(self) -> None:
        if len(self._open) == 1:
            self.expected = _NOTHING
        else:
            self.expected = _AFTER_MEMBER if self._is_in_object() else _AFTER_ITEM

    def _is_in_object(self) -> bool:
        return type(self._open[-1]) is dict


def _next(text: str, at: int) -> tuple[str, Any, int]:
    """Return the kind, the value (empty for a container) and the end of the token after *at*."""
    at += len(_SPACE.match(text, at)[0])  # type: ignore[index]
    first = text[at : at + 1]
    if first == '"':
        try:
            value, end = scanstring(text, at + 1)
        except JSONDecodeError as error:
            raise ValueError(f"{error.msg} at character {error.pos}") from None
        return _STRING, value, end
    if first == "[":
        return first, [], at + 1
    if first == "{":
        return first, {}, at + 1
    # the empty string, which stands for the end of the text, is in every string
    if first in "]},:":
        return first, None, at + 1
    scalar = _SCALAR.match(text, at)
    if scalar is None:
        raise ValueError(f"Expecting value at character {at}")
    return _OTHER, _scalar(scalar), scalar.end()


def _scalar(found: re.Match[str]) -> Any:
    written = found[0]
    if found[1] is None and written in _WORDS:
        return _WORDS[written]
    if found[1] is None or found[2]:
        return float(written)
    return integer(written)


def integer(digits: str) -> Any:
    """Return *digits* as an integer; as a `decimal.Decimal` if there are too many for `int`."""
    try:
        return int(digits)
    except ValueError:
        from decimal import Decimal

        return Decimal(digits)
