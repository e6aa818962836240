"""JSON in and out."""

from __future__ import annotations

import json
import math
import sys
import tracemalloc
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import deep

from anthropix_py import _json

pytestmark = pytest.mark.usefixtures("either_json")


class Rare(Mapping[str, object]):
    """A mapping that is no dict."""

    def __init__(self, content: dict[str, object]) -> None:
        self._content = content

    def __getitem__(self, key: str) -> object:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)


def cycle() -> dict[str, object]:
    value: dict[str, object] = {}
    value["self"] = [value]
    return value


def mapping_cycle() -> Rare:
    content: dict[str, object] = {}
    content["self"] = value = Rare(content)
    return value


GOOD: dict[str, tuple[object, bytes]] = {
    "compact": ({"a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true]}'),
    "utf-8": ("é☃😀", '"é☃😀"'.encode()),
    "line separators": ("\u2028\u2029\x85", '"\u2028\u2029\x85"'.encode()),
    "controls": ("\0\n\r\x7f", b'"\\u0000\\n\\r\x7f"'),
    "proxy": (MappingProxyType({"a": MappingProxyType({})}), b'{"a":{}}'),
    "mapping": (Rare({"b": Rare({"a": 1})}), b'{"b":{"a":1}}'),
    "ordered": (OrderedDict([("b", 1), ("a", 2)]), b'{"b":1,"a":2}'),
    "tuple": ((1, (2,)), b"[1,[2]]"),
    "big": (2**200, str(2**200).encode()),
    "lone surrogate": ("\ud800", b'"\\ud800"'),
    "lone low surrogate": ("a\udc80b", b'"a\\udc80b"'),
    "surrogate beside others": (["é", "\udfff", "😀"], b'["\\u00e9","\\udfff","\\ud83d\\ude00"]'),
    "surrogate in key": ({"\ud800": 1}, b'{"\\ud800":1}'),
    "true key": ({True: 3}, b'{"true":3}'),
    "number keys": ({1: 1, 2.5: 2, None: 4}, b'{"1":1,"2.5":2,"null":4}'),
}

BAD: dict[str, object] = {
    "nan": math.nan,
    "inf": [math.inf],
    "minus inf": {"a": -math.inf},
    "nan in mapping": Rare({"a": math.nan}),
    "nan beside surrogate": ["\ud800", math.nan],
    "bytes": b"a",
    "bytearray": bytearray(b"a"),
    "set": {1},
    "complex": 1j,
    "object": object(),
    "class": int,
    "generator": (n for n in "ab"),
    "range": range(3),
    "dict view": {"a": 1}.keys(),
    "tuple key": {(1, 2): 3},
    "bytes key": {b"a": 3},
    "cycle": cycle(),
    "mapping cycle": mapping_cycle(),
    "deep": deep(200_000),
}

TEXTS: dict[str, tuple[str | bytes, object]] = {
    "str": ('{"a":1}', {"a": 1}),
    "bytes": (b'{"a":1}', {"a": 1}),
    "bom": (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    "spaces": (b" \r\n\t[1] \r\n", [1]),
    "utf-8": ('"é☃😀\u2028"'.encode(), "é☃😀\u2028"),
    "escapes": (b'"\\ud83d\\ude00"', "😀"),
    "lone surrogate": (b'"\\ud800"', "\ud800"),
    "null": (b"null", None),
}

NO_JSON: dict[str, str | bytes] = {
    "empty": b"",
    "empty str": "",
    "blank": b" \n",
    "bom alone": b"\xef\xbb\xbf",
    "two boms": b"\xef\xbb\xbf\xef\xbb\xbf1",
    "cut": b'{"a":',
    "cut string": b'"a',
    "cut character": b'"\xe2\x98"',
    "latin-1": b'"\xe9"',
    "utf-16": '{"a":1}'.encode("utf-16"),
    "utf-8 surrogate": b'"\xed\xa0\x80"',
    "two": b"{}{}",
    "html": b"<html></html>",
    "comma": b"[1,]",
    "quotes": b"{'a':1}",
    "newline in string": b'"a\nb"',
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "nul": b"\0",
}


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD)
def test_dumps(case: tuple[object, bytes]) -> None:
    assert _json.dumps(case[0]) == case[1]


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
def test_dumps_refuses(value: object) -> None:
    with pytest.raises((TypeError, ValueError, RecursionError)):
        _json.dumps(value)


@pytest.mark.skipif(
    not hasattr(sys, "get_int_max_str_digits"), reason="no limit of digits in this Python"
)
def test_dumps_refuses_too_many_digits() -> None:
    with pytest.raises(ValueError, match="digits"):
        _json.dumps(10**100_000)


def test_dumps_changes_nothing() -> None:
    inner: dict[str, object] = {"b": [1]}
    value = {"a": MappingProxyType(inner), "c": "\ud800"}
    _json.dumps(value)
    assert value == {"a": MappingProxyType({"b": [1]}), "c": "\ud800"}
    assert inner == {"b": [1]}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_loads(case: tuple[str | bytes, object]) -> None:
    assert _json.loads(case[0]) == case[1]


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON)
def test_loads_refuses(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is promised
        _json.loads(text)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(ANY)
def test_there_and_back(value: object) -> None:
    encoded = _json.dumps(value)
    # a pair of lone surrogates in a row reads as one character: compare as the standard library reads
    assert _json.loads(encoded) == json.loads(json.dumps(value))
    assert b"\n" not in encoded


def test_a_cycle_beside_a_long_text_takes_no_memory() -> None:
    value = cycle()
    value["text"] = "x" * 1_000_000
    tracemalloc.start()
    with pytest.raises((ValueError, RecursionError)):
        _json.dumps(value)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000
