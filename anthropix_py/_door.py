"""What every public function that returns a `Result` passes through on its way out.

Here exceptions become results, secrets are masked and frames are dropped. No other file does so,
apart from `_events`, which masks what goes to the log and to the client's hook.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from types import FrameType
from typing import ParamSpec, TypeVar, cast

from ._problem import shown
from ._wire.secret import redacted
from .client import Client
from .errors import AnthropixError
from .result import Result

# This package and the modules that it calls: the frames of the caller's own functions are kept.
_OURS = (
    *("anthropix_py", "urllib3", "http", "socket", "ssl", "email", "urllib"),
    *("os", "collections", "codecs", "encodings", "json", "re"),
)

P = ParamSpec("P")
T = TypeVar("T")


def door(function: Callable[P, T]) -> Callable[P, Result[T]]:
    """Make *function*, whose first parameter is a client, return a `Result`.

    Its value becomes ("ok", value), and an `AnthropixError` that it raises becomes ("error", exc).
    Any other exception is a bug, a wrong argument or an interrupt, and is raised to the caller.
    """
    _announce_result(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result[T]:
        client = args[0] if args else kwargs.get("client")
        if not isinstance(client, Client):
            raise TypeError(f"client must be a Client (see anthropix_py.init), not {shown(client)}")
        before = sys.exception()
        try:
            client = client.for_one_call()
            if args:
                args = (client, *args[1:])  # type: ignore[assignment]
            else:
                kwargs["client"] = client
            try:
                return "ok", function(*args, **kwargs)
            except AnthropixError as error:
                return "error", outgoing(error, client)
        except BaseException as error:
            _forget(error, before)
            raise

    return call


def local(function: Callable[P, T]) -> Callable[P, Result[T]]:
    """Make *function*, which takes no client and so knows no secret, return a `Result`.

    Its value becomes ("ok", value), and an `AnthropixError` that it raises becomes ("error", exc).
    """
    _announce_result(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result[T]:
        try:
            return "ok", function(*args, **kwargs)
        except AnthropixError as error:
            _drop_frames(error)
            return "error", error

    return call


def stream(
    client: Client, values: Iterator[T], close: Callable[[], object]
) -> Generator[T, None, None]:
    """Return a generator over *values*, whose errors are masked and lose their frames.

    *close* is called when it ends, is closed, or is dropped, even before the first value.
    """
    # A generator that was never started skips its `finally`, so a caller who drops this one unread
    # would leave a connection open. So it is started here, up to a first yield whose value nobody
    # sees: from then on, closing it or dropping it runs the `finally`. Python 3.11 has no other
    # way to make a generator clean up before its first value, and a class with __next__ costs a
    # call for every row.
    generator = _stream(client, values, close)
    next(generator)
    return cast("Generator[T, None, None]", generator)


def _stream(
    client: Client, values: Iterator[T], close: Callable[[], object]
) -> Generator[T | None, None, None]:
    try:
        yield None
        try:
            yield from values
            return
        except AnthropixError as error:
            failure = outgoing(error, client)
    except BaseException as error:
        _forget(error, None)
        raise
    finally:
        close()
    # raised outside the except block: __context__ would hold the error that is not masked
    raise failure


def outgoing(error: AnthropixError, client: Client) -> AnthropixError:
    """Return *error* without the client's secrets and without the frames it was raised in.

    One of those frames may hold the complete body of a request.
    """
    masked = redacted(error, client.secrets)
    _drop_frames(masked)
    return masked


def _drop_frames(error: AnthropixError) -> None:
    error.__traceback__ = error.__cause__ = error.__context__ = None
    cause = getattr(error, "cause", None)
    if isinstance(cause, AnthropixError):
        _drop_frames(cause)


def _forget(error: BaseException, before: BaseException | None) -> None:
    """Remove from *error* whatever might show a secret, before it is raised to the caller.

    An interrupt keeps its traceback. A tool that shows the local variables in it would show the
    bytes of a request, with the key, in the frames that send it: so these variables are deleted.
    An error of ours in its context has not been masked, so it is removed from the context.
    *before*: the exception that the caller was already handling, which stays as it is.
    """
    left: list[BaseException | None] = [error]
    known = {id(before)}
    while left:
        one = left.pop()
        if one is None or id(one) in known:
            continue
        known.add(id(one))
        for frame in _frames(one):
            if _is_ours(frame):
                # a frame that is still running cannot be cleared
                with suppress(RuntimeError):
                    frame.clear()
        context = one.__context__
        while context is not None and context is not before and _is_raised_by_us(context):
            context = one.__context__ = context.__context__
        left += [one.__cause__, one.__context__]


def _frames(error: BaseException) -> list[FrameType]:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    return frames


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _OURS


def _is_raised_by_us(error: BaseException) -> bool:
    frames = _frames(error)
    return not frames or _is_ours(frames[-1])


def _announce_result(function: Callable[..., object]) -> None:
    """Put `Result[...]` into the annotations, for `help` and for type hints read at run time."""
    returned = function.__annotations__.get("return")
    if isinstance(returned, str):
        function.__annotations__["return"] = f"Result[{returned}]"
