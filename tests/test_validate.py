"""Problems of requests, as a user gets them: all of them, in order, and nothing is changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import KEY, error_in, request

from anthropix_py import InvalidRequest, _json, batch, emulator, init
from anthropix_py.validate import Problem, problems

FAULTY: dict[str, Any] = {
    "custom_id": "a b",
    "params": {"model": "", "max_tokens": 1, "messages": [1], "x": {1}},
    "y": 1,
}


def test_errors_come_before_warnings_in_each_request() -> None:
    found = problems(iter([request("b"), FAULTY, request("c", stream=True)]))
    assert [(problem.index, problem.pointer, problem.severity) for problem in found] == [
        (1, "/custom_id", "error"),
        (1, "/y", "error"),
        (1, "/params/x", "error"),
        (1, "/params/model", "warning"),
        (1, "/params/messages/0", "warning"),
        (2, "/params/stream", "warning"),
    ]
    assert {problem.custom_id for problem in found} == {"a b", "c"}


def test_the_text_says_what_a_missing_max_tokens_leads_to() -> None:
    one = request()
    del one["params"]["max_tokens"]
    assert [str(problem) for problem in problems([one])] == [
        "requests[0]/params/max_tokens ('a'): expected an integer of at least 1; "
        "found no such key, so this request will come back as an errored row"
    ]


@pytest.mark.parametrize(
    "empty", [[], (), iter(()), set()], ids=["list", "tuple", "used-up iterator", "set"]
)
def test_a_batch_without_requests(empty: Any) -> None:
    found = "none (an iterator can be read only once)"
    assert problems(empty) == [Problem(None, None, "requests", found, "at least 1 request")]


# A single request or a text can be iterated over too: its keys or letters are not requests.
@pytest.mark.parametrize(
    "wrong", [None, 5, 1.5, "abc", b"abc", request(), MappingProxyType({}), object, len], ids=repr
)
def test_what_is_not_a_list_of_requests_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="requests must be an iterable of mappings"):
        problems(wrong)


def test_a_result_in_place_of_requests_says_to_unwrap_it() -> None:
    with pytest.raises(TypeError, match=r"not requests: unwrap it first"):
        problems(cast(Any, ("ok", [request()])))


@pytest.mark.parametrize("limits", [5, None, (1, 2, "x", 4)], ids=repr)
def test_limits_of_a_wrong_type_are_a_type_error(limits: Any) -> None:
    with pytest.raises(TypeError, match="limits must be a Limits, not"):
        problems([], limits)


def test_reading_stops_at_the_first_request_beyond_the_limit() -> None:
    taken = 0

    def source() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for number in range(100_010):
            taken += 1
            yield {"custom_id": f"r{number}", "params": request()["params"]}

    [problem] = problems(source())
    assert (problem.index, problem.found) == (100_000, "one more")
    assert problem.expected == "at most 100,000 requests; split.chunks makes batches that fit"
    assert taken == 100_001


def test_requests_are_never_changed() -> None:
    requests = [request(), FAULTY, request("c", system="\ud800", stop_sequences=["\n"])]
    before = copy.deepcopy(requests)
    problems(requests)
    assert requests == before


def test_a_strict_create_refuses_warnings_and_sends_nothing() -> None:
    store = emulator.Store()
    client = init(KEY, transport=emulator.transport(store))
    requests = [request("a"), request("b", max_tokens=0), request("c", top_p=2, x=1)]
    refused = error_in(batch.create(client, requests, strict=True), InvalidRequest)
    assert [problem.pointer for problem in refused.problems] == [
        "/params/max_tokens",
        "/params/top_p",
        "/params/x",
    ]
    assert list(store.newest_first()) == []
    assert batch.create(client, requests[:1], strict=True)[0] == "ok"


# What the client sends decides what is a fault.
def test_create_checks_with_the_version_and_the_betas_of_its_client() -> None:
    transport = emulator.transport(emulator.Store())
    newer = init(KEY, transport=transport, api_version="2026-10-21")
    error_in(batch.create(newer, [request(temperature=1)], strict=True), InvalidRequest)
    beta = init(KEY, transport=transport, beta=["some-beta"])
    assert batch.create(beta, [request(unheard_of=1)], strict=True)[0] == "ok"


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=3)
    | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["custom_id", "params", "messages", "x", "~/"]) | st.integers(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


# No input may raise: a user would lose every problem for one that was not thought of.
@given(st.lists(ANY, max_size=5))
def test_anything_gives_problems_and_no_exception(requests: list[Any]) -> None:
    found = problems(requests)
    assert all(str(problem) for problem in found)
    indices = [problem.index for problem in found if problem.index is not None]
    assert indices == sorted(indices)
    if not any(problem.severity == "error" for problem in found):
        assert _json.dumps({"requests": requests})
