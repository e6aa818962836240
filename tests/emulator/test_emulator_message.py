"""Messages without a model: the default reply, keys in order, ids, tokens and the prompt cache."""

from __future__ import annotations

import re
from typing import Any

import pytest
from emulator_samples import PARAMS, cases
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator._message import default_reply, message, prompt_text, tokens


def asked(content: object, custom_id: str = "a", **params: Any) -> dict[str, Any]:
    """Return a request whose last message has *content*."""
    messages = [{"role": "user", "content": "first"}, {"role": "user", "content": content}]
    return {"custom_id": custom_id, "params": {**PARAMS, "messages": messages, **params}}


def text(content: str) -> dict[str, str]:
    return {"type": "text", "text": content}


QUOTED: dict[str, tuple[object, str]] = {
    "text": ("hi", "hi"),
    "empty": ("", ""),
    "spaces": ("  a \n\t b\u00a0", "a b"),
    "200 characters": ("x" * 200, "x" * 200),
    "201 characters": ("x" * 201, "x" * 200),
    "no blocks": ([], ""),
    "blocks": ([text("a"), text("b")], "a b"),
    "image": ([{"type": "image", "source": {}}], ""),
    "image and text": ([{"type": "image"}, text("what?")], "what?"),
}


@cases("content, quoted", QUOTED)
def test_the_default_reply_quotes_the_last_message(content: object, quoted: str) -> None:
    assert default_reply(asked(content)) == f"You asked: {quoted}"


def test_blocks_are_joined_by_newlines() -> None:
    assert prompt_text(asked([text("a"), text(""), text("b")])["params"]) == "a\n\nb"


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
NOTE = {"name": "note", "input_schema": PERSON}
SEARCH = {"type": "web_search_20260209", "name": "web_search"}
TOOLS = [{"type": "mcp_toolset", "mcp_server_name": "x"}, SEARCH, NOTE]
FORCED: dict[str, tuple[Any, str | None, Any]] = {
    "tool": ({"type": "tool", "name": "note"}, "note", {"name": "example", "age": 1}),
    "tool of the server": ({"type": "tool", "name": "web_search"}, "web_search", {}),
    "any": ({"type": "any"}, "web_search", {}),
    "auto": ({"type": "auto"}, None, None),
    "none": (None, None, None),
}


@cases("choice, name, value", FORCED)
def test_a_forced_tool_is_used(choice: Any, name: str | None, value: Any) -> None:
    reply = default_reply(asked("hi", tools=TOOLS, tool_choice=choice))
    if name is None:
        assert reply == "You asked: hi"
        return
    assert isinstance(reply, dict)
    [block] = reply["content"]
    assert reply["stop_reason"] == "tool_use"
    assert list(block) == ["type", "id", "name", "input"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", name, value)
    assert re.fullmatch(r"toolu_01[0-9a-zA-Z]{22}", block["id"])


FORMATS: dict[str, tuple[Any, str]] = {
    "schema": (
        {"format": {"type": "json_schema", "schema": PERSON}},
        '{"name": "example", "age": 1}',
    ),
    "no schema": ({"format": {"type": "json_schema"}}, "{}"),
    "other type": ({"format": {"type": "text"}}, "You asked: hi"),
    "effort alone": ({"effort": "low"}, "You asked: hi"),
    "null": (None, "You asked: hi"),
    "format null": ({"format": None}, "You asked: hi"),
}


@cases("config, text", FORMATS)
def test_an_output_format_is_followed(config: Any, text: str) -> None:
    assert default_reply(asked("hi", output_config=config)) == text


def made(request: dict[str, Any], content: str = "x", outcome: str = "succeeded") -> dict[str, Any]:
    """Return a message of *content* alone."""
    return message(request, {"content": [text(content)]}, outcome, set())


USAGE = [
    *("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("cache_creation", "output_tokens", "service_tier", "inference_geo"),
]


def test_the_keys_are_in_the_recorded_order() -> None:
    found = made(asked("hi"))
    assert list(found) == [
        *("model", "id", "type", "role", "content", "stop_reason", "stop_sequence"),
        *("stop_details", "usage"),
    ]
    assert (found["type"], found["role"], found["model"]) == ("message", "assistant", "m")
    assert (found["stop_reason"], found["stop_sequence"]) == ("end_turn", None)
    assert found["stop_details"] is None
    assert list(found["usage"]) == USAGE
    assert found["usage"]["service_tier"] == "batch"


MODELS: dict[str, tuple[str, str]] = {
    "alias": ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
    "dated": ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
    "without a date": ("claude-opus-5", "claude-opus-5"),
    "unknown": ("claude-next", "claude-next"),
}


@cases("model, found", MODELS)
def test_an_alias_becomes_the_id_of_its_model(model: str, found: str) -> None:
    assert made(asked("hi", model=model))["model"] == found


def test_usage_of_newer_models_and_of_a_geography() -> None:
    usage = made(asked("hi", model="claude-opus-5", inference_geo="us"))["usage"]
    assert usage["output_tokens_details"] == {"thinking_tokens": 0}
    assert usage["inference_geo"] == "us"
    assert made(asked("hi"))["usage"]["inference_geo"] == "not_available"


@pytest.mark.parametrize("content", ["", "x", "caf\u00e9 \u2028\n\0", "\ud800", "x" * 100_000])
def test_the_tokens_of_a_text(content: str) -> None:
    request = asked("hi")
    found = made(request, content)
    assert found["content"] == [text(content)]
    assert found["usage"]["input_tokens"] == tokens(request["params"])
    assert found["usage"]["output_tokens"] == tokens(content)


USED = {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}}
STOPS: dict[str, tuple[str, str, list[Any], int]] = {
    "succeeded": ("succeeded", "tool_use", [text("0123456789"), USED], 4 + tokens(USED)),
    "max_tokens": ("max_tokens", "max_tokens", [text("01234567"), USED], 2),
    "refusal": ("refusal", "refusal", [], 1),
}


@cases("outcome, stop_reason, content, output_tokens", STOPS)
def test_an_outcome_wins_against_the_reply(
    outcome: str, stop_reason: str, content: list[Any], output_tokens: int
) -> None:
    fields = {"content": [text("0123456789"), USED], "stop_reason": "tool_use"}
    found = message(asked("hi", max_tokens=2), fields, outcome, set())
    assert (found["content"], found["stop_reason"]) == (content, stop_reason)
    assert found["usage"]["output_tokens"] == output_tokens


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("a", "x"), ("a", "x"), True),
        (("a", "x"), ("b", "x"), False),
        (("a", "x"), ("a", "y"), False),
        (("a", "\ud800"), ("a", "x"), False),
        (("a", ""), ("a", " "), False),
    ],
    ids=["same", "custom_id", "text", "surrogate", "blank"],
)
def test_the_id_follows_from_the_content(
    one: tuple[str, str], other: tuple[str, str], same: bool
) -> None:
    ids = [made(asked("hi", id), content)["id"] for id, content in (one, other)]
    assert (ids[0] == ids[1]) is same
    assert all(id.startswith("msg_01") and len(id) == 28 for id in ids)


CACHED = {"cache_control": {"type": "ephemeral"}}
PREFIXES: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing marked": ({"system": "long " * 50}, False),
    "system": ({"system": [{**text("long " * 50), **CACHED}]}, True),
    "tool": ({"tools": [{"name": "look", "input_schema": {}, **CACHED}]}, True),
    "message": ({"messages": [{"role": "user", "content": [{**text("hi"), **CACHED}]}]}, True),
}


@cases("params, marked", PREFIXES)
def test_a_marked_prefix_is_written_once_and_then_read(
    params: dict[str, Any], marked: bool
) -> None:
    cached: set[str] = set()
    first, second, other = (
        message(asked("hi", **{**params, **more}), {}, "succeeded", cached)["usage"]
        for more in ({}, {}, {"model": "another"})
    )
    assert (first["cache_creation_input_tokens"] > 0) is marked
    assert first["cache_creation_input_tokens"] == second["cache_read_input_tokens"]
    assert first["cache_read_input_tokens"] == second["cache_creation_input_tokens"] == 0
    assert first["input_tokens"] == second["input_tokens"] >= 1
    assert other["cache_creation_input_tokens"] == first["cache_creation_input_tokens"]
    written = first["cache_creation_input_tokens"]
    assert first["cache_creation"]["ephemeral_5m_input_tokens"] == written


@given(
    st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner), max_leaves=9)
)
def test_tokens_are_at_least_one_and_grow(value: object) -> None:
    assert 1 <= tokens(value) <= tokens([value, "four"])
