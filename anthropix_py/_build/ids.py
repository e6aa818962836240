"""Keys of rows as custom_ids, and back.

A custom_id may have 64 characters of `a-z A-Z 0-9 _ -`. A text that is one already stays as it is,
unless it begins with `--`. Every other key becomes `--` and a token, and a tuple becomes `--p` and
a token for each item, with `--` between them. The first letter of a token is its kind:

    i   an integer in decimal digits                            17       --i17
    t   a text; what is not a-z A-Z 0-9 _ is -XX for each byte  a b@c    --ta-20b-40c
    z   a text as a number in base 63, if with t the id would be too long

No token has `--` in it or `-` at its end, so tokens can be told apart. Each key has exactly one
custom_id, and no two keys share one.
"""

from __future__ import annotations

import operator
import re
from typing import SupportsIndex, Union

from .._arguments import wrong_type
from .._problem import shown

Key = Union[str, int, tuple[Union[str, int], ...]]
"""What names a row: text, an integer, or a tuple of these."""

_LONGEST = 64  # characters
_MARK = "--"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}

_is_valid = re.compile(r"[a-zA-Z0-9_-]{1,64}").fullmatch
_escape = re.compile(rb"[^a-zA-Z0-9_]").sub
_unescape = re.compile(rb"-([0-9a-f]{2})").sub


def custom_id(key: Key | SupportsIndex) -> str:
    """Return the custom_id that stands for *key*, and for no other key; `key` is the way back.

    *key*: text with any characters, an integer (NumPy's too), or a tuple of these. A text that is
    a valid custom_id stays itself, unless it begins with `--`: "user_17" is "user_17", 17 is
    "--i17", "a b" is "--ta-20b", ("doc", 3) is "--p--tdoc--i3".

    Raises TypeError for another type, and ValueError for an empty tuple and for a key whose
    custom_id would be longer than 64 characters.
    """
    exact = plain(key)
    if isinstance(exact, tuple):
        head, items = _MARK + "p", exact
    elif isinstance(exact, str) and _is_valid(exact) and not exact.startswith(_MARK):
        return exact
    else:
        head, items = "", (exact,)
    for token in (_readable, _short):
        id = head + "".join(_MARK + token(item) for item in items)
        if len(id) <= _LONGEST:
            return id
    raise ValueError(
        f"key must fit a custom_id of {_LONGEST} characters, and {_named(exact)} does not: "
        "use a shorter key, such as the number of the row"
    )


def key(custom_id: str) -> Key:
    """Return the key that `custom_id` made into *custom_id*: equal to it, and of the same type.

    Raises ValueError for a text that `custom_id` makes of no key.
    """
    if not isinstance(custom_id, str):
        raise wrong_type("custom_id", "text", custom_id)
    if not custom_id.startswith(_MARK):
        if _is_valid(custom_id):
            return custom_id
        raise _foreign(custom_id)
    try:
        found = _parsed(custom_id.split(_MARK)[1:])
        if _made(found) != custom_id:
            raise _foreign(custom_id)
    except ValueError:
        raise _foreign(custom_id) from None
    return found


_made = custom_id  # the function, where a parameter has its name


def _foreign(id: str) -> ValueError:
    return ValueError(f"custom_id must be one that build.custom_id makes, not {shown(id)}")


def plain(key: object) -> Key:
    """Return *key* with Python's own text and integers. Raises TypeError or ValueError."""
    if not isinstance(key, tuple):
        return _item(key)
    if not key:
        raise ValueError("key must be a tuple of at least 1 item, not an empty tuple")
    return tuple(map(_item, key))


def _named(key: Key) -> str:
    if isinstance(key, tuple):
        return f"({', '.join(map(shown, key))})"
    return shown(key)


def _item(value: object) -> str | int:
    """Return *value* as a plain text or integer. Raises TypeError."""
    if isinstance(value, str):
        # a subclass may print as something else
        return str.__str__(value)
    if not isinstance(value, bool):
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise wrong_type("key", "text, an integer, or a tuple of these", value)


def _readable(item: str | int) -> str:
    if isinstance(item, int):
        if item.bit_length() > 4 * _LONGEST:
            # too long in any case, and Python refuses to print thousands of digits
            return "i" * _LONGEST
        return f"i{item}"
    if len(item) > _LONGEST:
        # too long in any case
        return item
    data = item.encode("utf-8", "surrogatepass")
    return "t" + _escape(lambda byte: b"-%02x" % byte[0][0], data).decode()


def _short(item: str | int) -> str:
    if isinstance(item, int) or len(item) > _LONGEST:
        # also because the number of a long text takes quadratic time
        return _readable(item)
    return min(_readable(item), "z" + _in_base_63(item.encode("utf-8", "surrogatepass")), key=len)


def _in_base_63(data: bytes) -> str:
    # the first byte keeps the zeros after it
    number = int.from_bytes(b"\1" + data, "big")
    digits = []
    while number:
        number, digit = divmod(number, _BASE)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _parsed(tokens: list[str]) -> Key:
    """Return the key of *tokens*. Raises ValueError for some that are not of a key, not for all."""
    if tokens[0] == "p":
        return tuple(map(_parsed_item, tokens[1:]))
    if len(tokens) > 1:
        raise ValueError("several tokens without p")
    return _parsed_item(tokens[0])


def _parsed_item(token: str) -> str | int:
    kind, content = token[:1], token[1:]
    if kind == "i":
        return int(content)
    if kind == "z":
        data = _from_base_63(content)
    elif kind == "t":
        data = _unescape(lambda found: bytes((int(found[1], 16),)), content.encode())
    else:
        raise ValueError("unknown kind")
    return data.decode("utf-8", "surrogatepass")


def _from_base_63(digits: str) -> bytes:
    number = 0
    for digit in digits:
        number = number * _BASE + _VALUES.get(digit, 0)
    return number.to_bytes(len(digits) + 1, "big").lstrip(b"\0")[1:]
