"""The structure of a request's params, and the size of what the model reads of them.

Two requests have the same structure if they have the same keys everywhere, and at each key the same
kind of value. Texts and numbers count only by their kind, apart from texts that are choices: the
model, roles, the types of blocks, names of tools. Of a list only the different kinds of items
count, not their number or order, but the roles of the first and last message do. So a conversation
of three turns has the structure of one of thirty.

The size is that of the texts and keys, in bytes of UTF-8, because tokens follow bytes more closely
than characters. An image costs about 1,500 tokens, whatever its file is; so it counts as 6,000
bytes, and so does a file that is only named. A PDF in base64 counts as a tenth of its length. What
the server itself adds counts too: a few tokens for each request, and some 350 if there are tools.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")
"""The params that change the number of tokens; `cache_control` does not."""

_CHOICES = frozenset(
    (
        *("model", "type", "role", "name", "media_type", "effort", "display", "ttl"),
        *("service_tier", "inference_geo"),
    )
)
# Their content belongs to the data, not to the structure.
_OPAQUE = frozenset(("input", "metadata"))
_SOURCES = ("base64", "url", "file")
_IMAGE = 6_000  # bytes
_NUMBER = 4  # bytes
_REQUEST = 32  # bytes
_TOOLS = 1_400  # bytes
_BASE64 = 10  # bytes of a PDF for one byte of text


class Measured:
    """One reading of params. `structure`: equal for equal structures. `size`: bytes."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.size = 0
        counted = {key: params[key] for key in params if key in COUNTED}
        others = {key: params[key] for key in params if key not in counted}
        shape = self._of(counted)
        size = self.size + _REQUEST
        if params.get("tools"):
            size += _TOOLS
        self.structure: Hashable = (shape, self._of(others), _ends(params.get("messages")))
        self.size = size

    def _of(self, value: object, key: object = None) -> Hashable:
        if isinstance(value, str):
            self.size += _bytes(value)
            return _of_text(value, key)
        if isinstance(value, Mapping):
            return self._of_object(value)
        if isinstance(value, (list, tuple)):
            return frozenset(self._of(item, key) for item in value), "list"
        if value is None or isinstance(value, bool):
            return value, "word"
        self.size += _NUMBER
        if isinstance(value, (int, float)):
            return "number"
        return type(value).__name__

    def _of_object(self, value: Mapping[Any, object]) -> Hashable:
        if value.get("type") in _SOURCES:
            return self._of_source(value)
        members = []
        for key, item in value.items():
            self.size += _bytes(str(key))
            kind = self._of(item, key)
            if key in _OPAQUE:
                kind = type(item).__name__
            members.append((key, kind))
        return frozenset(members)

    def _of_source(self, value: Mapping[Any, object]) -> Hashable:
        """Return the structure of an image or a file, whose data is not text."""
        data = value.get("data")
        media_type = value.get("media_type")
        if isinstance(data, str) and not str(media_type).startswith("image/"):
            self.size += len(data) // _BASE64
        else:
            self.size += _IMAGE
        return frozenset((*value, ("type", str(value["type"])), ("media_type", str(media_type))))


def described(params: Mapping[str, Any]) -> str:
    """Return the structure of params in words, as far as a line shows it."""
    parts = [str(params.get("model", "no model"))]
    messages = params.get("messages")
    if isinstance(messages, (list, tuple)):
        # a dict keeps the order and drops what is repeated
        parts += dict.fromkeys(map(_message, messages))
    else:
        parts.append("no messages")
    if "system" in params:
        parts.append("system " + _content(params["system"]))
    if isinstance(params.get("tools"), (list, tuple)):
        parts.append("tools " + ", ".join(_field(tool, "name") for tool in params["tools"]))
    for key in ("tool_choice", "thinking"):
        if key in params:
            parts.append(f"{key} {_field(params[key], 'type')}")
    known = ("model", "messages", "system", "tools", "tool_choice", "thinking")
    others = sorted(str(key) for key in params if key not in known)
    return "; ".join([*parts, ", ".join(others) or "no other params"])


def _message(message: object) -> str:
    if not isinstance(message, Mapping):
        return "a message that is not an object"
    return f"{_field(message, 'role')} {_content(message.get('content'))}"


def _content(content: object) -> str:
    if isinstance(content, str):
        return _of_text(content, None)
    if not isinstance(content, (list, tuple)):
        return "without content"
    kinds = dict.fromkeys(_field(block, "type") for block in content)
    return f"[{', '.join(kinds)}]"


def _field(value: object, key: str) -> str:
    if isinstance(value, Mapping):
        return str(value.get(key, f"no {key}"))
    return f"no {key}"


def _of_text(text: str, key: object) -> str:
    if key in _CHOICES:
        return str.__str__(text)
    if not text or text.isspace():
        return "blank text"
    return "text"


def _ends(messages: object) -> Hashable:
    """Return the roles of the first and the last message."""
    if not isinstance(messages, Sequence) or isinstance(messages, (str, bytes)) or not messages:
        return None
    return _field(messages[0], "role"), _field(messages[-1], "role")


def _bytes(text: str) -> int:
    if text.isascii():
        return len(text)
    return len(text.encode("utf-8", "surrogatepass"))
