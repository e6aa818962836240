"""What a request says about its price before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_LISTS = (list, tuple)

# What one image, of any source, is at most in tokens.
_IMAGE = 5_000
# The instructions that the API adds to a request with tools or with an output format.
_ADDED = 2_000

_KEYS = frozenset(
    (
        *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking"),
        *("temperature", "top_k", "top_p", "stop_sequences", "metadata", "service_tier"),
        *("inference_geo", "output_config", "cache_control"),
    )
)
_BLOCKS = (
    *("text", "tool_use", "tool_result", "thinking", "redacted_thinking", "search_result"),
    *("document", "image"),
)
_SOURCES = ("text", "content")  # of documents, the ones that are text


def params_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params of a request, empty if there are none."""
    params = request.get("params")
    if not isinstance(params, Mapping):
        return {}
    return params


class Caching(NamedTuple):
    """Whether a request writes to the prompt cache, and whether it does so for an hour."""

    used: bool = False
    hour: bool = False


def caching(params: Mapping[str, Any]) -> Caching:
    """Return which `cache_control` is anywhere in *params*."""
    used = hour = False
    left: list[object] = [params]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            control = one.get("cache_control")
            if control:
                used = True
                hour = hour or "1h" in str(control)
            left += one.values()
        elif isinstance(one, _LISTS):
            left += one
    return Caching(used, hour)


def has_server_tools(params: Mapping[str, Any]) -> bool:
    """Return whether a tool may run on the server: one that is not declared in full."""
    tools = params.get("tools")
    if not isinstance(tools, _LISTS):
        return False
    return any(_is_on_server(tool) for tool in tools)


def _is_on_server(tool: object) -> bool:
    return isinstance(tool, Mapping) and tool.get("type") not in (None, "custom")


class Size(NamedTuple):
    """At most how many tokens a request is. `unbounded`: why that is not known, empty if it is."""

    input_tokens: int
    unbounded: str


def size_of(params: Mapping[str, Any], encoded: bytes) -> Size:
    """Return the bound on the input of a request whose JSON is *encoded*.

    A token of text is at least one byte, and the names and brackets of the JSON are more bytes
    than the tokens that stand for them. An image counts with a fixed number, not with its bytes.
    """
    if has_server_tools(params):
        return Size(0, "a tool that is not declared in full, which may run on the server")
    for key in params:
        if key not in _KEYS:
            return Size(0, f"params.{key}")
    size = len(encoded)
    if params.get("tools") or params.get("output_config"):
        size += _ADDED
    for block in _blocks(params):
        kind = block.get("type")
        if kind not in _BLOCKS:
            return Size(0, f"a block of type {kind}")
        if kind == "document" and _source(block).get("type") not in _SOURCES:
            return Size(0, "a document that is not text")
        if kind == "image":
            size += _IMAGE - _data(block)
    return Size(size, "")


def _blocks(params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every content block, also those in results of tools and in documents."""
    left: list[object] = [params.get("system")]
    messages = params.get("messages")
    if isinstance(messages, _LISTS):
        left += [message.get("content") for message in messages if isinstance(message, Mapping)]
    while left:
        one = left.pop()
        if isinstance(one, _LISTS):
            left += one
        elif isinstance(one, Mapping):
            yield one
            left += [one.get("content"), _source(one).get("content")]


def _source(block: Mapping[str, Any]) -> Mapping[str, Any]:
    source = block.get("source")
    if not isinstance(source, Mapping):
        return {}
    return source


def _data(image: Mapping[str, Any]) -> int:
    """Return the bytes of the image that are in the request."""
    source = _source(image)
    if source.get("type") != "base64" or not isinstance(source.get("data"), str):
        return 0
    return len(source["data"])
