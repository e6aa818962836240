"""Results: unwrapping them."""

from __future__ import annotations

from typing import Any

import pytest

from anthropix_py.errors import APIError
from anthropix_py.result import Err, Ok, unwrap


def test_unwrap_returns_the_value() -> None:
    result: Ok[int] = ("ok", 5)
    assert unwrap(result) == 5


# "ok" itself: its first letter must not be taken for a tag
@pytest.mark.parametrize(
    "value", [{"id": "msgbatch_1"}, None, "ok", [], ("ok",), ("done", 5)], ids=repr
)
def test_unwrap_of_anything_else_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match=r'unwrap takes a result, \("ok", value\) or'):
        unwrap(value)


def depth(error: BaseException) -> int:
    count, trace = 0, error.__traceback__
    while trace:
        count, trace = count + 1, trace.tb_next
    return count


def test_unwrap_raises_the_error_itself_and_its_traceback_does_not_grow() -> None:
    result: Err = ("error", APIError(404))
    depths: list[int] = []
    for _ in range(5):
        with pytest.raises(APIError) as caught:
            unwrap(result)
        assert caught.value is result[1]
        depths.append(depth(caught.value))
    assert len(set(depths)) == 1
