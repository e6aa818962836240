"""The fast path: whether a request is of the plain kind in which no rule could be broken.

Nearly every request takes it, because it takes a fraction of the time of a walk over all rules: a
tenth for turns with tools. It is safe because it accepts exact types and known shapes only, and a
test compares it with the walk. A request that it does not accept is checked completely, and may
turn out to have no fault.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, TypeGuard

from . import _names
from ._models import MODELS

_ROLES = ("user", "assistant")
_KEYS = frozenset(("model", "max_tokens", "messages", "system", "temperature", "tools"))
_TOOL = frozenset(("name", "description", "input_schema"))
_RESULT = frozenset(("type", "tool_use_id", "content", "is_error"))
_LEAST_THINKING = 1024
_MOST_MESSAGES = 100_000
_is_name = re.compile(r"[a-zA-Z0-9_-]{1,128}", re.ASCII).fullmatch


def is_plainly_sound(request: object) -> TypeGuard[dict[str, Any]]:
    """Return True only if a complete check could find no fault except one of the custom_id."""
    if type(request) is not dict or len(request) != 2:
        return False
    params = request.get("params")
    if type(request.get("custom_id")) is not str or type(params) is not dict:
        return False
    model, max_tokens = params.get("model"), params.get("max_tokens")
    if type(model) is not str or not model or type(max_tokens) is not int or max_tokens < 1:
        return False
    messages = params.get("messages")
    if type(messages) is not list or not messages or len(messages) > _MOST_MESSAGES:
        return False
    # the ids of the tool_use blocks in the message before
    unanswered: Collection[str] = ()
    role = None
    for message in messages:
        if type(message) is not dict or len(message) != 2:
            return False
        role = message.get("role")
        if role not in _ROLES:
            return False
        content = message.get("content")
        if type(content) is str and not unanswered:
            if not content or content.isspace():
                return False
            continue
        ids = _tool_ids(content, role)
        if ids is None:
            return False
        if role == "user":
            if ids != set(unanswered):
                return False
            unanswered = ()
        elif unanswered:
            return False
        else:
            unanswered = ids
    if role == "assistant":
        return False
    known = MODELS.get(model)
    if known is not None:
        most = known.max_tokens
        if most is None or max_tokens > most or (max_tokens < _LEAST_THINKING and known.thinks):
            return False
    count = len(params)
    if count == 3 or (count == 4 and type(params.get("system")) is str):
        return True
    # Other keys than those that nearly every request has.
    if not _KEYS.issuperset(params) or type(params.get("system", "")) is not str:
        return False
    if "tools" in params and not _are_plain_tools(params["tools"]):
        return False
    temperature = params.get("temperature", 1)
    if type(temperature) not in (int, float) or not 0 <= temperature <= 1:
        return False
    return known is None or known.sampling != "fixed" or "temperature" not in params


def _tool_ids(content: object, role: str) -> set[str] | None:
    """Return the ids in the tool blocks of *content*; None if a block is not plain."""
    if type(content) is not list or not content:
        return None
    ids: set[str] = set()
    for block in content:
        if type(block) is not dict:
            return None
        kind = block.get("type")
        if kind == "text":
            if not _is_plain_text(block):
                return None
        elif kind == "tool_use" and role == "assistant" and len(block) == 4:
            id, name = block.get("id"), block.get("name")
            if type(id) is not str or not id or type(name) is not str or not name:
                return None
            if type(block.get("input")) is not dict:
                return None
            ids.add(id)
        elif kind == "tool_result" and role == "user" and _is_plain_result(block):
            ids.add(block["tool_use_id"])
        elif kind != "image" or role != "user" or not _is_plain_image(block):
            return None
    return ids


def _is_plain_text(block: dict[str, Any]) -> bool:
    text = block.get("text")
    return len(block) == 2 and type(text) is str and text != "" and not text.isspace()


def _is_plain_result(block: dict[str, Any]) -> bool:
    id = block.get("tool_use_id")
    if type(id) is not str or not id or not _RESULT.issuperset(block):
        return False
    content = block.get("content", "")
    if type(content) is str:
        return True
    return type(content) is list and all(
        type(inner) is dict and inner.get("type") == "text" and _is_plain_text(inner)
        for inner in content
    )


def _is_plain_image(block: dict[str, Any]) -> bool:
    source = block.get("source")
    if len(block) != 2 or type(source) is not dict or len(source) != 3:
        return False
    if source.get("type") != "base64" or source.get("media_type") not in _names.IMAGES:
        return False
    data = source.get("data")
    return type(data) is str and data != "" and not data.startswith("data:")


def _are_plain_tools(tools: object) -> bool:
    if type(tools) is not list:
        return False
    names: set[str] = set()
    for tool in tools:
        if type(tool) is not dict or not _TOOL.issuperset(tool):
            return False
        name, schema = tool.get("name"), tool.get("input_schema")
        if type(name) is not str or not _is_name(name) or name in names:
            return False
        if type(schema) is not dict or schema.get("type") != "object":
            return False
        names.add(name)
    return True
