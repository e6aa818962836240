"""What requests will cost, from a count of their tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from priced import EARLY, NOW, priced
from samples import request, table

from anthropix_py import Client, DecodeError, batch, cost, emulator, init, preflight, unwrap
from anthropix_py.cost import Estimate
from anthropix_py.preflight import Counted, Shape

Counting = Callable[..., Estimate]


def shape(model: str, requests: int, max_tokens: int, tokens: int, sample: int = 1) -> Shape:
    return Shape(model, requests, max_tokens, "a", sample, tokens)


@pytest.fixture
def client() -> Iterator[Client]:
    with emulator.serve() as url:
        yield init("any-key", base_url=url)


@pytest.fixture
def estimate(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Return a function that estimates *requests* of which *shapes* were counted."""

    def call(shapes: list[Shape], requests: Any = (), **options: Any) -> Estimate:
        total = sum(one.requests for one in shapes)
        tokens = sum(one.input_tokens for one in shapes)

        def count(client: Client, requests: Any) -> Any:
            list(requests)
            return "ok", Counted(total, tokens, tuple(shapes))

        monkeypatch.setattr(preflight, "count", count)
        store = emulator.Store()
        local = init("any-key", transport=emulator.transport(store), clock=store.clock)
        return unwrap(cost.estimate(local, requests, **{"created_at": NOW, **options}))

    return call


class Case(NamedTuple):
    """Shapes, and the range of their price."""

    shapes: list[Shape]
    low: str
    high: str
    requests: tuple[dict[str, Any], ...] = ()
    options: dict[str, Any] = {}  # noqa: RUF012
    expected: str | None = None


SONNET = shape("claude-sonnet-4-5", 1000, 50_000, 200_000)
OPUS = shape("claude-opus-5", 1000, 50_000, 200_000)
CACHED = request(cache_control={"type": "ephemeral"})
HOUR = request(tools=[{"cache_control": {"type": "ephemeral", "ttl": "1h"}}])
US, PLAIN = request(inference_geo="us"), request()

CASES = {
    # 200000 * 1.5; + 50000 * 7.5
    "one shape": Case([SONNET], "0.3", "0.675"),
    # 0.3 + 200000 * 2.5; 0.675 + 200000 * 2.5 + 50000 * 12.5
    "two models": Case([SONNET, OPUS], "0.8", "1.8"),
    "two shapes of a model": Case([SONNET, SONNET], "0.6", "1.35"),
    "nothing": Case([], "0", "0"),
    "a multiplier": Case([SONNET], "0.15", "0.3375", options={"multiplier": 0.5}),
    "before there were prices for batches": Case(
        [SONNET], "0.3", "0.675", options={"created_at": EARLY}
    ),
    # 0.3 + 1000 * 20.5 * 7.5
    "an expected output": Case(
        [SONNET], "0.3", "0.675", options={"expected_output": 20.5}, expected="0.45375"
    ),
    "an expected output of nothing": Case(
        [SONNET], "0.3", "0.675", options={"expected_output": 0}, expected="0.3"
    ),
    "an expected output beyond max_tokens": Case(
        [SONNET], "0.3", "0.675", options={"expected_output": 1e9}, expected="0.675"
    ),
    # 120000 * 0.05; 120000 * 0.25 + 10 * 1.25
    "prompts of both sides of a tier": Case(
        [shape("claude-haiku-5-5", 2, 10, 120_000, 100_001)], "0.006", "0.0300125"
    ),
    "long prompts": Case(
        [shape("claude-haiku-5-5", 1, 10, 100_001, 100_001)], "0.02500025", "0.02501275"
    ),
    "short prompts whose sum is long": Case(
        [shape("claude-haiku-5-5", 1000, 0, 200_000, 200)], "0.01", "0.01"
    ),
    # 200000 * 0.15; 200000 * 1.875 + 0.375
    "a cache": Case([SONNET], "0.03", "0.75", (CACHED,)),
    # 200000 * 3 + 0.375
    "a cache for an hour": Case([SONNET], "0.03", "0.975", (PLAIN, HOUR)),
    "a cache, and the output expected": Case(
        [SONNET], "0.03", "0.75", (CACHED,), {"expected_output": 20.5}, "0.45375"
    ),
    # 1.1 * 0.5; 1.1 * 1.125
    "all in the US": Case([OPUS], "0.55", "1.2375", (US, US)),
    "some in the US": Case([OPUS], "0.5", "1.2375", (US, PLAIN)),
    "in the US, the price of elsewhere": Case([SONNET], "0.3", "0.675", (US,)),
}


@table("case", CASES)
def test_range(estimate: Counting, case: Case) -> None:
    found = estimate(case.shapes, case.requests, **case.options)
    expected = found.expected
    assert (f"{found.low:f}", f"{found.high:f}") == (case.low, case.high)
    assert (None if expected is None else f"{expected:f}") == case.expected
    assert found.requests == sum(one.requests for one in case.shapes)
    assert found.input_tokens == sum(one.input_tokens for one in case.shapes)
    assert found.max_tokens == sum(one.max_tokens for one in case.shapes)
    assert found.low == sum(one.low or 0 for one in found.by_model.values())
    assert found.high == sum(one.high or 0 for one in found.by_model.values())


NEXT = shape("claude-next-9", 1, 1, 1)
UNPRICED = {
    "alone": [NEXT],
    "beside one with a price": [SONNET, NEXT],
    "before one with a price": [NEXT, SONNET],
    "no model": [shape("", 1, 1, 1)],
}


@table("shapes", UNPRICED)
def test_a_model_without_a_price_is_unknown_and_never_0(
    estimate: Counting, shapes: list[Shape]
) -> None:
    found = estimate(shapes, expected_output=1)
    assert (found.low, found.high, found.expected) == (None, None, None)
    assert found.requests == sum(one.requests for one in shapes)
    if SONNET in shapes:
        assert found.by_model["claude-sonnet-4-5"].low == Decimal("0.3")


SERVER = request(tools=[{"type": "web_search_20250305", "name": "web_search"}])
SENTENCES: dict[str, tuple[Case, str]] = {
    "input": (
        Case([SONNET, OPUS], "", ""),
        "input: 400,000 tokens in 2,000 requests, of which 2 were counted",
    ),
    "output": (Case([SONNET], "", ""), "output: from nothing to the max_tokens of every request"),
    "prices": (Case([], "", ""), "list prices for batches on 2026-11-24 in UTC, genai-prices 0.2."),
    "multiplier": (Case([], "", "", (), {"multiplier": 0.85}), "list prices times 0.85"),
    "unknown": (Case([NEXT], "", ""), "claude-next-9: not in the price list"),
    "half": (
        Case([SONNET], "", "", (), {"created_at": EARLY}),
        "claude-sonnet-4-5: the price list has no price for batches",
    ),
    "tiers": (Case([SONNET], "", ""), "claude-sonnet-4-5: prompts of a shape are all about as"),
    "cache": (Case([SONNET], "", "", (CACHED,)), "prompt cache: the low end reads all input"),
    "us": (Case([OPUS], "", "", (US, PLAIN)), "inference_geo is us in 1 of 2 requests"),
    "server": (Case([SONNET], "", "", (SERVER,)), "tools on the server: what they read"),
}


@pytest.mark.parametrize(("case", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_what_an_estimate_rests_on(estimate: Counting, case: Case, sentence: str) -> None:
    found = estimate(case.shapes, case.requests, **case.options)
    assert [line for line in found.rests_on if line.startswith(sentence)]


def test_it_rests_on_nothing_more(estimate: Counting) -> None:
    assert len(estimate([OPUS], (PLAIN,)).rests_on) == 3


WRONG: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "expected_output below 0": ([], {"expected_output": -1}, ValueError, "expected_output must"),
    "expected_output NaN": ([], {"expected_output": float("nan")}, ValueError, "expected_output"),
    "expected_output of text": ([], {"expected_output": "1"}, TypeError, "expected_output must"),
    "created_at without a zone": ([], {"created_at": "2026-11-24"}, ValueError, "a time zone"),
    "multiplier below 0": ([], {"multiplier": -1}, ValueError, "multiplier must be"),
    "one request": (PLAIN, {}, TypeError, "requests must be an iterable of mappings"),
    "a result": (("ok", []), {}, TypeError, "unwrap it first"),
}


@pytest.mark.parametrize(("requests", "options", "kind", "text"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_raised(
    client: Client, requests: Any, options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        cost.estimate(client, requests, **options)


def test_an_error_of_counting_is_returned(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    error = DecodeError("not a count")
    monkeypatch.setattr(preflight, "count", lambda client, requests: ("error", error))
    assert str(cost.estimate(client, [])) == str(("error", error))


COUNTS = st.integers(0, 10**6)


@settings(deadline=None)
@given(
    st.sampled_from(["claude-haiku-5-5", "claude-sonnet-4-5", "claude-opus-5", "claude-3-haiku"]),
    st.integers(1, 1000),
    COUNTS,
    COUNTS,
    COUNTS,
    st.sampled_from([PLAIN, CACHED, HOUR, US]),
    st.floats(0, 1e6),
)
def test_the_range_holds_what_is_expected(
    model: str,
    requests: int,
    max_tokens: int,
    tokens: int,
    sample: int,
    one: dict[str, Any],
    output: float,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        counted = Counted(requests, tokens, (shape(model, requests, max_tokens, tokens, sample),))

        def count(client: Client, requests: Any) -> Any:
            list(requests)
            return "ok", counted

        patch.setattr(preflight, "count", count)
        local = init("any-key", transport=emulator.transport(emulator.Store()))
        found = unwrap(cost.estimate(local, [one, PLAIN], created_at=NOW, expected_output=output))
    assert found.low is not None
    assert found.expected is not None
    assert found.high is not None
    assert found.low <= found.expected <= found.high


# --- with a server --------------------------------------------------------------------------------


def test_before_and_after_a_batch() -> None:
    """The price of the rows lies in the estimated range, and under the bound."""
    clock = emulator.ManualClock(1_795_510_800)  # 2026-11-24
    store = emulator.Store(clock=clock)
    client = init("any-key", transport=emulator.transport(store), clock=clock)
    requests = [
        request(f"r{number}", model="claude-haiku-4-5", max_tokens=500) for number in range(20)
    ]
    before = unwrap(cost.estimate(client, iter(requests)))
    assert "claude-haiku-4-5" in before.by_model
    assert before.requests == 20
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, requests))))
    after = priced(unwrap(batch.results(client, ended, stream=True)), ended)
    most = unwrap(cost.bound(requests, created_at=ended))
    assert before.low is not None
    assert before.high is not None
    assert after.usd is not None
    assert most.usd is not None
    assert before.low <= after.usd <= min(before.high, most.usd)
    assert after.estimated == ()


def test_the_prices_are_those_of_the_clients_clock() -> None:
    clock = emulator.ManualClock(1_790_000_000)  # 2026-09-21
    store = emulator.Store(clock=clock)
    client = init("any-key", transport=emulator.transport(store), clock=clock)
    found = unwrap(cost.estimate(client, [request(model="claude-haiku-4-5")]))
    assert any("on 2026-09-21 in UTC" in line for line in found.rests_on)


def test_shapes_that_were_found_before(client: Client) -> None:
    requests = [
        *(request(f"a{number}", model="claude-opus-5", inference_geo="us") for number in range(3)),
        request("b", model="claude-opus-5", tools=[]),
    ]
    found = preflight.shapes(requests)
    by_shapes = unwrap(cost.estimate(client, found, created_at=NOW))
    assert by_shapes == unwrap(cost.estimate(client, requests, created_at=NOW))
    assert "inference_geo is us in 3 of 4 requests" in by_shapes.rests_on
