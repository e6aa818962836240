"""The price list: rates for batches, from the data that genai-prices brings along.

Its traps are all silent. A context that it does not know, a day before its first price for batches
and a model without such a price give the full price: so a rate for batches counts only if it
differs from the standard one, else it is half of that. A download by its `UpdatePrices`, even one
that another library started, replaces the prices of the process: so they are read from its bundled
data. A name that only begins like that of a model gets its price: this is marked.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from .._importing import uninterrupted
from ..errors import MissingExtra
from ._exact import exactly

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo

_PROVIDER = "anthropic"
_BATCH = {"processing": "batch"}
_VERSION = re.compile(r"0\.2\.\d")
_LIBRARY = "genai-prices>=0.2,<0.3"

_TOKENS = ("input_mtok", "output_mtok", "cache_write_mtok", "cache_write_1h_mtok")
_KEYS = (*_TOKENS, "cache_read_mtok")
_SEARCHES = "web_searches_kcount"

# what may follow the name of a model, or be missing: a date, an alias
_ENDING = re.compile(r"(?a)(-0|-latest|[-@]\d{8}|-\d{4}-\d\d-\d\d)$")
_FAMILY_FIRST = re.compile(r"(?a)claude-[a-z]+-(\d+)(?:[-.](\d{1,2}))?(?:[-@.].*)?")
_NUMBER_FIRST = re.compile(r"(?a)claude-(\d+)(?:[-.](\d{1,2}))?(?:[-@.].*)?")
_FIRST_WITH_US = (4, 6)


class Rates(NamedTuple):
    """Dollars for a million tokens of each kind, for 1,000 searches; None if there is no price."""

    input: Decimal | None
    output: Decimal | None
    write_5m: Decimal | None
    write_1h: Decimal | None
    read: Decimal | None
    search: Decimal | None


class Prices(NamedTuple):
    """The rates of one model on one day.

    `tiers`: the lengths of a prompt, in tokens, beyond each of which the next of `rates` applies.
    `marks`: the rules that make them estimates.
    """

    tiers: tuple[int, ...]
    rates: tuple[Rates, ...]
    marks: tuple[str, ...]

    def tier(self, prompt: int) -> int:
        """Return the index of the rates for a prompt of that many tokens."""
        return bisect_left(self.tiers, prompt)


class PriceList:
    """The prices of all models. Use `PriceList.load`, which imports the library."""

    def __init__(self, snapshot: DataSnapshot, version: str) -> None:
        self.version = version
        self._snapshot = snapshot
        self._known: dict[tuple[str, date], Prices | None] = {}

    @classmethod
    def load(cls) -> PriceList:
        """Return the bundled price list. Raises `MissingExtra`."""
        found = uninterrupted(_bundled)
        if isinstance(found, MissingExtra):
            raise found
        return cls(*found)

    def find(self, model: str, day: date) -> Prices | None:
        """Return the prices of *model* on that day in UTC, None if it is not in the list."""
        key = (model, day)
        if key not in self._known:
            with exactly():
                self._known[key] = self._read(model, day)
        return self._known[key]

    def _read(self, model: str, day: date) -> Prices | None:
        try:
            _, found = self._snapshot.find_provider_model(model, None, _PROVIDER, None)
        except LookupError:
            return None
        moment = datetime.combine(day, time(), UTC)
        keys, halved = _for_batches(found, moment)
        marks: list[str] = []
        if halved:
            marks.append("half")
        if _ENDING.sub("", model.lower()) != _ENDING.sub("", found.id):
            marks.append("name")
        starts = {tier.start for price in keys for tier in getattr(price, "tiers", ())}
        tiers = tuple(sorted(starts))
        rates = tuple(Rates(*(_at(price, prompt) for price in keys)) for prompt in (-1, *tiers))
        return Prices(tiers, rates, tuple(marks))


def _bundled() -> tuple[DataSnapshot, str] | MissingExtra:
    """Return the bundled prices and their version, or why there are none."""
    # An error is returned, because in the thread that imports, it would be printed.
    try:
        import genai_prices

        version = genai_prices.__version__
        if not _VERSION.match(version):
            return MissingExtra("cost", f"{_LIBRARY}, found {version}", "cost")
        from genai_prices.data import providers
        from genai_prices.data_snapshot import DataSnapshot
    except ModuleNotFoundError:
        return MissingExtra("cost", "genai-prices", "cost")
    return DataSnapshot(providers=providers, from_auto_update=False), version


def _for_batches(model: ModelInfo, moment: datetime) -> tuple[list[Any], bool]:
    """Return the price of each kind in a batch, and whether one is half of the standard price."""
    standard = model.get_prices(moment)
    batch = model.get_prices(moment, _BATCH)
    prices: list[Any] = []
    halved = False
    for key in _KEYS:
        full, price = getattr(standard, key, None), getattr(batch, key, None)
        if full is not None and price == full:
            price, halved = _half(full), True
        prices.append(price)
    return [*prices, getattr(standard, _SEARCHES, None)], halved


def _half(price: Any) -> Any:
    if isinstance(price, Decimal):
        return price / 2
    from genai_prices.types import Tier, TieredPrices

    tiers = [Tier(tier.start, tier.price / 2) for tier in price.tiers]
    return TieredPrices(price.base / 2, tiers)


def _at(price: Any, prompt: int) -> Decimal | None:
    """Return a price for prompts of more than *prompt* tokens."""
    if price is None or isinstance(price, Decimal):
        return price
    rate: Decimal = price.base
    for tier in price.tiers:
        if tier.start <= prompt:
            rate = tier.price
    return rate


def dearer_in_us(model: str) -> bool | None:
    """Return whether inference in the US costs more, None if the name has no readable version."""
    name = model.lower()
    found = _FAMILY_FIRST.fullmatch(name) or _NUMBER_FIRST.fullmatch(name)
    if found is None:
        return None
    return (int(found[1]), int(found[2] or 0)) >= _FIRST_WITH_US
