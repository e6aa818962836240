"""The tokens that a batch used, added up over its rows."""

from __future__ import annotations

from collections.abc import Iterable

from .._arguments import check_is_not_a_result
from ..types import Row
from ._reading import message_of, parts
from ._tokens import Tokens, add

__all__ = ["Tokens", "add", "total"]


def total(rows: Iterable[Row]) -> dict[str, Tokens]:
    """Return the tokens of the succeeded *rows*, added up for each model that worked on them.

    The tokens of compactions count for the model of the message, those of an advisor for its own
    model; neither is in the message's own numbers. The key is "" if the server named no model.
    Rows that did not succeed have no usage and are skipped. Raises TypeError for what is not a row.
    """
    check_is_not_a_result(rows, "rows")
    totals: dict[str, Tokens] = {}
    for index, row in enumerate(rows):
        message = message_of(row, index)
        if message is None:
            continue
        for model, tokens in parts(message):
            totals[model] = add(totals.get(model, _NONE), tokens)
    return totals


_NONE = Tokens()
