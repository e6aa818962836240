"""Tokens added up over rows."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

from anthropix_py.types import Row
from anthropix_py.usage import Tokens, add, total


def done(model: str, **usage: Any) -> dict[str, Any]:
    return {
        "custom_id": "a",
        "result": {"type": "succeeded", "message": {"model": model, "usage": usage}},
    }


def tokens(
    input: int | None = None,
    output: int | None = None,
    write: int = 0,
    read: int = 0,
    **kinds: Any,
) -> Tokens:
    """Return the tokens of messages that do not say how much of their output was thinking."""
    return Tokens(input, output, write, read, **{"thinking": None, **kinds})


def iterated(*entries: Any, **usage: Any) -> list[dict[str, Any]]:
    return [done("m", input_tokens=1, output_tokens=2, iterations=list(entries), **usage)]


def entry(type: str, input: int, output: int, **more: Any) -> dict[str, Any]:
    return {"type": type, "input_tokens": input, "output_tokens": output, **more}


def other(kind: str, **content: Any) -> dict[str, Any]:
    return {"custom_id": "a", "result": {"type": kind, **content}}


THOUGHT = {"thinking_tokens": 4}
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}, "request_id": None}

CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Tokens]]] = {
    "no rows": ([], {}),
    "one row": ([done("m", input_tokens=3, output_tokens=5)], {"m": tokens(3, 5)}),
    "two rows of a model": (
        [done("m", input_tokens=3, output_tokens=5), done("m", input_tokens=4, output_tokens=6)],
        {"m": tokens(7, 11)},
    ),
    "kinds apart": (
        [
            done(
                "m",
                input_tokens=1,
                output_tokens=20,
                cache_creation_input_tokens=300,
                cache_read_input_tokens=4000,
                cache_creation={"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
                output_tokens_details={"thinking_tokens": 7},
                server_tool_use={"web_search_requests": 2, "web_fetch_requests": 3},
            )
        ],
        {"m": Tokens(1, 20, 300, 4000, 200, 7, 2, 3)},
    ),
    "models apart": (
        [
            done("m", input_tokens=1, output_tokens=0),
            done("n", input_tokens=2, output_tokens=0),
            done("m", input_tokens=4, output_tokens=0),
        ],
        {"m": tokens(5, 0), "n": tokens(2, 0)},
    ),
    # --- what the server does not say
    # The API sends null for caches and tools that were not used.
    "nulls of what was not used": (
        [
            done(
                "m",
                input_tokens=1,
                output_tokens=2,
                cache_creation_input_tokens=None,
                cache_read_input_tokens=None,
                cache_creation=None,
                server_tool_use=None,
                output_tokens_details=None,
                iterations=None,
            )
        ],
        {"m": tokens(1, 2)},
    ),
    # 0 would be a lie
    "empty usage": ([done("m")], {"m": tokens()}),
    "no usage": (
        [{"result": {"type": "succeeded", "message": {"model": "m"}}}],
        {"m": tokens()},
    ),
    "usage of another type": (
        [{"result": {"type": "succeeded", "message": {"model": "m", "usage": [1, 2]}}}],
        {"m": tokens()},
    ),
    "null input": ([done("m", input_tokens=None, output_tokens=2)], {"m": tokens(None, 2)}),
    "an unknown number makes its sum unknown, and only its own": (
        [done("m", input_tokens=3, output_tokens=5), done("m", output_tokens=6)],
        {"m": tokens(None, 11)},
    ),
    "thinking of one row of two": (
        [
            done(
                "m", input_tokens=1, output_tokens=9, output_tokens_details={"thinking_tokens": 4}
            ),
            done("m", input_tokens=1, output_tokens=9),
        ],
        {"m": tokens(2, 18)},
    ),
    "numbers that are none": (
        [done("m", input_tokens="3", output_tokens=-1, cache_read_input_tokens=True)],
        {"m": tokens(None, None)},
    ),
    "a float": ([done("m", input_tokens=1.5, output_tokens=2)], {"m": tokens(None, 2)}),
    "no model": ([done(cast(Any, None), input_tokens=1, output_tokens=2)], {"": tokens(1, 2)}),
    "empty model": ([done("", input_tokens=1, output_tokens=2)], {"": tokens(1, 2)}),
    # --- the cache
    "writes without a duration": (
        [done("m", input_tokens=1, output_tokens=2, cache_creation_input_tokens=9)],
        {"m": tokens(1, 2, 9, cache_write_1h=None)},
    ),
    "writes whose durations do not say all": (
        [
            done(
                "m",
                input_tokens=1,
                output_tokens=2,
                cache_creation_input_tokens=9,
                cache_creation={"ephemeral_1h_input_tokens": 4, "ephemeral_1d_input_tokens": 5},
            )
        ],
        {"m": tokens(1, 2, 9, cache_write_1h=4)},
    ),
    "durations without their sum": (
        [
            done(
                "m",
                input_tokens=1,
                output_tokens=2,
                cache_creation={"ephemeral_5m_input_tokens": 9, "ephemeral_1h_input_tokens": 1},
            )
        ],
        {"m": tokens(1, 2, 10, cache_write_1h=1)},
    ),
    "durations that exceed their sum": (
        [
            done(
                "m",
                input_tokens=1,
                output_tokens=2,
                cache_creation_input_tokens=3,
                cache_creation={"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 8},
            )
        ],
        {"m": tokens(1, 2, 8, cache_write_1h=8)},
    ),
    # --- iterations
    # The message's own numbers have its calls, and only them.
    "calls are in the numbers already": (
        iterated(entry("message", 1, 1), entry("message", 0, 1)),
        {"m": tokens(1, 2)},
    ),
    "compactions are added": (
        iterated(
            entry("compaction", 100, 10), entry("message", 1, 2), entry("compaction", 200, 20)
        ),
        {"m": tokens(301, 32)},
    ),
    "an advisor counts for its own model": (
        iterated(entry("advisor_message", 50, 5, model="big"), entry("message", 1, 2)),
        {"m": tokens(1, 2), "big": tokens(50, 5)},
    ),
    "an advisor of the same model": (
        iterated(entry("advisor_message", 50, 5, model="m")),
        {"m": tokens(51, 7)},
    ),
    "an advisor without a model": (
        iterated(entry("advisor_message", 50, 5)),
        {"m": tokens(1, 2), "": tokens(50, 5)},
    ),
    "caches of iterations": (
        iterated(
            entry("compaction", 1, 1, cache_read_input_tokens=7, cache_creation_input_tokens=8)
        ),
        {"m": tokens(2, 3, 8, 7, cache_write_1h=None)},
    ),
    "iterations of unknown types are not counted": (
        iterated(entry("daydream", 100, 10), {"type": None}, {}),
        {"m": tokens(1, 2)},
    ),
    "iterations of another form": (iterated(None, 7, "x", []), {"m": tokens(1, 2)}),
    "iterations that are no list": (
        [done("m", input_tokens=1, output_tokens=2, iterations={"type": "compaction"})],
        {"m": tokens(1, 2)},
    ),
    # New kinds of tokens must not be added to the known ones.
    "unknown kinds": (
        [
            done(
                "m",
                input_tokens=1,
                output_tokens=2,
                service_tier="batch",
                server_tool_use={"teleports": 2},
                tea_tokens=7,
            )
        ],
        {"m": tokens(1, 2)},
    ),
    # A float would lose the last digits.
    "huge numbers": (
        [
            done("m", input_tokens=2**70, output_tokens=0),
            done("m", input_tokens=1, output_tokens=0),
        ],
        {"m": tokens(2**70 + 1, 0)},
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
        [
            other("expired"),
            done("m", input_tokens=1, output_tokens=2),
            other("errored", error=ERROR),
        ],
        {"m": tokens(1, 2)},
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


NOT_ROWS: dict[str, Any] = {
    "a text": "abc",
    "None": None,
    "no result": {"custom_id": "a"},
    "a result of another type": {"custom_id": "a", "result": "succeeded"},
    "no type": {"custom_id": "a", "result": {}},
    "succeeded without a message": {"custom_id": "a", "result": {"type": "succeeded"}},
    "a message that is none": {"result": {"type": "succeeded", "message": "Hello"}},
    # the message without its row
    "a message": {"model": "m", "usage": {}},
}


@pytest.mark.parametrize("value", NOT_ROWS.values(), ids=NOT_ROWS)
def test_what_is_not_a_row_is_named_by_its_place(value: Any) -> None:
    with pytest.raises(TypeError, match=r"rows\[1\]: expected a row of results, .*; found "):
        total([cast(Row, other("expired")), value])


ADDED: dict[str, tuple[Tokens, Tokens, Tokens]] = {
    "nothing": (Tokens(), Tokens(), Tokens()),
    "all kinds": (
        Tokens(*range(1, 9)),
        Tokens(*range(10, 90, 10)),
        Tokens(11, 22, 33, 44, 55, 66, 77, 88),
    ),
    "unknown and known": (Tokens(None, 1), Tokens(2, None), Tokens(None, None)),
    "unknown twice": (Tokens(None), Tokens(None), Tokens(None)),
}


@pytest.mark.parametrize(("one", "other", "both"), ADDED.values(), ids=ADDED)
def test_add(one: Tokens, other: Tokens, both: Tokens) -> None:
    assert add(one, other) == add(other, one) == both
    assert type(add(one, other)) is Tokens


# Users take the first four by position.
def test_the_first_kinds_keep_their_places() -> None:
    assert Tokens._fields[:4] == ("input", "output", "cache_write", "cache_read")


# A result iterates over its tag and its value: without this check the error would be about indices.
def test_a_result_in_place_of_rows_says_to_unwrap_it() -> None:
    with pytest.raises(TypeError, match=r"this is a result, \('ok', \.\.\.\), not rows"):
        total(cast(Any, ("ok", [])))
