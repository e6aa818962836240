"""What a row says: its text, its outcome, its flat columns; no row of a server makes them fail."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from samples import table

from anthropix_py import batch, emulator, rows, unwrap
from anthropix_py.emulator import ManualClock
from anthropix_py.rows import _flat

USAGE = {
    "input_tokens": 12,
    "output_tokens": 3,
    "cache_creation_input_tokens": 7,
    "cache_read_input_tokens": 0,
    "service_tier": "batch",
}


def said(*content: object, stop: object = "end_turn", **fields: Any) -> dict[str, Any]:
    """Return a row that succeeded, with *content*."""
    message = {
        "id": "msg_1",
        "model": "claude-haiku-4-5-20251001",
        "content": list(content),
        "stop_reason": stop,
        "usage": USAGE,
        **fields,
    }
    return {"custom_id": "a", "result": {"type": "succeeded", "message": message}}


def of(**result: Any) -> dict[str, Any]:
    return {"custom_id": "a", "result": result}


def texts(*parts: object) -> list[dict[str, object]]:
    return [{"type": "text", "text": part} for part in parts]


ERROR = {
    "type": "error",
    "error": {"type": "invalid_request_error", "message": "max_tokens: no"},
    "request_id": "workerreq_1",
}
THINKING = {"type": "thinking", "thinking": "hm", "signature": "x"}
TOOL_USE = {"type": "tool_use", "id": "t", "name": "label", "input": {}}

TEXTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "one block": (said(*texts("yes")), "yes"),
    "several blocks, as citations split them": (said(*texts("a", "b", "c")), "abc"),
    "not in the first block": (said(THINKING, *texts("yes")), "yes"),
    "an empty text is a text": (said(*texts("")), ""),
    "a refusal without content": (said(stop="refusal"), None),
    "a tool use alone": (said(TOOL_USE, stop="tool_use"), None),
    "content is null": (said(content=None), None),
    "content is text": (said(content="yes"), None),
    "blocks of strange types": (said("x", None, 5, {"type": "text"}, *texts(None, 7)), None),
    "no message": (of(type="succeeded"), None),
    "a message that is null": (of(type="succeeded", message=None), None),
    "errored": (of(type="errored", error=ERROR), None),
    "errored, with a message all the same": (
        of(type="errored", message={"content": texts("x")}),
        None,
    ),
    "canceled": (of(type="canceled"), None),
}


@table("row, expected", TEXTS)
def test_text(row: dict[str, Any], expected: str | None) -> None:
    assert rows.text(row) == expected
    assert rows.flat(row)["text"] == expected


OUTCOMES: dict[str, tuple[dict[str, Any], str]] = {
    "end_turn": (said(), "succeeded"),
    "stop_sequence": (said(stop="stop_sequence"), "succeeded"),
    "tool_use": (said(TOOL_USE, stop="tool_use"), "succeeded"),
    "a reason of the future": (said(stop="tired"), "succeeded"),
    "no reason": (said(stop=None), "succeeded"),
    # a value that cannot be looked up in a dict
    "a reason that is a list": (said(stop=[]), "succeeded"),
    "no message at all": (of(type="succeeded"), "succeeded"),
    "max_tokens": (said(*texts("ye"), stop="max_tokens"), "truncated"),
    "the context window": (said(stop="model_context_window_exceeded"), "truncated"),
    "refusal": (said(stop="refusal"), "refused"),
    "pause_turn": (said(stop="pause_turn"), "paused"),
    "errored": (of(type="errored", error=ERROR), "errored"),
    "canceled": (of(type="canceled"), "canceled"),
    "expired": (of(type="expired"), "expired"),
    "a type of the future": (of(type="postponed"), "postponed"),
    "no type": (of(), "unknown"),
    "a type that is a number": (of(type=5), "unknown"),
}


@table("row, expected", OUTCOMES)
def test_outcome(row: dict[str, Any], expected: str) -> None:
    assert rows.outcome(row) == expected
    assert rows.flat(row)["outcome"] == expected


NOTHING: dict[str, Any] = dict.fromkeys(_flat.NAMES)
GOOD = {
    **NOTHING,
    **USAGE,
    "custom_id": "a",
    "outcome": "succeeded",
    "text": "yes",
    "stop_reason": "end_turn",
    "model": "claude-haiku-4-5-20251001",
    "message_id": "msg_1",
}
NO_TOKENS = dict.fromkeys(USAGE)
ERRORED = {**NOTHING, "custom_id": "a", "outcome": "errored"}
FLAT: dict[str, tuple[Mapping[str, Any], dict[str, Any]]] = {
    "a good row": (said(*texts("yes")), GOOD),
    "a row that is not a dict": (MappingProxyType(said(*texts("yes"))), GOOD),
    "unknown fields": ({**said(*texts("yes"), new=1), "new": 2}, GOOD),
    "errored": (
        of(type="errored", error=ERROR),
        {
            **ERRORED,
            "error_type": "invalid_request_error",
            "error_message": "max_tokens: no",
            "request_id": "workerreq_1",
        },
    ),
    # against None where the server writes null
    "an error without its id": (
        of(type="errored", error={**ERROR, "request_id": None}),
        {**ERRORED, "error_type": "invalid_request_error", "error_message": "max_tokens: no"},
    ),
    "an error that is nested once": (
        of(type="errored", error={"type": "api_error", "message": "no"}),
        {**ERRORED, "error_type": "api_error", "error_message": "no"},
    ),
    "an error that is text": (of(type="errored", error="no"), ERRORED),
    "an error of null": (of(type="errored", error=None), ERRORED),
    "an error of numbers": (
        of(type="errored", error={"error": {"type": 5, "message": []}}),
        ERRORED,
    ),
    "canceled": (of(type="canceled"), {**NOTHING, "custom_id": "a", "outcome": "canceled"}),
    "usage is missing": (said(*texts("yes"), usage=None), {**GOOD, **NO_TOKENS}),
    "usage is text": (said(*texts("yes"), usage="12"), {**GOOD, **NO_TOKENS}),
    # against 0 where the server did not say
    "a cache of null": (
        said(*texts("yes"), usage={**USAGE, "cache_read_input_tokens": None}),
        {**GOOD, "cache_read_input_tokens": None},
    ),
    "tokens that are no integers": (
        said(*texts("yes"), usage={**USAGE, "input_tokens": "12", "output_tokens": True}),
        {**GOOD, "input_tokens": None, "output_tokens": None},
    ),
    "tokens beyond 64 bits": (
        said(*texts("yes"), usage={**USAGE, "input_tokens": 10**30}),
        {**GOOD, "input_tokens": 10**30},
    ),
    "a model that is a dict": (said(*texts("yes"), model={}), {**GOOD, "model": None}),
    "nothing in the message": (
        of(type="succeeded", message={}),
        {**NOTHING, "custom_id": "a", "outcome": "succeeded"},
    ),
}


@table("row, expected", FLAT)
def test_flat(row: Mapping[str, Any], expected: dict[str, Any]) -> None:
    found = rows.flat(row)
    assert found == expected
    assert tuple(found) == _flat.NAMES


def test_the_columns_are_those_of_version_1() -> None:
    texts = ("custom_id", "outcome", "text", "stop_reason", "model", "message_id", "service_tier")
    cache = ("cache_creation_input_tokens", "cache_read_input_tokens")
    integers = ("input_tokens", "output_tokens", *cache)
    errors = ("error_type", "error_message", "request_id")
    kinds = {**dict.fromkeys(texts, "text"), **dict.fromkeys(integers, "integer")}
    kinds |= dict.fromkeys(errors, "text")
    assert rows.VERSION == 1
    assert [(column.name, column.kind) for column in rows.COLUMNS] == [*kinds.items()]
    assert all(column.meaning for column in rows.COLUMNS)


NOT_ROWS: dict[str, tuple[Any, str]] = {
    "None": (None, "not None"),
    "text": ('{"custom_id": "a"}', "not '{"),
    "a list": ([said()], "not a value of type list"),
    "a result": (("ok", said()), "this is a result, .*unwrap it first"),
    "an empty dict": ({}, "not a dict with the keys none"),
    "a request": ({"custom_id": "a", "params": {}}, "with the keys 'custom_id', 'params'"),
    "no custom_id": ({"result": {"type": "canceled"}}, "with the keys 'result'"),
    "an id that is a number": ({"custom_id": 5, "result": {}}, "row must be a row of results"),
    "a result of null": ({"custom_id": "a", "result": None}, "row must be a row of results"),
    "a message": (said()["result"]["message"], "with the keys 'id', 'model', 'content'"),
}


@pytest.mark.parametrize("read", [rows.text, rows.outcome, rows.flat, rows.json])
@table("row, message", NOT_ROWS)
def test_what_is_not_a_row_raises(read: Any, row: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        read(row)


# the rows that the emulator can make, which are those of the API
EMULATED = {
    "succeeded": "succeeded",
    "refusal": "refused",
    "max_tokens": "truncated",
    "errored": "errored",
    "canceled": "canceled",
    "expired": "expired",
}


@table("made, expected", {name: (name, found) for name, found in EMULATED.items()})
def test_outcomes_of_the_emulator(made: str, expected: str) -> None:
    from anthropix_py import init

    store = emulator.Store(outcomes={made: 1.0}, clock=ManualClock())
    client = init("any", transport=emulator.transport(store), clock=store.clock)
    params = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    created = unwrap(batch.create(client, [{"custom_id": "a", "params": params}]))
    [row] = unwrap(batch.results(client, unwrap(batch.wait(client, created))))
    found = rows.flat(row)
    assert found["outcome"] == expected
    assert (found["error_type"] is not None) == (made == "errored")
    assert (found["input_tokens"] is not None) == (row["result"]["type"] == "succeeded")
