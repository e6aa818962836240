"""Tokens added up over rows."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

from anthropix_py.types import Row
from anthropix_py.usage import Tokens, total


def done(model: str, **usage: Any) -> dict[str, Any]:
    return {
        "custom_id": "a",
        "result": {"type": "succeeded", "message": {"model": model, "usage": usage}},
    }


def other(kind: str, **content: Any) -> dict[str, Any]:
    return {"custom_id": "a", "result": {"type": kind, **content}}


ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}, "request_id": None}

CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Tokens]]] = {
    "no rows": ([], {}),
    "one row": ([done("m", input_tokens=3, output_tokens=5)], {"m": Tokens(3, 5)}),
    "two rows of a model": (
        [done("m", input_tokens=3, output_tokens=5), done("m", input_tokens=4, output_tokens=6)],
        {"m": Tokens(7, 11)},
    ),
    "kinds apart": (
        [
            done(
                "m",
                input_tokens=1,
                output_tokens=20,
                cache_creation_input_tokens=300,
                cache_read_input_tokens=4000,
            )
        ],
        {"m": Tokens(input=1, output=20, cache_write=300, cache_read=4000)},
    ),
    "models apart": (
        [done("m", input_tokens=1), done("n", input_tokens=2), done("m", input_tokens=4)],
        {"m": Tokens(5), "n": Tokens(2)},
    ),
    # The API sends null for kinds that were not used.
    "nulls": (
        [
            done(
                "m",
                input_tokens=None,
                cache_creation_input_tokens=None,
                cache_read_input_tokens=None,
            )
        ],
        {"m": Tokens()},
    ),
    "empty usage": ([done("m")], {"m": Tokens()}),
    "empty model": ([done("", input_tokens=1)], {"": Tokens(1)}),
    # New kinds of tokens must not be added to the known ones.
    "unknown kinds": (
        [
            done(
                "m",
                input_tokens=1,
                service_tier="batch",
                cache_creation={"ephemeral_5m_input_tokens": 9},
                server_tool_use={"web_search_requests": 2},
                tea_tokens=7,
            )
        ],
        {"m": Tokens(1)},
    ),
    # A float would lose the last digits.
    "huge numbers": (
        [done("m", input_tokens=2**70), done("m", input_tokens=1)],
        {"m": Tokens(2**70 + 1)},
    ),
    "errored": ([other("errored", error=ERROR)], {}),
    "canceled": ([other("canceled")], {}),
    "expired": ([other("expired")], {}),
    # A new outcome must not be taken for a success.
    "unknown outcome": (
        [other("vanished", message={"model": "m", "usage": {"input_tokens": 1}})],
        {},
    ),
    "mixed": (
        [other("expired"), done("m", output_tokens=2), other("errored", error=ERROR)],
        {"m": Tokens(0, 2)},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_total_of_rows(case: tuple[list[dict[str, Any]], dict[str, Tokens]]) -> None:
    rows, expected = case
    assert total(cast("list[Row]", rows)) == expected


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rows_from_a_generator_are_read_and_not_changed(
    case: tuple[list[dict[str, Any]], dict[str, Tokens]],
) -> None:
    rows, expected = case
    before = copy.deepcopy(rows)
    assert total(cast(Row, row) for row in rows) == expected
    assert rows == before


def test_order_of_models_is_that_of_the_rows() -> None:
    rows = [done("z", input_tokens=1), done("a", input_tokens=1), done("z", input_tokens=1)]
    assert list(total(cast("list[Row]", rows))) == ["z", "a"]


# A result iterates over its tag and its value: without this check the error would be about indices.
def test_a_result_in_place_of_rows_says_to_unwrap_it() -> None:
    with pytest.raises(TypeError, match=r"this is a result, \('ok', \.\.\.\), not rows"):
        total(cast(Any, ("ok", [])))
