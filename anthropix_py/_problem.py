"""One fault of a value: where it is, and how a value is shown in a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

_FOUND = 60  # characters of a value shown in a message

Fault = tuple[str, str, str]
"""(pointer, found, expected): a problem before it is known whose it is."""


class Problem(NamedTuple):
    """One fault: where it is, what was found there, what was expected.

    `index` and `custom_id` name the request, None where the fault is not in one. `pointer` is an
    RFC 6901 JSON pointer from the request, or the argument's name where there is no index.
    `severity`: `error` for what stops a create, `warning` for what does not.
    """

    index: int | None  # type: ignore[assignment]  # hides tuple.index, which nobody needs
    custom_id: str | None
    pointer: str
    found: str
    expected: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = self.pointer if self.index is None else f"requests[{self.index}]{self.pointer}"
        named = f" ({shown(self.custom_id)})" if self.custom_id is not None else ""
        return f"{where}{named}: expected {self.expected}; found {self.found}"


def step(key: object) -> str:
    """Give one step of an RFC 6901 JSON pointer."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def shown(value: object) -> str:
    """Give *value* as it can stand in a message: cut where it is long, its type where it is structured."""
    if isinstance(value, (list, tuple, Mapping)) and not value:
        return f"an empty {type(value).__name__}"
    if not isinstance(value, (str, int, float)) and value is not None:
        return f"a value of type {type(value).__name__}"
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return "a number of many digits"
    return text if len(text) <= _FOUND else f"{text[:_FOUND]}... ({len(text):,} characters)"
