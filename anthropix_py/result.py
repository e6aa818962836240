"""Results as tagged tuples: `("ok", value)` or `("error", exc)`, and the bridge to exceptions.

The tags are literals, so `match` and `if result[0] == "ok"` narrow the value's type; after
`tag, value = f()` no type checker can.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, ParamSpec, TypeVar, Union

from .errors import AnthropixError

T = TypeVar("T")
P = ParamSpec("P")

Ok = tuple[Literal["ok"], T]
Err = tuple[Literal["error"], AnthropixError]
Result = Union[Ok[T], Err]


def unwrap(result: Result[T]) -> T:
    """Give the value of an "ok"; raise the exception of an "error"."""
    if result[0] == "ok":
        return result[1]
    raise result[1].with_traceback(None)


def returning(function: Callable[P, T]) -> Callable[P, Result[T]]:
    """Make *function* return its value as "ok" and any `AnthropixError` it raises as "error".

    Anything else it raises is a bug, a wrong argument or an interrupt, and passes through.
    """
    given = function.__annotations__.get("return")
    if isinstance(given, str):  # as `help` should show it, and as type hints are read at run time
        function.__annotations__["return"] = f"Result[{given}]"

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result[T]:
        try:
            return "ok", function(*args, **kwargs)
        except AnthropixError as error:
            return "error", without_frames(error)

    return call


def without_frames(error: AnthropixError) -> AnthropixError:
    """Let go of the frames that *error* came through: a request's whole body may live in one of them."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    cause = getattr(error, "cause", None)
    if isinstance(cause, AnthropixError):
        without_frames(cause)
    return error
