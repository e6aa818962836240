"""JSON in and out."""

from __future__ import annotations

import _thread
import builtins
import json
import math
import sys
import threading
import tracemalloc
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import deep

from anthropix_py import _json
from anthropix_py._json.library import import_msgspec

pytestmark = pytest.mark.usefixtures("either_json")


class Rare(Mapping[str, object]):
    """A mapping that is not a dict."""

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


WRITTEN: dict[str, tuple[object, bytes]] = {
    "compact": ({"a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true]}'),
    # of utf-8, not of \u escapes: half the bytes, and the limits count bytes
    "utf-8": ("é☃😀", '"é☃😀"'.encode()),
    "line separators": ("\u2028\u2029\x85", '"\u2028\u2029\x85"'.encode()),
    "controls": ("\0\n\r\x7f", b'"\\u0000\\n\\r\x7f"'),
    "proxy": (MappingProxyType({"a": MappingProxyType({})}), b'{"a":{}}'),
    "mapping": (Rare({"b": Rare({"a": 1})}), b'{"b":{"a":1}}'),
    "ordered": (OrderedDict([("b", 1), ("a", 2)]), b'{"b":1,"a":2}'),
    "tuple": ((1, (2,)), b"[1,[2]]"),
    "big": (2**200, str(2**200).encode()),
    # utf-8 cannot hold them, so that all of the value is written in escapes
    "lone surrogate": ("\ud800", b'"\\ud800"'),
    "lone low surrogate": ("a\udc80b", b'"a\\udc80b"'),
    "surrogate beside others": (["é", "\udfff", "😀"], b'["\\u00e9","\\udfff","\\ud83d\\ude00"]'),
    "surrogate in key": ({"\ud800": 1}, b'{"\\ud800":1}'),
    "true key": ({True: 3}, b'{"true":3}'),
    "number keys": ({1: 1, 2.5: 2, None: 4}, b'{"1":1,"2.5":2,"null":4}'),
}

# Many more in test_json_side_by_side.
NOT_WRITTEN: dict[str, object] = {
    "nan": math.nan,
    "bytes": b"a",
    "tuple key": {(1, 2): 3},
    "cycle": cycle(),
    "mapping cycle": mapping_cycle(),
    "deep": deep(200_000),
    # both come from rows
    "many digits": 10**5000,
    "many digits as a row has them": Decimal("9" * 5000),
}

READ: dict[str, tuple[str | bytes, object]] = {
    "str": ('{"a":1}', {"a": 1}),
    "bytes": (b'{"a":1}', {"a": 1}),
    "bom": (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    "spaces": (b" \r\n\t[1] \r\n", [1]),
    "utf-8": ('"é☃😀\u2028"'.encode(), "é☃😀\u2028"),
    "escapes": (b'"\\ud83d\\ude00"', "😀"),
    "lone surrogate": (b'"\\ud800"', "\ud800"),
    "null": (b"null", None),
    # nothing is lost: many libraries read a float
    "big integer": (b"18446744073709551616", 2**64),
    # more digits than int() reads
    "long integer": (b"[" + b"9" * 5000 + b"]", [Decimal("9" * 5000)]),
    "long negative integer": (b"-" + b"9" * 5000, Decimal("-" + "9" * 5000)),
}

NOT_READ: dict[str, str | bytes] = {
    "empty": b"",
    "empty str": "",
    "blank": b" \n",
    "bom alone": b"\xef\xbb\xbf",
    "two boms": b"\xef\xbb\xbf\xef\xbb\xbf1",
    "cut": b'{"a":',
    "cut string": b'"a',
    "cut character": b'"\xe2\x98"',
    "latin-1": b'"\xe9"',
    # json.loads guesses encodings; the API sends UTF-8
    "utf-16": '{"a":1}'.encode("utf-16"),
    "utf-8 surrogate": b'"\xed\xa0\x80"',
    "two": b"{}{}",
    "html": b"<html></html>",
    "comma": b"[1,]",
    "quotes": b"{'a':1}",
    "newline in string": b'"a\nb"',
    # a RecursionError would pass for a mistake of the program
    "deep and closed wrongly": b"[" * 100_000 + b"]" * 99_999 + b"}",
    "deep and more": b"[" * 100_000 + b"]" * 100_001,
    "deep and cut": b"[" * 100_000,
    "deep objects, cut": b'{"a":' * 100_000,
    "nul": b"\0",
}


@pytest.mark.parametrize(("value", "encoded"), WRITTEN.values(), ids=WRITTEN)
def test_dumps(value: object, encoded: bytes) -> None:
    assert _json.dumps(value) == encoded


@pytest.mark.parametrize("value", NOT_WRITTEN.values(), ids=NOT_WRITTEN)
def test_dumps_refuses(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        _json.dumps(value)


def test_a_refusal_for_depth_is_clear() -> None:
    with pytest.raises(ValueError, match=r"^nested too deeply$"):
        _json.dumps({"a": deep(200_000)})


def test_dumps_changes_nothing() -> None:
    inner: dict[str, object] = {"b": [1]}
    value = {"a": MappingProxyType(inner), "c": "\ud800"}
    _json.dumps(value)
    assert value == {"a": MappingProxyType({"b": [1]}), "c": "\ud800"}
    assert inner == {"b": [1]}


@pytest.mark.parametrize(("text", "value"), READ.values(), ids=READ)
def test_loads(text: str | bytes, value: object) -> None:
    assert _json.loads(text) == value


@pytest.mark.parametrize("text", NOT_READ.values(), ids=NOT_READ)
def test_loads_refuses(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is promised
        _json.loads(text)


def test_an_error_counts_characters_and_not_lines() -> None:
    # our errors give the line of the body; a second line number would contradict it
    with pytest.raises(ValueError, match=r"^Expecting ',' delimiter at character 5$"):
        _json.loads(b"\n\n[1 2]")


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(ANY)
def test_there_and_back(value: object) -> None:
    encoded = _json.dumps(value)
    # a pair of lone surrogates in a row reads as one character: json does the same
    assert _json.loads(encoded) == json.loads(json.dumps(value))
    assert b"\n" not in encoded


def test_a_cycle_beside_a_long_text_takes_no_memory() -> None:
    value = cycle()
    value["text"] = "x" * 1_000_000
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"nested|[Cc]ircular"):
        _json.dumps(value)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000


def test_many_threads_get_the_same_msgspec() -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(import_msgspec())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [msgspec] * 8


def test_msgspec_is_imported_where_there_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    assert import_msgspec() is msgspec


@pytest.mark.parametrize("kind", [ImportError, SystemError])
def test_a_msgspec_that_cannot_be_imported(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def failing(name: str, *rest: Any) -> Any:
        if name == "msgspec.json":
            raise kind("no")
        return importing(name, *rest)

    importing = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", failing)
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    if kind is ImportError:
        # it is not installed
        assert import_msgspec() is None
        return
    with pytest.raises(kind, match="no"):
        import_msgspec()
