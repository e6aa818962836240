"""JSON answers: the value, or where it does not fit what was expected."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest
from samples import error_in, table

from anthropix_py import MissingExtra, rows
from anthropix_py.rows import AnswerError


def row(*content: object, stop: str = "end_turn") -> dict[str, Any]:
    message = {"content": list(content), "stop_reason": stop}
    return {"custom_id": "a", "result": {"type": "succeeded", "message": message}}


def said(text: str) -> dict[str, Any]:
    return row({"type": "text", "text": text})


def use(name: object, input: object) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": input}


def errored(message: str) -> dict[str, Any]:
    error = {"type": "error", "error": {"type": "api_error", "message": message}}
    return {"custom_id": "a", "result": {"type": "errored", "error": error}}


FENCE = "```"
PERSON = {"name": "Ada", "age": 36}
JSON_TEXT = '{"name": "Ada", "age": 36}'
GOOD: dict[str, tuple[dict[str, Any], Any]] = {
    "an object": (said(JSON_TEXT), PERSON),
    "space around it": (said(f"\n {JSON_TEXT}\n"), PERSON),
    "null is a value": (said("null"), None),
    "a number": (said("12"), 12),
    "an integer of any size": (said(str(10**30)), 10**30),
    "the word NaN inside a text": (said('["NaN", "Infinity"]'), ["NaN", "Infinity"]),
    "a fence": (said(f"{FENCE}json\n{JSON_TEXT}\n{FENCE}"), PERSON),
    "a fence without a name": (said(f"{FENCE}\n{JSON_TEXT}\n{FENCE}\n"), PERSON),
    "a fence of carriage returns": (said(f"{FENCE}JSON\r\n{JSON_TEXT}\r\n{FENCE}"), PERSON),
    "a fence inside a text": (said('{"code": "```\\nx\\n```"}'), {"code": "```\nx\n```"}),
    "text in two blocks": (
        row({"type": "text", "text": '{"name": "Ada",'}, {"type": "text", "text": '"age": 36}'}),
        PERSON,
    ),
    "a tool use": (row(use("person", PERSON), stop="tool_use"), PERSON),
    "a tool use after text": (
        row({"type": "text", "text": "I call it."}, use("person", PERSON)),
        PERSON,
    ),
    "a tool use without input": (row(use("person", {})), {}),
}


@table("row, expected", GOOD)
def test_value(row: dict[str, Any], expected: Any) -> None:
    assert rows.json(row) == ("ok", expected)


TWO_USES = row(use("person", PERSON), use("place", {"x": 1}))
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "prose": (
        said("The answer is 12."),
        "expected JSON; found 'The answer is 12.': Expecting value",
    ),
    "prose around a fence": (
        said(f"Here:\n{FENCE}json\n12\n{FENCE}"),
        "expected JSON; found 'Here:",
    ),
    "prose after a fence": (said(f"{FENCE}json\n12\n{FENCE}\nDone."), "expected JSON"),
    "two fences": (said(f"{FENCE}\n1\n{FENCE}\n{FENCE}\n2\n{FENCE}"), "expected JSON"),
    "a fence that is not closed": (said(f"{FENCE}json\n12"), "expected JSON"),
    "two values": (said("1 2"), "Extra data"),
    "a trailing comma": (said("[1,]"), "expected JSON"),
    "NaN": (said("[NaN]"), "NaN is not JSON"),
    "minus infinity": (said("-Infinity"), "-Infinity is not JSON"),
    "an empty text": (said(""), "expected JSON; found ''"),
    "no content": (row(), "found neither text nor a tool use"),
    # a number that is cut off is JSON too
    "truncated": (row({"type": "text", "text": "12"}, stop="max_tokens"), "it is cut off"),
    "a tool use that is truncated": (row(use("x", {"a": 1}), stop="max_tokens"), "it is cut off"),
    "refused": (row(stop="refusal"), "the model refused"),
    "paused": (row({"type": "text", "text": "1"}, stop="pause_turn"), "the server paused"),
    "canceled": ({"custom_id": "a", "result": {"type": "canceled"}}, "the request is canceled"),
    "errored": (errored("no"), "the request is errored (api_error: 'no')"),
    "errored at length": (errored("no" * 5_000), "characters)"),
    "two tool uses": (TWO_USES, "expected one tool use, or tool=; found 2: 'person', 'place'"),
    "a long text": (said("x" * 100_000), "(100,002 characters)"),
}


@table("row, message", BAD)
def test_no_value(row: dict[str, Any], message: str) -> None:
    error = error_in(rows.json(row), AnswerError, message)
    assert (error.custom_id, error.pointer) == ("a", None)
    assert str(error).startswith("the answer of 'a': ")
    assert len(str(error)) < 400
    assert error.__traceback__ is None
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


TOOLS: dict[str, tuple[dict[str, Any], str, object]] = {
    "the one of two": (TWO_USES, "place", {"x": 1}),
    "another": (TWO_USES, "city", "a use of the tool 'city'; found 'person', 'place'"),
    "none": (said("{}"), "city", "a use of the tool 'city'; found none"),
    "the same twice": (
        row(use("city", 1), use("city", 2)),
        "city",
        "one use of it; found 2: 'city', 'city'",
    ),
    "a name that is a number": (row(use(5, 1)), "city", "found 5"),
}


@table("row, tool, expected", TOOLS)
def test_a_tool_by_its_name(row: dict[str, Any], tool: str, expected: object) -> None:
    found = rows.json(row, tool=tool)
    if isinstance(expected, str):
        error_in(found, AnswerError, expected)
    else:
        assert found == ("ok", expected)


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["x", "y"]}},
        "a/b": {"type": "null"},
    },
    "required": ["name"],
    "additionalProperties": False,
}
FITS: dict[str, tuple[str, str | None, str]] = {
    "it fits": (JSON_TEXT, None, ""),
    "another type": ('{"name": "Ada", "age": "old"}', "/age", "'old' is not of type 'integer'"),
    "out of range": ('{"name": "Ada", "age": -1}', "/age", "-1 is less than the minimum of 0"),
    "in a list": ('{"name": "Ada", "tags": ["x", "z"]}', "/tags/1", "'z' is not one of ['x', 'y']"),
    "a key to be escaped": ('{"name": "Ada", "a/b": 1}', "/a~1b", "not of type 'null'"),
    "a key that is missing": ("{}", "", "'name' is a required property"),
    "a key too many": ('{"name": "Ada", "sex": 1}', "", "'sex' was unexpected"),
    "another type at the top": ("[1, 2]", "", "not of type 'object'"),
    "a long value": ('{"name": "Ada", "age": "%s"}' % ("x" * 9_000), "/age", "(9,002 characters)"),
}


@table("text, pointer, message", FITS)
def test_a_schema(text: str, pointer: str | None, message: str) -> None:
    for source in (said(text), row(use("person", rows.json(said(text))[1]))):
        found = rows.json(source, SCHEMA)
        if pointer is None:
            assert found == ("ok", PERSON)
            continue
        error = error_in(found, AnswerError, message)
        assert error.pointer == pointer
        assert f"the answer of 'a'{pointer and f' at {pointer}'}: " in str(error)
        assert len(str(error)) < 400


REMOTE = {"$ref": "http://127.0.0.1:9/schema.json"}
SCHEMAS: dict[str, tuple[Any, str]] = {
    "an unknown type": ({"type": "text"}, "schema is not valid at /type: 'text' is not valid"),
    "a list": ([], "schema is not valid"),
    "a fault inside": (
        {"properties": {"a": {"minimum": "x"}}},
        "schema is not valid at /properties/a/minimum:",
    ),
    # against a schema that is fetched from somewhere
    "a reference to another document": (REMOTE, "schema refers to what it does not hold"),
    "a reference to nothing": ({"$ref": "#/$defs/x"}, "schema refers to what it does not hold"),
}


@table("schema, message", SCHEMAS)
def test_a_bad_schema_raises(schema: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("$", r"\$")):
        rows.json(said("{}"), schema)


def test_a_schema_of_false_refuses_everything() -> None:
    error_in(rows.json(said("{}"), schema=False), AnswerError, "False schema")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("jsonschema", "jsonschema.exceptions", "jsonschema.validators"):
        monkeypatch.setitem(sys.modules, name, None)
    assert rows.json(said("12")) == ("ok", 12)
    _, error = rows.json(said("12"), {"type": "integer", "title": "not made before"})
    assert isinstance(error, MissingExtra)
    assert str(error) == (
        "rows.json with a schema needs jsonschema: pip install 'anthropix_py[schema]'"
    )
