"""Results as tagged tuples: `("ok", value)` or `("error", exc)`, and the way to exceptions.

The tags are literals, so `match` and `if result[0] == "ok"` narrow the value's type; after
`tag, value = f()` no type checker can.
"""

from __future__ import annotations

from typing import Literal, TypeVar, Union

from .errors import AnthropixError

T = TypeVar("T")

Ok = tuple[Literal["ok"], T]
Err = tuple[Literal["error"], AnthropixError]
Result = Union[Ok[T], Err]


def unwrap(result: Result[T]) -> T:
    """Give the value of an "ok"; raise the exception of an "error"."""
    if result[0] == "ok":
        return result[1]
    raise result[1].with_traceback(None)
