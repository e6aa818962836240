"""What a message says about its tokens.

A number that is not a non-negative integer counts as not said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._problem import shown
from ._tokens import Tokens

COMPACTION = "compaction"
ADVISOR = "advisor_message"
CALL = "message"
"""The types of iterations. Only those of type `message` are in the message's own numbers."""

Usage = Mapping[str, Any]

_NOTHING: Usage = {}


def message_of(row: object, index: int) -> Mapping[str, Any] | None:
    """Return the message of a succeeded row, None for any other row. Raises TypeError."""
    try:
        result = row["result"]  # type: ignore[index]
        if result["type"] != "succeeded":
            return None
        message = result["message"]
    except (KeyError, TypeError, IndexError):
        message = None
    # isinstance of an abstract class takes five times as long, and each row has many objects
    if type(message) is dict or isinstance(message, Mapping):
        return message
    expected = "a row of results, with result.type and result.message"
    raise TypeError(f"rows[{index}]: expected {expected}; found {shown(row)}")


def usage_of(message: Mapping[str, Any]) -> Usage:
    """Return the message's usage, empty if there is none."""
    return _mapping(message.get("usage"))


def model_of(message: Mapping[str, Any]) -> str:
    """Return the model that a message or an iteration names, "" if it names none."""
    model = message.get("model")
    if not isinstance(model, str):
        return ""
    return model


def parts(message: Mapping[str, Any]) -> list[tuple[str, Tokens]]:
    """Return (model, tokens) of the message, and of each iteration that its numbers leave out."""
    usage = usage_of(message)
    own = (model_of(message), tokens_of(usage))
    if not usage.get("iterations"):
        return [own]
    return [own, *uncounted(own[0], usage)]


def uncounted(model: str, usage: Usage) -> Iterator[tuple[str, Tokens]]:
    """Yield (model, tokens) of each iteration that is not in the message's own numbers."""
    for entry in iterations(usage):
        if entry.get("type") == COMPACTION:
            yield model, tokens_of(entry)
        elif entry.get("type") == ADVISOR:
            yield model_of(entry), tokens_of(entry)


def iterations(usage: Usage) -> list[Mapping[str, Any]]:
    """Return the entries of `usage.iterations`; empty if there are none."""
    found = usage.get("iterations")
    if not isinstance(found, (list, tuple)):
        return []
    return [entry for entry in found if isinstance(entry, Mapping)]


def tokens_of(usage: Usage) -> Tokens:
    """Return the numbers of a usage or of one of its iterations, without its iterations."""
    get = usage.get
    written, hour = _written(usage)
    thinking = searches = fetches = None
    if details := get("output_tokens_details"):
        thinking = _number(_mapping(details).get("thinking_tokens"))
    if tools := _mapping(get("server_tool_use") or _NOTHING):
        searches = _number(tools.get("web_search_requests"))
        fetches = _number(tools.get("web_fetch_requests"))
    return Tokens(
        _number(get("input_tokens")),
        _number(get("output_tokens")),
        written,
        _number(get("cache_read_input_tokens")) or 0,
        hour,
        thinking,
        searches or 0,
        fetches or 0,
    )


def _written(usage: Usage) -> tuple[int, int | None]:
    """Return the tokens written to the cache, and of those the ones for an hour."""
    written = _number(usage.get("cache_creation_input_tokens")) or 0
    split = _mapping(usage.get("cache_creation") or _NOTHING)
    short = _number(split.get("ephemeral_5m_input_tokens"))
    hour = _number(split.get("ephemeral_1h_input_tokens"))
    if short is not None or hour is not None:
        hour = hour or 0
        return max(written, hour + (short or 0)), hour
    if written:
        return written, None
    return 0, 0


def _mapping(value: object) -> Mapping[str, Any]:
    if type(value) is dict or isinstance(value, Mapping):
        return value
    return _NOTHING


def _number(value: object) -> int | None:
    if type(value) is int and value >= 0:
        return value
    return None
