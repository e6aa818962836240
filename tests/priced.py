"""Rows with usage, as short calls, for the tests of tokens and money."""

from __future__ import annotations

from typing import Any

from anthropix_py import cost, unwrap
from anthropix_py.cost import Cost
from anthropix_py.types import Row

NOW = "2026-11-24T09:00:00.123456+00:00"
EARLY = "2026-10-13T23:59:59+00:00"
"""Before the price list has prices for batches."""


def usage(
    input: int | None = 0,
    output: int | None = 0,
    w5: int = 0,
    w1h: int = 0,
    read: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """Return a usage in the API's form, with every key that it always has."""
    return {
        "input_tokens": input,
        "output_tokens": output,
        "cache_creation_input_tokens": w5 + w1h,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": w5, "ephemeral_1h_input_tokens": w1h},
        "service_tier": "batch",
        "inference_geo": "not_available",
        **more,
    }


def message(model: Any, used: Any, **more: Any) -> Row:
    """Return a succeeded row whose usage is *used*."""
    content = [{"type": "text", "text": "Yes"}]
    fields = {"model": model, "content": content, "stop_reason": "end_turn", "usage": used}
    result: Any = {"type": "succeeded", "message": {**fields, **more}}
    return {"custom_id": "a", "result": result}


def row(model: str, *counts: int, **more: Any) -> Row:
    """Return a succeeded row with *counts* of input, output, 5 m and 1 h writes, and reads."""
    return message(model, usage(*counts, **more))


def searches(count: int) -> dict[str, int]:
    """Return a `server_tool_use` with that many web searches."""
    return {"web_search_requests": count, "web_fetch_requests": 0}


def call(type: str, *counts: int, **more: Any) -> dict[str, Any]:
    """Return an entry of `usage.iterations`."""
    return {"type": type, **usage(*counts), **more}


def priced(rows: Any, created_at: Any = NOW, **options: Any) -> Cost:
    """Return what *rows* cost."""
    return unwrap(cost.of(rows, created_at=created_at, **options))


def rules(found: Cost) -> tuple[str, ...]:
    """Return the rules that mark *found*."""
    return tuple(mark.rule for mark in found.estimated)
