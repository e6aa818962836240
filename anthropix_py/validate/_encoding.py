"""A request as JSON, or the places in it that cannot be JSON."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .. import _json
from .._problem import Fault, shown, step

UNENCODABLE = (TypeError, ValueError, RecursionError)
"""What `_json.dumps` raises for a value that cannot be JSON."""

_JSON = "a value that can be JSON"
_MANY_BITS = 2000  # of an integer that may have more digits than Python prints
_TEXTS = ("content", "custom_id", "model", "role", "system", "text")


def encode(request: object) -> tuple[bytes, list[Fault]]:
    """Return *request* as JSON and no faults, or no bytes and every place that cannot be JSON."""
    try:
        return _json.dumps(request), []
    except UNENCODABLE as error:
        return b"", list(_faults(request)) or [("", str(error), _JSON)]


def _faults(value: object) -> Iterator[Fault]:
    # A loop over a stack, not recursion, because *value* may be nested deeper than Python's
    # stack. An integer on this stack is the id of a container: when the integer is popped, all
    # items of the container are done.
    stack: list[_Node | int] = [_Node(None, None, value)]
    inside: set[int] = set()
    while stack:
        node = stack.pop()
        if isinstance(node, int):
            inside.remove(node)
        elif not isinstance(node.value, (Mapping, list, tuple)):
            yield from _scalar_faults(node)
        elif id(node.value) in inside:
            yield node.pointer(), "a cycle: a value that contains itself", _JSON
        else:
            inside.add(id(node.value))
            stack.append(id(node.value))
            stack += reversed(node.items())
            yield from _key_faults(node)


class _Node(NamedTuple):
    """A value, and the key or index at which the node above has it."""

    above: _Node | None
    key: object
    value: object

    def items(self) -> list[_Node]:
        """Return the nodes of the items of a mapping or list."""
        pairs: Iterable[tuple[object, object]] = ()
        if isinstance(self.value, Mapping):
            pairs = self.value.items()
        elif isinstance(self.value, (list, tuple)):
            pairs = enumerate(self.value)
        return [_Node(self, key, item) for key, item in pairs]

    def pointer(self) -> str:
        """Return the steps from the top as a JSON pointer."""
        steps: list[str] = []
        node = self
        while node.above is not None:
            steps.append(step(node.key))
            node = node.above
        return "".join(reversed(steps))


def _key_faults(node: _Node) -> Iterator[Fault]:
    if not isinstance(node.value, Mapping):
        return
    for key in node.value:
        is_scalar = isinstance(key, (str, int, float)) or key is None
        if not is_scalar or _is_unwritable_number(key):
            yield node.pointer(), f"the key {shown(key)}", "keys that are strings"


def _scalar_faults(node: _Node) -> Iterator[Fault]:
    value = node.value
    if value is None or isinstance(value, str):
        return
    if not isinstance(value, (int, float)):
        yield node.pointer(), *_foreign(value)
    elif not _is_unwritable_number(value):
        return
    elif isinstance(value, int):
        yield node.pointer(), shown(value), "a number of fewer digits"
    elif node.key in _TEXTS and math.isnan(value):
        # A table of data, such as a DataFrame, has NaN where a text is missing.
        yield node.pointer(), "missing text (NaN)", "text"
    else:
        yield node.pointer(), shown(value), "a finite number"


def _foreign(value: object) -> tuple[str, str]:
    """Return (found, expected) for a value of a type that JSON does not have."""
    conversion = _conversion(value)
    if conversion is None:
        return shown(value), _JSON
    kind = type(value)
    return f"a {kind.__module__}.{kind.__qualname__}", f"{_JSON}: use {conversion}"


def _conversion(value: Any) -> str | None:
    """Return the call that converts a number or array of another library to JSON, None if none."""
    kind = type(value)
    if hasattr(kind, "__len__"):
        return "value.tolist()" if hasattr(kind, "tolist") else None
    if kind.__name__.startswith("bool"):
        return "bool(value)"
    for convert, words in ((operator.index, "int(value)"), (float, "float(value)")):
        try:
            convert(value)
        except (TypeError, ValueError, OverflowError):
            continue
        return words
    return None


def _is_unwritable_number(value: object) -> bool:
    """Return whether *value* is a number that JSON does not have, or that Python cannot print."""
    if isinstance(value, float):
        return not -float("inf") < value < float("inf")
    if not isinstance(value, int) or value.bit_length() < _MANY_BITS:
        return False
    try:
        return not str(value)
    except ValueError:
        # It has more digits than sys.set_int_max_str_digits allows.
        return True
