"""With orjson and without it: the same rows, the same bytes, the same errors, to the letter."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import itertools
import json
import math
import random
import uuid
from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import deep

from anthropix_py import _json
from anthropix_py._seen import Seen
from anthropix_py.batch._jsonl import Decoder
from anthropix_py.errors import AnthropixError
from anthropix_py.validate import encode


def outcomes(thing: Callable[[], object]) -> tuple[object, object]:
    """Give what comes of *thing* by the standard library, and by orjson."""
    found = []
    for library in (None, orjson):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_json, "_orjson", lambda library=library: library)
            found.append(thing())
    return found[0], found[1]


def decoded(body: bytes, size: int) -> list[object]:
    """Give the rows of *body*, in pieces of *size* bytes, with the types in them, and the error after them."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    rows: list[object] = []
    try:
        rows += [
            repr(row) for row in Decoder().rows(pieces, Seen())
        ]  # repr tells -0.0 from 0, and 1.0 from 1
    except AnthropixError as error:
        rows.append((type(error), error.args, str(error)))
    return rows


LIMIT = 2**64
LONG = "9" * 300
NUMBERS = [
    "0", "-0", "-0.0", "0.0", "1e5", "1E5", "1.5e-7", "1e400", "-1e400", "1e-400", "0e999999", "123456789e400",
    "NaN", "Infinity", "-Infinity", "-NaN", "nan", "+1", "01", "-01", "1.", ".5", "1e", "0x10", "1_000",
    *(str(n) for n in (2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, LIMIT - 1, LIMIT, LIMIT + 1, 10**19, 10**20)),
    *(str(-n) for n in (2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, LIMIT, 10**18, 10**19, 10**20)),
    "9007199254740993.0", "18446744073709551616.0", "18446744073709551616e0", "184467440737095516160e-1",
    "0.1234567890123456789012345", "1.7976931348623157e308", "1.7976931348623159e308", "4.9e-324", "2.4e-324",
    "2.2250738585072011e-308", "1e23", "9.5367431640625e-7", LONG, f"-{LONG}", f"{LONG}.5", f"0.{LONG}", "9" * 5000,
]  # fmt: skip
STRINGS = [
    '"\\ud800"', '"\\udc00"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\ud83dx"', '"\\ud83d\\u0041"', '"\\u0000"',
    '"\\uD83D\\uDE00"', '"\\u12"', '"\\x41"', '"\\/"', '"\\b\\f\\n\\r\\t\\\\\\""', '"\\', '"\t"', '"\x00"', '"\x1f"',
    '"\x7f"', '"\u2028\u2029\x85"', '"\ufeff"', '"\uffff"', '"\U0010ffff"', '"', '""', "'a'", '"18446744073709551616"',
    '"a 99999999999999999999 b"', '"\\"99999999999999999999,"', f'"{"é" * 200}{LIMIT}"',
]  # fmt: skip
SHAPES = [
    "null", "true", "false", "None", "True", "nul", "[]", "{}", "[1,]", "[,1]", "[1 2]", '{"a":1,}', '{"a" 1}', "{a:1}",
    '{"a":1,"a":2}', '{"b":1,"a":2,"b":{"c":1,"c":[]}}', '{"":0}', '{"\\ud800":0}', "[[1],[2,[3]]]", "[1]]", "[1", "{",
    '{"a":[1,{"b":null}]}', "// a", "/* a */ 1", "1 // a", "\u00a01", "\u20281", "1\u0085", "\x0c1", " 1 ", "\t[ 1 ]\r",
    "[" * 400 + "]" * 400, '{"a":' * 300 + "1" + "}" * 300, "[" * 200_000, f"[{LIMIT}]", f"[1,{LIMIT},2]",
    f"[-{LIMIT}]",
    f'{{"a":[ {LIMIT} ]}}', f"[1.5,{LIMIT}]", f"[{2**63},-{2**63 + 1}]", str(list(range(10**18, 10**18 + 100))),
    str([LIMIT + n for n in range(50)]), str([0.1 + n for n in range(400)]), "[" + "1" * 12 + ",1" * 500 + f",{LIMIT}]",
]  # fmt: skip
WRONG_BYTES = [
    b'"\xe9"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"\xc0\x80"',
    b'"\xf5\x80\x80\x80"',
    b'"\xe2\x98"',
    b"\x80",
    b"1\0",
]
VALUES = [text.encode() for text in (*NUMBERS, *STRINGS, *SHAPES)] + WRONG_BYTES


def row(value: bytes, name: bytes = b"a") -> bytes:
    return b'{"custom_id":"' + name + b'","result":{"type":"succeeded","x":' + value + b"}}"


def bodies(value: bytes) -> dict[str, bytes]:
    """Give bodies with *value* at every place of a row, and in the place of one."""
    first, last = row(b"1", b"first"), row(b"2", b"last")
    return {
        "in a row": b"\n".join([first, row(value), last]),
        "in place of a row": b"\n".join([first, value, last]),
        "beside a row's parts": first
        + b'\n{"custom_id":"a","result":{},"more":'
        + value
        + b"}\r\n"
        + last,
        "as the id": first + b'\n{"custom_id":' + value + b',"result":{}}\n' + last,
        "as the result": first + b'\n{"custom_id":"a","result":' + value + b"}\n" + last,
        "in the last line": first + b"\n" + row(value),
        "after a mark": b"\xef\xbb\xbf" + row(value) + b"\n" + last,
        "after a mark that is no mark": first + b"\n\xef\xbb\xbf" + row(value),
    }


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:40]))
def test_the_same_rows_and_errors(value: bytes) -> None:
    for name, body in bodies(value).items():
        for size in (len(body), 31, 7):
            plain, fast = outcomes(partial(decoded, body, size))
            assert plain == fast, (name, size)


def test_a_big_integer_anywhere_in_a_piece_is_found() -> None:
    for before, digits in itertools.product(range(60), (19, 20, 21, 40)):
        for sign in ("", "-"):
            value = (
                f'["{"x" * (6000 + before)}",{sign}{"9" * digits}]'.encode()
            )  # in a text long enough for many looks
            plain, fast = outcomes(partial(decoded, row(value), 1 << 20))
            assert plain == fast, value


def test_a_big_integer_among_many_digits_is_found() -> None:
    chance = random.Random(1)
    for _ in range(200):
        noise = [
            str(chance.randrange(10 ** chance.randint(1, 19)))
            for _ in range(chance.randint(0, 300))
        ]
        value = ",".join([*noise, str(chance.choice([LIMIT, -(2**63) - 1, 5])), *noise[:50]])
        plain, fast = outcomes(partial(decoded, row(f"[{value}]".encode()), 1 << 20))
        assert plain == fast


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
    | st.integers(2**63 - 3, 2**64 + 3) | st.integers(-(2**63) - 3, -(2**63) + 3) | st.integers(-(10**30), 10**30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


@given(
    JSON,
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]),
    st.integers(1, 200),
)
def test_any_row(value: Any, ascii: bool, separators: tuple[str, str], size: int) -> None:
    line = json.dumps(
        {"custom_id": "a", "result": {"x": value}}, ensure_ascii=ascii, separators=separators
    )
    plain, fast = outcomes(lambda: decoded(line.encode("utf-8", "surrogatepass") + b"\n", size))
    assert plain == fast


@given(JSON, st.integers(0, 400), st.integers(0, 255))
def test_any_row_with_a_byte_changed(value: Any, at: int, byte: int) -> None:
    line = bytearray(row(json.dumps(value).encode()))
    line[at % len(line)] = byte
    plain, fast = outcomes(lambda: decoded(bytes(line), 1 << 20))
    assert plain == fast


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


class MyDict(dict[str, object]):
    pass


class MyStr(str):
    __slots__ = ()


class MyInt(int):
    pass


class MyFloat(float):
    def __repr__(self) -> str:
        return "0"


class MyList(list[object]):
    pass


def cycle() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


OBJECTS: dict[str, object] = {
    "nan": math.nan, "infinity": math.inf, "minus infinity": -math.inf, "nan inside": {"a": [1, {"b": math.nan}]},
    "null and nan": [None, math.nan], "zero": 0.0, "minus zero": -0.0, "tiny": 5e-324, "small": 1e-5, "not so": 1e-4,
    "just below": 9.9999e-5, "large": 1e16, "not so large": 9999999999999998.0, "huge": 1.7976931348623157e308,
    "1e22": 1e22, "1e23": 1e23, "third": 1 / 3, "tenth": 0.1, "whole": 7.0, "123456789.123": 123456789.123,
    "2**53": 2**53, "2**63": 2**63, "2**64": LIMIT, "-2**63": -(2**63), "below": -(2**63) - 1, "2**200": 2**200,
    "5000 digits": 10**5000, "true": True, "true as key": {True: 1, None: 2, 3: 4, 1.5: 6}, "a float key": {1e22: 1},
    "lone surrogate": "\ud800", "surrogate beside others": ["é", "\udfff", "😀"], "surrogate key": {"\ud800": 1},
    "pair of lone ones": "\ud83d\ude00", "controls": "".join(map(chr, range(33))) + "\x7f\x80\x9f", "long": "é\n" * 500,
    "long with a control": "x" * 200 + "\x01" + "y" * 200, "long with escapes": '\\"\n\r\t/' * 100,
    "long ascii": "a" * 999,
    "long with del": "a" * 200 + "\x7f", "long surrogate": "a" * 200 + "\udc80", "separators": "\u2028\u2029\x85",
    "long kanji": "東京" * 200, "long emoji": "🙂" * 200, "long latin": "naïve " * 60, "bom": "\ufeff" * 200,
    "tuple": (1, (2, [3])), "named tuple": Pair(1, 2), "dict subclass": MyDict(a=MyDict()), "str subclass": MyStr("é"),
    "str subclass as key": {MyStr("k"): MyStr("v" * 300)}, "int subclass": MyInt(5), "float subclass": MyFloat(1.5),
    "list subclass": MyList([1]), "ordered": OrderedDict([("b", 1), ("a", 2)]), "proxy": MappingProxyType({"a": 1}),
    "enum": Color.RED, "int enum": Number.ONE, "str enum": Text.A, "enum as key": {Text.A: 1}, "dataclass": Point(),
    "dataclass type": Point, "datetime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "date": datetime.date(2026, 1, 1), "time": datetime.time(1), "uuid": uuid.UUID(int=5),
    "uuid key": {uuid.UUID(int=5): 1},
    "decimal": Decimal("1.5"), "bytes": b"a", "bytearray": bytearray(b"a"), "memoryview": memoryview(b"a"), "set": {1},
    "fragment": orjson.Fragment(b"1"), "complex": 1j, "object": SimpleNamespace(a=1), "range": range(3),
    "cycle": cycle(),
    "deep": deep(100_000), "rather deep": deep(260), "empty": [{}, [], "", ()],
    "keys in their order": {"z": 1, "a": 2, "m": 3},
}  # fmt: skip


@pytest.mark.parametrize("value", OBJECTS.values(), ids=OBJECTS)
def test_the_same_bytes_and_faults(value: object) -> None:
    for request in (value, {"custom_id": "a", "params": {"x": [None, value], "y": "é"}}):
        plain, fast = outcomes(partial(encode, request))
        assert plain == fast


@given(JSON)
def test_the_same_bytes_for_any_value(value: object) -> None:
    plain, fast = outcomes(lambda: encode(value))
    assert plain == fast


def test_bytes_are_those_of_json() -> None:
    for name, value in OBJECTS.items():
        try:
            expected = json.dumps(
                value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            ).encode()
        except (TypeError, ValueError, RecursionError):
            continue
        assert encode(value) == (expected, []), name
