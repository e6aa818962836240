"""Requests split into lists that fit one batch each."""

from __future__ import annotations

import copy
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py import _json
from anthropix_py.errors import InvalidRequest
from anthropix_py.split import Limits, chunks


def body(requests: list[Any]) -> bytes:
    return _json.dumps({"requests": requests})


def sized(length: int, fill: str = "x") -> dict[str, Any]:
    """Return a request of exactly *length* bytes of JSON."""
    empty = len(_json.dumps({"custom_id": ""}))
    return {"custom_id": fill * ((length - empty) // len(fill.encode()))}


def numbered() -> Iterator[dict[str, Any]]:
    for number in itertools.count():
        yield {"custom_id": f"r-{number}"}


THREE = [sized(30), sized(30), sized(30)]
EXACT = len(body(THREE))

LENGTHS: dict[str, tuple[list[Any], Limits, list[int]]] = {
    "none": ([], Limits(), []),
    "one": ([sized(30)], Limits(), [1]),
    "by count": ([sized(30)] * 7, Limits(requests=3), [3, 3, 1]),
    "by count, even": ([sized(30)] * 6, Limits(requests=3), [3, 3]),
    "one each": ([sized(30)] * 3, Limits(requests=1), [1, 1, 1]),
    "exact bytes": (THREE, Limits(bytes=EXACT), [3]),
    "a byte short": (THREE, Limits(bytes=EXACT - 1), [2, 1]),
    "a byte over": (THREE, Limits(bytes=EXACT + 1), [3]),
    "exact bytes again": (THREE * 3, Limits(bytes=EXACT), [3, 3, 3]),
    "exact for one": (THREE, Limits(bytes=len(body(THREE[:1]))), [1, 1, 1]),
    # A comma is a byte too.
    "no room for the comma": (THREE, Limits(bytes=len(body(THREE[:2])) - 1), [1, 1, 1]),
    "bytes before count": (THREE * 2, Limits(bytes=len(body(THREE[:2])), requests=3), [2, 2, 2]),
    "count before bytes": (THREE * 2, Limits(bytes=EXACT, requests=2), [2, 2, 2]),
    "small after large": (
        [sized(90), sized(30), sized(30), sized(90)],
        Limits(bytes=EXACT),
        [1, 2, 1],
    ),
    "no reordering": ([sized(30), sized(90), sized(30)], Limits(bytes=EXACT), [1, 1, 1]),
    # A limit in characters would let a body of other scripts be three times too large.
    "bytes, not characters": (
        [sized(48, "\u2603")] * 3,
        Limits(bytes=len(body([sized(48, "\u2603")] * 3)) - 1),
        [2, 1],
    ),
    # A lone surrogate is sent as an escape of six bytes.
    "escapes": (
        [{"a": "\ud800"}] * 3,
        Limits(bytes=len(body([{"a": "\ud800"}] * 3))),
        [3],
    ),
    "repeated ids and faulty requests are left alone": (
        [{}, {}, {"custom_id": 5}, {1: 2}],
        Limits(requests=2),
        [2, 2],
    ),
}


@pytest.mark.parametrize("case", LENGTHS.values(), ids=LENGTHS)
def test_lengths(case: tuple[list[Any], Limits, list[int]]) -> None:
    requests, limits, expected = case
    parts = list(chunks(requests, limits))
    assert [len(part) for part in parts] == expected
    assert all(len(body(part)) <= limits.bytes for part in parts)
    assert [id(one) for part in parts for one in part] == [id(one) for one in requests]


def test_defaults_are_those_of_the_api() -> None:
    first, second = chunks({"custom_id": str(number)} for number in range(100_001))
    assert (len(first), len(second)) == (100_000, 1)


def test_an_endless_generator_is_read_as_far_as_needed() -> None:
    taken = 0

    def source() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for request in numbered():
            taken += 1
            yield request

    parts = chunks(source(), Limits(requests=10))
    assert taken == 0
    assert [request["custom_id"] for request in next(parts)] == [
        f"r-{number}" for number in range(10)
    ]
    assert taken == 11
    assert next(parts)[0] == {"custom_id": "r-10"}


def test_lists_are_independent() -> None:
    parts = chunks(numbered(), Limits(requests=2))
    first = next(parts)
    first.clear()
    assert len(next(parts)) == 2
    assert first == []


def test_mappings_are_measured_as_objects() -> None:
    requests: list[Mapping[str, object]] = [MappingProxyType(request) for request in THREE]
    assert [len(part) for part in chunks(requests, Limits(bytes=EXACT))] == [3]
    assert [len(part) for part in chunks(requests, Limits(bytes=EXACT - 1))] == [2, 1]


def test_requests_are_never_changed() -> None:
    requests = [{"custom_id": "a", "params": {"messages": [{"content": "\ud800"}]}}] * 3
    before = copy.deepcopy(requests)
    list(chunks(requests, Limits(requests=2)))
    assert requests == before


TOO_LARGE = Limits(bytes=len(body([sized(60)])) - 1)

REFUSED: dict[str, tuple[Any, int, str, str]] = {
    "first": ([sized(60)], 0, "", "60 bytes"),
    "later": ([sized(30), sized(30), sized(60), sized(30)], 2, "", "60 bytes"),
    # The user looks for the index in what was passed, not in the chunk.
    "counted over all chunks": ([sized(30)] * 9 + [sized(60)], 9, "", "60 bytes"),
    "nan": ([sized(30), {"a": [1, math.nan]}], 1, "/a/1", "nan"),
    "inf": ([{"a": -math.inf}], 0, "/a", "-inf"),
    "bytes": ([{"a": b""}], 0, "/a", "a value of type bytes"),
    "set": ([{"a": {"b": set()}}], 0, "/a/b", "a value of type set"),
    "not a request": ([sized(30), object()], 1, "", "a value of type object"),
    "key": ([{"a": {(1, 2): 3}}], 0, "/a", "the key a value of type tuple"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_a_batch_is_refused(case: tuple[Any, int, str, str]) -> None:
    requests, index, pointer, found = case
    with pytest.raises(InvalidRequest) as caught:
        list(chunks(requests, TOO_LARGE))
    (problem,) = caught.value.problems
    assert (problem.index, problem.pointer, problem.found, problem.severity) == (
        index,
        pointer,
        found,
        "error",
    )


def test_one_that_just_fits_is_not_refused() -> None:
    assert len(list(chunks([sized(60)], Limits(bytes=len(body([sized(60)])))))) == 1


def test_full_lists_before_a_fault_are_yielded_first() -> None:
    parts = chunks([*THREE, sized(90)], Limits(requests=2, bytes=80))
    assert next(parts) == THREE[:2]
    with pytest.raises(InvalidRequest):
        next(parts)


@pytest.mark.parametrize(
    "requests", [None, 5, "abc", b"abc", {"custom_id": "a"}, MappingProxyType({})], ids=repr
)
def test_what_is_not_a_list_of_requests_is_a_type_error_at_once(requests: Any) -> None:
    with pytest.raises(TypeError, match="requests must be an iterable of mappings"):
        chunks(requests)


def test_limits_of_a_wrong_type_are_a_type_error_at_once() -> None:
    with pytest.raises(TypeError, match="limits must be a Limits, not int"):
        chunks([], cast(Any, 100_000))


@pytest.mark.parametrize("count", [0, -1, -100_000])
def test_a_limit_of_no_requests_is_a_value_error_at_once(count: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        chunks([], Limits(requests=count))


REQUESTS = st.lists(
    st.fixed_dictionaries(
        {"custom_id": st.text(st.characters(exclude_categories=()), max_size=20)}
    ),
    max_size=40,
)


@given(REQUESTS, st.integers(150, 600), st.integers(1, 10))
def test_nothing_is_lost_and_every_list_fits_and_is_full(
    requests: list[dict[str, str]], size: int, count: int
) -> None:
    limits = Limits(requests=count, bytes=size)
    parts = list(chunks(iter(requests), limits))
    assert list(itertools.chain.from_iterable(parts)) == requests
    assert all(1 <= len(part) <= count and len(body_sent(part)) <= size for part in parts)
    for part, after in itertools.pairwise(parts):
        assert len(part) == count or len(body_sent([*part, after[0]])) > size


def body_sent(requests: list[dict[str, str]]) -> bytes:
    """Encode each request alone, like `create`: a lone surrogate changes only its own request."""
    encoded = b'{"requests":[' + b",".join(map(_json.dumps, requests)) + b"]}"
    assert json.loads(encoded) == json.loads(json.dumps({"requests": requests}))
    return encoded
