"""One row as flat values: the columns, and how each is taken from a row. No I/O.

`values` is called for every row of a table, and takes half as long as parsing the row. So it looks
up each value itself, and `_is_object` tests for a dict first: without that it takes 1.2 times as
long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeGuard

from .._arguments import check_is_not_a_result
from .._problem import shown

Value = str | int | None


class Column(NamedTuple):
    """A column of flat rows. `kind`: whether its values are texts or integers; any may be None."""

    name: str
    kind: Literal["text", "integer"]
    meaning: str


VERSION: int = 1
"""The version of `COLUMNS`. It changes when a column is added, removed, renamed or redefined."""

COLUMNS: tuple[Column, ...] = (
    Column("custom_id", "text", "The id of the request."),
    Column("outcome", "text", "What became of it, in one word: see `rows.outcome`."),
    Column("text", "text", "All blocks of text of the answer, joined; none if it has no text."),
    Column("stop_reason", "text", "Why the model stopped, in the API's word."),
    Column("model", "text", "The model that answered, as the API names it, with its date."),
    Column("message_id", "text", "The id of the message."),
    Column("service_tier", "text", "The tier that was billed; `batch` for batches."),
    Column("input_tokens", "integer", "Tokens of the prompt that the prompt cache did not handle."),
    Column("output_tokens", "integer", "Tokens of the answer, thinking included."),
    Column("cache_creation_input_tokens", "integer", "Tokens written to the prompt cache."),
    Column("cache_read_input_tokens", "integer", "Tokens read from the prompt cache."),
    Column("error_type", "text", "The type of the error of an errored row."),
    Column("error_message", "text", "Its message."),
    Column("request_id", "text", "The server's id of an errored request; often none."),
)
"""The columns of `flat`, in order, and of every table that `tables.write` writes."""

NAMES = tuple(column.name for column in COLUMNS)

_BY_STOP_REASON = {
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "refusal": "refused",
    "pause_turn": "paused",
}
_NOTHING: Mapping[str, Any] = {}


def checked(row: object) -> Mapping[str, Any]:
    """Return *row*. Raises TypeError if it is not a row."""
    if not is_row(row):
        check_is_not_a_result(row, "a row")
        raise TypeError(f"row must be a row of results, {what_is_wrong(row)}")
    return row  # type: ignore[return-value]


def is_row(row: Any) -> bool:
    """Return whether *row* has what every row has: a custom_id that is text, and a result."""
    return (
        _is_object(row) and isinstance(row.get("custom_id"), str) and _is_object(row.get("result"))
    )


def what_is_wrong(row: object) -> str:
    """Return what a row is, and what *row* is instead, for a message."""
    expected = 'a dict {"custom_id": text, "result": {...}}'
    if not isinstance(row, Mapping):
        return f"{expected}, not {shown(row)}"
    keys = ", ".join(shown(key) for key in list(row)[:5])
    return f"{expected}, not a dict with the keys {keys or 'none'}"


def text(row: Mapping[str, Any]) -> str | None:
    """Return the texts of the answer, joined; None if it has none."""
    return _text(_message(row["result"]))


def outcome(row: Mapping[str, Any]) -> str:
    """Return what became of a request, in one word."""
    result = row["result"]
    return _outcome(result.get("type"), _message(result).get("stop_reason"))


def values(row: Mapping[str, Any]) -> tuple[Value, ...]:
    """Return the value of each of `COLUMNS`, in their order."""
    result = row["result"]
    kind = result.get("type")
    if kind != "succeeded":
        return _values_of_failure(row["custom_id"], result)
    message = _message(result)
    stop_reason, usage = message.get("stop_reason"), message.get("usage")
    if not _is_object(usage):
        usage = _NOTHING
    return (
        row["custom_id"],
        _outcome(kind, stop_reason),
        _text(message),
        _if_text(stop_reason),
        _if_text(message.get("model")),
        _if_text(message.get("id")),
        _if_text(usage.get("service_tier")),
        _if_integer(usage.get("input_tokens")),
        _if_integer(usage.get("output_tokens")),
        _if_integer(usage.get("cache_creation_input_tokens")),
        _if_integer(usage.get("cache_read_input_tokens")),
        None,
        None,
        None,
    )


def _values_of_failure(custom_id: str, result: Mapping[str, Any]) -> tuple[Value, ...]:
    none = (None,) * (NAMES.index("error_type") - 2)
    return (custom_id, _outcome(result.get("type"), None), *none, *error(result))


def error(result: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Return the type, the message and the request id of the error of a result."""
    outer = result.get("error")
    if not isinstance(outer, Mapping):
        return None, None, None
    inner = outer.get("error")
    if not isinstance(inner, Mapping):
        # Not nested twice, as the API does it today: take what is there.
        inner = outer
    request_id = _if_text(outer.get("request_id"))
    return _if_text(inner.get("type")), _if_text(inner.get("message")), request_id


def blocks(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the blocks of the answer; empty if there is none."""
    content = _message(row["result"]).get("content")
    if not isinstance(content, list):
        return []
    return [block for block in content if isinstance(block, Mapping)]


def _outcome(kind: object, stop_reason: object) -> str:
    if not isinstance(kind, str):
        return "unknown"
    if kind == "succeeded" and isinstance(stop_reason, str):
        return _BY_STOP_REASON.get(stop_reason, kind)
    return kind


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return type(value) is dict or isinstance(value, Mapping)


def _message(result: Mapping[str, Any]) -> Mapping[str, Any]:
    message = result.get("message")
    if result.get("type") == "succeeded" and _is_object(message):
        return message
    return _NOTHING


def _text(message: Mapping[str, Any]) -> str | None:
    content = message.get("content")
    if not isinstance(content, list):
        return None
    texts = [
        block["text"]
        for block in content
        if _is_object(block) and block.get("type") == "text" and isinstance(block.get("text"), str)
    ]
    if not texts:
        return None
    return "".join(texts)


def _if_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return None


def _if_integer(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None
