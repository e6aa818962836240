"""What any rows cost: the whole is the sum of its parts, and nothing is too odd."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from priced import call, message, priced, row, usage

from anthropix_py.types import Row
from anthropix_py.usage import Tokens, add, total

COUNTS = st.integers(0, 150_000)
MODELS = st.sampled_from(
    ["claude-haiku-5-5", "claude-haiku-4-5", "claude-opus-5-5", "claude-2.1", "claude-next-9", ""]
)
ENTRIES = st.builds(
    lambda kind, model, counts: call(kind, *counts, model=model),
    st.sampled_from(["message", "compaction", "advisor_message", "daydream"]),
    MODELS,
    st.tuples(COUNTS, COUNTS),
)
ROWS = st.builds(
    lambda model, counts, geo, entries, refused: message(
        model,
        usage(*counts, inference_geo=geo, iterations=entries),
        **({"stop_reason": "refusal", "content": []} if refused else {}),
    ),
    MODELS,
    st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    st.sampled_from(["us", "global", None]),
    st.lists(ENTRIES, max_size=3),
    st.booleans(),
)


@settings(deadline=None)
@given(st.lists(ROWS, max_size=6))
def test_the_whole_is_the_sum_of_its_rows(rows: list[Row]) -> None:
    whole, parts = priced(rows), [priced([row]) for row in rows]
    assert whole.known == sum(part.known for part in parts)
    assert whole.known == sum(model.usd for model in whole.by_model.values())
    assert whole.refused_rows == sum(part.refused_rows for part in parts)
    if any(part.refused is None for part in parts):
        assert whole.refused is None
    else:
        assert whole.refused == sum(part.refused or 0 for part in parts)
    assert (whole.usd is None) == any(part.usd is None for part in parts)
    marks = [mark for part in parts for mark in part.estimated]
    assert sum(mark.rows for mark in whole.estimated) == len(marks)


@settings(deadline=None)
@given(st.lists(ROWS, max_size=6))
def test_no_token_is_lost(rows: list[Row]) -> None:
    rows = [row for row in rows if not priced([row]).refused_rows]
    found = priced(rows)
    every = dict(found.unpriced)
    for model, (tokens, _) in found.by_model.items():
        every[model] = add(every.get(model, Tokens()), tokens)
    counted = total(rows)
    assert {model: tokens[:5] for model, tokens in every.items()} == {
        model: tokens[:5] for model, tokens in counted.items()
    }


KEYS = st.sampled_from(
    [
        *("model", "usage", "content", "stop_reason", "container", "type", "iterations"),
        *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation"),
        *("cache_creation_input_tokens", "ephemeral_1h_input_tokens", "output_tokens_details"),
        *("server_tool_use", "web_search_requests", "inference_geo", "service_tier", "speed"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


# The server may send what nobody has seen yet: a price may be unknown, but nothing fails.
@settings(deadline=None)
@given(st.dictionaries(KEYS, JSON), st.dictionaries(KEYS, JSON))
def test_no_message_is_so_odd_that_it_fails(fields: dict[str, Any], used: dict[str, Any]) -> None:
    fields = {"model": "claude-haiku-5-5", "usage": used, **fields}
    odd: Any = {"custom_id": "a", "result": {"type": "succeeded", "message": fields}}
    found = priced([odd, row("claude-opus-5", 1000, 0)])
    assert found.known >= Decimal("0.0025")
    assert total([odd])


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(count: int) -> int:
        rows = (row("claude-opus-5", number, 1) for number in range(count))
        tracemalloc.start()
        priced(rows)
        total(row("claude-opus-5", number, 1) for number in range(count))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)
    # 20,000 rows take 20 MB
    assert peak(20_000) < peak(50) + 1_000_000
