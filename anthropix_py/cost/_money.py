"""Exact arithmetic with dollars."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .._arguments import wrong_type
from ..usage import Tokens
from ._exact import exactly
from ._prices import Rates

ZERO = Decimal(0)
US = Decimal("1.1")
"""What tokens cost in the US, compared to elsewhere, for models that have such a price."""


def factor(multiplier: object) -> Decimal:
    """Return a multiplier as a Decimal; a float as it is written: 0.85 is 0.85."""
    if isinstance(multiplier, bool) or not isinstance(multiplier, (int, float, Decimal)):
        raise wrong_type("multiplier", "a number", multiplier)
    # the digits of a float are those that it prints: Decimal(0.85) is 0.84999999999999997...
    value = Decimal(str(multiplier))
    if not value.is_finite() or value < 0:
        raise ValueError(f"multiplier must be a finite number of at least 0, not {multiplier}")
    return value


def has_price(tokens: Tokens, rates: Rates) -> bool:
    """Return whether `worth` is not None, without computing it if every kind has a rate."""
    if tokens.input is None or tokens.output is None:
        return False
    return None not in rates or worth(tokens, rates, us=False) is not None


def worth(tokens: Tokens, rates: Rates, us: bool) -> Decimal | None:
    """Return the price of *tokens* in dollars, None if they are not known or have no rate.

    Writes of unknown duration are priced as for 5 minutes. *us*: whether inference stayed in the
    US, at a higher price.
    """
    if tokens.input is None or tokens.output is None:
        return None
    hour = tokens.cache_write_1h or 0
    counts = (tokens.input, tokens.output, tokens.cache_write - hour, hour, tokens.cache_read)
    with exactly():
        price = _priced(zip(counts, rates), 6)
        searches = _priced([(tokens.web_searches, rates.search)], 3)
        if price is None or searches is None:
            return None
        if us:
            price *= US
        return price + searches


def _priced(pairs: Iterable[tuple[int, Decimal | None]], digits: int) -> Decimal | None:
    """Return the sum of count times rate, where the rate is for 10**digits."""
    price = ZERO
    for count, rate in pairs:
        if rate is not None:
            price += count * rate
        elif count:
            return None
    return price.scaleb(-digits)


def times(usd: Decimal, multiplier: Decimal) -> Decimal:
    """Return the product, without zeros at the end of its digits."""
    with exactly():
        return plain(usd * multiplier)


def plain(usd: Decimal) -> Decimal:
    """Return the same number without zeros at the end, and never as 1E+1."""
    with exactly():
        short = usd.normalize()
        if short.as_tuple().exponent > 0:  # type: ignore[operator]
            return short.quantize(Decimal(1))
        return short
