"""The command `anthropix cost`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from .. import cost
from ..result import unwrap
from . import _reading, _rows
from ._client import Server
from ._command import printing, talking
from ._errors import wrong_use
from ._events import event
from ._numbers import FACTOR
from ._output import Output
from ._words import dollars, plural, text_of

_NAMES = ("model", "input", "output", "cache_write", "cache_read", "dollars")


@click.command("cost")
@click.argument("file")
@click.option(
    "--created-at",
    metavar="TIME",
    help="When the batch was created, such as 2026-11-20T12:00:00Z; it decides the prices. Now by "
    "default.",
)
@click.option(
    "--multiplier",
    type=FACTOR,
    default=1.0,
    show_default=True,
    metavar="FACTOR",
    help="What list prices are multiplied by: 0.85 for a discount of 15 %.",
)
@click.option(
    "--count-tokens",
    is_flag=True,
    help="For requests: count the input with the server, free, instead of bounding it.",
)
@printing()
@talking(only_with=("count_tokens",))
def command(
    out: Output,
    server: Server | None,
    file: str,
    created_at: str | None,
    multiplier: float,
    count_tokens: bool,
) -> None:
    """Price results, or what requests will cost at most.

    FILE holds rows of results, or is the folder of a job: the price of what was done. If it holds
    requests, the price is a bound that a bill at list prices cannot exceed; with --count-tokens it
    is a range. Prices are list prices of batches, in dollars. Needs the extra [cost].
    """
    del count_tokens
    moment = created_at or datetime.now(UTC).isoformat()
    try:
        if not _reading.are_requests(file):
            _of_rows(out, file, moment, multiplier)
        elif server is None:
            _bound(out, file, moment, multiplier)
        else:
            out.say(server.line)
            _estimate(out, server, file, multiplier)
    except ValueError as error:
        # a time that cannot be read
        raise wrong_use(str(error)) from None


def _of_rows(out: Output, file: str, moment: str, multiplier: float) -> None:
    try:
        found = unwrap(cost.of(_rows.of(file), created_at=moment, multiplier=multiplier))
    except TypeError as error:
        # a succeeded row without a message
        raise wrong_use(f"{file}: {error}") from None
    if not out.as_table:
        out.data(event("cost", **_described(found)))
        return
    rows = [[model, *one.tokens[:4], dollars(one.usd)] for model, one in found.by_model.items()]
    rows += [[model, *tokens[:4], None] for model, tokens in found.unpriced.items()]
    out.table(_NAMES, rows)
    out.lines([f"total {dollars(found.usd)}"])
    if found.usd is None:
        out.say(f"What has a price: {dollars(found.known)}; the models with - have none.")
    if found.refused_rows:
        refused = plural(found.refused_rows, "refusal")
        out.say(f"Probably not billed, and not counted: {dollars(found.refused)} for {refused}.")
    for mark in found.estimated:
        out.say(f"Estimated: {mark}")


def _described(found: cost.Cost) -> dict[str, object]:
    by_model = {
        model: {**one.tokens._asdict(), "usd": str(one.usd)}
        for model, one in found.by_model.items()
    }
    return {
        "usd": text_of(found.usd),
        "known": str(found.known),
        "by_model": by_model,
        "unpriced": {model: tokens._asdict() for model, tokens in found.unpriced.items()},
        "refused": text_of(found.refused),
        "refused_rows": found.refused_rows,
        "estimated": list(map(str, found.estimated)),
    }


def _bound(out: Output, file: str, moment: str, multiplier: float) -> None:
    requests = _reading.requests(file)
    found = unwrap(cost.bound(requests, created_at=moment, multiplier=multiplier))
    if not out.as_table:
        out.data(event("bound", **{**found._asdict(), "usd": text_of(found.usd)}))
        return
    out.lines([f"{plural(found.requests, 'request')}: at most {dollars(found.usd)}"])
    for reason, count in found.unbounded.items():
        out.say(f"Without a bound: {plural(count, 'request')}: {reason}")


def _estimate(out: Output, server: Server, file: str, multiplier: float) -> None:
    requests = _reading.requests(file)
    found = unwrap(cost.estimate(server.client, requests, multiplier=multiplier))
    if not out.as_table:
        fields = ("requests", "input_tokens", "max_tokens")
        details = {name: getattr(found, name) for name in fields}
        rests_on = list(found.rests_on)
        low, high = text_of(found.low), text_of(found.high)
        out.data(event("estimate", low=low, high=high, **details, rests_on=rests_on))
        return
    total = plural(found.requests, "request")
    out.lines([f"{total}: {dollars(found.low)} (no output) to {dollars(found.high)}"])
    for line in found.rests_on:
        out.say(f"  {line}")
