"""The price list: the published prices, and the traps of its library, which are all silent."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any

import genai_prices
import pytest
from genai_prices import data_snapshot, extract_usage
from genai_prices.data import providers
from genai_prices.types import Tier, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st
from priced import EARLY, NOW, message, priced, row, rules, usage
from samples import table

from anthropix_py import cost
from anthropix_py.cost import _prices
from anthropix_py.cost._prices import PriceList, Rates, dearer_in_us
from anthropix_py.errors import MissingExtra
from anthropix_py.usage import Tokens

TODAY = date(2026, 11, 24)
FIRST = date(2026, 10, 14)
MODELS = [model for one in providers if one.id == "anthropic" for model in one.models]

# Dollars for a million tokens, as published: input, output, write 5 m, write 1 h, read.
PUBLISHED: dict[str, tuple[int, list[str]]] = {
    "claude-haiku-5-5 to 100,000": (100_000, ["0.10", "0.50", "0.125", "0.20", "0.01"]),
    "claude-haiku-5-5 beyond": (100_001, ["0.50", "2.50", "0.625", "1.00", "0.05"]),
    "claude-haiku-4-5": (1, ["1", "5", "1.25", "2", "0.10"]),
    "claude-sonnet-5-5": (1, ["2", "10", "2.50", "4", "0.10"]),
    "claude-sonnet-5": (1, ["2", "10", "2.50", "4", "0.20"]),
    "claude-opus-5-5": (1, ["4", "20", "5", "8", "0.20"]),
    "claude-opus-4-5": (1, ["5", "25", "6.25", "10", "0.50"]),
    "claude-opus-4-6": (1, ["5", "25", "6.25", "10", "0.50"]),
    "claude-opus-4-7": (1, ["5", "25", "6.25", "10", "0.50"]),
    "claude-opus-4-8": (1, ["5", "25", "6.25", "10", "0.50"]),
    "claude-opus-5": (1, ["5", "25", "6.25", "10", "0.50"]),
    "claude-fable-5-2": (1, ["8", "40", "10", "16", "0.20"]),
}


@pytest.fixture(scope="module")
def prices() -> PriceList:
    return PriceList.load()


def rates_of(prices: PriceList, model: str, prompt: int = 1, day: date = TODAY) -> Rates:
    found = prices.find(model, day)
    assert found is not None
    return found.rates[found.tier(prompt)]


@pytest.mark.parametrize("day", [TODAY, FIRST, date(2026, 10, 13)], ids=str)
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_batch_costs_half_of_the_published_price(prices: PriceList, name: str, day: date) -> None:
    prompt, published = PUBLISHED[name]
    rates = rates_of(prices, name.split()[0], prompt, day)
    assert rates[:5] == tuple(Decimal(price) / 2 for price in published)
    assert rates.search == 10


# --- the traps ------------------------------------------------------------------------------------


@table(
    "context", {"in capitals": {"processing": "Batch"}, "empty": {}, "of another": {"tier": "x"}}
)
def test_trap_a_context_that_the_library_does_not_know(
    context: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_prices, "_BATCH", context)
    found = priced([row("claude-haiku-4-5", 1000, 0)])
    assert found.usd == Decimal("0.0005")
    assert rules(found) == ("half",)


def test_trap_a_day_before_the_first_price_for_batches() -> None:
    found = priced([row("claude-haiku-4-5", 1000, 0)], EARLY)
    assert found.usd == Decimal("0.0005")
    assert rules(found) == ("half",)


@pytest.mark.parametrize(
    "model", [model.id for model in MODELS if not model.price_variants and model.id != "claude-2"]
)
def test_trap_a_model_without_a_price_for_batches(prices: PriceList, model: str) -> None:
    found = prices.find(model, TODAY)
    assert found is not None
    assert found.marks == ("half",)


UNKNOWN = ["", "claude-opus-6", "claude-opus-5-6", "gpt-5", "gemini-3", "anthropic/claude-opus-5"]


@pytest.mark.parametrize("model", UNKNOWN)
def test_trap_an_unknown_model(prices: PriceList, model: str) -> None:
    assert prices.find(model, TODAY) is None


NAMES = {
    "claude-haiku-4-5": (),
    "claude-haiku-4-5-20251001": (),
    "CLAUDE-HAIKU-4-5": (),
    "claude-opus-4-20250514": ("half",),
    "claude-3-5-haiku-20241022": ("half",),
    "claude-opus-5-20260301": (),
    "claude-haiku-4-5-turbo": ("name",),
    "claude-haiku-4-55": ("name",),
    "claude-haiku-4-5-2025100": ("name",),
    "claude-4-5-haiku": ("name",),
}


@pytest.mark.parametrize(("model", "marks"), NAMES.items(), ids=NAMES)
def test_trap_a_name_that_only_begins_like_one(
    prices: PriceList, model: str, marks: tuple[str, ...]
) -> None:
    found = prices.find(model, TODAY)
    assert found is not None
    assert found.marks == marks


@pytest.fixture
def downloaded() -> Iterator[None]:
    """As if something in this process had downloaded other prices."""
    stale = deepcopy(providers)
    for provider in stale:
        provider.models.clear()
    data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot(stale, from_auto_update=True))
    yield
    data_snapshot.set_custom_snapshot(None)


@pytest.mark.usefixtures("downloaded")
def test_trap_prices_that_were_downloaded() -> None:
    with pytest.raises(LookupError):
        genai_prices.calc_price(genai_prices.Usage(), "claude-opus-5", provider_id="anthropic")
    assert priced([row("claude-opus-5", 1000, 0)]).usd == Decimal("0.0025")


# The library computes in the caller's decimal context, whose precision may be less than a price's.
def test_trap_a_caller_whose_decimals_have_few_digits() -> None:
    with localcontext() as context:
        context.prec = 1
        rates = rates_of(PriceList.load(), "claude-haiku-5-5", 1, date(2026, 10, 13))
    assert rates.write_5m == Decimal("0.0625")


def test_no_price_of_some_kinds_is_halved_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = deepcopy(next(model for model in MODELS if model.id == "claude-opus-5"))
    assert model.price_variants is not None
    del model.price_variants[0].prices.__dict__["cache_read_mtok"]
    monkeypatch.setattr(data_snapshot.DataSnapshot, "find_provider_model", lambda *_: (None, model))
    found = PriceList.load().find("claude-opus-5", TODAY)
    assert found is not None
    assert found.rates[0].read == Decimal("0.25")
    assert found.marks == ("half",)


def test_tiers_of_one_kind_only(monkeypatch: pytest.MonkeyPatch) -> None:
    model = deepcopy(next(model for model in MODELS if model.id == "claude-opus-5"))
    assert model.price_variants is not None
    tiers = [Tier(10, Decimal(3)), Tier(20, Decimal(4))]
    model.price_variants[0].prices.__dict__["input_mtok"] = TieredPrices(Decimal(2), tiers)
    monkeypatch.setattr(data_snapshot.DataSnapshot, "find_provider_model", lambda *_: (None, model))
    found = PriceList.load().find("claude-opus-5", TODAY)
    assert found is not None
    of_prompts = [found.rates[found.tier(prompt)] for prompt in (0, 10, 11, 20, 21)]
    assert [rates.input for rates in of_prompts] == [2, 2, 3, 3, 4]
    assert {rates.output for rates in of_prompts} == {Decimal("12.5")}


# --- beside the library ---------------------------------------------------------------------------

COUNTS = st.integers(0, 400_000)


@settings(deadline=None)
@given(
    st.sampled_from([model.id for model in MODELS if model.price_variants]),
    st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    st.integers(0, 100),
    st.dates(FIRST, date(2027, 12, 31)),
)
def test_one_row_costs_what_the_library_says(
    model: str, counts: tuple[int, ...], searched: int, day: date
) -> None:
    used = usage(*counts, server_tool_use={"web_search_requests": searched})
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    calculated = extract_usage({"model": model, "usage": used}, provider_id="anthropic").calc_price(
        genai_request_timestamp=moment, price_context={"processing": "batch"}
    )
    found = priced([message(model, used)], moment)
    assert found.usd == calculated.total_price
    # A message with searches may be several calls. This is marked, and priced alike.
    assert set(rules(found)) <= {"sum"}


# --- where inference runs -------------------------------------------------------------------------

VERSIONS: dict[str, bool | None] = {
    "claude-opus-4-6": True,
    "claude-sonnet-4-6-20260201": True,
    "claude-haiku-5-5": True,
    "claude-opus-5": True,
    "claude-opus-5-20260301": True,
    "claude-opus-5@20260301": True,
    "claude-opus-4-10": True,
    "claude-fable-5-2": True,
    "CLAUDE-OPUS-5.5": True,
    "claude-5-opus": True,
    "claude-opus-4-5-20251101": False,
    "claude-opus-4-20250514": False,
    "claude-opus-4": False,
    "claude-3-7-sonnet-latest": False,
    "claude-2.1": False,
    "claude-next": None,
    "claude-v1": None,
    "gpt-5": None,
    "": None,
    # not an ASCII digit
    "claude-opus-\u0665": None,
}


@pytest.mark.parametrize(("model", "dearer"), VERSIONS.items(), ids=VERSIONS)
def test_models_that_cost_more_in_the_us(model: str, dearer: bool | None) -> None:
    assert dearer_in_us(model) is dearer


# --- a library that is missing or another version -------------------------------------------------


def missing(result: Any) -> MissingExtra:
    tag, error = result
    assert tag == "error"
    assert isinstance(error, MissingExtra)
    return error


@pytest.mark.parametrize("module", ["genai_prices", "genai_prices.data", "pydantic"])
def test_without_the_library_every_function_returns_one_clear_line(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("genai_prices")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    results: list[Any] = [
        cost.of([], created_at=NOW),
        cost.bound([], created_at=NOW),
        cost.price("m", Tokens(), created_at=NOW),
    ]
    for result in results:
        error = missing(result)
        assert str(error) == "cost needs genai-prices: pip install 'anthropix_py[cost]'"
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("version", ["0.1.5", "0.3.0", "1.0", "0.20.1"])
def test_another_version_of_the_library(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genai_prices, "__version__", version)
    assert str(missing(cost.of([], created_at=NOW))) == (
        f"cost needs genai-prices>=0.2,<0.3, found {version}: pip install 'anthropix_py[cost]'"
    )


def test_importing_cost_loads_neither_the_library_nor_a_network() -> None:
    heavy = {"genai_prices", "pydantic", "urllib3", "socket"}
    code = f"import sys, anthropix_py.cost; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
