"""What every public function that takes a client passes through on its way out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ._problem import shown
from ._wire.secret import struck
from .client import Client
from .errors import AnthropixError
from .result import Result

P = ParamSpec("P")
T = TypeVar("T")


def at_the_door(function: Callable[P, T]) -> Callable[P, Result[T]]:
    """Refuse a client that is none; return what *function* gives and raises as a `Result`."""
    returned = returning(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result[T]:
        client = args[0] if args else kwargs.get("client")
        if not isinstance(client, Client):
            raise TypeError(f"client must be what anthropix_py.init gives, not {shown(client)}")
        result = returned(*args, **kwargs)
        return result if result[0] == "ok" else ("error", struck(result[1], client.secrets))

    return call


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
