"""The check of one batch: ids, keys, count and size, and a fast path that changes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import request

from anthropix_py import _json
from anthropix_py._problem import Problem
from anthropix_py.limits import Limits
from anthropix_py.validate._checker import Checker

AN_ID = "a string that matches ^[a-zA-Z0-9_-]{1,64}$"
NO_KEY = "no such key"
UNKNOWN = "a key that the API does not know"
KEYS = "custom_id and params, nothing else"
REQUEST = "an object with custom_id and params"
PARAMS = request()["params"]


def check(requests: Any, limits: Limits = Limits()) -> list[Problem]:
    checker = Checker(limits)
    found: list[Problem] = []
    for one in requests:
        found += checker.feed(one)[1]
        if checker.full:
            break
    return found + checker.finish()


def with_id(custom_id: object) -> dict[str, Any]:
    return {"custom_id": custom_id, "params": PARAMS}


@pytest.mark.parametrize("custom_id", ["a", "a" * 64, "azAZ09_-"])
def test_good_ids(custom_id: str) -> None:
    assert check([with_id(custom_id)]) == []


# custom_id: how it is shown
BAD_IDS: dict[str, tuple[object, str]] = {
    "null": (None, "None"),
    "number": (5, "5"),
    "bool": (True, "True"),
    "list": (["a"], "a value of type list"),
    "dict": ({"a": 1}, "a value of type dict"),
    "empty": ("", "''"),
    "a letter too long": ("a" * 65, f"'{'a' * 59}... (67 characters)"),
    "space": ("a b", "'a b'"),
    # Names of files and paths are a common choice of id.
    "dot": ("a.b", "'a.b'"),
    "slash": ("a/b", "'a/b'"),
    # In Python's expressions $ matches before a final newline too; the server refuses it.
    "newline at the end": ("a\n", "'a\\n'"),
    "two lines": ("a\nb", "'a\\nb'"),
    "NUL": ("a\0", "'a\\x00'"),
    # A pattern of \w or \d would let other alphabets and digits pass.
    "accented letter": ("\xe9", "'\xe9'"),
    "Arabic digit": ("\u0661", "'\u0661'"),
    "lone surrogate": ("\ud800", "'\\ud800'"),
}


@pytest.mark.parametrize(("custom_id", "found"), BAD_IDS.values(), ids=BAD_IDS)
def test_bad_ids(custom_id: object, found: str) -> None:
    name = custom_id if isinstance(custom_id, str) else None
    assert check([with_id(custom_id)]) == [Problem(0, name, "/custom_id", found, AN_ID)]


# request: (pointer, found, expected) of each fault
FAULTS: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    "no custom_id": ({"params": PARAMS}, [("/custom_id", NO_KEY, AN_ID)]),
    "no params": ({"custom_id": "a"}, [("/params", NO_KEY, "an object")]),
    "empty": ({}, [("/custom_id", NO_KEY, AN_ID), ("/params", NO_KEY, "an object")]),
    "params of null": (with_id("a") | {"params": None}, [("/params", "None", "an object")]),
    "params in a list": (
        {"custom_id": "a", "params": [PARAMS]},
        [("/params", "a value of type list", "an object")],
    ),
    # Params that were encoded once too often.
    "params as text": ({"custom_id": "a", "params": "{}"}, [("/params", "'{}'", "an object")]),
    "long params as text": (
        {"custom_id": "a", "params": "x" * 1000},
        [("/params", f"'{'x' * 59}... (1,002 characters)", "an object")],
    ),
    # The server refuses the batch for a single key that it does not know.
    "other keys": (
        {"b": 1, **with_id("a"), "~/": 2, "": 3, 5: 4},
        [(pointer, UNKNOWN, KEYS) for pointer in ("/b", "/~0~1", "/", "/5")],
    ),
    "key in other letters": (
        {"Custom_id": "a", "params": PARAMS},
        [("/custom_id", NO_KEY, AN_ID), ("/Custom_id", UNKNOWN, KEYS)],
    ),
    "null": (None, [("", "None", REQUEST)]),
    # A line of a JSON Lines file that was not parsed.
    "text": ("a", [("", "'a'", REQUEST)]),
    "bytes": (b"a", [("", "a value of type bytes", REQUEST)]),
    "list of requests": ([request()], [("", "a value of type list", REQUEST)]),
    "pairs": (tuple(request().items()), [("", "a value of type tuple", REQUEST)]),
    "NaN": (math.nan, [("", "nan", REQUEST)]),
    "class": (dict, [("", "a value of type type", REQUEST)]),
}


@pytest.mark.parametrize(("one", "faults"), FAULTS.values(), ids=FAULTS)
def test_faults_of_a_request(one: Any, faults: list[tuple[str, str, str]]) -> None:
    found = check([one])
    assert [problem[2:5] for problem in found] == faults
    assert {(problem.index, problem.severity) for problem in found} == {(0, "error")}


JSON = "a value that can be JSON"

# A place that cannot be JSON has other faults as well; only the worst is reported.
WORST: dict[str, tuple[Any, tuple[str, str, str]]] = {
    "custom_id of bytes": (with_id(b"a"), ("/custom_id", "a value of type bytes", JSON)),
    "custom_id of NaN": (with_id(math.nan), ("/custom_id", "missing text (NaN)", "text")),
    "params of bytes": (
        {"custom_id": "a", "params": b"x"},
        ("/params", "a value of type bytes", JSON),
    ),
    "max_tokens of NaN": (
        request(max_tokens=math.nan),
        ("/params/max_tokens", "nan", "a finite number"),
    ),
    "missing content": (
        request(messages=[{"role": "user", "content": math.nan}]),
        ("/params/messages/0/content", "missing text (NaN)", "text"),
    ),
    "key of a tuple": (
        {**request(), (1, 2): 3},
        ("", "the key a value of type tuple", "keys that are strings"),
    ),
}


@pytest.mark.parametrize(("one", "fault"), WORST.values(), ids=WORST)
def test_a_place_is_named_once(one: Any, fault: tuple[str, str, str]) -> None:
    assert [problem[2:6] for problem in check([one])] == [(*fault, "error")]


# custom_ids: (index of a repeated one, index of its first use)
REPEATED: dict[str, tuple[list[str], list[tuple[int, int]]]] = {
    "side by side": (["a", "a"], [(1, 0)]),
    "apart": (["a", "b", "c", "a"], [(3, 0)]),
    # The first use is named, not the latest.
    "three": (["a", "a", "a"], [(1, 0), (2, 0)]),
    "two pairs": (["a", "b", "b", "a"], [(2, 1), (3, 0)]),
    "another case of letters": (["a", "A"], []),
    # They are faulty anyway, and a second message would not help.
    "faulty ids": (["", "", "a b", "a b"], []),
}


@pytest.mark.parametrize(("ids", "repeated"), REPEATED.values(), ids=REPEATED)
def test_repeated_ids(ids: list[str], repeated: list[tuple[int, int]]) -> None:
    unique = "an id that is unique in its batch"
    found = [problem for problem in check(map(with_id, ids)) if problem.expected == unique]
    assert [(problem.index, problem.pointer, problem.found) for problem in found] == [
        (index, "/custom_id", f"{ids[index]!r}, used before in requests[{first}]")
        for index, first in repeated
    ]


# (pattern, custom_id, whether it fits)
PATTERNS: dict[str, tuple[str, str, bool]] = {
    "wider": (r"^[a-z.]{1,3}$", "a.b", True),
    "narrower": (r"^[a-z]$", "ab", False),
    "unanchored": (r"x", "axb", True),
    "newline at the end": (r"^[a-z]$", "a\n", False),
    "everything": (r"", "a b", True),
}


@pytest.mark.parametrize(("pattern", "custom_id", "fits"), PATTERNS.values(), ids=PATTERNS)
def test_pattern_of_the_limits(pattern: str, custom_id: str, fits: bool) -> None:
    found = check([with_id(custom_id)], Limits(custom_id=pattern))
    expected = [] if fits else [f"a string that matches {pattern}"]
    assert [problem.expected for problem in found] == expected


def size(requests: list[dict[str, Any]]) -> int:
    return len(_json.dumps({"requests": requests}))


THREE = [request("a"), request("b"), request("c", system="\u2603")]
LARGE = request("large", system="x" * 1000)
TOO_LARGE = f"{len(_json.dumps(LARGE)):,} bytes"

# (requests, limits, index and found of the problem)
OVER: dict[str, tuple[list[Any], Limits, tuple[int, str] | None]] = {
    "exact count": (THREE, Limits(requests=3), None),
    "one more": (THREE, Limits(requests=2), (2, "one more")),
    "two more": (THREE, Limits(requests=1), (1, "one more")),
    "none allowed": (THREE, Limits(requests=0), (0, "one more")),
    "exact bytes": (THREE, Limits(bytes=size(THREE)), None),
    "a byte too many": (
        THREE,
        Limits(bytes=size(THREE) - 1),
        (2, f"{size(THREE)} bytes up to here"),
    ),
    "two fit": (THREE, Limits(bytes=size(THREE[:2])), (2, f"{size(THREE)} bytes up to here")),
    "one fits": (THREE, Limits(bytes=size(THREE[:1])), (1, f"{size(THREE[:2])} bytes up to here")),
    "no limits to speak of": (THREE, Limits(requests=10**9, bytes=10**12), None),
    # Splitting does not help these, so the message must not advise it.
    "first alone too large": ([LARGE, *THREE], Limits(bytes=size([LARGE]) - 1), (0, TOO_LARGE)),
    "last alone too large": ([*THREE, LARGE], Limits(bytes=size([LARGE]) - 1), (3, TOO_LARGE)),
    "large, but fits alone": ([LARGE], Limits(bytes=size([LARGE])), None),
}


@pytest.mark.parametrize(("requests", "limits", "expected"), OVER.values(), ids=OVER)
def test_limits(requests: list[Any], limits: Limits, expected: tuple[int, str] | None) -> None:
    found = check(requests, limits)
    assert [(problem.index, problem.found) for problem in found] == [expected] * len(found)
    assert bool(found) == (expected is not None)
    for problem in found:
        assert problem.severity == "error"
        assert ("split.chunks" in problem.expected) == (problem.found != TOO_LARGE)


# An endless generator must not be read for ever.
def test_an_endless_generator_is_read_to_the_limit() -> None:
    def endless() -> Iterator[dict[str, Any]]:
        while True:
            yield request()

    assert [problem.index for problem in check(endless(), Limits(requests=5))] == [1, 2, 3, 4, 5]
    assert check(endless(), Limits(bytes=1000))[-1].found.endswith("bytes up to here")


def test_the_bytes_returned_are_the_bytes_counted() -> None:
    checker = Checker(Limits())
    encoded, faults = zip(*map(checker.feed, THREE))
    assert list(map(list, faults)) == [[], [], []]
    body = b'{"requests":[' + b",".join(encoded) + b"]}"
    assert body == _json.dumps({"requests": THREE})
    assert (checker.count, checker.size, checker.full) == (3, len(body), False)
    assert checker.finish() == []


def test_what_cannot_be_json_has_no_bytes_and_is_counted() -> None:
    checker = Checker(Limits())
    faulty = (None, b"a", request(x=math.nan), request(x={1}))
    assert [checker.feed(one)[0] for one in faulty] == [b"", b"", b"", b""]
    assert checker.count == 4


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.floats()
    | st.sampled_from(["", "user", "a", "\ud800", b"x", {1}]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.tuples(inner)
        | st.dictionaries(st.sampled_from(["role", "a"]), inner)
    ),
    max_leaves=4,
)
ROLE = st.sampled_from(["user", "assistant", "system"]) | VALUE
MESSAGE = st.fixed_dictionaries({"role": ROLE, "content": st.just("Hello") | VALUE})
ANY_PARAMS = st.fixed_dictionaries(
    {
        "model": st.just("m") | VALUE,
        "max_tokens": st.just(9) | VALUE,
        "messages": st.lists(MESSAGE | VALUE, max_size=2),
    },
    optional={
        "stream": VALUE,
        "speed": VALUE,
        "temperature": VALUE,
        "extra_body": VALUE,
        "system": VALUE,
        "timeout": VALUE,
    },
)
IDS = st.sampled_from(["a", "b", "c", "d", "a b", "", "a\n", "\ud800"]) | VALUE
ANY_REQUEST = st.fixed_dictionaries(
    {"custom_id": IDS, "params": ANY_PARAMS | VALUE}, optional={"x": VALUE}
)


# The fast path must never accept what the full check refuses, nor count it differently.
@given(
    st.lists(ANY_REQUEST | ANY_REQUEST.map(MappingProxyType) | VALUE, max_size=6),
    st.integers(1, 6),
    st.integers(60, 600),
)
def test_the_fast_path_finds_what_the_full_check_finds(
    requests: list[Any], most: int, size: int
) -> None:
    limits = Limits(requests=most, bytes=size)
    fast, full = Checker(limits), Checker(limits)
    for one in requests:
        encoded, found = fast.feed(one)
        assert (encoded, list(found)) == full._check_slowly(one)
        assert (fast.count, fast.size, fast.full) == (full.count, full.size, full.full)
        if fast.full:
            return
    assert fast.finish() == full.finish()
