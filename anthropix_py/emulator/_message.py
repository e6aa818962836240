"""A model's answer, without a model: text in the API's clothes, with tokens counted plausibly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_QUOTED = 200  # characters of a prompt that the default reply quotes
_PER_TOKEN = 4  # characters


def quote_prompt(request: Mapping[str, Any]) -> str:
    """Answer with the words of the last message: the reply of a store that was given none."""
    prompt = " ".join(prompt_text(request["params"]).split())
    return f"You asked: {prompt[:_QUOTED]}"


def prompt_text(params: Mapping[str, Any]) -> str:
    """Give the text of the last message, text blocks joined by newlines."""
    content = params["messages"][-1].get("content", "")
    if isinstance(content, str):
        return content
    return "\n".join(
        block.get("text", "") for block in content if isinstance(block, dict) and "text" in block
    )


def message(
    request: Mapping[str, Any], text: str, cached: set[str], stop_reason: str = "end_turn"
) -> dict[str, Any]:
    """Give a whole message around *text*; its id and its tokens follow from its content.

    *cached*: the prompt prefixes that have been written to the cache; a new one is added. A
    *stop_reason* of `refusal` leaves no text, one of `max_tokens` as much as the request allows.
    """
    params = request["params"]
    if stop_reason == "max_tokens":
        text = text[: params["max_tokens"] * _PER_TOKEN]
    content = [] if stop_reason == "refusal" else [{"type": "text", "text": text}]
    written, read, uncached = _cache(params, cached)
    return {
        "id": f"msg_01{_digest(request['custom_id'], text)[:22]}",
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": uncached,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": params["max_tokens"]
            if stop_reason == "max_tokens"
            else tokens(text if content else ""),
            "service_tier": "batch",
        },
    }


def tokens(value: object) -> int:
    """Guess the tokens of *value*: one for four characters of its JSON. Not a tokenizer."""
    return 1 + len(json.dumps(value)) // _PER_TOKEN


def _cache(params: Mapping[str, Any], cached: set[str]) -> tuple[int, int, int]:
    """Give the tokens written to the cache, read from it, and neither."""
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
    """Give what stands before the last `cache_control`, in the API's order: tools, system, messages."""
    parts: list[object] = [*params.get("tools", [])]
    system = params.get("system", [])
    parts += system if isinstance(system, list) else [system]
    for entry in params["messages"]:
        parts += entry["content"] if isinstance(entry["content"], list) else [entry["content"]]
    marked = [
        index
        for index, part in enumerate(parts)
        if isinstance(part, dict) and part.get("cache_control")
    ]
    return parts[: marked[-1] + 1] if marked else []


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode(errors="replace")).hexdigest()
