"""The door of functions that take no client."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ..errors import AnthropixError
from ..result import Result

P = ParamSpec("P")
T = TypeVar("T")


def returned(function: Callable[P, T]) -> Callable[P, Result[T]]:
    """Make *function* return a `Result`; an `AnthropixError` that it raises becomes its "error".

    Without a client no secret is known here: errors of reading rows were masked where they arose.
    """
    annotation = function.__annotations__.get("return")
    function.__annotations__["return"] = f"Result[{annotation}]"

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result[T]:
        try:
            return "ok", function(*args, **kwargs)
        except AnthropixError as error:
            error.__traceback__ = error.__cause__ = error.__context__ = None
            return "error", error

    return call
