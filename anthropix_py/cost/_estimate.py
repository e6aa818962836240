"""What requests will cost, from a count of their input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ._bound import dearest_input
from ._exact import exactly
from ._money import US, ZERO, plain, times
from ._prices import PriceList, Rates, dearer_in_us
from ._requests import caching, has_server_tools, params_of
from ._rules import BY_NAME
from ._values import Estimate, ModelEstimate

if TYPE_CHECKING:
    from ..preflight import Counted, Shape

R = TypeVar("R", bound=Mapping[str, Any])


class Watch:
    """Notes, while requests pass, what in them changes their price."""

    def __init__(self) -> None:
        self.cached = False
        self.hour = False
        self.server_tools = False
        self.us = 0
        self.total = 0

    def over(self, requests: Iterable[R]) -> Iterator[R]:
        """Yield *requests* unchanged."""
        for request in requests:
            self.note(request, 1)
            yield request

    def note(self, request: object, count: int) -> None:
        """Note what is in *request*, which stands for *count* requests."""
        if not isinstance(request, Mapping):
            return
        params = params_of(request)
        used, hour = caching(params)
        self.cached = self.cached or used
        self.hour = self.hour or hour
        self.server_tools = self.server_tools or has_server_tools(params)
        self.total += count
        if params.get("inference_geo") == "us":
            self.us += count


class _Range(NamedTuple):
    """Dollars of one shape, None without a price. `expected`: with the output expected."""

    low: Decimal | None = None
    high: Decimal | None = None
    expected: Decimal | None = None


class Estimator:
    """The price of counted requests. *expected*: tokens of output for each request, or None."""

    def __init__(
        self,
        prices: PriceList,
        day: date,
        watch: Watch,
        multiplier: Decimal,
        expected: float | None,
    ) -> None:
        self._prices = prices
        self._day = day
        self._watch = watch
        self._multiplier = multiplier
        self._expected = expected

    def estimate(self, counted: Counted) -> Estimate:
        """Return the estimate for the requests that *counted* is about."""
        by_model: dict[str, ModelEstimate] = {}
        expected: Decimal | None = ZERO
        for shape in counted.shapes:
            found = self._range(shape)
            known = by_model.get(shape.model, ModelEstimate(0, 0, 0, ZERO, ZERO))
            by_model[shape.model] = _joined(known, shape, found)
            expected = _plus(expected, found.expected)
        if self._expected is None:
            expected = None
        return Estimate(
            _total(one.low for one in by_model.values()),
            _total(one.high for one in by_model.values()),
            expected,
            counted.requests,
            counted.input_tokens,
            sum(shape.max_tokens for shape in counted.shapes),
            by_model,
            tuple(self._rests_on(counted, by_model)),
        )

    def _range(self, shape: Shape) -> _Range:
        prices = self._prices.find(shape.model, self._day)
        if prices is None or not shape.requests:
            return _Range()
        prompts = (shape.sample_tokens, -(-shape.input_tokens // shape.requests))
        cheap = prices.rates[prices.tier(min(prompts))]
        dear = prices.rates[prices.tier(max(prompts))]
        least, most = _cheapest_input(cheap, self._watch.cached), self._dearest(dear)
        if least is None or most is None or cheap.output is None or dear.output is None:
            return _Range()
        with exactly():
            output = Decimal(str(self._expected or 0)) * shape.requests
            output = min(output, Decimal(shape.max_tokens))
            middle = (cheap.input or least) * shape.input_tokens + output * cheap.output
            highest = most * shape.input_tokens + shape.max_tokens * dear.output
            us = self._us_high(shape.model)
            return _Range(
                self._times(least * shape.input_tokens, self._us_low(shape.model)),
                self._times(highest, us),
                self._times(middle, us),
            )

    def _times(self, millionths: Decimal, us: Decimal) -> Decimal:
        return times(millionths.scaleb(-6) * us, self._multiplier)

    def _dearest(self, rates: Rates) -> Decimal | None:
        return dearest_input(rates, self._watch.cached, self._watch.hour)

    def _us_low(self, model: str) -> Decimal:
        if self._watch.us < self._watch.total:
            return Decimal(1)
        return self._us_high(model)

    def _us_high(self, model: str) -> Decimal:
        if not self._watch.us or dearer_in_us(model) is False:
            return Decimal(1)
        return US

    def _rests_on(self, counted: Counted, by_model: dict[str, ModelEstimate]) -> Iterator[str]:
        tokens, requests = f"{counted.input_tokens:,} tokens", f"{counted.requests:,} requests"
        yield f"input: {tokens} in {requests}, of which {len(counted.shapes):,} were counted"
        yield "output: from nothing to the max_tokens of every request"
        yield f"list prices for batches on {self._day} in UTC, genai-prices {self._prices.version}"
        if self._multiplier != 1:
            yield f"list prices times {self._multiplier}"
        for model in by_model:
            yield from self._about(model)
        watch = self._watch
        if watch.cached:
            yield "prompt cache: the low end reads all input from it, the high end writes all to it"
        if watch.us:
            yield f"inference_geo is us in {watch.us:,} of {watch.total:,} requests"
        if watch.server_tools:
            yield "tools on the server: what they read, search and run is not in the estimate"

    def _about(self, model: str) -> Iterator[str]:
        prices = self._prices.find(model, self._day)
        if prices is None:
            yield f"{model}: not in the price list"
            return
        for mark in prices.marks:
            yield f"{model}: {BY_NAME[mark].when}: {BY_NAME[mark].then}"
        if prices.tiers:
            yield f"{model}: prompts of a shape are all about as long as the one counted"


def _joined(known: ModelEstimate, shape: Shape, found: _Range) -> ModelEstimate:
    return ModelEstimate(
        known.requests + shape.requests,
        known.input_tokens + shape.input_tokens,
        known.max_tokens + shape.max_tokens,
        _plus(known.low, found.low),
        _plus(known.high, found.high),
    )


def _cheapest_input(rates: Rates, cached: bool) -> Decimal | None:
    if cached and rates.read is not None and rates.input is not None:
        return min(rates.input, rates.read)
    return rates.input


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return None
    with exactly():
        return plain(one + other)


def _total(figures: Iterable[Decimal | None]) -> Decimal | None:
    total: Decimal | None = ZERO
    for figure in figures:
        total = _plus(total, figure)
    return total
