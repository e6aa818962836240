"""With msgspec and without it: the same rows, requests that mean the same, the same errors."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import deep

from anthropix_py import _json
from anthropix_py._json import fast
from anthropix_py._seen import Seen
from anthropix_py.batch._jsonl import Decoder
from anthropix_py.errors import AnthropixError
from anthropix_py.validate._encoding import encode

T = TypeVar("T")


def outcomes(thing: Callable[[], T]) -> tuple[T, T]:
    """Return what *thing* returns with the standard library, and with msgspec."""
    found: list[T] = []
    for codec in (None, fast.codec()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast, "codec", lambda codec=codec: codec)
            found.append(thing())
    return found[0], found[1]


# --- reading


def decoded(body: bytes, size: int) -> list[object]:
    """Return the rows of *body*, and its lines as they are copied, each with the error after them.

    It is fed in chunks of *size* bytes.
    """
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    # repr tells -0.0 from 0, and 1.0 from 1
    rows = [repr(row) for row in until_error(Decoder().rows(chunks, Seen()))]
    return [*rows, *until_error(Decoder().lines(chunks, Seen()))]


def until_error(found: Iterator[object]) -> Iterator[object]:
    """Yield what *found* yields, and the error that ends it."""
    try:
        yield from found
    except AnthropixError as error:
        yield type(error), error.args, str(error)


BIG = 2**64
LONG = "9" * 300
VALUES: dict[str, list[str]] = {
    "floats": [
        "-0.0", "0.0", "1e5", "1E5", "1.5e-7", "1e400", "-1e400", "1e-400", "0e999999", "1e23",
        "123456789e400", "9007199254740993.0", "0.1234567890123456789012345", "4.9e-324",
        "2.4e-324", "1.7976931348623157e308", "1.7976931348623159e308",
        "2.2250738585072011e-308", "9.5367431640625e-7", f"{LONG}.5", f"0.{LONG}",
    ],
    # many libraries read integers beyond 64 bits as floats
    "integers around 64 bits": [
        "0", "-0", LONG, f"-{LONG}", "9" * 5000,
        *(str(2**53 + n) for n in (0, 1)),
        *(str(2**63 + n) for n in (-1, 0, 1)),
        *(str(BIG + n) for n in (-1, 0, 1)),
        *(str(-n) for n in (2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, BIG)),
        *(str(10**n) for n in (19, 20)),
        *(str(-(10**n)) for n in (18, 19, 20)),
    ],
    "floats that look like big integers": [
        "18446744073709551616.0", "18446744073709551616e0", "184467440737095516160e-1",
    ],
    # Python's json reads the first three
    "not numbers of JSON": [
        "NaN", "Infinity", "-Infinity", "-NaN", "nan", "+1", "01", "-01", "1.", ".5", "1e", "0x10",
        "1_000",
    ],
    "surrogates": [
        '"\\ud800"', '"\\udc00"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\ud83dx"',
        '"\\ud83d\\u0041"', '"\\uD83D\\uDE00"',
    ],
    "escapes": ['"\\u0000"', '"\\u12"', '"\\x41"', '"\\/"', '"\\b\\f\\n\\r\\t\\\\\\""', '"\\'],
    "bare characters": [
        '"\t"', '"\x00"', '"\x1f"', '"\x7f"', '"\u2028\u2029\x85"', '"\ufeff"', '"\uffff"',
        '"\U0010ffff"',
    ],
    "quotes": ['"', '""', "'a'"],
    "digits in strings": [
        '"18446744073709551616"', '"a 99999999999999999999 b"', '"\\"99999999999999999999,"',
        f'"{"é" * 200}{BIG}"',
    ],
    "words": ["null", "true", "false", "None", "True", "nul"],
    "containers": [
        "[]", "{}", "[1,]", "[,1]", "[1 2]", '{"a":1,}', '{"a" 1}', "{a:1}", '{"":0}',
        '{"\\ud800":0}', "[[1],[2,[3]]]", "[1]]", "[1", "{", '{"a":[1,{"b":null}]}',
    ],
    "duplicate keys": ['{"a":1,"a":2}', '{"b":1,"a":2,"b":{"c":1,"c":[]}}'],
    "comments": ["// a", "/* a */ 1", "1 // a"],
    "space, and what only looks like it": [
        "\u00a01", "\u20281", "1\u0085", "\x0c1", " 1 ", "\t[ 1 ]\r",
    ],
    # both libraries have limits, and not the same ones
    "nesting": ["[" * 400 + "]" * 400, '{"a":' * 300 + "1" + "}" * 300, "[" * 20_000],
    "big integers inside": [
        f"[{BIG}]", f"[1,{BIG},2]", f"[-{BIG}]", f'{{"a":[ {BIG} ]}}', f"[1.5,{BIG}]",
        f"[{2**63},-{2**63 + 1}]", str([BIG + n for n in range(50)]),
    ],
    "many digits": [
        str(list(range(10**18, 10**18 + 100))), str([0.1 + n for n in range(400)]),
        "[" + "1" * 12 + ",1" * 500 + f",{BIG}]",
    ],
}  # fmt: skip
# All but the last, which ends in a NUL.
NOT_UTF_8 = [
    b'"\xe9"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5\x80\x80\x80"',
    b'"\xe2\x98"', b"\x80", b"1\0",
]  # fmt: skip


def row(value: bytes, name: bytes = b"a") -> bytes:
    return b'{"custom_id":"' + name + b'","result":{"type":"succeeded","x":' + value + b"}}"


def bodies(value: bytes) -> dict[str, bytes]:
    """Return bodies with *value* at every place of a row, and in place of a row."""
    first, last = row(b"1", b"first"), row(b"2", b"last")
    beside = b'{"custom_id":"a","result":{},"more":' + value + b"}\r"
    as_id = b'{"custom_id":' + value + b',"result":{}}'
    as_result = b'{"custom_id":"a","result":' + value + b"}"
    return {
        "in a row": b"\n".join([first, row(value), last]),
        "in place of a row": b"\n".join([first, value, last]),
        "beside a row's parts": b"\n".join([first, beside, last]),
        "as the id": b"\n".join([first, as_id, last]),
        "as the result": b"\n".join([first, as_result, last]),
        "in the last line": b"\n".join([first, row(value)]),
        "after a byte order mark": b"\n".join([b"\xef\xbb\xbf" + row(value), last]),
        "after a byte order mark on line 2": b"\n".join(
            [first, b"\xef\xbb\xbf" + row(value), last]
        ),
    }


ENCODED = [text.encode() for texts in VALUES.values() for text in texts] + NOT_UTF_8


@pytest.mark.parametrize("value", ENCODED, ids=lambda value: ascii(value[:40]))
def test_the_same_rows_and_errors(value: bytes) -> None:
    for name, body in bodies(value).items():
        for size in (len(body), 31, 7):
            plain, quick = outcomes(partial(decoded, body, size))
            assert plain == quick, (name, size)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**63 - 3, 2**64 + 3)
    | st.integers(-(2**63) - 3, -(2**63) + 3)
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=30,
)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])


@given(JSON, st.booleans(), SEPARATORS, st.integers(1, 200))
def test_any_row(value: Any, ascii: bool, separators: tuple[str, str], size: int) -> None:
    one = {"custom_id": "a", "result": {"x": value}}
    line = json.dumps(one, ensure_ascii=ascii, separators=separators)
    plain, quick = outcomes(lambda: decoded(line.encode("utf-8", "surrogatepass") + b"\n", size))
    assert plain == quick


@given(JSON, st.integers(0, 400), st.integers(0, 255))
def test_any_row_with_a_byte_changed(value: Any, at: int, byte: int) -> None:
    line = bytearray(row(json.dumps(value).encode()))
    line[at % len(line)] = byte
    plain, quick = outcomes(lambda: decoded(bytes(line), 1 << 20))
    assert plain == quick


# --- writing


class Color(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Text(str, enum.Enum):  # noqa: UP042 - a StrEnum prints otherwise
    A = "a"


@dataclasses.dataclass
class Point:
    x: int = 1


class Pair(NamedTuple):
    x: int
    y: int


class MyFloat(float):
    def __repr__(self) -> str:
        return "0"


MyDict, MyList = type("MyDict", (dict,), {}), type("MyList", (list,), {})
MyStr, MyInt = type("MyStr", (str,), {}), type("MyInt", (int,), {})


def cycle() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


ACCEPTED: dict[str, object] = {
    "zero": 0.0, "minus zero": -0.0, "whole": 7.0, "least float": 5e-324,
    "greatest float": 1.7976931348623157e308,
    # at these the libraries change to an exponent, or write it in different ways
    "1e-5": 1e-5, "9.9999e-5": 9.9999e-5, "1e-4": 1e-4, "below 1e16": 9999999999999998.0,
    "1e16": 1e16, "1e22": 1e22, "1e23": 1e23,
    # of many digits
    "third": 1 / 3, "tenth": 0.1, "123456789.123": 123456789.123,
    "2**53": 2**53, "2**63": 2**63, "2**64": 2**64, "-2**63": -(2**63), "-2**63 - 1": -(2**63) - 1,
    "2**200": 2**200, "true": True,
    "keys that are not strings": {True: 1, None: 2, 3: 4, 1.5: 6, 1e22: 7},
    "keys that are equal in JSON": {"1": 1, 1: 2}, "keys in their order": {"z": 1, "a": 2, "m": 3},
    # msgspec refuses lone surrogates
    "lone surrogate": "\ud800", "lone surrogate beside others": ["é", "\udfff", "😀"],
    "lone surrogate in a key": {"\ud800": 1}, "lone surrogate in a long text": "a" * 200 + "\udc80",
    "pair of lone surrogates": "\ud83d\ude00",
    "controls": "".join(map(chr, range(33))) + "\x7f\x80\x9f", "separators": "\u2028\u2029\x85",
    "byte order marks": "\ufeff" * 200, "long ascii": "a" * 999,
    "long with a control": "x" * 200 + "\x01" + "y" * 200, "long with escapes": '\\"\n\r\t/' * 100,
    "long latin": "naïve\n" * 60, "long kanji": "東京" * 200, "long emoji": "🙂" * 200,
    "empty": [{}, [], "", ()], "tuple": (1, (2, [3])),
    # msgspec writes subclasses in ways of its own, or refuses them
    "named tuple": Pair(1, 2), "dict subclass": MyDict(a=MyDict()), "list subclass": MyList([1]),
    "str subclass": MyStr("é"), "str subclass as key": {MyStr("k"): MyStr("v" * 300)},
    "int subclass": MyInt(5), "float subclass": MyFloat(1.5), "int enum": Number.ONE,
    "str enum": Text.A, "enum as key": {Text.A: 1}, "ordered": OrderedDict([("b", 1), ("a", 2)]),
    "mapping": MappingProxyType({"a": MappingProxyType({"b": 1})}),
    "rather deep": deep(260),
}  # fmt: skip

REFUSED: dict[str, object] = {
    # msgspec writes them as null
    "nan": math.nan, "infinity": math.inf, "minus infinity": -math.inf,
    "nan inside": {"a": [1, {"b": math.nan}]}, "null and nan": [None, math.nan],
    "nan as key": {math.nan: 1},
    # msgspec writes these
    "enum": Color.RED, "dataclass": Point(),
    "datetime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "date": datetime.date(2026, 1, 1), "time": datetime.time(1), "uuid": uuid.UUID(int=5),
    "uuid as key": {uuid.UUID(int=5): 1}, "raw": msgspec.Raw(b"1"),
    "struct": msgspec.defstruct("Struct", [])(),
    # neither library writes these
    "dataclass type": Point, "decimal": Decimal("1.5"), "bytes": b"a", "bytearray": bytearray(b"a"),
    "memoryview": memoryview(b"a"), "set": {1}, "complex": 1j, "object": SimpleNamespace(a=1),
    "range": range(3), "5000 digits": 10**5000, "cycle": cycle(), "deep": deep(100_000),
    # refused by the second encoder, for surrogates, and inside mappings, which json gets as dicts
    "nan beside surrogate": ["\ud800", math.nan],
    "nan in mapping": MappingProxyType({"a": math.nan}), "class": int,
    "generator": (n for n in "ab"), "dict view": {"a": 1}.keys(), "tuple key": {(1, 2): 3},
    "bytes key": {b"a": 3},
}  # fmt: skip


def meaning(encoded: bytes | str) -> str:
    """Return the types, digits and keys in *encoded*, in their order, duplicates included."""
    return repr(json.loads(encoded, object_pairs_hook=lambda pairs: ("object", *pairs)))


def written(value: object) -> tuple[str, object]:
    encoded, faults = encode(value)
    if faults:
        assert encoded == b""
        return "", faults
    return meaning(encoded), []


def around(value: object) -> tuple[object, dict[str, object]]:
    """Return *value*, and a request with it."""
    return value, {"custom_id": "a", "params": {"x": [None, value], "y": "é"}}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED)
def test_the_same_meaning(value: object) -> None:
    for request in around(value):
        plain, quick = outcomes(partial(written, request))
        assert plain == quick
        expected = json.dumps(request, default=dict)
        assert plain == (meaning(expected), [])


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_the_same_refusals(value: object) -> None:
    for request in around(value):
        plain, quick = outcomes(partial(written, request))
        assert plain == quick
        assert plain[0] == ""


@given(JSON)
def test_the_same_meaning_for_any_value(value: object) -> None:
    plain, quick = outcomes(partial(written, value))
    assert plain == quick


@pytest.mark.parametrize("name", ["1e16", "long kanji", "empty", "keys in their order"])
def test_plain_values_are_written_by_msgspec(name: str) -> None:
    # Otherwise the tests above would compare json with itself.
    assert fast.is_plain(ACCEPTED[name])
    assert _json.dumps(ACCEPTED[name]) == msgspec.json.encode(ACCEPTED[name])
