"""Tokens: what a batch took, added up over its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .types import Message, Row


class Tokens(NamedTuple):
    """Tokens by kind. `input` leaves out what was written to or read from the prompt cache."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0


def total(rows: Iterable[Row]) -> dict[str, Tokens]:
    """Add up the tokens of the succeeded *rows*, by the model that answered.

    Rows of other outcomes hold no usage and count for nothing.
    """
    totals: dict[str, Tokens] = {}
    for row in rows:
        result = row["result"]
        if result["type"] == "succeeded":
            message = result["message"]
            totals[message["model"]] = _plus(
                totals.get(message["model"], Tokens()), _tokens(message)
            )
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
