"""Faults in requests: each found once, where it is."""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import deep

from anthropix_py import _json
from anthropix_py._problem import shown, step
from anthropix_py.limits import Limits
from anthropix_py.validate import Checker, Problem, problems

AN_ID = "a string that matches ^[a-zA-Z0-9_-]{1,64}$"
JSON = "a value that can be JSON"
NO_KEY = "no such key"
A_COUNT = "an integer of at least 1"
MESSAGES = "a list of at least 1 message"
KEYS = "custom_id and params, nothing else"
UNIQUE = "an id that is unique in its batch"

Short = tuple[Any, ...]
"""(pointer, found, expected) or with the severity behind."""


def request(custom_id: object = "a", **params: object) -> dict[str, Any]:
    fine = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    return {"custom_id": custom_id, "params": {**fine, **params}}


def without(key: str) -> dict[str, Any]:
    fine = request()
    del fine["params"][key]
    return fine


def cycle() -> dict[str, object]:
    value: dict[str, object] = {}
    value["again"] = [0, value]
    return value


class Rare(Mapping[str, object]):
    """A mapping that is no dict."""

    def __init__(self, content: Mapping[str, object]) -> None:
        self._content = content

    def __getitem__(self, key: str) -> object:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)


# A request and its faults.
ERRORS: dict[str, tuple[Any, list[Short]]] = {
    "fine": (request(), []),
    "unknown params": (request(temperature=0.5, top_z=[{}], stream=False), []),
    "longest id": (request("a" * 64), []),
    "every kind of letter": (request("azAZ09_-"), []),
    "proxy": (MappingProxyType(request()), []),
    "mapping": (Rare({"custom_id": "a", "params": Rare(request()["params"])}), []),
    "tuple of messages": (request(messages=({"role": "user", "content": "x"},)), []),
    "lone surrogate in text": (request(system="\ud800"), []),
    "deep but not too deep": (request(x=deep(50)), []),
    "big number": (request(max_tokens=2**100), []),
    "no id": ({"params": request()["params"]}, [("/custom_id", NO_KEY, AN_ID)]),
    "no params": ({"custom_id": "a"}, [("/params", NO_KEY, "an object")]),
    "empty": ({}, [("/custom_id", NO_KEY, AN_ID), ("/params", NO_KEY, "an object")]),
    "id null": (request(None), [("/custom_id", "None", AN_ID)]),
    "id number": (request(5), [("/custom_id", "5", AN_ID)]),
    "id bool": (request(custom_id=True), [("/custom_id", "True", AN_ID)]),
    "id list": (request(["a"]), [("/custom_id", "a value of type list", AN_ID)]),
    "id dict": (request({"a": 1}), [("/custom_id", "a value of type dict", AN_ID)]),
    "id empty": (request(""), [("/custom_id", "''", AN_ID)]),
    "id too long": (request("a" * 65), [("/custom_id", f"'{'a' * 59}... (67 characters)", AN_ID)]),
    "id with space": (request("a b"), [("/custom_id", "'a b'", AN_ID)]),
    "id with dot": (request("a.b"), [("/custom_id", "'a.b'", AN_ID)]),
    "id with slash": (request("a/b"), [("/custom_id", "'a/b'", AN_ID)]),
    "id with newline": (request("a\n"), [("/custom_id", "'a\\n'", AN_ID)]),
    "id of two lines": (request("a\nb"), [("/custom_id", "'a\\nb'", AN_ID)]),
    "id with nul": (request("a\0"), [("/custom_id", "'a\\x00'", AN_ID)]),
    "id accented": (request("\xe9"), [("/custom_id", "'\xe9'", AN_ID)]),
    "id in other digits": (request("\u0661"), [("/custom_id", "'\u0661'", AN_ID)]),
    "id lone surrogate": (request("\ud800"), [("/custom_id", "'\\ud800'", AN_ID)]),
    "params null": ({"custom_id": "a", "params": None}, [("/params", "None", "an object")]),
    "params empty list": (
        {"custom_id": "a", "params": []},
        [("/params", "an empty list", "an object")],
    ),
    "params list": (
        {"custom_id": "a", "params": [1]},
        [("/params", "a value of type list", "an object")],
    ),
    "params text": ({"custom_id": "a", "params": "{}"}, [("/params", "'{}'", "an object")]),
    "params long text": (
        {"custom_id": "a", "params": "x" * 1000},
        [("/params", f"'{'x' * 59}... (1,002 characters)", "an object")],
    ),
    "params number": ({"custom_id": "a", "params": 7}, [("/params", "7", "an object")]),
    "extra key": (
        {**request(), "model": "m"},
        [("/model", "a key that the API does not know", KEYS)],
    ),
    "extra keys": (
        {"b": 1, **request(), "a": 2},
        [
            ("/b", "a key that the API does not know", KEYS),
            ("/a", "a key that the API does not know", KEYS),
        ],
    ),
    "extra key escaped": (
        {**request(), "~/": 1},
        [("/~0~1", "a key that the API does not know", KEYS)],
    ),
    "extra empty key": ({**request(), "": 1}, [("/", "a key that the API does not know", KEYS)]),
    "extra number key": ({**request(), 5: 1}, [("/5", "a key that the API does not know", KEYS)]),
    "almost the key": (
        {"Custom_id": "a", "params": request()["params"]},
        [("/custom_id", NO_KEY, AN_ID), ("/Custom_id", "a key that the API does not know", KEYS)],
    ),
    "not a mapping: null": (None, [("", "None", "an object with custom_id and params")]),
    "not a mapping: text": ("a", [("", "'a'", "an object with custom_id and params")]),
    "not a mapping: bytes": (
        b"a",
        [("", "a value of type bytes", "an object with custom_id and params")],
    ),
    "not a mapping: list": (
        [request()],
        [("", "a value of type list", "an object with custom_id and params")],
    ),
    "not a mapping: pairs": (
        tuple(request().items()),
        [("", "a value of type tuple", "an object with custom_id and params")],
    ),
    "not a mapping: nan": (math.nan, [("", "nan", "an object with custom_id and params")]),
    "not a mapping: object": (
        object(),
        [("", "a value of type object", "an object with custom_id and params")],
    ),
    "not a mapping: class": (
        dict,
        [("", "a value of type type", "an object with custom_id and params")],
    ),
    "nan": (request(temperature=math.nan), [("/params/temperature", "nan", "a finite number")]),
    "inf": (request(temperature=math.inf), [("/params/temperature", "inf", "a finite number")]),
    "minus inf": (request(x=[0, -math.inf]), [("/params/x/1", "-inf", "a finite number")]),
    "bytes": (request(system=b"a"), [("/params/system", "a value of type bytes", JSON)]),
    "bytearray": (
        request(system=bytearray()),
        [("/params/system", "a value of type bytearray", JSON)],
    ),
    "set": (
        request(stop_sequences={"a"}),
        [("/params/stop_sequences", "a value of type set", JSON)],
    ),
    "generator": (
        request(tools=(n for n in "a")),
        [("/params/tools", "a value of type generator", JSON)],
    ),
    "range": (request(x=range(3)), [("/params/x", "a value of type range", JSON)]),
    "object": (request(x=object()), [("/params/x", "a value of type object", JSON)]),
    "class": (request(x=int), [("/params/x", "a value of type type", JSON)]),
    "in a message": (
        request(messages=[{"role": "user", "content": [{"type": "image", "data": b"x"}]}]),
        [("/params/messages/0/content/0/data", "a value of type bytes", JSON)],
    ),
    "in a mapping": (
        request(x=Rare({"a/b": Rare({"~": math.nan})})),
        [("/params/x/a~1b/~0", "nan", "a finite number")],
    ),
    "in a tuple": (request(x=(1, (2, 1j))), [("/params/x/1/1", "a value of type complex", JSON)]),
    "two places": (
        request(a=math.nan, b={"c": {1}}),
        [("/params/a", "nan", "a finite number"), ("/params/b/c", "a value of type set", JSON)],
    ),
    "the same object in two places": (
        request(a=[math.nan], b=[[math.nan]]),
        [("/params/a/0", "nan", "a finite number"), ("/params/b/0/0", "nan", "a finite number")],
    ),
    "tuple key": (
        request(x={(1, 2): 3}),
        [("/params/x", "the key a value of type tuple", "keys that are strings")],
    ),
    "bytes key": (
        request(x={b"a": 3}),
        [("/params/x", "the key a value of type bytes", "keys that are strings")],
    ),
    "cycle": (
        request(x=cycle()),
        [("/params/x/again/1", "a cycle: a value that contains itself", JSON)],
    ),
    "no model": (without("model"), [("/params/model", NO_KEY, "a model's name", "warning")]),
    "no max_tokens": (without("max_tokens"), [("/params/max_tokens", NO_KEY, A_COUNT, "warning")]),
    "no messages": (without("messages"), [("/params/messages", NO_KEY, MESSAGES, "warning")]),
    "params empty": (
        {"custom_id": "a", "params": {}},
        [
            ("/params/model", NO_KEY, "a model's name", "warning"),
            ("/params/max_tokens", NO_KEY, A_COUNT, "warning"),
            ("/params/messages", NO_KEY, MESSAGES, "warning"),
        ],
    ),
    "model null": (request(model=None), [("/params/model", "None", "a model's name", "warning")]),
    "model empty": (request(model=""), [("/params/model", "''", "a model's name", "warning")]),
    "model list": (
        request(model=["m"]),
        [("/params/model", "a value of type list", "a model's name", "warning")],
    ),
    "max_tokens 0": (request(max_tokens=0), [("/params/max_tokens", "0", A_COUNT, "warning")]),
    "max_tokens minus": (
        request(max_tokens=-1),
        [("/params/max_tokens", "-1", A_COUNT, "warning")],
    ),
    "max_tokens float": (
        request(max_tokens=9.0),
        [("/params/max_tokens", "9.0", A_COUNT, "warning")],
    ),
    "max_tokens bool": (
        request(max_tokens=True),
        [("/params/max_tokens", "True", A_COUNT, "warning")],
    ),
    "max_tokens text": (
        request(max_tokens="9"),
        [("/params/max_tokens", "'9'", A_COUNT, "warning")],
    ),
    "messages empty": (
        request(messages=[]),
        [("/params/messages", "an empty list", MESSAGES, "warning")],
    ),
    "messages text": (request(messages="Hi"), [("/params/messages", "'Hi'", MESSAGES, "warning")]),
    "messages dict": (
        request(messages={"a": 1}),
        [("/params/messages", "a value of type dict", MESSAGES, "warning")],
    ),
    "messages null": (request(messages=None), [("/params/messages", "None", MESSAGES, "warning")]),
    "stream": (
        request(stream=True),
        [("/params/stream", "True", "no streaming in a batch", "warning")],
    ),
    "stream text": (
        request(stream="no"),
        [("/params/stream", "'no'", "no streaming in a batch", "warning")],
    ),
    **{
        key: (
            request(**{key: 1}),
            [(f"/params/{key}", "1", "a key that batches support", "warning")],
        )
        for key in (
            "speed",
            "store",
            "cache_hint",
            "context_hint",
            "fallbacks",
            "previous_thread_event_id",
        )
    },
    "of every kind": (
        {
            "custom_id": "a b",
            "params": {"model": "", "max_tokens": 1, "messages": [1], "x": {1}},
            "y": 1,
        },
        [
            ("/custom_id", "'a b'", AN_ID),
            ("/y", "a key that the API does not know", KEYS),
            ("/params/x", "a value of type set", JSON),
            ("/params/model", "''", "a model's name", "warning"),
            ("/params/messages/0", "1", "an object with role and content", "warning"),
        ],
    ),
    "an id of bytes, once": (
        {**request(), "custom_id": b"a"},
        [("/custom_id", "a value of type bytes", JSON)],
    ),
    "params of bytes, once": (
        {"custom_id": "a", "params": b"x"},
        [("/params", "a value of type bytes", JSON)],
    ),
    "NaN for max_tokens, once": (
        request(max_tokens=float("nan")),
        [("/params/max_tokens", "nan", "a finite number")],
    ),
    "a key that is a tuple, once": (
        {**request(), (1, 2): 3},
        [("", "the key a value of type tuple", "keys that are strings")],
    ),
    "a key that is NaN": (
        request(x={float("nan"): 1}),
        [("/params/x", "the key nan", "keys that are strings")],
    ),
}


def test_an_integer_of_more_digits_than_python_prints_has_its_place() -> None:
    [problem] = problems([request(x=[10**5000])])
    assert short(problem) == (
        "/params/x/0",
        "a number of many digits",
        "a number of fewer digits",
        "error",
    )


def test_a_value_nested_almost_without_end_is_searched_in_linear_steps() -> None:
    deep: object = {1}
    for _ in range(100_000):
        deep = [deep]
    [problem] = problems([request(x=deep)])
    assert problem.pointer == "/params/x" + "/0" * 100_000
    assert problem.found == "a value of type set"


def short(problem: Problem) -> Short:
    return (*problem[2:5], problem.severity)


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_faults_of_one_request(case: tuple[Any, list[Short]]) -> None:
    one, expected = case
    found = problems([one])
    assert [short(problem) for problem in found] == [
        fault if len(fault) == 4 else (*fault, "error") for fault in expected
    ]
    assert {problem.index for problem in found} <= {0}
    custom_id = one.get("custom_id") if isinstance(one, Mapping) else None
    assert {problem.custom_id for problem in found} <= {
        custom_id if isinstance(custom_id, str) else None
    }
    assert all(str(problem) for problem in found)


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_the_index_is_that_of_the_request(case: tuple[Any, list[Short]]) -> None:
    one, expected = case
    found = problems(iter([request("b"), one, request("c")]))
    assert [problem.index for problem in found] == [1] * len(expected)


MISPLACED = {
    "betas": "with_options(client, beta=...)",
    "extra_headers": "with_options(client, headers=...)",
    "extra_query": "with_options(client, query=...)",
    "extra_body": "keys of params",
    "timeout": "with_options(client, timeout=...)",
}


@pytest.mark.parametrize("case", MISPLACED.items(), ids=MISPLACED)
def test_arguments_of_an_sdk_in_the_wrong_place(case: tuple[str, str]) -> None:
    key, word = case
    (problem,) = problems([request(**{key: None})])
    assert (problem.pointer, problem.severity) == (f"/params/{key}", "warning")
    assert word in problem.expected


UNENCODABLE: dict[str, Any] = {
    "nan as a key": {math.nan: 1},
    **({"many digits": 10**100_000} if hasattr(sys, "set_int_max_str_digits") else {}),
}


@pytest.mark.parametrize("value", UNENCODABLE.values(), ids=UNENCODABLE)
def test_what_cannot_be_encoded_is_an_error(value: Any) -> None:
    (problem,) = problems([request(x=value)])
    assert (problem.index, problem.custom_id, problem.severity) == (0, "a", "error")


@pytest.mark.parametrize("levels", [500, 5_000])
def test_deep_nesting_is_an_error_where_it_cannot_be_encoded(levels: int) -> None:
    one = request(x=deep(levels))
    try:
        _json.dumps(one)
        expected = []
    except RecursionError:  # how deep is too deep is up to the Python at hand
        expected = ["error"]
    assert [problem.severity for problem in problems([one])] == expected


def test_a_cycle_of_several_steps_is_found_once() -> None:
    one: list[Any] = []
    other: dict[str, Any] = {"one": one}
    one.append(other)
    (problem,) = problems([request(x=one)])
    assert problem.pointer == "/params/x/0/one"


def test_the_same_value_twice_is_no_cycle() -> None:
    shared = {"a": [1]}
    assert problems([request(x=[shared, shared, {"y": shared}])]) == []


DUPLICATES: dict[str, tuple[list[Any], list[tuple[int, int]]]] = {
    "pair": (["a", "a"], [(1, 0)]),
    "apart": (["a", "b", "c", "a"], [(3, 0)]),
    "three": (["a", "a", "a"], [(1, 0), (2, 0)]),
    "two pairs": (["a", "b", "b", "a"], [(2, 1), (3, 0)]),
    "letter case": (["a", "A"], []),
    "bad ids": (["", "", "a b", "a b"], []),
}


@pytest.mark.parametrize("case", DUPLICATES.values(), ids=DUPLICATES)
def test_duplicates(case: tuple[list[Any], list[tuple[int, int]]]) -> None:
    ids, expected = case
    found = [problem for problem in problems(map(request, ids)) if problem.expected == UNIQUE]
    assert [(problem.index, problem.pointer, problem.found) for problem in found] == [
        (index, "/custom_id", f"{ids[index]!r}, used before in requests[{first}]")
        for index, first in expected
    ]


TEXTS: dict[str, tuple[Problem, str]] = {
    "plain": (
        Problem(3, "a", "/params/x", "nan", "y"),
        "requests[3]/params/x ('a'): expected y; found nan",
    ),
    "no id": (Problem(3, None, "", "None", "y"), "requests[3]: expected y; found None"),
    "empty id": (
        Problem(0, "", "/custom_id", "''", "y"),
        "requests[0]/custom_id (''): expected y; found ''",
    ),
    "long id": (
        Problem(0, "x" * 500, "", "z", "y"),
        f"requests[0] ('{'x' * 59}... (502 characters)): expected y; found z",
    ),
    "newline in id": (
        Problem(0, "a\nb", "", "z", "y"),
        "requests[0] ('a\\nb'): expected y; found z",
    ),
    "argument": (Problem(None, None, "requests", "none", "y"), "requests: expected y; found none"),
}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_text(case: tuple[Problem, str]) -> None:
    assert str(case[0]) == case[1]


@pytest.mark.parametrize(
    "empty", [[], (), iter(()), set()], ids=["list", "tuple", "iterator", "set"]
)
def test_none_at_all(empty: Any) -> None:
    assert problems(empty) == [
        Problem(
            None,
            None,
            "requests",
            "none (an iterator that has been used up gives none)",
            "at least 1 request",
        )
    ]


@pytest.mark.parametrize(
    "wrong", [None, 5, 1.5, "abc", b"abc", request(), MappingProxyType({}), object, len], ids=repr
)
def test_what_is_no_list_of_requests_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="requests must be an iterable of mappings"):
        problems(wrong)


def size(requests: list[dict[str, Any]]) -> int:
    return len(_json.dumps({"requests": requests}))


THREE = [request("a"), request("b"), request("c", system="\u2603")]

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
    "first too large": (THREE, Limits(bytes=20), (0, f"{size(THREE[:1])} bytes up to here")),
    "unlimited": (THREE, Limits(requests=10**9, bytes=10**12), None),
}


@pytest.mark.parametrize("case", OVER.values(), ids=OVER)
def test_limits(case: tuple[list[Any], Limits, tuple[int, str] | None]) -> None:
    requests, limits, expected = case
    found = problems(requests, limits)
    assert [(problem.index, problem.found) for problem in found] == (
        [] if expected is None else [expected]
    )
    assert all(
        "split.chunks" in problem.expected and problem.severity == "error" for problem in found
    )


HELLO = {"role": "user", "content": "Hello"}


def test_100_001_requests() -> None:
    taken = 0

    def source() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for number in range(100_010):
            taken += 1
            yield {
                "custom_id": f"r{number}",
                "params": {"model": "m", "max_tokens": 1, "messages": [HELLO]},
            }

    (problem,) = problems(source())
    assert (problem.index, problem.found) == (100_000, "one more")
    assert "100,000" in problem.expected
    assert taken == 100_001


def test_an_endless_generator_is_read_to_the_limit() -> None:
    def source() -> Iterator[dict[str, Any]]:
        while True:
            yield request()

    found = problems(source(), Limits(requests=5))
    assert [problem.index for problem in found] == [1, 2, 3, 4, 5]
    found = problems(source(), Limits(bytes=1000))
    assert found[-1].found.endswith("bytes up to here")


IDS: dict[str, tuple[str, str, bool]] = {
    "wider": (r"^[a-z.]{1,3}$", "a.b", True),
    "narrower": (r"^[a-z]$", "ab", False),
    "unanchored": (r"x", "axb", True),
    "ends with newline": (r"^[a-z]$", "a\n", False),
    "everything": (r"", "a b", True),
}


@pytest.mark.parametrize("case", IDS.values(), ids=IDS)
def test_replaced_pattern(case: tuple[str, str, bool]) -> None:
    pattern, custom_id, fits = case
    found = problems([request(custom_id)], Limits(custom_id=pattern))
    assert [problem.expected for problem in found] == (
        [] if fits else [f"a string that matches {pattern}"]
    )


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_inputs_are_never_changed(case: tuple[Any, list[Short]]) -> None:
    given = [case[0], case[0]]
    before = repr(given)
    problems(given)
    assert repr(given) == before


def test_a_generator_inside_a_request_is_not_read() -> None:
    inside = iter("ab")
    problems([request(tools=inside)])
    assert next(inside) == "a"


def test_a_deep_copy_is_what_it_was() -> None:
    requests = [
        request(),
        {**request("a b"), "x": [{}]},
        request("c", system="\ud800", stop_sequences=["\n"]),
    ]
    before = copy.deepcopy(requests)
    problems(requests)
    assert requests == before


def test_a_checker_gives_the_bytes_that_it_counts() -> None:
    checker = Checker(Limits())
    encoded = [checker.feed(one) for one in THREE]
    assert [list(faults) for _, faults in encoded] == [[], [], []]
    body = b'{"requests":[' + b",".join(content for content, _ in encoded) + b"]}"
    assert body == _json.dumps({"requests": THREE})
    assert (checker.count, checker.size, checker.full) == (3, len(body), False)
    assert checker.finish() == []


def test_a_checker_gives_no_bytes_for_what_has_none() -> None:
    checker = Checker(Limits())
    assert [checker.feed(one)[0] for one in (None, b"a", request(x=math.nan), request(x={1}))] == [
        b"",
        b"",
        b"",
        b"",
    ]
    assert checker.count == 4


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a", "/a"),
        ("", "/"),
        ("/", "/~1"),
        ("~", "/~0"),
        ("~1", "/~01"),
        ("a/b~c", "/a~1b~0c"),
        (0, "/0"),
        (None, "/None"),
    ],
    ids=repr,
)
def test_step(key: object, expected: str) -> None:
    assert step(key) == expected


SHOWN: dict[str, tuple[object, str]] = {
    "text": ("a'b\n", '"a\'b\\n"'),
    "longest": ("x" * 58, "'" + "x" * 58 + "'"),
    "too long": ("x" * 59, "'" + "x" * 59 + "... (61 characters)"),
    "null": (None, "None"),
    "float": (-0.0, "-0.0"),
    "nan": (math.nan, "nan"),
    "empty list": ([], "an empty list"),
    "empty tuple": ((), "an empty tuple"),
    "empty dict": ({}, "an empty dict"),
    "list": ([1], "a value of type list"),
    "bytes": (b"", "a value of type bytes"),
    "set": (set(), "a value of type set"),
    "surrogate": ("\udc80", "'\\udc80'"),
}


@pytest.mark.parametrize("case", SHOWN.values(), ids=SHOWN)
def test_shown(case: tuple[object, str]) -> None:
    assert shown(case[0]) == case[1]


def test_a_number_of_many_digits_is_shown() -> None:
    assert len(shown(10**100_000)) < 100


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


@given(st.lists(ANY, max_size=5))
def test_anything_at_all_gives_problems_and_no_exception(requests: list[Any]) -> None:
    found = problems(requests)
    assert all(str(problem) for problem in found)
    assert [problem.index for problem in found if problem.index is not None] == sorted(
        problem.index for problem in found if problem.index is not None
    )
    if not any(problem.severity == "error" for problem in found):
        assert _json.dumps({"requests": requests})


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
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system"]) | VALUE,
        "content": st.just("Hello") | VALUE,
    }
)
PARAMS = st.fixed_dictionaries(
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
REQUEST = st.fixed_dictionaries(
    {
        "custom_id": st.sampled_from(["a", "b", "c", "d", "a b", "", "a\n", "\ud800"]) | VALUE,
        "params": PARAMS | VALUE,
    },
    optional={"x": VALUE},
)


@given(
    st.lists(REQUEST | REQUEST.map(MappingProxyType) | VALUE, max_size=6),
    st.integers(1, 6),
    st.integers(60, 600),
)
def test_the_quick_look_finds_what_the_long_one_finds(
    requests: list[Any], most: int, size: int
) -> None:
    limits = Limits(requests=most, bytes=size)
    quick, long = Checker(limits), Checker(limits)
    for one in requests:
        content, found = quick.feed(one)
        expected = long._feed_doubtful(one)
        assert (content, list(found)) == expected
        assert (quick.count, quick.size, quick.full) == (long.count, long.size, long.full)
        if quick.full:
            return
    assert quick.finish() == long.finish()
