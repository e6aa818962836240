"""One fault of a request: where it is, and how a value is shown in a message."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

_LONGEST = 60  # characters of a value shown in a message

Fault = tuple[str, str, str]
"""(pointer, found, expected): a problem, without the request that it belongs to."""


class Problem(NamedTuple):
    """One fault: where it is, what was found there, and what was expected.

    `index` and `custom_id` name the request; both are None if the fault is not in a request.
    `pointer`: an RFC 6901 JSON pointer that starts at the request, or the name of the argument if
    there is no index. `severity`: `error` if the fault prevents a create, otherwise `warning`.
    """

    # Hides tuple.index, which nobody needs here.
    index: int | None  # type: ignore[assignment]
    custom_id: str | None
    pointer: str
    found: str
    expected: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = self.pointer
        if self.index is not None:
            where = f"requests[{self.index}]{where}"
        if self.custom_id is not None:
            where += f" ({shown(self.custom_id)})"
        return f"{where}: expected {self.expected}; found {self.found}"


def step(key: object) -> str:
    """Return *key* as one step of an RFC 6901 JSON pointer."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def shown(value: object) -> str:
    """Return *value* as a message shows it: shortened if long; only the type of an object."""
    if isinstance(value, (list, tuple, Mapping)) and not value:
        return f"an empty {type(value).__name__}"
    if not isinstance(value, (str, int, float)) and value is not None:
        return f"a value of type {type(value).__name__}"
    try:
        text = repr(value)
    except ValueError:
        # Python refuses to print an integer of thousands of digits.
        return "a number of many digits"
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... ({len(text):,} characters)"
