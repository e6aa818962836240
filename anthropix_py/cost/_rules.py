"""The rules by which rows are priced: one table, for the marks and for the documents."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """One rule of the price. `marked`: whether a row to which it applies is in `Cost.estimated`.

    `source`: D is documented by Anthropic, M was measured with the price list's library, A is an
    assumption.
    """

    name: str
    when: str
    then: str
    source: str
    marked: bool = False


RULES: tuple[Rule, ...] = (
    Rule(
        "batch",
        "every row",
        "tokens at the list price for batches on the UTC day of `created_at`",
        "D",
    ),
    Rule(
        "half",
        "the price list has no price for batches: before 2026-10-14, and for older models",
        "half of the standard price of tokens",
        "D, M",
        marked=True,
    ),
    Rule(
        "name",
        "the name of the model only begins like one in the price list",
        "the price of that one",
        "M",
        marked=True,
    ),
    Rule(
        "unpriced",
        "unknown model; a kind of tokens without a price; a message that does not say its tokens",
        "no price: it is in `unpriced`, and `usd` is None",
        "M",
    ),
    Rule(
        "us",
        "`inference_geo` is `us`, models from 4.6 on",
        "1.1 times the price of input, output, cache writes and reads; not of searches",
        "D",
    ),
    Rule(
        "us-version",
        "`inference_geo` is `us`, and the name of the model has no version that can be read",
        "1.1 times the price of tokens, as for newer models",
        "A",
        marked=True,
    ),
    Rule(
        "tiers",
        "models whose price depends on the length of the prompt",
        "each message by its own prompt: input, cache writes and cache reads together",
        "D",
    ),
    Rule(
        "calls",
        "such a model, several iterations of type `message` of different tiers than their sum",
        "each iteration by its own prompt",
        "D, A",
        marked=True,
    ),
    Rule(
        "sum",
        "such a model, several calls whose numbers are missing or do not add up",
        "all by the prompt of their sum, which may be longer than that of any call",
        "A",
        marked=True,
    ),
    Rule(
        "compaction",
        "`usage.iterations` of type `compaction`",
        "added: they are not in the numbers of the message",
        "D",
    ),
    Rule(
        "advisor",
        "`usage.iterations` of type `advisor_message`",
        "added, at the price of the model that the entry names",
        "D",
    ),
    Rule(
        "iteration",
        "`usage.iterations` of any other type than these two and `message`",
        "not added, because nobody knows whether the message's numbers have them",
        "A",
        marked=True,
    ),
    Rule(
        "refused",
        "`stop_reason` is `refusal`, and `content` is empty",
        "in `refused`, not in `usd`: reported, but normally not billed",
        "D",
    ),
    Rule("search", "web searches", "$10 for 1,000, in a batch too", "D"),
    Rule("fetch", "web fetches", "free, apart from their tokens", "D"),
    Rule(
        "code",
        "code execution",
        "not in the price: billed by the hour of a container, which rows do not tell",
        "D",
        marked=True,
    ),
    Rule(
        "ttl",
        "cache writes without a `cache_creation` that says for how long",
        "the price of writes for 5 minutes",
        "D, M",
        marked=True,
    ),
    Rule("thinking", "thinking", "nothing more: its tokens are in the output already", "D"),
    Rule("free", "rows that are errored, canceled or expired", "free", "D"),
    Rule(
        "service-tier",
        "`service_tier` is not `batch`, or `speed` is not `standard`",
        "the price for batches",
        "A",
        marked=True,
    ),
    Rule(
        "multiplier",
        "negotiated discounts, credits, tax, the bills of other clouds",
        "unknown: list prices times your `multiplier`, which is 1 if you pass none",
        "A",
    ),
)
"""Every rule by which costs are made."""

BY_NAME = {rule.name: rule for rule in RULES}


def markdown() -> str:
    """Return the rules as the table of docs/money.md."""
    lines = ["| rule | when | price | source | marked |", "|---|---|---|---|---|"]
    for rule in RULES:
        marked = ""
        if rule.marked:
            marked = "yes"
        lines.append(f"| {rule.name} | {rule.when} | {rule.then} | {rule.source} | {marked} |")
    return "\n".join(lines) + "\n"
