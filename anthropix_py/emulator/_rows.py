"""What becomes of one request of a batch: its result, made by the reply function or by its own faults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Union

from .. import _json

Reply = Callable[[dict[str, Any]], Union[str, dict[str, Any]]]

_QUOTED = 200  # characters of a prompt that the default reply quotes
_REFUSED = (
    *("speed", "store", "cache_hint", "context_hint", "fallbacks", "previous_thread_event_id"),
    *("betas", "extra_body", "extra_headers", "extra_query", "timeout"),
)
_ROLES = ("user", "assistant", "system")
_RESULTS = ("succeeded", "errored", "canceled", "expired")


def quote_prompt(request: dict[str, Any]) -> str:
    """Answer with the words of the last message: the reply of a store that was given none."""
    prompt = " ".join(prompt_text(request["params"]).split())
    return f"You asked: {prompt[:_QUOTED]}"


def prompt_text(params: Mapping[str, Any]) -> str:
    """Give the text of the last message, text blocks joined by newlines."""
    content = params["messages"][-1].get("content", "")
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if isinstance(block, dict) and "text" in block)


def row(request: dict[str, Any], reply: Reply) -> tuple[str, bytes]:
    """Give the kind of a result and its row as JSON: errored if the params are at fault, else what *reply* says."""
    custom_id = request["custom_id"]
    for fault in _faults(request["params"]):
        return as_line(custom_id, errored("invalid_request_error", fault))
    try:
        return as_line(custom_id, _answered(request, reply(request)))
    except Exception as error:  # noqa: BLE001 - a reply that fails fails its request, as on the server
        return as_line(custom_id, errored("api_error", f"{type(error).__name__}: {error}"))


def as_line(custom_id: str, result: dict[str, Any]) -> tuple[str, bytes]:
    """Give the kind of a result and the row that holds it, as JSON."""
    return result["type"], _json.dumps({"custom_id": custom_id, "result": result})


def _answered(request: dict[str, Any], answer: object) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"type": "succeeded", "message": message(request, answer)}
    if isinstance(answer, dict) and answer.get("type") == "message":
        return {"type": "succeeded", "message": answer}
    if isinstance(answer, dict) and answer.get("type") in _RESULTS:
        return answer
    given = type(answer).__name__
    return errored("api_error", f"the reply function gave a {given}; expected text, a message or a result")


def errored(kind: str, text: str) -> dict[str, Any]:
    """Give an errored result, nested as the API nests it."""
    return {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": text}, "request_id": None}}


def message(request: dict[str, Any], text: str) -> dict[str, Any]:
    """Give a whole message around *text*; its id and its tokens follow from its content alone."""
    params = request["params"]
    digest = hashlib.sha256(f"{request['custom_id']}\n{text}".encode(errors="replace")).hexdigest()
    return {
        "id": f"msg_01{digest[:22]}",
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": tokens(params),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": tokens(text),
            "service_tier": "batch",
        },
    }


def tokens(value: object) -> int:
    """Guess the tokens of *value*: one for four characters of its JSON. Not a tokenizer."""
    return 1 + len(json.dumps(value)) // 4


def _faults(params: Mapping[str, Any]) -> Iterator[str]:
    """Find what the API finds only while processing. The words are assumed (A), the cases documented."""
    for key in ("model", "max_tokens", "messages"):
        if key not in params:
            yield f"{key}: Field required"
    if not isinstance(params["model"], str):
        yield "model: Input should be a valid string"
    elif not params["model"]:
        yield "model: String should have at least 1 character"
    if isinstance(params["max_tokens"], bool) or not isinstance(params["max_tokens"], int):
        yield "max_tokens: Input should be a valid integer"
    elif params["max_tokens"] < 1:
        yield "max_tokens: Input should be greater than or equal to 1"
    yield from _message_faults(params["messages"])
    if params.get("stream"):
        yield "stream: streaming is not supported in a batch"
    for key in _REFUSED:
        if key in params:
            yield f"{key}: Extra inputs are not permitted"


def _message_faults(messages: object) -> Iterator[str]:
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
        yield from _content_faults(f"messages.{index}.content", entry["content"])


def _content_faults(where: str, content: object) -> Iterator[str]:
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
