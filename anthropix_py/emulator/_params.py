"""The faults that the API finds in the params of a request, which it checks only while processing.

The faults are documented. The messages are recorded (C) or assumed (A); which fault is reported
first is assumed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ._models import known

NEWER = "2026-10-21"  # the API version with more refusals

_KEYS = (
    *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking"),
    *("temperature", "top_p", "top_k", "stop_sequences", "stream", "metadata", "service_tier"),
    *("container", "inference_geo", "output_config", "cache_control"),
)
_KEYS_OF_A_TOOL = (
    *("type", "name", "description", "input_schema", "cache_control", "strict", "defer_loading"),
    *("input_examples", "allowed_callers", "eager_input_streaming"),
)
_UNSUPPORTED = (
    *("speed", "store", "cache_hint", "context_hint", "fallbacks", "previous_thread_event_id"),
    *("betas", "extra_body", "extra_headers", "extra_query", "timeout"),
)
_UNSUPPORTED_BY_NEWER = ("temperature", "top_p", "top_k")
_ROLES = ("user", "assistant", "system")

Fault = tuple[str, str]
"""(error type, message)."""


class Rules(NamedTuple):
    """What decides how params are checked. *models*: those that exist, None for any."""

    version: str = "2023-06-01"
    betas: Collection[str] = ()
    models: Collection[str] | None = None


def fault(params: Mapping[str, Any], rules: Rules) -> Fault | None:
    """Return the first fault of *params*, None if there is none."""
    message = next(_faults(params, rules), None)
    if message is not None:
        return "invalid_request_error", message
    if rules.models is not None and params["model"] not in rules.models:
        return "not_found_error", f"model: {params['model']}"
    return None


def _faults(params: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    for key in ("model", "max_tokens", "messages"):
        if key not in params:
            yield f"{key}: Field required"
            return
    if not isinstance(params["model"], str):
        yield "model: Input should be a valid string"
        return
    if not params["model"]:
        yield "model: String should have at least 1 character"
    yield from _max_tokens_faults(params["max_tokens"], params["model"], rules)
    yield from _message_faults(params["messages"], rules.version)
    if params.get("stream"):
        yield '"stream=True" is not supported in the Message Batches API'  # (C)
    yield from _tool_faults(params.get("tools", []), rules)
    yield from _tool_choice_faults(params.get("tool_choice"), params.get("tools", []))
    for key in params:
        if not _is_supported(key, rules):
            yield f"{key}: Extra inputs are not permitted"


def _max_tokens_faults(max_tokens: object, model: str, rules: Rules) -> Iterator[str]:
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool):
        yield "max_tokens: Input should be a valid integer"
        return
    if max_tokens < 1:
        yield "max_tokens: must be greater than or equal to 1"  # (C)
    found = known(model)
    ceiling = found.ceiling(rules.betas)
    if ceiling is not None and max_tokens > ceiling:
        most = "which is the maximum allowed number of output tokens"
        yield f"max_tokens: {max_tokens} > {ceiling}, {most} for {found.id}"  # (C)


def _is_supported(key: str, rules: Rules) -> bool:
    if rules.version == NEWER and key in _UNSUPPORTED_BY_NEWER:
        return False
    if rules.betas:
        # a beta may add any other key (A)
        return key not in _UNSUPPORTED
    return key in _KEYS


def _message_faults(messages: object, version: str) -> Iterator[str]:
    if not isinstance(messages, list):
        yield "messages: Input should be a valid list"
        return
    if not messages:
        yield "messages: at least one message is required"
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        if not isinstance(message, dict):
            yield f"{where}: Input should be an object"
            return
        for key in ("role", "content"):
            if key not in message:
                yield f"{where}.{key}: Field required"
                return
        if message["role"] not in _ROLES:
            yield f"{where}.role: Input should be one of {', '.join(_ROLES)}"
        yield from _content_faults(f"{where}.content", message, version)


def _content_faults(where: str, message: Mapping[str, Any], version: str) -> Iterator[str]:
    content = message["content"]
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        yield f"{where}: Input should be a valid string or list"
        return
    for index, block in enumerate(content):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            yield f"{where}.{index}: Input should be an object with a type"
        elif block["type"] == "text" and not isinstance(block.get("text"), str):
            yield f"{where}.{index}.text: Input should be a valid string"
        elif version == NEWER:
            yield from _newer_faults(f"{where}.{index}", message["role"], block)


def _newer_faults(where: str, role: object, block: Mapping[str, Any]) -> Iterator[str]:
    if role == "assistant" and block["type"] == "document":
        yield f"{where}: documents are not permitted in assistant messages"
    if role == "user" and block["type"] == "text" and block.get("citations"):
        yield f"{where}.citations: Extra inputs are not permitted"


def _tool_faults(tools: object, rules: Rules) -> Iterator[str]:
    if not isinstance(tools, list):
        yield "tools: Input should be a valid list"
        return
    names: list[str] = []
    for index, tool in enumerate(tools):
        where = f"tools.{index}"
        if not isinstance(tool, dict):
            yield f"{where}: Input should be an object"
            continue
        if tool.get("type", "custom") == "custom":
            yield from _custom_tool_faults(f"{where}.custom", tool, rules)
        name = tool.get("name")
        if name in names:
            yield f"tools: Tool names must be unique: {name}"
        elif isinstance(name, str):
            names.append(name)


def _custom_tool_faults(where: str, tool: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    if not isinstance(tool.get("name"), str) or not tool["name"]:
        yield f"{where}.name: Field required"
    if not isinstance(tool.get("input_schema"), dict):
        yield f"{where}.input_schema: Field required"
    for key in tool:
        if key not in _KEYS_OF_A_TOOL and not rules.betas:
            yield f"{where}.{key}: Extra inputs are not permitted"  # (C)


def _tool_choice_faults(choice: object, tools: list[dict[str, Any]]) -> Iterator[str]:
    if choice is None:
        return
    if not isinstance(choice, dict):
        yield "tool_choice: Input should be an object"
    elif choice.get("type") == "tool":
        name = choice.get("name")
        if all(tool.get("name") != name for tool in tools):
            yield f"Tool '{name}' not found in provided tools"  # (C)
