"""What rows cost: what has no price, refusals, marks, times, wrong arguments, and sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from priced import EARLY, NOW, call, message, priced, row, rules, searches, usage
from samples import a_batch, table

from anthropix_py import IncompleteResults, cost
from anthropix_py.cost import Mark
from anthropix_py.types import Row
from anthropix_py.usage import total

KNOWN = {"claude-haiku-4-5", "claude-2.1"}

MANY = "0.0674074073407407407340740740734"
MULTIPLIERS: dict[str, tuple[Any, str]] = {
    "nothing": (1, "0.06"),
    "a discount": (Decimal("0.85"), "0.051"),
    # the float 0.85 is 0.84999999999999997779...
    "a float, as it is written": (0.85, "0.051"),
    "tax": (1.19, "0.0714"),
    "many digits": (
        Decimal("1.123456789012345678901234567890"),
        "0.0674074073407407407340740740734",
    ),
    "free": (0, "0"),
    "a thousand": (1000, "60"),
}


@pytest.mark.parametrize(("multiplier", "usd"), MULTIPLIERS.values(), ids=MULTIPLIERS)
def test_multiplier_of_tokens_and_searches(multiplier: Any, usd: str) -> None:
    rows = [row("claude-sonnet-5", 50_000, 0, server_tool_use=searches(1))]
    refusals = [message("claude-sonnet-5", usage(60_000), stop_reason="refusal", content=[])]
    found = priced(rows + refusals, multiplier=multiplier)
    assert f"{found.usd:f}" == f"{found.refused:f}" == usd
    assert found.by_model["claude-sonnet-5"].usd == found.usd


# --- what has no price ----------------------------------------------------------------------------

UNPRICED: dict[str, tuple[Row, str]] = {
    "unknown model": (row("claude-next-9", 5, 7), "claude-next-9"),
    "model of another provider": (row("gpt-5", 5, 7), "gpt-5"),
    "no model": (message(None, usage(5, 7)), ""),
    "empty model": (row("", 5, 7), ""),
    "a newer version of a known family": (row("claude-opus-5-6", 5, 7), "claude-opus-5-6"),
    # Without a price for reads the library would take that of input.
    "a kind without a price": (row("claude-2.1", 5, 7, 0, 0, 1), "claude-2.1"),
    "searches without a price": (
        row("claude-2.1", 5, 7, server_tool_use=searches(1)),
        "claude-2.1",
    ),
    "input not said": (message("claude-haiku-4-5", usage(None, 7)), "claude-haiku-4-5"),
    "output not said": (message("claude-haiku-4-5", usage(5, None)), "claude-haiku-4-5"),
    "no usage": (message("claude-haiku-4-5", None), "claude-haiku-4-5"),
    "usage that cannot be read": (
        message("claude-haiku-4-5", {"input_tokens": "5", "output_tokens": -7}),
        "claude-haiku-4-5",
    ),
    "an advisor without a model": (
        row("claude-haiku-4-5", 5, 7, iterations=[call("advisor_message", 5, 7)]),
        "",
    ),
}


@pytest.mark.parametrize(("one", "model"), UNPRICED.values(), ids=UNPRICED)
def test_what_has_no_price_is_unknown_and_never_0(one: Row, model: str) -> None:
    found = priced([one])
    assert found.usd is None
    assert list(found.unpriced) == [model]
    assert found.unpriced[model] == total([one])[model]


@pytest.mark.parametrize(("one", "model"), UNPRICED.values(), ids=UNPRICED)
def test_it_does_not_hide_what_has_one(one: Row, model: str) -> None:
    alone = priced([one])
    found = priced([row("claude-haiku-4-5", 1000, 0), one])
    assert found.usd is None
    assert found.known == Decimal("0.0005") + alone.known
    assert found.unpriced == alone.unpriced


def test_tokens_of_thinking_stay_known_if_calls_are_priced_one_by_one() -> None:
    calls = [call("message", 80_000, 1_000)] * 2
    thought = {"thinking_tokens": 900}
    one = row("claude-haiku-5-5", 160_000, 2_000, iterations=calls, output_tokens_details=thought)
    found = priced([one])
    assert rules(found) == ("calls",)
    assert found.by_model["claude-haiku-5-5"].tokens == total([one])["claude-haiku-5-5"]


# --- refusals -------------------------------------------------------------------------------------


def refusal(model: str, *counts: int, **more: Any) -> Row:
    return message(model, usage(*counts, **more), stop_reason="refusal", content=[])


def test_a_refusal_without_content_is_a_line_of_its_own() -> None:
    rows = [row("claude-opus-5", 1000, 0), refusal("claude-opus-5", 1000, 10)]
    found = priced(rows)
    # 1000 * 2.5 + 10 * 12.5 = 2625
    assert (found.usd, found.refused, found.refused_rows) == (
        Decimal("0.0025"),
        Decimal("0.002625"),
        1,
    )
    assert found.by_model["claude-opus-5"].tokens.input == 1000


def test_the_iterations_of_a_refusal_go_with_it() -> None:
    advice = call("advisor_message", 1000, 0, model="claude-opus-5-5")
    found = priced([refusal("claude-opus-5", 1000, 0, iterations=[advice])])
    # 1000 * 2.5 + 1000 * 2
    assert (found.usd, found.refused) == (Decimal(0), Decimal("0.0045"))
    assert not found.by_model


BILLED: dict[str, dict[str, Any]] = {
    "a refusal with content": {"stop_reason": "refusal"},
    "no content without a refusal": {"content": []},
    "no content, cut off": {"content": [], "stop_reason": "max_tokens"},
}


@table("fields", BILLED)
def test_what_is_billed(fields: dict[str, Any]) -> None:
    found = priced([message("claude-opus-5", usage(1000), **fields)])
    assert (found.usd, found.refused_rows) == (Decimal("0.0025"), 0)


def test_a_refusal_without_a_price_is_unknown_outside_the_total() -> None:
    found = priced([row("claude-opus-5", 1000, 0), refusal("claude-next-9", 1), refusal("x", 1)])
    assert (found.usd, found.refused, found.refused_rows) == (Decimal("0.0025"), None, 2)
    assert found.unpriced == {}


# --- marks ----------------------------------------------------------------------------------------


def test_a_mark_names_rule_model_and_number_of_rows() -> None:
    odd = row("claude-opus-5", 1, 1, service_tier="standard")
    odd_twice = row(
        "claude-opus-5", 1, 1, service_tier="priority", iterations=[call("daydream")] * 2
    )
    found = priced([odd, odd_twice, row("claude-opus-5", 1, 1)])
    assert found.estimated == (
        Mark("iteration", "claude-opus-5", 1),
        Mark("service-tier", "claude-opus-5", 2),
    )
    assert str(found.estimated[1]) == (
        "claude-opus-5, 2 rows: `service_tier` is not `batch`, or `speed` is not `standard`: "
        "the price for batches"
    )
    assert str(Mark("ttl", "", 1)).startswith("no model, 1 row: cache writes without")


# The marks say why a figure is an estimate; these have none.
@pytest.mark.parametrize(("one", "model"), UNPRICED.values(), ids=UNPRICED)
def test_what_has_no_price_has_no_marks_of_its_price(one: Row, model: str) -> None:
    used = one["result"]["message"]["usage"]  # type: ignore[typeddict-item]
    if used:
        used = {**used, "inference_geo": "us", "cache_creation": None}
    found = priced([message(model, used)], EARLY)
    assert {mark.rule for mark in found.estimated if mark.model not in KNOWN} == set()


# --- when -----------------------------------------------------------------------------------------

BATCH = {**a_batch("ended"), "created_at": NOW}
TIMES: dict[str, tuple[Any, bool]] = {
    "the API's text": (NOW, False),
    "a text with Z": ("2026-11-24T09:00:00Z", False),
    "a batch": (BATCH, False),
    "a datetime": (datetime(2026, 11, 24, 9, tzinfo=UTC), False),
    "the first moment": ("2026-10-14T00:00:00+00:00", False),
    "the moment before": (EARLY, True),
    # The list goes by days in UTC, whatever the zone of the text.
    "the day before elsewhere": ("2026-10-13T23:30:00-01:00", False),
    "the day after elsewhere": ("2026-10-14T00:30:00+01:00", True),
    "a datetime of elsewhere": (
        datetime(2026, 10, 14, 0, 30, tzinfo=timezone(timedelta(hours=1))),
        True,
    ),
    "a function": (lambda row: NOW, False),
    "a function that returns a batch": (lambda row: BATCH, False),
    "a function that returns a datetime": (
        lambda row: datetime(2026, 10, 13, tzinfo=UTC),
        True,
    ),
}


@pytest.mark.parametrize(("created_at", "early"), TIMES.values(), ids=TIMES)
def test_created_at(created_at: Any, early: bool) -> None:
    found = priced([row("claude-opus-5", 1000, 0)], created_at)
    assert rules(found) == ("half",) * early
    assert found.usd == Decimal("0.0025")


def test_rows_of_several_batches_have_the_prices_of_their_days() -> None:
    # Up to 12 March 2026 a prompt beyond 200,000 tokens cost twice as much.
    created = {"old": "2026-03-12T12:00:00Z", "new": "2026-03-13T12:00:00Z"}
    rows = [{**row("claude-opus-4-6", 300_000, 0), "custom_id": id} for id in created]
    found = priced(rows, lambda row: created[row["custom_id"]])
    # 300000 * 10/2 + 300000 * 5/2
    assert found.usd == Decimal("2.25")
    assert found.estimated == (Mark("half", "claude-opus-4-6", 2),)


def test_times_of_many_batches_are_not_kept() -> None:
    times = (f"2026-11-24T09:00:00.{number:06}+00:00" for number in range(3000))
    rows = [row("claude-opus-5", 1000, 0)] * 3000
    assert priced(rows, lambda row: next(times)).usd == Decimal("7.5")


WRONG: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "a naive datetime": (
        lambda: priced([], datetime(2026, 11, 24)),
        ValueError,
        "created_at must have a time zone, not 2026-11-24T00:00:00",
    ),
    "a text without a zone": (
        lambda: priced([], "2026-11-24T09:00:00"),
        ValueError,
        "created_at must have a time zone",
    ),
    "a time before the first year": (
        lambda: priced([], "0001-01-01T00:00:00+14:00"),
        ValueError,
        "created_at is out of range",
    ),
    "a date": (lambda: priced([], "2026-11-24"), ValueError, "created_at must have a time zone"),
    "a text that is no time": (
        lambda: priced([], "yesterday"),
        ValueError,
        r"created_at must be a time such as .*, not 'yesterday'",
    ),
    "seconds": (lambda: priced([], 1_790_000_000), TypeError, "created_at must be .*, not int"),
    "None": (lambda: priced([], None), TypeError, "created_at must be .*, not NoneType"),
    "a batch without a time": (lambda: priced([], {}), TypeError, "not NoneType"),
    "a result": (lambda: priced([], ("ok", BATCH)), TypeError, "not a batch: unwrap it first"),
    "a function that returns nothing": (
        lambda: priced([row("m")], lambda row: None),
        TypeError,
        "created_at must be .*, not NoneType",
    ),
    "rows that are a result": (
        lambda: priced(("ok", [])),
        TypeError,
        "not rows: unwrap it first",
    ),
    "what is not a row": (lambda: priced([row("m"), "x"]), TypeError, r"rows\[1\]: expected a row"),
    "a multiplier that is a text": (
        lambda: priced([], multiplier="0.85"),
        TypeError,
        "multiplier must be a number, not str",
    ),
    "a multiplier that is a truth": (
        lambda: priced([], multiplier=True),
        TypeError,
        "multiplier must be a number, not bool",
    ),
    "a negative multiplier": (
        lambda: priced([], multiplier=-1),
        ValueError,
        "multiplier must be a finite number of at least 0, not -1",
    ),
    "an infinite multiplier": (
        lambda: priced([], multiplier=float("inf")),
        ValueError,
        "not inf",
    ),
    "no number": (lambda: priced([], multiplier=Decimal("NaN")), ValueError, "not NaN"),
    "a signaling NaN": (lambda: priced([], multiplier=Decimal("sNaN")), ValueError, "not sNaN"),
}


@pytest.mark.parametrize(("call", "kind", "text"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_raised(
    call: Callable[[], object], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_an_error_of_reading_the_rows_is_returned() -> None:
    def rows() -> Iterator[Row]:
        yield row("claude-opus-5", 1000, 0)
        raise IncompleteResults(5, 1)

    match cost.of(rows(), created_at=NOW):
        case "error", IncompleteResults() as error:
            assert error.__traceback__ is None
        case found:
            pytest.fail(str(found))
