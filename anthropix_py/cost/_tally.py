"""What rows cost: one pass over them, which keeps a few sums.

Pricing each row with the library takes 0.18 ms, three minutes for a million rows. So the tokens of
rows that have the same rates are added up, and the sums are priced at the end. Rows have the same
rates if their model, day and place are the same, and the tier of their prompts: so a prompt meets
its tier alone, before it is added to others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from ..types import Row
from ..usage import Tokens, add
from ..usage import _reading as reading
from ._exact import exactly
from ._money import ZERO, has_price, plain, times, worth
from ._prices import PriceList, Prices, dearer_in_us
from ._values import Cost, Mark, ModelCost

_KNOWN_ITERATIONS = (reading.CALL, reading.COMPACTION, reading.ADVISOR)
_BATCH_TIER = (None, "batch")
_SPEED = (None, "standard")
_NONE = Tokens()


class _Group(NamedTuple):
    """What decides the rates of tokens, and whether they can be priced and are billed.

    `said_ttl`: whether the duration of cache writes is known.
    """

    model: str
    day: date
    us: bool
    tier: int
    priced: bool
    said_ttl: bool
    refused: bool


class Tally:
    """Add rows with `add`, then call `finish`."""

    def __init__(self, prices: PriceList, day_of: Callable[[Row], date]) -> None:
        self._prices = prices
        self._day_of = day_of
        self._index = 0
        self._refused_rows = 0
        self._sums: dict[_Group, Tokens] = {}
        self._rows_marked: dict[tuple[str, str], int] = {}

    def add(self, row: Row) -> None:
        """Add the tokens of a row. Raises TypeError if it is not a row."""
        message = reading.message_of(row, self._index)
        self._index += 1
        if message is None:
            return
        one = _Message(message, self._prices, self._day_of(row))
        if one.refused:
            self._refused_rows += 1
        for model, tokens in one.calls():
            group = one.group(model, tokens)
            self._sums[group] = add(self._sums.get(group, _NONE), tokens)
        for mark in one.marks:
            self._rows_marked[mark] = self._rows_marked.get(mark, 0) + 1

    def finish(self, multiplier: Decimal) -> Cost:
        """Return the cost of the rows added, at list prices times *multiplier*."""
        by_model: dict[str, ModelCost] = {}
        unpriced: dict[str, Tokens] = {}
        refused: Decimal | None = ZERO
        for group, tokens in self._sums.items():
            model, usd = group.model, self._worth(group, tokens)
            if group.refused:
                refused = _plus(refused, usd)
            elif usd is None:
                unpriced[model] = add(unpriced.get(model, _NONE), tokens)
            else:
                known = by_model.get(model, ModelCost(_NONE, ZERO))
                with exactly():
                    by_model[model] = ModelCost(add(known.tokens, tokens), known.usd + usd)
        return self._cost(by_model, unpriced, refused, multiplier)

    def _worth(self, group: _Group, tokens: Tokens) -> Decimal | None:
        prices = self._prices.find(group.model, group.day)
        if prices is None:
            return None
        return worth(tokens, prices.rates[group.tier], group.us)

    def _cost(
        self,
        by_model: dict[str, ModelCost],
        unpriced: dict[str, Tokens],
        refused: Decimal | None,
        multiplier: Decimal,
    ) -> Cost:
        for model, (tokens, usd) in by_model.items():
            by_model[model] = ModelCost(tokens, times(usd, multiplier))
        with exactly():
            known = plain(sum((one.usd for one in by_model.values()), ZERO))
        total = None if unpriced else known
        if refused is not None:
            refused = times(refused, multiplier)
        marks = sorted(self._rows_marked.items())
        estimated = tuple(Mark(rule, model, rows) for (rule, model), rows in marks)
        return Cost(total, known, by_model, unpriced, refused, self._refused_rows, estimated)


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return None
    with exactly():
        return one + other


class _Message:
    """One message: `calls` to price, and the `marks` (rule, model) that were found meanwhile."""

    def __init__(self, message: Mapping[str, Any], prices: PriceList, day: date) -> None:
        self.marks: set[tuple[str, str]] = set()
        self.refused = message.get("stop_reason") == "refusal" and not message.get("content")
        self._message = message
        self._usage = reading.usage_of(message)
        self._model = reading.model_of(message)
        self._prices = prices
        self._day = day
        self._us = self._usage.get("inference_geo") == "us"

    def calls(self) -> list[tuple[str, Tokens]]:
        """Return (model, tokens) of everything that is priced by itself."""
        whole = reading.tokens_of(self._usage)
        self._mark_message()
        found = [(self._model, tokens) for tokens in self._by_call(whole)]
        if self._usage.get("iterations"):
            found += reading.uncounted(self._model, self._usage)
        return found

    def group(self, model: str, tokens: Tokens) -> _Group:
        """Return the group of *tokens*; note the marks of its price."""
        prices = self._prices.find(model, self._day)
        tier = _tier(prices, tokens)
        priced = prices is not None and has_price(tokens, prices.rates[tier])
        ttl = tokens.cache_write_1h is not None
        dearer = self._us and dearer_in_us(model) is not False
        if prices is not None:
            self._mark_price(model, prices, ttl)
        return _Group(model, self._day, dearer, tier, priced, ttl, self.refused)

    def _mark_price(self, model: str, prices: Prices, ttl: bool) -> None:
        for rule in prices.marks:
            self._mark(rule, model)
        if not ttl:
            self._mark("ttl", model)
        if self._us and dearer_in_us(model) is None:
            self._mark("us-version", model)

    def _mark(self, rule: str, model: str) -> None:
        self.marks.add((rule, model))

    def _mark_message(self) -> None:
        usage, model = self._usage, self._model
        if usage.get("service_tier") not in _BATCH_TIER or usage.get("speed") not in _SPEED:
            self._mark("service-tier", model)
        if _ran_code(self._message):
            self._mark("code", model)
        if any(one.get("type") not in _KNOWN_ITERATIONS for one in reading.iterations(usage)):
            self._mark("iteration", model)

    def _by_call(self, whole: Tokens) -> list[Tokens]:
        """Return the tokens of each call, if the tier of its prompt may matter; else *whole*."""
        prices = self._prices.find(self._model, self._day)
        tier = _tier(prices, whole)
        if not tier:
            # The sum of the prompts is in the lowest tier, so each prompt is.
            return [whole]
        entries = reading.iterations(self._usage)
        calls = [reading.tokens_of(one) for one in entries if one.get("type") == reading.CALL]
        if not (calls or whole.web_searches or whole.web_fetches):
            return [whole]
        if _summed(calls)[:_SAME] != whole[:_SAME]:
            self._mark("sum", self._model)
            return [whole]
        if any(_tier(prices, call) != tier for call in calls):
            self._mark("calls", self._model)
        first = calls[0]._replace(
            thinking=whole.thinking,
            web_searches=whole.web_searches,
            web_fetches=whole.web_fetches,
        )
        return [first, *(call._replace(thinking=0) for call in calls[1:])]


_SAME = 5  # kinds that the calls must add up to: all of tokens but thinking


def _summed(calls: list[Tokens]) -> Tokens:
    total = _NONE
    for call in calls:
        total = add(total, call)
    return total


def _tier(prices: Prices | None, tokens: Tokens) -> int:
    if prices is None or tokens.input is None:
        return 0
    return prices.tier(tokens.input + tokens.cache_write + tokens.cache_read)


def _ran_code(message: Mapping[str, Any]) -> bool:
    if message.get("container"):
        return True
    content = message.get("content")
    if not isinstance(content, (list, tuple)):
        return False
    return any(_is_code(block) for block in content)


def _is_code(block: object) -> bool:
    if not isinstance(block, Mapping):
        return False
    if block.get("type") == "server_tool_use":
        return str(block.get("name")).endswith("code_execution")
    return str(block.get("type")).endswith("code_execution_tool_result")
