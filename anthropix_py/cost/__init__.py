"""What rows cost, and what requests will cost, in dollars. Needs the extra `cost`.

`of` prices the rows that came back. `estimate` prices requests before they are sent, by counting
tokens with the server; `bound` does so without a network, and is never too low. `price` prices one
message. All figures are list prices for batches, exact Decimals; what is not known is None, never
0. `RULES` are the rules by which they are made, and docs/money.md explains them.

    cost.of(unwrap(batch.results(client, ended, stream=True)), created_at=ended)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Union

from .. import _arguments
from .._door import door
from ..types import Row
from ..usage import Tokens
from . import _days, _money
from ._days import CreatedAt
from ._door import returned
from ._rules import RULES, Rule
from ._values import Bound, Cost, Estimate, Mark, ModelCost, ModelEstimate

if TYPE_CHECKING:
    from ..client import Client
    from ..preflight import Shapes

__all__ = [
    "RULES",
    "Bound",
    "Cost",
    "CreatedAt",
    "Estimate",
    "Mark",
    "ModelCost",
    "ModelEstimate",
    "Multiplier",
    "Rule",
    "bound",
    "estimate",
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


@door
def estimate(
    client: Client,
    requests: Iterable[Mapping[str, Any]] | Shapes,
    *,
    created_at: CreatedAt | None = None,
    multiplier: Multiplier = 1,
    expected_output: float | None = None,
) -> Estimate:
    """Return what *requests* will cost: from no output at all to all that they allow.

    Counts the input with `preflight.count`, which sends one request of each shape to the endpoint
    that counts tokens; that is free. *requests*: read once; or the `Shapes` that `preflight.shapes`
    found in them, if you want to know first how many calls there will be. *created_at*: when the
    batch will be created, by default now by the client's clock. *expected_output*: tokens of output
    for each request, for instance the median of a first batch; with it `expected` is a figure
    between the two.
    """
    from .. import preflight
    from ..result import unwrap
    from ..validate._checker import iterate
    from ._estimate import Estimator, Watch
    from ._prices import PriceList

    times = _money.factor(multiplier)
    if created_at is None:
        created_at = _days.at(client.clock.now())
    day = _days.read(created_at)
    if expected_output is not None:
        _arguments.number("expected_output", expected_output, least=0, unit="tokens")
    prices, watch = PriceList.load(), Watch()
    if isinstance(requests, preflight.Shapes):
        for sample in requests.samples:
            watch.note(sample.request, sample.requests)
    else:
        requests = watch.over(iterate(requests))
    counted = unwrap(preflight.count(client, requests))
    return Estimator(prices, day, watch, times, expected_output).estimate(counted)


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
