"""The tokens that a batch used, added up over its rows."""

from collections.abc import Iterable
from typing import NamedTuple

from ._arguments import check_is_not_a_result
from .types import Message, Row

__all__ = ["Tokens", "total"]


class Tokens(NamedTuple):
    """Tokens by kind. `input` excludes the tokens written to or read from the prompt cache."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0


def total(rows: Iterable[Row]) -> dict[str, Tokens]:
    """Return the tokens of the succeeded *rows*, added up for each model that responded.

    Rows that did not succeed have no usage and are skipped.
    """
    check_is_not_a_result(rows, "rows")
    totals: dict[str, Tokens] = {}
    for row in rows:
        result = row["result"]
        if result["type"] == "succeeded":
            message = result["message"]
            model = message["model"]
            totals[model] = _plus(totals.get(model, Tokens()), _tokens(message))
    return totals


def _tokens(message: Message) -> Tokens:
    usage = message.get("usage") or {}
    return Tokens(
        usage.get("input_tokens") or 0,
        usage.get("output_tokens") or 0,
        usage.get("cache_creation_input_tokens") or 0,
        usage.get("cache_read_input_tokens") or 0,
    )


def _plus(one: Tokens, other: Tokens) -> Tokens:
    return Tokens(*(a + b for a, b in zip(one, other)))
