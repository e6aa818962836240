"""What the API finds wrong with a request's params, and finds only while processing.

The cases are documented; the words, and which fault is named first, are assumed (A).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

NEWER = "2026-10-21"

_REFUSED = (
    *("speed", "store", "cache_hint", "context_hint", "fallbacks", "previous_thread_event_id"),
    *("betas", "extra_body", "extra_headers", "extra_query", "timeout"),
)
_REFUSED_BY_NEWER = ("temperature", "top_p", "top_k")
_ROLES = ("user", "assistant", "system")

Fault = tuple[str, str]
"""(error type, message)."""


def fault(params: Mapping[str, Any], version: str, models: Collection[str] | None) -> Fault | None:
    """Give the first fault of *params* under an API version; *models* are those known, None for any."""
    for message in _faults(params, version):
        return "invalid_request_error", message
    if models is not None and params["model"] not in models:
        return "not_found_error", f"model: {params['model']}"
    return None


def _faults(params: Mapping[str, Any], version: str) -> Iterator[str]:
    for key in ("model", "max_tokens", "messages"):
        if key not in params:
            yield f"{key}: Field required"
            return
    if not isinstance(params["model"], str):
        yield "model: Input should be a valid string"
    elif not params["model"]:
        yield "model: String should have at least 1 character"
    if isinstance(params["max_tokens"], bool) or not isinstance(params["max_tokens"], int):
        yield "max_tokens: Input should be a valid integer"
    elif params["max_tokens"] < 1:
        yield "max_tokens: Input should be greater than or equal to 1"
    yield from _message_faults(params["messages"], version)
    if params.get("stream"):
        yield "stream: streaming is not supported in a batch"
    yield from _tool_faults(params.get("tools", []))
    for key in (*_REFUSED, *(_REFUSED_BY_NEWER if version == NEWER else ())):
        if key in params:
            yield f"{key}: Extra inputs are not permitted"


def _message_faults(messages: object, version: str) -> Iterator[str]:
    if not isinstance(messages, list):
        yield "messages: Input should be a valid list"
        return
    if not messages:
        yield "messages: at least one message is required"
    for index, entry in enumerate(messages):
        if not isinstance(entry, dict):
            yield f"messages.{index}: Input should be an object"
            return
        for key in ("role", "content"):
            if key not in entry:
                yield f"messages.{index}.{key}: Field required"
                return
        if entry["role"] not in _ROLES:
            yield f"messages.{index}.role: Input should be one of {', '.join(_ROLES)}"
        yield from _content_faults(
            f"messages.{index}.content", entry["content"], entry["role"], version
        )


def _content_faults(where: str, content: object, role: object, version: str) -> Iterator[str]:
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
        elif version == NEWER and role == "assistant" and block["type"] == "document":
            yield f"{where}.{index}: documents are not permitted in assistant messages"
        elif (
            version == NEWER
            and role == "user"
            and block["type"] == "text"
            and block.get("citations")
        ):
            yield f"{where}.{index}.citations: Extra inputs are not permitted"


def _tool_faults(tools: object) -> Iterator[str]:
    if not isinstance(tools, list):
        yield "tools: Input should be a valid list"
        return
    names: set[str] = set()
    for index, tool in enumerate(tools):
        if not isinstance(tool, dict):
            yield f"tools.{index}: Input should be an object"
            continue
        name = tool.get("name")
        if not isinstance(name, str) or not name:
            yield f"tools.{index}.name: Field required"
        elif name in names:
            yield f"tools: Tool names must be unique: {name}"
        else:
            names.add(name)
        if tool.get("type", "custom") == "custom" and not isinstance(
            tool.get("input_schema"), dict
        ):
            yield f"tools.{index}.input_schema: Field required"
