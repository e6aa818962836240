"""A message in the API's format, made without a model, with plausible token counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ._fitting import fitting
from ._models import known

_QUOTED = 200  # characters of a prompt in the default reply
_PER_TOKEN = 4  # characters


def default_reply(request: Mapping[str, Any]) -> str | dict[str, Any]:
    """Return the use of a forced tool, JSON for an output format, or else a quote of the prompt."""
    params = request["params"]
    tool = _forced_tool(params)
    if tool is not None:
        used = {"type": "tool_use", "id": f"toolu_01{_digest(request['custom_id'])[:22]}"}
        used |= {"name": tool["name"], "input": fitting(tool.get("input_schema", {}))}
        return {"content": [used], "stop_reason": "tool_use"}
    format = _output_format(params)
    if format is not None:
        return json.dumps(fitting(format.get("schema")))
    prompt = " ".join(prompt_text(params).split())
    return f"You asked: {prompt[:_QUOTED]}"


def _forced_tool(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the tool that `tool_choice` forces, for `any` the first one; None without such."""
    choice = params.get("tool_choice") or {}
    kind = choice.get("type")
    if kind not in ("any", "tool"):
        return None
    for tool in params.get("tools") or []:
        if "name" in tool and (kind == "any" or choice.get("name") == tool["name"]):
            found: dict[str, Any] = tool
            return found
    return None


def _output_format(params: Mapping[str, Any]) -> dict[str, Any] | None:
    config = params.get("output_config")
    if not isinstance(config, dict):
        return None
    format = config.get("format")
    if not isinstance(format, dict) or format.get("type") != "json_schema":
        return None
    return format


def prompt_text(params: Mapping[str, Any]) -> str:
    """Return the text of the last message, with text blocks joined by newlines."""
    content = params["messages"][-1].get("content", "")
    if isinstance(content, str):
        return content
    blocks = (block for block in content if isinstance(block, dict))
    return "\n".join(block.get("text", "") for block in blocks if "text" in block)


def message(
    request: Mapping[str, Any], fields: Mapping[str, Any], outcome: str, cached: set[str]
) -> dict[str, Any]:
    """Return a complete message with *fields*; its id and its tokens depend on its content.

    *outcome*: `refusal` removes the content, `max_tokens` cuts texts to what the request allows;
    both become the stop reason. *cached*: the prompt prefixes in the cache; a new one is added.
    """
    params = request["params"]
    content = fields.get("content", [{"type": "text", "text": ""}])
    output_tokens = _output_tokens(content)
    changed: dict[str, Any] = {}
    if outcome == "refusal":
        content, output_tokens = [], 1
        changed = {"content": content, "stop_reason": outcome}
    elif outcome == "max_tokens":
        output_tokens = params["max_tokens"]
        content = [_cut(block, output_tokens * _PER_TOKEN) for block in content]
        changed = {"content": content, "stop_reason": outcome}
    model = known(params["model"])
    made = {
        "model": model.id,
        "id": f"msg_01{_digest(request['custom_id'], json.dumps(content))[:22]}",
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": _usage(params, output_tokens, model.details, cached),
    }
    return {**made, **fields, **changed}


def _usage(
    params: Mapping[str, Any], output_tokens: int, details: bool, cached: set[str]
) -> dict[str, Any]:
    written, read, uncached = _cache(params, cached)
    usage: dict[str, Any] = {
        "input_tokens": uncached,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output_tokens,
    }
    if details:
        usage["output_tokens_details"] = {"thinking_tokens": 0}
    usage["service_tier"] = "batch"
    usage["inference_geo"] = params.get("inference_geo") or "not_available"
    return usage


def _output_tokens(content: object) -> int:
    if not isinstance(content, list):
        return tokens(content)
    texts = (block["text"] if _has_text(block) else block for block in content)
    return max(1, sum(map(tokens, texts)))


def _cut(block: Any, size: int) -> Any:
    """Return a block whose text, if it has one, is at most *size* characters long."""
    if not _has_text(block):
        return block
    return {**block, "text": block["text"][:size]}


def _has_text(block: Any) -> bool:
    return isinstance(block, dict) and isinstance(block.get("text"), str)


def tokens(value: object) -> int:
    """Return a guess of the tokens of *value*: one for four characters of its JSON."""
    return 1 + len(json.dumps(value)) // _PER_TOKEN


def _cache(params: Mapping[str, Any], cached: set[str]) -> tuple[int, int, int]:
    """Return the tokens written to the cache, those read from it, and all others."""
    prefix = _cached_prefix(params)
    if not prefix:
        return 0, 0, tokens(params)
    size, key = tokens(prefix), _digest(params["model"], json.dumps(prefix))
    uncached = max(1, tokens(params) - size)
    if key in cached:
        return 0, size, uncached
    cached.add(key)
    return size, 0, uncached


def _cached_prefix(params: Mapping[str, Any]) -> list[object]:
    """Return the parts up to the last `cache_control`, in the order tools, system, messages."""
    parts: list[object] = [*(params.get("tools") or []), *_as_list(params.get("system") or [])]
    for entry in params["messages"]:
        parts += _as_list(entry["content"])
    for index in reversed(range(len(parts))):
        part = parts[index]
        if isinstance(part, dict) and part.get("cache_control"):
            return parts[: index + 1]
    return []


def _as_list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [value]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode(errors="replace")).hexdigest()
