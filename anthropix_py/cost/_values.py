"""What the functions of `cost` return."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ..usage import Tokens
from ._rules import BY_NAME


class Mark(NamedTuple):
    """Why a figure is an estimate: the name of a rule in `RULES`, and the rows it applied to."""

    rule: str
    model: str
    rows: int

    def __str__(self) -> str:
        rule = BY_NAME[self.rule]
        rows = f"{self.rows:,} rows"
        if self.rows == 1:
            rows = "1 row"
        return f"{self.model or 'no model'}, {rows}: {rule.when}: {rule.then}"


class ModelCost(NamedTuple):
    """The tokens of one model, and what they cost in dollars. Refusals are not in it."""

    tokens: Tokens
    usd: Decimal


class Cost(NamedTuple):
    """What the rows of batches cost, in dollars, at list prices times the multiplier.

    `usd`: the total, None if something is in `unpriced`. `known`: the total of what has a price.
    `by_model`: its parts. `unpriced`: the tokens without a price, by model. `refused`: what
    refusals without content would cost, which are normally not billed, None if a price is missing;
    not in `usd`. `refused_rows`: their number. `estimated`: why figures are estimates.
    """

    usd: Decimal | None
    known: Decimal
    by_model: dict[str, ModelCost]
    unpriced: dict[str, Tokens]
    refused: Decimal | None
    refused_rows: int
    estimated: tuple[Mark, ...]


class ModelEstimate(NamedTuple):
    """The requests to one model before a batch. `low`, `high`: dollars, None without a price."""

    requests: int
    input_tokens: int
    max_tokens: int
    low: Decimal | None
    high: Decimal | None


class Estimate(NamedTuple):
    """What requests will cost, in dollars: from `low`, no output at all, to `high`, all of it.

    None if a model has no price. `expected`: with the `expected_output` that was passed, else
    None. `input_tokens`: counted and extrapolated. `max_tokens`: the sum over the requests.
    `rests_on`: one sentence for each thing that the figures rest on.
    """

    low: Decimal | None
    high: Decimal | None
    expected: Decimal | None
    requests: int
    input_tokens: int
    max_tokens: int
    by_model: dict[str, ModelEstimate]
    rests_on: tuple[str, ...]


class Bound(NamedTuple):
    """What requests can cost at most, in dollars, at list prices times the multiplier.

    `usd`: None if a request has no bound. `input_tokens`, `output_tokens`: the bounds it is
    computed from. `unbounded`: the reasons, with the number of requests that have each.
    """

    usd: Decimal | None
    requests: int
    input_tokens: int
    output_tokens: int
    unbounded: dict[str, int]
