"""What rows cost: examples by hand from the published prices, each with its arithmetic."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from typing import NamedTuple, cast

from priced import EARLY, NOW, call, message, priced, row, rules, searches, usage
from samples import table

from anthropix_py import cost
from anthropix_py.types import Row


class Example(NamedTuple):
    """Rows, and their price as arithmetic: half of the published price of tokens, and searches.

    *millionths*: the price of the tokens, in millionths of a dollar. *usd*: the result in dollars.
    *marks*: the rules that must be named.
    """

    rows: list[Row]
    millionths: str
    usd: str
    marks: tuple[str, ...] = ()
    created_at: str = NOW
    searches: str = "0"


TWO_CALLS = [call("message", 80_000, 1_000), call("message", 80_000, 1_000)]

EXAMPLES = {
    "haiku 4.5, all kinds and searches": Example(
        [row("claude-haiku-4-5", 1000, 1000, 1000, 1000, 10_000, server_tool_use=searches(3))],
        "1000 * 0.50 + 1000 * 2.50 + 1000 * 0.625 + 1000 * 1 + 10000 * 0.05",
        "0.035125",  # 0.005125 for tokens
        searches="3 * 0.01",
    ),
    "haiku 4.5 by its dated id": Example(
        [row("claude-haiku-4-5-20251001", 1, 1)], "0.50 + 2.50", "0.000003"
    ),
    "sonnet 5.5": Example(
        [row("claude-sonnet-5-5", 123_457, 7_919, 0, 1000, 50_001)],
        "123457 * 1 + 7919 * 5 + 1000 * 2 + 50001 * 0.05",
        "0.16755205",
    ),
    # as 5.5, but a cache read costs twice as much
    "sonnet 5": Example(
        [row("claude-sonnet-5", 123_457, 7_919, 0, 1000, 50_001)],
        "123457 * 1 + 7919 * 5 + 1000 * 2 + 50001 * 0.10",
        "0.1700521",
    ),
    "opus 5.5": Example(
        [row("claude-opus-5-5", 10, 3, 7, 11, 13)],
        "10 * 2 + 3 * 10 + 7 * 2.5 + 11 * 4 + 13 * 0.1",
        "0.0001128",
    ),
    "opus 4.5": Example(
        [row("claude-opus-4-5", 100, 200, 300, 400, 500)],
        "100 * 2.5 + 200 * 12.5 + 300 * 3.125 + 400 * 5 + 500 * 0.25",
        "0.0058125",
    ),
    "fable 5.2": Example(
        [row("claude-fable-5-2", 1, 1, 1, 1, 1)], "4 + 20 + 5 + 8 + 0.1", "0.0000371"
    ),
    "two models": Example(
        [row("claude-opus-5", 1000, 0), row("claude-sonnet-5", 0, 1000)],
        "1000 * 2.5 + 1000 * 5",
        "0.0075",
    ),
    # --- tiers
    "haiku 5.5, a prompt of 100,000 with its cache": Example(
        [row("claude-haiku-5-5", 60_000, 1000, 30_000, 0, 10_000)],
        "60000 * 0.05 + 1000 * 0.25 + 30000 * 0.0625 + 10000 * 0.005",
        "0.005175",
    ),
    "haiku 5.5, one token more": Example(
        [row("claude-haiku-5-5", 60_001, 1000, 30_000, 0, 10_000)],
        "60001 * 0.25 + 1000 * 1.25 + 30000 * 0.3125 + 10000 * 0.025",
        "0.02587525",
    ),
    # Added up before they are priced, the two would seem to be one long prompt.
    "haiku 5.5, two short prompts": Example(
        [row("claude-haiku-5-5", 60_000, 0), row("claude-haiku-5-5", 60_000, 0)],
        "120000 * 0.05",
        "0.006",
    ),
    "haiku 5.5, a short and a long prompt": Example(
        [row("claude-haiku-5-5", 60_000, 0), row("claude-haiku-5-5", 200_000, 0)],
        "60000 * 0.05 + 200000 * 0.25",
        "0.053",
    ),
    "sonnet 4.5, a prompt beyond 200,000": Example(
        [row("claude-sonnet-4-5", 200_001, 1)], "200001 * 3 + 11.25", "0.60001425"
    ),
    # --- calls of one message
    # Their sum crosses the tier, and would cost 0.0425.
    "calls below a tier that their sum crosses": Example(
        [row("claude-haiku-5-5", 160_000, 2_000, iterations=TWO_CALLS)],
        "2 * 80000 * 0.05 + 2 * 1000 * 0.25",
        "0.0085",
        ("calls",),
    ),
    "calls that do not add up": Example(
        [row("claude-haiku-5-5", 160_001, 2_000, iterations=TWO_CALLS)],
        "160001 * 0.25 + 2000 * 1.25",
        "0.04250025",
        ("sum",),
    ),
    "calls that are not given": Example(
        [row("claude-haiku-5-5", 160_000, 0, server_tool_use=searches(1))],
        "160000 * 0.25",
        "0.05",
        ("sum",),
        searches="0.01",
    ),
    "calls with searches, which are charged once": Example(
        [
            row(
                "claude-haiku-5-5",
                160_000,
                2_000,
                iterations=TWO_CALLS,
                server_tool_use=searches(2),
            )
        ],
        "2 * 80000 * 0.05 + 2 * 1000 * 0.25",
        "0.0285",
        ("calls",),
        searches="2 * 0.01",
    ),
    "calls that are all long": Example(
        [row("claude-haiku-5-5", 300_000, 0, iterations=[call("message", 150_000)] * 2)],
        "300000 * 0.25",
        "0.075",
    ),
    "calls that may have been long, in a sum that is not": Example(
        [row("claude-haiku-5-5", 100_000, 0, server_tool_use=searches(1))],
        "100000 * 0.05",
        "0.015",
        searches="0.01",
    ),
    "one call is the whole": Example(
        [row("claude-haiku-5-5", 150_000, 0, iterations=[call("message", 150_000)])],
        "150000 * 0.25",
        "0.0375",
    ),
    "calls of a model without tiers": Example(
        [row("claude-sonnet-5-5", 160_000, 2_000, iterations=TWO_CALLS)],
        "160000 * 1 + 2000 * 5",
        "0.17",
    ),
    # --- iterations that are not in the message's numbers
    "compactions": Example(
        [
            row(
                "claude-sonnet-5-5",
                1000,
                100,
                iterations=[
                    call("compaction", 150_000, 2_000),
                    call("message", 1000, 100),
                    call("compaction", 50_000, 1_000),
                ],
            )
        ],
        "(1000 + 150000 + 50000) * 1 + (100 + 2000 + 1000) * 5",
        "0.2165",
    ),
    "a compaction is a prompt of its own": Example(
        [row("claude-haiku-5-5", 60_000, 0, iterations=[call("compaction", 60_000)])],
        "120000 * 0.05",
        "0.006",
    ),
    "an advisor at its own price": Example(
        [
            row(
                "claude-haiku-4-5",
                1000,
                100,
                iterations=[
                    call("message", 1000, 100),
                    call("advisor_message", 2000, 300, model="claude-opus-5-5"),
                ],
            )
        ],
        "1000 * 0.50 + 100 * 2.50 + 2000 * 2 + 300 * 10",
        "0.00775",
    ),
    "an iteration of an unknown type": Example(
        [row("claude-haiku-4-5", 1000, 100, iterations=[call("daydream", 5, 5)])],
        "1000 * 0.50 + 100 * 2.50",
        "0.00075",
        ("iteration",),
    ),
    # --- the place
    "in the US": Example(
        [
            row(
                "claude-opus-5",
                *(100, 200, 300, 400, 500),
                inference_geo="us",
                server_tool_use=searches(2),
            )
        ],
        "1.1 * (100 * 2.5 + 200 * 12.5 + 300 * 3.125 + 400 * 5 + 500 * 0.25)",
        "0.02639375",
        searches="2 * 0.01",
    ),
    "in the US, the first model that costs more there": Example(
        [row("claude-sonnet-4-6", 1000, 0, inference_geo="us")], "1.1 * 1000 * 1.5", "0.00165"
    ),
    "in the US, the last model that does not": Example(
        [row("claude-haiku-4-5-20251001", 1000, 0, inference_geo="us")], "1000 * 0.50", "0.0005"
    ),
    "in the US, an advisor that costs more there": Example(
        [
            row(
                "claude-haiku-4-5",
                *(1000, 0),
                inference_geo="us",
                iterations=[call("advisor_message", 1000, 0, model="claude-opus-5-5")],
            )
        ],
        "1000 * 0.50 + 1.1 * 1000 * 2",
        "0.0027",
    ),
    # claude-v1 is in the price list, and its name does not tell whether it is 4.6 or newer.
    "in the US, a model without a version": Example(
        [row("claude-v1", 1000, 0, inference_geo="us")],
        "1.1 * 1000 * 8/2",
        "0.0044",
        ("half", "us-version"),
    ),
    "elsewhere": Example(
        [row("claude-opus-5", 1000, 0, inference_geo="global")], "1000 * 2.5", "0.0025"
    ),
    # --- what the price list does not have
    "before there were prices for batches": Example(
        [row("claude-haiku-4-5", 1000, 1000, 1000, 1000, 1000)],
        "1000 * 1/2 + 1000 * 5/2 + 1000 * 1.25/2 + 1000 * 2/2 + 1000 * 0.10/2",
        "0.004675",
        ("half",),
        EARLY,
    ),
    "the same, in tiers": Example(
        [row("claude-haiku-5-5", 100_001, 1)],
        "100001 * 0.50/2 + 2.50/2",
        "0.0250015",
        ("half",),
        EARLY,
    ),
    # The rule of halves is for tokens.
    "the same, searches": Example(
        [row("claude-haiku-4-5", 0, 0, server_tool_use=searches(1))],
        "0",
        "0.01",
        ("half",),
        EARLY,
        "0.01",
    ),
    "a retired model": Example(
        [row("claude-3-haiku-20240307", 1000, 1000)],
        "1000 * 0.25/2 + 1000 * 1.25/2",
        "0.00075",
        ("half",),
    ),
    "a name that only begins like that of a model": Example(
        [row("claude-haiku-4-5-turbo", 1000, 0)], "1000 * 0.50", "0.0005", ("name",)
    ),
    # --- what the server does not say
    "writes of unknown duration": Example(
        [message("claude-haiku-4-5", {**usage(0, 0, 1000), "cache_creation": None})],
        "1000 * 0.625",
        "0.000625",
        ("ttl",),
    ),
    "writes of unknown duration beside ones for an hour": Example(
        [
            message("claude-haiku-4-5", {**usage(0, 0, 1000), "cache_creation": None}),
            row("claude-haiku-4-5", 0, 0, 0, 1000),
        ],
        "1000 * 0.625 + 1000 * 1",
        "0.001625",
        ("ttl",),
    ),
    "another service tier": Example(
        [row("claude-haiku-4-5", 1000, 0, service_tier="standard")],
        "1000 * 0.50",
        "0.0005",
        ("service-tier",),
    ),
    "no service tier": Example(
        [row("claude-haiku-4-5", 1000, 0, service_tier=None)], "1000 * 0.50", "0.0005"
    ),
    "another speed": Example(
        [row("claude-opus-5", 1000, 0, speed="fast")], "1000 * 2.50", "0.0025", ("service-tier",)
    ),
    # --- what is free, or not to be computed
    "web fetches": Example(
        [row("claude-haiku-4-5", 1000, 0, server_tool_use={"web_fetch_requests": 9})],
        "1000 * 0.50",
        "0.0005",
    ),
    "thinking is in the output": Example(
        [row("claude-opus-5", 0, 1000, output_tokens_details={"thinking_tokens": 900})],
        "1000 * 12.50",
        "0.0125",
    ),
    "code that ran": Example(
        [message("claude-opus-5", usage(1000), container={"id": "container_01"})],
        "1000 * 2.50",
        "0.0025",
        ("code",),
    ),
    "code that ran, by its blocks": Example(
        [
            message(
                "claude-opus-5",
                usage(1000),
                content=[7, {"type": "server_tool_use", "name": "bash_code_execution"}],
            ),
            message("claude-opus-5", usage(1000), content=[{"type": "code_execution_tool_result"}]),
        ],
        "2 * 1000 * 2.50",
        "0.005",
        ("code",),
    ),
    "a tool of that name that the caller runs": Example(
        [
            message(
                "claude-opus-5",
                usage(1000),
                content=[{"type": "tool_use", "name": "code_execution"}],
            )
        ],
        "1000 * 2.50",
        "0.0025",
    ),
    "rows that did not succeed": Example(
        [
            {"custom_id": "a", "result": {"type": "canceled"}},
            {"custom_id": "b", "result": {"type": "expired"}},
            cast(Row, {"custom_id": "c", "result": {"type": "errored", "error": {}}}),
            cast(Row, {"custom_id": "d", "result": {"type": "vanished"}}),
        ],
        "0",
        "0",
    ),
    "no rows": Example([], "0", "0"),
    # A float, or 28 digits, would lose the last ones.
    "an astronomic bill": Example(
        [row("claude-haiku-4-5", 10**40 + 1, 0)],
        "10000000000000000000000000000000000000001 * 0.50",
        "5000000000000000000000000000000000.0000005",
    ),
}


def worked(arithmetic: str) -> Decimal:
    """Return the value of *arithmetic*, every number of it a Decimal."""
    with localcontext() as context:
        context.prec = 100
        value = eval(re.sub(r"[\d.]+", r"Decimal('\g<0>')", arithmetic), {"Decimal": Decimal})
        assert isinstance(value, Decimal)
        return value


@table("example", EXAMPLES)
def test_the_arithmetic_of_the_examples(example: Example) -> None:
    with localcontext() as context:
        context.prec = 100
        by_hand = worked(example.millionths) / 1_000_000 + worked(example.searches)
    assert by_hand == Decimal(example.usd)


@table("example", EXAMPLES)
def test_example_to_the_last_digit(example: Example) -> None:
    found = priced(example.rows, example.created_at)
    assert found.usd is not None
    # Equal in value and in what is printed: 0.0005, not 0.00050 or 5E-4.
    assert f"{found.usd:f}" == example.usd
    assert found.known == found.usd
    assert not any((found.unpriced, found.refused, found.refused_rows))
    assert rules(found) == example.marks


@table("example", EXAMPLES)
def test_a_caller_whose_decimals_have_few_digits(example: Example) -> None:
    with localcontext() as context:
        context.prec = 2
        found = priced(example.rows, example.created_at)
    assert f"{found.usd:f}" == example.usd


def test_every_rule_that_marks_has_an_example() -> None:
    marked = {rule.name for rule in cost.RULES if rule.marked}
    assert {name for example in EXAMPLES.values() for name in example.marks} == marked
