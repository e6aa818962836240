"""Headers and query parameters: which are allowed, and the form in which a client holds them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._arguments import wrong_type
from ._wire.hidden import HiddenText, hide
from ._wire.secret import Secret

Pairs = tuple[tuple[str, HiddenText | None], ...]
"""(name, value) of headers or query parameters; one whose value is None is not sent."""

_FRAMING = ("content-length", "transfer-encoding", "host", "connection")
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NOT_IN_A_HEADER = r"[^\t\x20-\x7e\x80-\xff]"


def merged(old: Pairs, new: Pairs) -> Pairs:
    """Return *old* with *new* added; a new value replaces an old one of the same name."""
    return tuple({**dict(old), **dict(new)}.items())


def header_lines(text: Secret) -> dict[str, Secret]:
    """Return the headers in *text*, lines of `Name: value` as in ANTHROPIC_CUSTOM_HEADERS."""
    # Only line numbers stay in variables here: a traceback that shows local variables must not
    # show a value.
    lines = enumerate(text.splitlines(), 1)
    faulty = [number for number, line in lines if line.strip() and ":" not in line]
    if faulty:
        where = f"ANTHROPIC_CUSTOM_HEADERS line {faulty[0]}"
        raise ValueError(f"{where}: expected 'Name: value', found no colon")
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    return {name.strip(): Secret(value.strip()) for name, _, value in pairs}


def header_value(name: str, value: object) -> str:
    """Return *value* if it can be the value of a header. Raises TypeError or ValueError."""
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    bad = re.search(_NOT_IN_A_HEADER, value)
    if bad:
        where = f"{bad.group()!r} at position {bad.start()}"
        raise ValueError(f"{name} has {where}, which a header cannot have")
    return value


def is_header_name(name: str) -> bool:
    """Return whether *name* can be the name of a header."""
    return bool(re.fullmatch(_HEADER_NAME, name))


def is_framing(name: str) -> bool:
    """Return whether the header *name* is set by the transport."""
    return name.lower() in _FRAMING


def header_pairs(name: str, headers: object) -> Pairs:
    """Return *headers* in the form that a client holds. Raises TypeError or ValueError."""
    pairs = query_pairs(name, headers)
    for header, value in pairs:
        if is_framing(header):
            raise ValueError(f"{name}: {header} is set by the transport")
        if not is_header_name(header):
            raise ValueError(f"{name}: {header!r} is not the name of a header")
        if value is not None:
            header_value(f"header {header}", value.reveal())
    return tuple({header.lower(): value for header, value in pairs}.items())


def query_pairs(name: str, values: object) -> Pairs:
    """Return *values* in the form that a client holds. Raises TypeError or ValueError."""
    if not isinstance(values, Mapping):
        raise wrong_type(name, "a mapping", values)
    return tuple((key, _pair_value(name, key, value)) for key, value in values.items())


def _pair_value(name: str, key: object, value: object) -> HiddenText | None:
    if not isinstance(key, str) or not (value is None or isinstance(value, str)):
        raise TypeError(f"{name} must map strings to strings or None; {key!r} does not")
    if value is None:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: the value of {key!r} has a lone surrogate") from None
    return hide(value)
