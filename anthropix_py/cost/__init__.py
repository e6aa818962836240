"""What rows cost, and what requests will cost, in dollars. Needs the extra `cost`.

`of` prices the rows that came back. `bound` says what requests can cost at most, before they are
sent and without a network. `price` prices one message. All figures are list prices for batches,
exact Decimals; what is not known is None, never 0. `RULES` are the rules by which they are made,
and docs/money.md explains them.

    cost.of(unwrap(batch.results(client, ended, stream=True)), created_at=ended)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Union

from .. import _arguments
from ..types import Row
from ..usage import Tokens
from . import _days, _money
from ._days import CreatedAt
from ._door import returned
from ._rules import RULES, Rule
from ._values import Bound, Cost, Mark, ModelCost

__all__ = [
    "RULES",
    "Bound",
    "Cost",
    "CreatedAt",
    "Mark",
    "ModelCost",
    "Multiplier",
    "Rule",
    "bound",
    "of",
    "price",
]

Multiplier = Union[int, float, Decimal]
"""What list prices are multiplied by, such as 0.85 for a discount of 15 %."""


@returned
def of(
    rows: Iterable[Row],
    *,
    created_at: CreatedAt | Callable[[Row], CreatedAt],
    multiplier: Multiplier = 1,
) -> Cost:
    """Return what *rows* cost, in one pass and with little memory.

    *created_at*: when their batch was created, which decides the prices: the batch itself, its
    `created_at`, or a datetime with a time zone; for rows of several batches a function from a row
    to one of these. An error that reading the rows raises is returned. Raises TypeError for what
    is not a row, and TypeError or ValueError for a time that cannot be read.
    """
    from ._prices import PriceList
    from ._tally import Tally

    _arguments.check_is_not_a_result(rows, "rows")
    times = _money.factor(multiplier)
    tally = Tally(PriceList.load(), _days.Days.of(created_at))
    for row in rows:
        tally.add(row)
    return tally.finish(times)


@returned
def bound(
    requests: Iterable[Mapping[str, Any]], *, created_at: CreatedAt, multiplier: Multiplier = 1
) -> Bound:
    """Return what *requests* can cost at most, without a network.

    A request costs at most one token of input for each byte of its JSON, 5,000 for each image in
    place of its bytes, and 2,000 more if it has tools or an output format; output is `max_tokens`.
    Input is priced as a cache write if the request uses the cache, and all at the price for the US
    unless `inference_geo` is `global`. There is no bound, and `usd` is None, if a request has
    documents that are not text, tools that may run on the server, or params that are not known
    here. The true cost of texts is about a quarter. Returns `InvalidRequest` for a request that
    cannot be JSON.
    """
    from ._bound import bound as most
    from ._prices import PriceList

    times = _money.factor(multiplier)
    day = _days.read(created_at)
    return most(requests, PriceList.load(), day, times)


@returned
def price(
    model: str,
    tokens: Tokens,
    *,
    created_at: CreatedAt,
    us: bool = False,
    multiplier: Multiplier = 1,
) -> Decimal | None:
    """Return the price of one message in a batch, None if it cannot be priced.

    *us*: whether its `inference_geo` is `us`. For models without tiers *tokens* may be the sum of
    many messages.
    """
    from ._prices import PriceList, dearer_in_us

    times, day = _money.factor(multiplier), _days.read(created_at)
    prices = PriceList.load().find(model, day)
    if prices is None or tokens.input is None:
        return None
    rates = prices.rates[prices.tier(tokens.input + tokens.cache_write + tokens.cache_read)]
    usd = _money.worth(tokens, rates, us and dearer_in_us(model) is not False)
    if usd is None:
        return None
    return _money.times(usd, times)
