"""Results: unwrapping, returning, and frames let go."""

from __future__ import annotations

import gc
import weakref

import pytest

from anthropix_py._door import returning
from anthropix_py.errors import (
    AnthropixError,
    APIError,
    IncompleteResults,
    TransportError,
    UnknownOutcome,
    WaitTimeout,
)
from anthropix_py.result import Err, Ok, unwrap


class Load:
    """Stands for a large body that lives in a frame."""


def fail(load: Load, kind: str) -> None:
    error = TransportError("closed", "gone", sent=True)
    if kind == "plain":
        raise error
    if kind == "from":
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise error from inner
    if kind == "context":
        try:
            raise KeyError("inner")
        except KeyError:
            raise error  # noqa: B904
    try:
        raise error
    except AnthropixError as cause:
        wrapped = UnknownOutcome(cause, 1, 0.0)
    if kind == "unknown":
        raise wrapped
    if kind == "incomplete":
        raise IncompleteResults(2, 1, 0, wrapped)
    raise UnknownOutcome(wrapped, 1, 0.0)


@pytest.mark.parametrize(
    "kind", ["plain", "from", "context", "unknown", "incomplete", "unknown in unknown"]
)
def test_a_returned_error_pins_no_frame(kind: str) -> None:
    def call() -> tuple[weakref.ref[Load], Err]:
        load = Load()
        result = returning(fail)(load, kind)
        assert result[0] == "error"
        return weakref.ref(load), result

    gc.disable()  # a reference cycle would count as pinned
    try:
        load, (_, error) = call()
        assert load() is None
    finally:
        gc.enable()
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


@pytest.mark.parametrize("kind", ["unknown", "incomplete", "unknown in unknown"])
def test_a_cause_pins_no_frame(kind: str) -> None:
    result = returning(fail)(Load(), kind)
    assert result[0] == "error"
    error = result[1]
    assert isinstance(error, (UnknownOutcome, IncompleteResults))
    assert error.cause is not None
    assert error.cause.__traceback__ is None


@pytest.mark.parametrize("value", [None, False, 0, "", (), ("error", "x"), [1]], ids=repr)
def test_a_value_is_ok_whatever_it_is(value: object) -> None:
    result = returning(lambda: value)()
    assert result == ("ok", value)
    assert unwrap(result) is value


ERRORS = {
    "base": AnthropixError("x"),
    "api": APIError(500),
    "wire": TransportError("tls", "x", sent=False),
    "wait": WaitTimeout(None, 1.0),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_is_returned_itself(error: AnthropixError) -> None:
    def function() -> None:
        raise error

    tag, value = returning(function)()
    assert tag == "error"
    assert value is error


OTHERS = {
    "interrupt": KeyboardInterrupt(),
    "exit": SystemExit(3),
    "type": TypeError("x"),
    "value": ValueError("x"),
    "key": KeyError("x"),
    "os": OSError("x"),
    "memory": MemoryError(),
    "recursion": RecursionError(),
    "stop": StopIteration(),
    "bare": Exception("x"),
    "generator exit": GeneratorExit(),
}


@pytest.mark.parametrize("error", OTHERS.values(), ids=OTHERS)
def test_anything_else_passes_through(error: BaseException) -> None:
    def function() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        returning(function)()
    assert caught.value is error


def test_a_wrong_argument_passes_through() -> None:
    def function(a: int) -> int:
        return a

    with pytest.raises(TypeError, match="argument"):
        returning(function)()  # type: ignore[call-arg]


def test_arguments_and_name_are_kept() -> None:
    def function(a: int, *, b: int = 0) -> tuple[int, int]:
        """Say."""
        return a, b

    wrapped = returning(function)
    assert wrapped(1, b=2) == ("ok", (1, 2))
    assert (wrapped.__name__, wrapped.__doc__) == ("function", "Say.")


def test_unwrap_gives_the_value() -> None:
    result: Ok[int] = ("ok", 5)
    assert unwrap(result) == 5


def test_unwrap_raises_the_error_itself() -> None:
    result: Err = ("error", APIError(404))
    with pytest.raises(APIError) as caught:
        unwrap(result)
    assert caught.value is result[1]


def depth(error: BaseException) -> int:
    count, trace = 0, error.__traceback__
    while trace:
        count, trace = count + 1, trace.tb_next
    return count


def test_unwrapping_again_does_not_grow_the_traceback() -> None:
    result: Err = ("error", APIError(404))
    depths: list[int] = []
    for _ in range(5):
        with pytest.raises(APIError) as caught:
            unwrap(result)
        depths.append(depth(caught.value))
    assert len(set(depths)) == 1
