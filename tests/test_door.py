"""The door: errors leave without secrets and without frames, from functions and from streams."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import pytest
from samples import ID, KEY
from scripted import ScriptedTransport, respond

from anthropix_py import Client, batch, init
from anthropix_py._door import door, stream
from anthropix_py.errors import (
    AnthropixError,
    APIError,
    DecodeError,
    IncompleteResults,
    TransportError,
    UnknownOutcome,
    WaitTimeout,
)
from anthropix_py.result import Err

CLIENT = init(KEY)


class Load:
    """Stands for a large body that lives in a frame."""


def fail(client: Client, load: Load, kind: str) -> None:
    error = TransportError("closed", "gone", sent=True)
    if kind == "plain":
        raise error
    try:
        raise KeyError("inner")
    except KeyError as inner:
        if kind == "raised from another":
            raise error from inner
        if kind == "raised beside another":
            raise error  # noqa: B904
    try:
        raise error
    except AnthropixError as cause:
        wrapped = UnknownOutcome(cause, 1, 0.0)
    if kind == "a cause":
        raise wrapped
    if kind == "a cause of incomplete results":
        raise IncompleteResults(2, 1, 0, wrapped)
    raise UnknownOutcome(wrapped, 1, 0.0)


KINDS = ["plain", "raised from another", "raised beside another"]
KINDS += ["a cause", "a cause of incomplete results", "a cause of a cause"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_returned_error_keeps_no_frame_alive(kind: str) -> None:
    def call() -> tuple[weakref.ref[Load], Err]:
        load = Load()
        result = door(fail)(CLIENT, load, kind)
        assert result[0] == "error"
        return weakref.ref(load), result

    # a reference cycle would keep it alive too
    gc.disable()
    try:
        load, (_, error) = call()
        assert load() is None
    finally:
        gc.enable()
    link: AnthropixError | None = error
    while link is not None:
        assert (link.__traceback__, link.__cause__, link.__context__) == (None, None, None)
        link = getattr(link, "cause", None)


@pytest.mark.parametrize("value", [None, False, 0, "", (), ("error", "x"), [1]], ids=repr)
def test_a_value_is_ok_whatever_it_is(value: object) -> None:
    result = door(lambda client: value)(CLIENT)
    assert result == ("ok", value)
    assert result[1] is value


def raising(client: Client, error: BaseException) -> None:
    raise error


ERRORS: dict[str, AnthropixError] = {
    "base": AnthropixError("x"),
    "api": APIError(500),
    "transport": TransportError("tls", "x", sent=False),
    "wait timeout": WaitTimeout(None, 1.0),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_without_secrets_is_returned_itself(error: AnthropixError) -> None:
    tag, value = door(raising)(CLIENT, error)
    assert tag == "error"
    assert value is error


OTHERS = [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), StopIteration(), MemoryError()]
OTHERS += [TypeError("x"), ValueError("x"), KeyError("x"), OSError("x"), RecursionError()]
OTHERS += [Exception("x")]


@pytest.mark.parametrize("error", OTHERS, ids=[type(error).__name__ for error in OTHERS])
def test_anything_else_passes_through(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        door(raising)(CLIENT, error)
    assert caught.value is error


def test_a_wrong_argument_passes_through() -> None:
    with pytest.raises(TypeError, match="argument"):
        door(raising)(CLIENT)  # type: ignore[call-arg]


NOT_CLIENTS: dict[str, tuple[tuple[Any, ...], str]] = {
    "nothing": ((), "not None"),
    "a key": (("sk-ant",), "not 'sk-ant'"),
    # against the arguments in the other order
    "a batch": (({"id": ID},), "not a value of type dict"),
    "the class": ((Client,), "not a value of type type"),
}


@pytest.mark.parametrize(("given", "message"), NOT_CLIENTS.values(), ids=NOT_CLIENTS)
def test_what_is_not_a_client_is_a_type_error(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TypeError, match=f"client must be a Client .*{message}"):
        door(raising)(*given)


def test_arguments_name_and_help_are_kept() -> None:
    def function(client: Client, a: int, *, b: int = 0) -> tuple[int, int]:
        """Say."""
        return a, b

    wrapped = door(function)
    assert wrapped(CLIENT, 1, b=2) == wrapped(client=CLIENT, a=1, b=2) == ("ok", (1, 2))
    assert (wrapped.__name__, wrapped.__doc__) == ("function", "Say.")
    assert wrapped.__annotations__["return"] == "Result[tuple[int, int]]"


# Streams


def values(error: BaseException | None = None) -> Iterator[int]:
    yield 1
    if error is not None:
        raise error
    yield 2


def read_all(one: Generator[int, None, None]) -> None:
    assert list(one) == [1, 2]


def read_one_and_close(one: Generator[int, None, None]) -> None:
    assert next(one) == 1
    one.close()


# (what is done with the stream, before it is dropped)
ENDS: dict[str, Callable[[Generator[int, None, None]], None]] = {
    "read to its end": read_all,
    "closed early": read_one_and_close,
    "closed unread": lambda one: one.close(),
    "dropped after a value": lambda one: cast(None, next(one)),
    # against a generator that was never started and skips its finally
    "dropped unread": lambda one: None,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_stream_is_closed_once(end: Callable[[Generator[int, None, None]], None]) -> None:
    closed: list[int] = []
    one = stream(CLIENT, values(), lambda: closed.append(1))
    assert closed == []
    end(one)
    del one
    gc.collect()
    assert closed == [1]


def test_an_error_of_a_stream_leaves_like_one_of_a_function() -> None:
    closed: list[int] = []
    one = stream(CLIENT, values(DecodeError(f"{KEY} is not JSON")), lambda: closed.append(1))
    with pytest.raises(DecodeError, match=r"^\*\*\* is not JSON$") as caught:
        list(one)
    # against the error as it was before it was masked, in the traceback or beside it
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert closed == [1]
    with pytest.raises(ZeroDivisionError):
        list(stream(CLIENT, values(ZeroDivisionError()), lambda: closed.append(1)))
    assert closed == [1, 1]


def test_an_interrupt_does_not_show_the_error_that_it_came_in() -> None:
    # that error has not been masked, and its text is printed above that of the interrupt
    def interrupt(event: dict[str, Any]) -> None:
        if event["event"] == "retry":
            raise KeyboardInterrupt

    script = ScriptedTransport(respond({"error": {"message": KEY}}, 500))
    with pytest.raises(KeyboardInterrupt) as caught:
        batch.show(script.client(on_event=interrupt), ID)
    script.assert_played()
    assert caught.value.__context__ is None
