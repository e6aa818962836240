"""Which requests have the same shape, and which one of them is kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import deep, request, table

from anthropix_py import preflight
from anthropix_py.errors import InvalidRequest


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def text(value: str = "Hi", **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def file(media_type: str = "image/png", data: str = "aGk=") -> dict[str, Any]:
    source = {"type": "base64", "media_type": media_type, "data": data}
    return {"type": "image", "source": source}


def tool(name: str = "find", **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return {"name": name, "description": "d", "input_schema": schema}


WORD = {"type": "string"}
USE = {"type": "tool_use", "id": "t", "name": "find", "input": {"a": 1}}
CACHE = {"type": "ephemeral"}


def shapes_of(*params: dict[str, Any]) -> preflight.Shapes:
    return preflight.shapes([request(f"r{at}", **one) for at, one in enumerate(params)])


@table(
    "one, other",
    {
        "texts": ({"messages": [user("a")]}, {"messages": [user("b " * 1000)]}),
        "numbers": ({"max_tokens": 5, "temperature": 0}, {"max_tokens": 900, "temperature": 0.5}),
        "turns": (
            {"messages": [user("a"), assistant("b"), user("c")]},
            {"messages": [user("a"), *[assistant("b"), user("c")] * 9]},
        ),
        "blocks": (
            {"messages": [user([text(), file()])]},
            {"messages": [user([file(data="aaaa"), file(), text("b"), text()])]},
        ),
        "the order of keys": (
            {"messages": [{"role": "user", "content": "a"}]},
            {"messages": [{"content": "a", "role": "user"}]},
        ),
        "lists and tuples": ({"messages": [user("a")]}, {"messages": (user("a"),)}),
        "descriptions": ({"tools": [tool()]}, {"tools": [{**tool(), "description": "other"}]}),
        # data, which would be a shape for each row
        "inputs of tools": (
            {"messages": [user("a"), assistant([USE]), user("b")]},
            {"messages": [user("a"), assistant([{**USE, "input": {"b": [1]}}]), user("b")]},
        ),
        "metadata": ({"metadata": {"user_id": "a"}}, {"metadata": {}}),
        "stop sequences": ({"stop_sequences": ["a"]}, {"stop_sequences": ["b", "c"]}),
        "budgets": (
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            {"thinking": {"type": "enabled", "budget_tokens": 9999}},
        ),
    },
)
def test_the_same_shape(one: dict[str, Any], other: dict[str, Any]) -> None:
    [found] = shapes_of(one, other).samples
    assert found.requests == 2


@table(
    "one, other",
    {
        "models": ({"model": "m"}, {"model": "n"}),
        "no model": ({"model": "m"}, {"model": None}),
        "a key more": ({}, {"temperature": 1}),
        "a misspelt key": ({"top_k": 1}, {"topk": 1}),
        "null": ({"system": None}, {"system": "a"}),
        "text and blocks": ({"system": "a"}, {"system": [text("a")]}),
        "no messages": ({"messages": []}, {"messages": [user("a")]}),
        "blank text": ({"messages": [user("a")]}, {"messages": [user(" \n")]}),
        "an empty text among others": (
            {"messages": [user([text()])]},
            {"messages": [user([text(), text("")])]},
        ),
        "a prefill": (
            {"messages": [user("a"), assistant("b"), user("c")]},
            {"messages": [user("a"), assistant("b"), user("c"), assistant("d")]},
        ),
        "another first role": (
            {"messages": [user("a"), assistant("b"), user("c")]},
            {"messages": [assistant("b"), user("c")]},
        ),
        "roles": ({"messages": [user("a")]}, {"messages": [{"role": "owner", "content": "a"}]}),
        "a key of a message": ({"messages": [user("a")]}, {"messages": [user("a", name="n")]}),
        "types of blocks": ({"messages": [user([text()])]}, {"messages": [user([file()])]}),
        "media types": (
            {"messages": [user([file("image/png")])]},
            {"messages": [user([file("image/bmp")])]},
        ),
        "types of sources": (
            {"messages": [user([file()])]},
            {"messages": [user([{"type": "image", "source": {"type": "url", "url": "u"}}])]},
        ),
        "caching": (
            {"messages": [user([text()])]},
            {"messages": [user([text(cache_control=CACHE)])]},
        ),
        "cache times": (
            {"cache_control": {**CACHE, "ttl": "5m"}},
            {"cache_control": {**CACHE, "ttl": "1h"}},
        ),
        "names of tools": ({"tools": [tool("a")]}, {"tools": [tool("b")]}),
        "keys of schemas": ({"tools": [tool(a=WORD)]}, {"tools": [tool(b=WORD)]}),
        "types of schemas": ({"tools": [tool(a=WORD)]}, {"tools": [tool(a={"type": "number"})]}),
        "several types": (
            {"tools": [tool(a={"type": ["string", "null"]})]},
            {"tools": [tool(a={"type": ["string", "number"]})]},
        ),
        "forced tools": ({"tool_choice": {"type": "auto"}}, {"tool_choice": {"type": "any"}}),
        "thinking": (
            {"thinking": {"type": "adaptive"}},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        ),
        "effort": ({"output_config": {"effort": "low"}}, {"output_config": {"effort": "max"}}),
        "streaming": ({"stream": False}, {"stream": True}),
        # against True that equals 1
        "true and one": ({"stream": 1}, {"stream": True}),
        "a number as text": ({"max_tokens": 5}, {"max_tokens": "5"}),
        "a list that is an object": ({"tools": []}, {"tools": {}}),
    },
)
def test_another_shape(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert len(shapes_of(one, other).samples) == 2


def test_what_is_found() -> None:
    found = shapes_of({}, {"max_tokens": 20}, {"system": "s", "model": "n"}, {"max_tokens": 3})
    assert found.requests == 4
    [common, rare] = found.samples
    assert (common.model, common.requests, common.max_tokens) == ("m", 3, 32)
    assert (rare.model, rare.requests, rare.max_tokens, rare.position) == ("n", 1, 9, 2)
    assert common.custom_id == f"r{common.position}"
    assert common.structure == "m; user text; max_tokens"
    assert rare.structure == "n; user text; system text; max_tokens"
    assert rare.request == request("r2", system="s", model="n")


@table(
    "params, structure",
    {
        "blocks": ({"messages": [user([text(), file()])]}, "m; user [text, image]; max_tokens"),
        "turns": (
            {"messages": [user("a"), assistant("b"), user("c")]},
            "m; user text; assistant text; max_tokens",
        ),
        "tools": (
            {"tools": [tool("a"), tool("b")], "tool_choice": {"type": "any"}},
            "m; user text; tools a, b; tool_choice any; max_tokens",
        ),
        "thinking": (
            {"thinking": {"type": "adaptive"}},
            "m; user text; thinking adaptive; max_tokens",
        ),
        "blank": ({"messages": [user("")]}, "m; user blank text; max_tokens"),
        # rubbish, which the server will refuse
        "no messages": ({"messages": None}, "m; no messages; max_tokens"),
        "messages of texts": (
            {"messages": ["a"]},
            "m; a message that is not an object; max_tokens",
        ),
        "no role": ({"messages": [{}]}, "m; no role without content; max_tokens"),
        "blocks of texts": ({"messages": [user(["a"])]}, "m; user [no type]; max_tokens"),
        "tools of texts": ({"tools": ["a"]}, "m; user text; tools no name; max_tokens"),
        "a model of a number": ({"model": 5}, "5; user text; max_tokens"),
    },
)
def test_structure_in_words(params: dict[str, Any], structure: str) -> None:
    [found] = shapes_of(params).samples
    assert found.structure == structure


@pytest.mark.parametrize("value", [None, "9", 0, -5, True, 2.5], ids=repr)
def test_a_max_tokens_that_is_not_valid_counts_as_none(value: Any) -> None:
    [found] = shapes_of({"max_tokens": value}).samples
    assert found.max_tokens == 0


@table(
    "content, least, most",
    {
        "no text": ("", 1, 72),
        "ascii": ("x" * 1000, 1000, 1072),
        # bytes, not characters, which would take Chinese for a third
        "Chinese": ("字" * 1000, 3000, 3072),
        "a lone surrogate": ("\ud800" * 1000, 3000, 3072),
        # an image costs the same, however large its file is
        "a large image": ([file(data="a" * 1_000_000)], 6000, 6092),
        "a small image": ([file()], 6000, 6092),
        "an image by URL": ([{"type": "image", "source": {"type": "url", "url": "u"}}], 6000, 6092),
        "a PDF": ([file("application/pdf", "a" * 100_000)], 10_000, 10_092),
        "a text file": (
            [{"type": "document", "source": {"type": "text", "data": "a" * 1000}}],
            1000,
            1132,
        ),
    },
)
def test_size(content: Any, least: int, most: int) -> None:
    [found] = shapes_of({"messages": [user(content)]}).samples
    assert least <= found.size <= most
    assert found.request_size == found.size


def test_only_what_the_model_reads_has_a_size() -> None:
    [bare] = shapes_of({}).samples
    long = "x" * 1000
    [more] = shapes_of({"metadata": {"user_id": long}, "stop_sequences": [long]}).samples
    assert more.size == bare.size
    [read] = shapes_of({"system": long, "tools": [tool(long)]}).samples
    assert read.size > bare.size + 2000


def test_the_request_kept_is_drawn_in_proportion_to_its_size() -> None:
    lots = random.Random(7)
    many = [
        request(f"r{n}", model=f"m{n % 300}", messages=[user("x" * lots.choice((100, 900)))])
        for n in range(300 * 20)
    ]
    found = preflight.shapes(many, max_shapes=300)
    large = sum(sample.request_size > 900 for sample in found.samples)
    # a large one counts 970 bytes, a small one 170: 85 of 100, and 50 if all had the same chance
    assert 235 <= large <= 275


def test_the_same_request_is_kept_in_each_run() -> None:
    many = [request(f"r{n}", messages=[user("x" * (n % 70))]) for n in range(500)]
    assert preflight.shapes(many) == preflight.shapes(iter(many))


def test_a_request_that_is_changed_later_is_kept_as_it_was() -> None:
    one = request("a", system="s")

    def again() -> Iterator[dict[str, Any]]:
        yield one
        one["params"]["system"] = None
        one["custom_id"] = "b"
        yield one

    first, second = sorted(preflight.shapes(again()).samples, key=lambda one: one.position)
    assert first.request == request("a", system="s")
    assert second.request == request("b", system=None)


def too_deep() -> list[Any]:
    return deep(100_000)


@table(
    "requests, message",
    {
        "none": ([], "at least 1 request; found none (an iterator can be read only once)"),
        "a text": (["a"], "requests[0]: expected an object with custom_id and params"),
        "no custom_id": ([{"params": {}}], "requests[0]/custom_id: expected a string; found None"),
        "a number": ([{"custom_id": 5, "params": {}}], "/custom_id: expected a string; found 5"),
        "no params": ([request(), {"custom_id": "a"}], "requests[1]/params: expected an object"),
        "params of text": ([{"custom_id": "a", "params": "x"}], "expected an object; found 'x'"),
        "NaN": ([request(system=float("nan"))], "requests[0]/params/system ('a'): expected text"),
        "bytes": (
            [request(system=b"x")],
            "/params/system ('a'): expected a value that can be JSON",
        ),
        "deep": ([request(system=too_deep())], "requests[0] ('a'): expected"),
    },
)
def test_what_is_no_request(requests: list[Any], message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        preflight.shapes(requests)
    assert message in str(caught.value)


@pytest.mark.parametrize("requests", [None, 5, "a", request(), ("ok", [])], ids=repr)
def test_what_is_no_iterable_of_requests(requests: Any) -> None:
    with pytest.raises(TypeError):
        preflight.shapes(requests)


def test_more_shapes_than_allowed_stop_the_reading() -> None:
    read: list[int] = []

    def endless() -> Iterator[dict[str, Any]]:
        while True:
            read.append(1)
            yield request(f"r{len(read)}", model=f"m{len(read)}")

    with pytest.raises(InvalidRequest, match=r"requests\[3\]/params \('r4'\): expected at most 3"):
        preflight.shapes(endless(), max_shapes=3)
    assert len(read) == 4
    found = preflight.shapes([request(model=str(n)) for n in range(3)], max_shapes=3)
    assert len(found.samples) == 3


@pytest.mark.parametrize("most", [0, -1, 1.5, None, "1", True], ids=repr)
def test_max_shapes_is_a_number(most: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="max_shapes"):
        preflight.shapes([request()], max_shapes=most)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(["model", "messages", "system", "tools", "thinking", "tool_choice", "x"])


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5), min_size=1, max_size=5))
def test_any_params_have_a_shape(many: list[dict[str, Any]]) -> None:
    found = preflight.shapes([{"custom_id": "a", "params": params} for params in many])
    assert sum(sample.requests for sample in found.samples) == found.requests == len(many)
    assert all(sample.size >= sample.request_size > 0 for sample in found.samples)
