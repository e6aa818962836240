"""Faults in params, which become errored rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from emulator_samples import PARAMS, cases

from anthropix_py.emulator._params import Rules, fault
from anthropix_py.validate._look import NEWER

HI = PARAMS["messages"]
OLDER = "2023-06-01"


def but(**changes: object) -> dict[str, Any]:
    return {**PARAMS, **changes}


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in PARAMS.items() if key not in keys}


def said(content: object, role: object = "user") -> dict[str, Any]:
    return but(messages=[{"role": role, "content": content}])


def tools(*found: object) -> dict[str, Any]:
    return but(tools=list(found))


def message_of(params: Mapping[str, Any], version: str = OLDER, *betas: str) -> str | None:
    found = fault(params, Rules(version, betas))
    if found is None:
        return None
    assert found[0] == "invalid_request_error"
    return found[1]


STRING = "Input should be a valid string"
INTEGER = "max_tokens: Input should be a valid integer"
LEAST = "max_tokens: must be greater than or equal to 1"
LIST = "messages: Input should be a valid list"
OBJECT = "Input should be an object"
BLOCKS = "messages.0.content: Input should be a valid string or list"
TYPED = "messages.0.content.0: Input should be an object with a type"
TOOL = {"name": "look", "input_schema": {"type": "object"}}
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "model: Field required"),
    "no model": (without("model"), "model: Field required"),
    "no max_tokens": (without("max_tokens"), "max_tokens: Field required"),
    "no messages": (without("messages"), "messages: Field required"),
    "model alone": (without("max_tokens", "messages"), "max_tokens: Field required"),
    "model null": (but(model=None), f"model: {STRING}"),
    "model list": (but(model=["m"]), f"model: {STRING}"),
    "model blank": (but(model=""), "model: String should have at least 1 character"),
    "max_tokens 0": (but(max_tokens=0), LEAST),
    "max_tokens -1": (but(max_tokens=-1), LEAST),
    "max_tokens null": (but(max_tokens=None), INTEGER),
    # a bool is an int in Python
    "max_tokens true": (but(max_tokens=True), INTEGER),
    "max_tokens text": (but(max_tokens="1"), INTEGER),
    "max_tokens 1.5": (but(max_tokens=1.5), INTEGER),
    "messages null": (but(messages=None), LIST),
    "messages text": (but(messages="hi"), LIST),
    "messages object": (but(messages={"role": "user"}), LIST),
    "messages empty": (but(messages=[]), "messages: at least one message is required"),
    "message null": (but(messages=[None]), f"messages.0: {OBJECT}"),
    "message text": (but(messages=[*HI, "hi"]), f"messages.1: {OBJECT}"),
    "message empty": (but(messages=[{}]), "messages.0.role: Field required"),
    "no role": (but(messages=[*HI, {"content": "x"}]), "messages.1.role: Field required"),
    "no content": (but(messages=[{"role": "user"}]), "messages.0.content: Field required"),
    "unknown role": (
        said("x", "wizard"),
        "messages.0.role: Input should be one of user, assistant, system",
    ),
    "content null": (said(None), BLOCKS),
    "content number": (said(5), BLOCKS),
    "block of text": (said(["loose"]), TYPED),
    "block without a type": (said([{"text": "x"}]), TYPED),
    "text of a number": (
        said([{"type": "text", "text": 5}]),
        f"messages.0.content.0.text: {STRING}",
    ),
    "temperature": (but(temperature=9), "temperature: range: 0..1"),
    "block of an unknown type": (
        said([{"type": "odd"}]),
        "messages.0.content.0: Input tag 'odd' found using 'type' does not match any of the "
        "expected tags",
    ),
    "stream": (but(stream=True), '"stream=True" is not supported in the Message Batches API'),
    "tools object": (but(tools={}), "tools: Input should be a valid list"),
    "tool text": (tools("look"), f"tools.0: {OBJECT}"),
    "tool without a name": (tools({**TOOL, "name": ""}), "tools.0.custom.name: Field required"),
    "tool twice": (tools(TOOL, TOOL), "tools: Tool names must be unique."),
    "tool without a schema": (
        tools({"name": "look"}),
        "tools.0.custom.input_schema: Field required",
    ),
    "unknown key in a tool": (
        tools({**TOOL, "colour": 1}),
        "tools.0.custom.colour: Extra inputs are not permitted",
    ),
    "tool_choice of no tool": (
        {**tools(TOOL), "tool_choice": {"type": "tool", "name": "does_not_exist"}},
        "Tool 'does_not_exist' not found in provided tools",
    ),
    "tool_choice without tools": (
        but(tool_choice={"type": "tool", "name": "look"}),
        "Tool 'look' not found in provided tools",
    ),
    "tool_choice text": (but(tool_choice="any"), f"tool_choice: {OBJECT}"),
    "unknown key": (but(unheard_of=1), "unheard_of: Extra inputs are not permitted"),
    # the first one is named
    "three faults": (but(model=None, max_tokens=0, stream=True), f"model: {STRING}"),
}
UNSUPPORTED = [
    *("speed", "store", "cache_hint", "context_hint", "fallbacks", "previous_thread_event_id"),
    # arguments of an SDK that do not belong in params
    *("betas", "extra_body", "extra_headers", "extra_query", "timeout"),
]


@cases("params, message", FAULTS)
def test_a_fault(params: dict[str, Any], message: str) -> None:
    assert message_of(params) == message


@pytest.mark.parametrize("key", UNSUPPORTED)
def test_a_key_that_batches_do_not_support(key: str) -> None:
    message = f"{key}: Extra inputs are not permitted"
    assert message_of(but(**{key: None})) == message
    assert message_of(but(**{key: None}), OLDER, "any-beta") == message


FAULTLESS: dict[str, dict[str, Any]] = {
    "plain": PARAMS,
    "stream false": but(stream=False),
    "stream null": but(stream=None),
    "max_tokens large": but(max_tokens=10**12),
    "empty content": but(messages=[*HI, {"role": "assistant", "content": []}]),
    "tool": tools(TOOL),
    "tool of the server without a name": tools({"type": "mcp_toolset", "mcp_server_name": "x"}),
    "tool of the server": tools({"type": "web_search_20260209", "name": "web_search"}),
}


@cases("params", FAULTLESS)
def test_params_without_a_fault(params: dict[str, Any]) -> None:
    assert fault(params, Rules(models=["m"])) is None
    assert fault(params, Rules()) is None
    assert fault(params, Rules(models=[])) == ("not_found_error", "model: m")


def test_all_keys_of_the_api_are_accepted() -> None:
    """The 18 keys of the OpenAPI document."""
    keys = ["container", "inference_geo", "metadata", "output_config", "service_tier", "system"]
    keys += ["stop_sequences", "stream", "thinking", "tool_choice", "cache_control"]
    params = but(**dict.fromkeys(keys), temperature=1, top_k=1, top_p=1, tools=[])
    assert len(params) == 18
    assert message_of(params) is None


BETAS: dict[str, dict[str, Any]] = {
    "key": but(unheard_of=1),
    "key of a tool": tools({**TOOL, "colour": 1}),
}


@cases("params", BETAS)
def test_a_beta_may_add_any_key(params: dict[str, Any]) -> None:
    assert message_of(params, OLDER, "any-beta") is None


HAIKU = "claude-haiku-4-5-20251001"
CEILINGS: dict[str, tuple[str, int, list[str], str | None]] = {
    "recorded": ("claude-haiku-4-5", 9_999_999, [], f"9999999 > 64000, WHICH for {HAIKU}"),
    "dated": (HAIKU, 64_001, [], f"64001 > 64000, WHICH for {HAIKU}"),
    "just fits": (HAIKU, 64_000, [], None),
    "newer": ("claude-opus-5", 128_001, [], "128001 > 128000, WHICH for claude-opus-5"),
    "long": (HAIKU, 300_000, ["a", "output-300k-2026-03-24"], None),
    "too long": (HAIKU, 300_001, ["output-300k-2026-03-24"], f"300001 > 300000, WHICH for {HAIKU}"),
    "other beta": (HAIKU, 64_001, ["a"], f"64001 > 64000, WHICH for {HAIKU}"),
    "unknown model": ("m", 10**12, ["output-300k-2026-03-24"], None),
}


@cases("model, max_tokens, betas, message", CEILINGS)
def test_the_ceiling_of_a_model(
    model: str, max_tokens: int, betas: list[str], message: str | None
) -> None:
    which = "which is the maximum allowed number of output tokens"
    expected = message and f"max_tokens: {message.replace('WHICH', which)}"
    assert message_of(but(model=model, max_tokens=max_tokens), OLDER, *betas) == expected


DOCUMENT = {"type": "document", "source": {"type": "file", "file_id": "f"}}
CITED = {"type": "text", "text": "x", "citations": [{}]}
REFUSED_BY_NEWER: dict[str, tuple[dict[str, Any], str]] = {
    "temperature": (but(temperature=1), "temperature: Extra inputs are not permitted"),
    "top_p": (but(top_p=1), "top_p: Extra inputs are not permitted"),
    "top_k": (but(top_k=1), "top_k: Extra inputs are not permitted"),
    "document": (
        said([DOCUMENT], "assistant"),
        "messages.0.content.0: documents are not permitted in assistant messages",
    ),
    "citations": (
        said([CITED]),
        "messages.0.content.0.citations: Extra inputs are not permitted",
    ),
}


@cases("params, message", REFUSED_BY_NEWER)
def test_what_only_the_newer_version_refuses(params: dict[str, Any], message: str) -> None:
    assert (message_of(params), message_of(params, NEWER)) == (None, message)


@pytest.mark.parametrize("params", [said([DOCUMENT]), said([CITED], "assistant")])
def test_what_the_newer_version_accepts_in_the_other_role(params: dict[str, Any]) -> None:
    assert message_of(params, NEWER) is None
