"""What requests can cost at most, and the price of one message: without a network."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from priced import EARLY, NOW
from samples import request, table

from anthropix_py import InvalidRequest, cost, unwrap
from anthropix_py.cost import Bound
from anthropix_py.usage import Tokens

MODEL = "claude-sonnet-4-5"  # the price is the same in the US; a tier at 200,000 tokens
IN, OUT = Decimal("0.0000015"), Decimal("0.0000075")


def asking(content: Any = "Hello", **params: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content}]
    return request(**{"model": MODEL, "max_tokens": 100, "messages": messages, **params})


def bounded(*requests: Any, created_at: Any = NOW, **options: Any) -> Bound:
    return unwrap(cost.bound(list(requests), created_at=created_at, **options))


def size(one: Any) -> int:
    return len(json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode())


def image(data: str) -> dict[str, Any]:
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": data},
    }


TOOL = {"name": "search", "input_schema": {"type": "object"}}
CACHE = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
PAGE = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}

# A request, the tokens beyond its bytes, and the price of a token of input compared to plain input.
SIZES: dict[str, tuple[dict[str, Any], int, str]] = {
    "text": (asking("Hello"), 0, "1"),
    "text of several bytes a character": (asking("日本語 🎉"), 0, "1"),
    "tools": (asking(tools=[TOOL]), 2000, "1"),
    "tools of the declared type": (asking(tools=[{**TOOL, "type": "custom"}]), 2000, "1"),
    "an output format": (asking(output_config={"format": {"type": "json_schema"}}), 2000, "1"),
    "an image, without its bytes": (asking([image("A" * 9_000)]), 5000 - 9_000, "1"),
    "two small images, more than their bytes": (asking([image("A"), image("A")]), 9_998, "1"),
    "an image of a URL": (
        asking([{"type": "image", "source": {"type": "url", "url": "https://x"}}]),
        5000,
        "1",
    ),
    "an image in the result of a tool": (
        asking([{"type": "tool_result", "tool_use_id": "t", "content": [image("AAAA")]}]),
        4_996,
        "1",
    ),
    "a document of text": (asking([PAGE]), 0, "1"),
    # input of a tool may have any keys
    "what looks like an image in the input of a tool": (
        asking([{"type": "tool_use", "id": "t", "name": "n", "input": {"a": image("AAAA")}}]),
        0,
        "1",
    ),
    "a cache": (asking([{"type": "text", "text": "Hi", **CACHE}]), 0, "1.25"),
    "a cache for an hour": (asking([{"type": "text", "text": "Hi", **HOUR}]), 0, "2"),
    "a cache of the complete prompt": (asking(**CACHE), 0, "1.25"),
    "a cache of tools": (asking(tools=[{**TOOL, **HOUR}]), 2000, "2"),
    "no cache": (asking([{"type": "text", "text": "Hi", "cache_control": None}]), 0, "1"),
}


@pytest.mark.parametrize(("one", "beyond", "factor"), SIZES.values(), ids=SIZES)
def test_bound_of_one_request(one: Any, beyond: int, factor: str) -> None:
    found = bounded(one)
    tokens = size(one) + beyond
    assert found == Bound(tokens * IN * Decimal(factor) + 100 * OUT, 1, tokens, 100, {})


UNBOUNDED: dict[str, tuple[Any, str]] = {
    "a PDF": (
        asking([{"type": "document", "source": {"type": "base64", "data": "JVBERi0="}}]),
        "a document that is not text",
    ),
    "a document of a URL": (
        asking([{"type": "document", "source": {"type": "url", "url": "https://x"}}]),
        "a document that is not text",
    ),
    "a document without a source": (asking([{"type": "document"}]), "a document that is not text"),
    "a PDF in the result of a tool": (
        asking([{"type": "tool_result", "content": [{"type": "document", "source": None}]}]),
        "a document that is not text",
    ),
    "a file": (asking([{"type": "container_upload"}]), "a block of type container_upload"),
    "a block of no type": (asking([{}]), "a block of type None"),
    "a search on the server": (
        asking(tools=[TOOL, {"type": "web_search_20250305", "name": "web_search"}]),
        "a tool that is not declared in full, which may run on the server",
    ),
    "servers of tools": (asking(mcp_servers=[]), "params.mcp_servers"),
    "compactions": (asking(context_management={}), "params.context_management"),
    "an unknown model": (asking(model="claude-next-9"), "no price for the model claude-next-9"),
    "a name that only begins like that of a model": (
        asking(model="claude-opus-4-50"),
        "no price for the model claude-opus-4-50",
    ),
    "no model": ({"custom_id": "a", "params": {"max_tokens": 1}}, "no price for the model None"),
    "max_tokens that is a text": (asking(max_tokens="9"), "no max_tokens that is an integer"),
    "negative max_tokens": (asking(max_tokens=-1), "no max_tokens that is an integer"),
    "no params": ({"custom_id": "a"}, "no max_tokens that is an integer"),
    "params of another type": ({"params": [1]}, "no max_tokens that is an integer"),
    "a cache of a model without a price of writes": (
        asking(model="claude-2.1", **CACHE),
        "no price for the model claude-2.1",
    ),
}


@pytest.mark.parametrize(("one", "reason"), UNBOUNDED.values(), ids=UNBOUNDED)
def test_a_request_without_a_bound(one: Any, reason: str) -> None:
    found = bounded(asking(), one, one)
    assert (found.usd, found.unbounded) == (None, {reason: 2})
    # the numbers are those of the requests that have a bound
    assert found[1:4] == (3, size(asking()), 100)


FORMS: dict[str, dict[str, Any]] = {
    "tools that are no list": {"tools": "x"},
    "tools that are no objects": {"tools": [7, None]},
    "messages that are no list": {"messages": 7},
    "messages that are no objects": {"messages": ["Hi", None]},
    "content of another type": {"messages": [{"role": "user", "content": 7}]},
    "a system of another type": {"system": 5},
    "blocks that are no objects": {"messages": [{"content": [None, 7, ["x"]]}]},
    "a source that is a text": {"messages": [{"content": [{"type": "image", "source": "x"}]}]},
    "data that is no text": {
        "messages": [{"content": [{"type": "image", "source": {"type": "base64", "data": 7}}]}]
    },
    "deep": {"metadata": json.loads("[" * 500 + "]" * 500)},
}


# Such requests become errored rows, which are free.
@table("params", FORMS)
def test_requests_of_odd_forms(params: dict[str, Any]) -> None:
    found = bounded(asking(**params))
    assert found.usd is not None
    assert found.input_tokens >= size(asking(**params))


def test_bound_of_many_requests() -> None:
    alone = [bounded(one) for one, _, _ in SIZES.values()]
    found = bounded(*(one for one, _, _ in SIZES.values()))
    assert found.usd == sum(one.usd or 0 for one in alone)
    assert found.requests == len(SIZES)
    assert found.input_tokens == sum(one.input_tokens for one in alone)


PLACES = {"said to be the US": "us", "not said": None, "said to be anywhere": "global"}


@table("geo", PLACES)
def test_bound_of_a_model_that_costs_more_in_the_us(geo: str | None) -> None:
    one = asking(model="claude-opus-5", inference_geo=geo)
    # opus 5 in a batch: 2.50 and 12.50; 1.1 times that, unless it is certain that it is not the US
    tenths = 10 if geo == "global" else 11
    usd = (size(one) * Decimal("2.5") + 100 * Decimal("12.5")) * tenths / 10_000_000
    assert bounded(one).usd == usd


def test_bound_of_a_prompt_that_may_cross_a_tier() -> None:
    one = asking("x" * 200_000)
    assert bounded(one).usd == size(one) * 2 * IN + 100 * OUT * Decimal("1.5")


def test_bound_of_an_early_batch_and_with_a_multiplier() -> None:
    plain = bounded(asking()).usd
    assert plain is not None
    assert bounded(asking(), created_at=EARLY).usd == plain
    assert bounded(asking(), multiplier=2).usd == 2 * plain


def test_bound_of_nothing() -> None:
    assert bounded() == Bound(Decimal(0), 0, 0, 0, {})


BROKEN: dict[str, tuple[Any, str]] = {
    "not JSON": (asking(object()), r"requests\[1\]/params/messages/0/content: .*object"),
    "NaN": (asking(float("nan")), r"requests\[1\]/params/messages/0/content: .*NaN"),
    "not a request": (7, r"requests\[1\]: expected an object with custom_id and params; found int"),
}


@pytest.mark.parametrize(("one", "text"), BROKEN.values(), ids=BROKEN)
def test_a_request_that_cannot_be_sent_is_an_error(one: Any, text: str) -> None:
    tag, error = cost.bound([asking(), one], created_at=NOW)
    assert tag == "error"
    with pytest.raises(InvalidRequest, match=text):
        raise error  # type: ignore[misc]


@table("requests", {"a request": asking(), "a text": "x", "a result": ("ok", []), "None": None})
def test_what_is_not_a_list_of_requests_is_raised(requests: Any) -> None:
    with pytest.raises(TypeError):
        cost.bound(requests, created_at=NOW)


@settings(deadline=None)
@given(
    st.sampled_from(["claude-haiku-5-5", "claude-sonnet-4-5", "claude-opus-5", "claude-3-haiku"]),
    st.text(max_size=50),
    st.integers(1, 5000),
    st.integers(0, 100_000),
    st.sampled_from([{}, CACHE, HOUR]),
    st.data(),
)
def test_no_message_costs_more_than_its_bound(
    model: str, text: str, repeats: int, most: int, cache: dict[str, Any], data: st.DataObject
) -> None:
    one = asking(text * repeats, model=model, max_tokens=most, **cache)
    output = data.draw(st.integers(0, most))
    left = size(one)
    counts = []
    for _ in range(3):
        counts.append(data.draw(st.integers(0, left)))
        left -= counts[-1]
    write = counts[1] if cache else 0
    hour = write if cache == HOUR else 0
    tokens = Tokens(counts[0], output, write, counts[2], hour)
    paid = unwrap(cost.price(model, tokens, created_at=NOW, us=True))
    found = bounded(one)
    assert paid is not None
    assert found.usd is not None
    assert paid <= found.usd


# --- price ----------------------------------------------------------------------------------------

PRICES: dict[str, tuple[str, Tokens, dict[str, Any], str | None]] = {
    # 1000 * 0.5 + 100 * 2.5
    "plain": ("claude-haiku-4-5", Tokens(1000, 100), {}, "0.00075"),
    # 1000 * 2.5 * 1.1
    "in the US": ("claude-opus-5", Tokens(1000, 0), {"us": True}, "0.00275"),
    "in the US, the price of elsewhere": (
        "claude-haiku-4-5",
        Tokens(1000, 0),
        {"us": True},
        "0.0005",
    ),
    # 100001 * 0.25
    "beyond a tier by its cache": (
        "claude-haiku-5-5",
        Tokens(1, 0, 0, 100_000),
        {},
        "0.00250025",
    ),
    "times a multiplier": ("claude-haiku-4-5", Tokens(1000, 100), {"multiplier": 2}, "0.0015"),
    "nothing": ("claude-haiku-4-5", Tokens(), {}, "0"),
    "unknown model": ("claude-next-9", Tokens(1, 1), {}, None),
    "unknown input": ("claude-haiku-4-5", Tokens(None, 1), {}, None),
    "unknown output": ("claude-haiku-4-5", Tokens(1, None), {}, None),
    "unknown kind": ("claude-2.1", Tokens(1, 1, 0, 1), {}, None),
}


@pytest.mark.parametrize(("model", "tokens", "options", "usd"), PRICES.values(), ids=PRICES)
def test_price(model: str, tokens: Tokens, options: dict[str, Any], usd: str | None) -> None:
    found = unwrap(cost.price(model, tokens, created_at=NOW, **options))
    assert (None if found is None else f"{found:f}") == usd
