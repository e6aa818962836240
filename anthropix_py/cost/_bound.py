"""What requests can cost at most, without a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from .._problem import Problem
from ..errors import InvalidRequest
from ..validate._checker import iterate
from ..validate._encoding import encode
from ._exact import exactly
from ._money import US, ZERO, times
from ._prices import PriceList, Rates, dearer_in_us
from ._requests import caching, params_of, size_of
from ._values import Bound


def bound(
    requests: Iterable[Mapping[str, Any]], prices: PriceList, day: date, multiplier: Decimal
) -> Bound:
    """Return the bound on the cost of *requests*. Raises `InvalidRequest` for what is not JSON."""
    most = _Most(prices, day)
    for index, request in enumerate(iterate(requests)):
        most.add(index, request)
    return most.finish(multiplier)


class _Most:
    """The bounds of requests, added up."""

    def __init__(self, prices: PriceList, day: date) -> None:
        self._prices = prices
        self._day = day
        self._requests = 0
        self._input = 0
        self._output = 0
        self._usd = ZERO
        self._unbounded: Counter[str] = Counter()

    def add(self, index: int, request: Mapping[str, Any]) -> None:
        encoded = _encoded(index, request)
        params = params_of(request)
        size, why = size_of(params, encoded)
        output = params.get("max_tokens")
        self._requests += 1
        if type(output) is not int or output < 0:
            why, output = why or "no max_tokens that is an integer", 0
        model = params.get("model")
        usd = self._worth(str(model), size, output, params)
        if why or usd is None:
            self._unbounded[why or f"no price for the model {model}"] += 1
            return
        self._input += size
        self._output += output
        with exactly():
            self._usd += usd

    def finish(self, multiplier: Decimal) -> Bound:
        usd = None if self._unbounded else times(self._usd, multiplier)
        return Bound(usd, self._requests, self._input, self._output, dict(self._unbounded))

    def _worth(
        self, model: str, size: int, output: int, params: Mapping[str, Any]
    ) -> Decimal | None:
        prices = self._prices.find(model, self._day)
        # A name that only begins like that of a model may be that of a dearer one.
        if prices is None or "name" in prices.marks:
            return None
        rates = prices.rates[prices.tier(size)]
        rate = dearest_input(rates, *caching(params))
        if rate is None or rates.output is None:
            return None
        with exactly():
            usd = (size * rate + output * rates.output).scaleb(-6)
            # Without the key, the workspace decides where inference runs.
            if params.get("inference_geo") != "global" and dearer_in_us(model) is not False:
                usd *= US
            return usd


def dearest_input(rates: Rates, cached: bool, hour: bool) -> Decimal | None:
    """Return the highest rate of input, None if one is not known."""
    possible = [rates.input]
    if cached:
        possible.append(rates.write_5m)
    if hour:
        possible.append(rates.write_1h)
    known = [rate for rate in possible if rate is not None]
    if len(known) < len(possible):
        return None
    return max(known)


def _encoded(index: int, request: object) -> bytes:
    encoded, faults = encode(request)
    if not isinstance(request, Mapping):
        faults = [("", type(request).__name__, "an object with custom_id and params")]
    if faults:
        raise InvalidRequest([Problem(index, None, *fault) for fault in faults])
    return encoded
