"""Requests as JSON, and the places that cannot be JSON: each found once, where it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest
from samples import deep

from anthropix_py import _json
from anthropix_py.validate._encoding import encode

JSON = "a value that can be JSON"
STRINGS = "keys that are strings"


class OtherMapping(Mapping[str, object]):
    """A mapping that is not a dict."""

    def __init__(self, content: Mapping[str, object]) -> None:
        self._content = content

    def __getitem__(self, key: str) -> object:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)


class int64:  # noqa: N801 - named like numpy's
    """Stands for numpy.int64: a number, but not an int."""

    def __index__(self) -> int:
        return 5


class float32:  # noqa: N801 - named like numpy's
    """Stands for numpy.float32: a number, but not a float."""

    def __float__(self) -> float:
        return 0.5


class bool_(int64):  # noqa: N801 - named like numpy's
    """Stands for numpy.bool_, which must not become a number."""


class ndarray(float32):  # noqa: N801 - named like numpy's
    """Stands for numpy.ndarray, which has `__float__` for arrays of one number."""

    def __len__(self) -> int:
        return 1

    def tolist(self) -> list[float]:
        return [0.5]


class Raises:
    """A number that has no value."""

    def __float__(self) -> float:
        raise ValueError("no value")


for stand_in in (int64, float32, bool_, ndarray):
    stand_in.__module__ = "numpy"


def cycle() -> dict[str, object]:
    value: dict[str, object] = {}
    value["again"] = [0, value]
    return value


def cycle_of_two() -> list[Any]:
    one: list[Any] = []
    one.append({"one": one})
    return one


SHARED = {"a": [1]}

GOOD: dict[str, Any] = {
    "tuple": (1, (2,)),
    "mapping that is not a dict": OtherMapping({"a": MappingProxyType({"b": 1})}),
    "lone surrogate": "\ud800",
    "integer of more than 64 bits": 2**100,
    "nesting that is not too deep": deep(50),
    # It is not a cycle if the same value comes twice, side by side or one inside the other.
    "same value twice": [SHARED, SHARED, {"y": SHARED}],
}


@pytest.mark.parametrize("value", GOOD.values(), ids=GOOD)
def test_what_can_be_json_is_encoded(value: Any) -> None:
    assert encode(value) == (_json.dumps(value), [])


# value: (pointer, found, expected) of each fault
BAD: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    # Python writes them as NaN and Infinity, which the server refuses to read.
    "NaN": ({"x": math.nan}, [("/x", "nan", "a finite number")]),
    "infinity": (math.inf, [("", "inf", "a finite number")]),
    "minus infinity": ([0, -math.inf], [("/1", "-inf", "a finite number")]),
    # A table of data has NaN where a text is missing; "a finite number" would mislead there.
    **{
        f"NaN as {key}": ({key: math.nan}, [(f"/{key}", "missing text (NaN)", "text")])
        for key in ("content", "custom_id", "model", "role", "system", "text")
    },
    "infinity as text": ({"text": math.inf}, [("/text", "inf", "a finite number")]),
    # Python can calculate with it, but refuses to print it.
    "integer of many digits": (
        [10**5000],
        [("/0", "a number of many digits", "a number of fewer digits")],
    ),
    "bytes": (b"a", [("", "a value of type bytes", JSON)]),
    # Text of digits in bytes would pass float().
    "bytes of digits": (b"1", [("", "a value of type bytes", JSON)]),
    "bytearray": (bytearray(), [("", "a value of type bytearray", JSON)]),
    "set": ({1}, [("", "a value of type set", JSON)]),
    "generator": ((n for n in "a"), [("", "a value of type generator", JSON)]),
    "range": (range(3), [("", "a value of type range", JSON)]),
    "object": (object(), [("", "a value of type object", JSON)]),
    "class": (int, [("", "a value of type type", JSON)]),
    "complex number": (1j, [("", "a value of type complex", JSON)]),
    # Numbers and arrays of other libraries: the message says how to convert them.
    "numpy integer": ({"n": int64()}, [("/n", "a numpy.int64", f"{JSON}: use int(value)")]),
    "numpy float": (float32(), [("", "a numpy.float32", f"{JSON}: use float(value)")]),
    "numpy bool": (bool_(), [("", "a numpy.bool_", f"{JSON}: use bool(value)")]),
    "numpy array": (ndarray(), [("", "a numpy.ndarray", f"{JSON}: use value.tolist()")]),
    "Decimal": (Decimal("0.1"), [("", "a decimal.Decimal", f"{JSON}: use float(value)")]),
    "Fraction": (Fraction(1), [("", "a fractions.Fraction", f"{JSON}: use float(value)")]),
    "number without a value": (Raises(), [("", "a value of type Raises", JSON)]),
    # Keys: Python writes numbers and None as strings, and nothing else.
    "key of a tuple": ({(1, 2): 3}, [("", "the key a value of type tuple", STRINGS)]),
    "key of bytes": ({"x": {b"a": 3}}, [("/x", "the key a value of type bytes", STRINGS)]),
    "key of NaN": ({math.nan: 1}, [("", "the key nan", STRINGS)]),
    "cycle": (cycle(), [("/again/1", "a cycle: a value that contains itself", JSON)]),
    "cycle of two": (cycle_of_two(), [("/0/one", "a cycle: a value that contains itself", JSON)]),
    "two places": (
        {"a": math.nan, "b": {"c": {1}}},
        [("/a", "nan", "a finite number"), ("/b/c", "a value of type set", JSON)],
    ),
    "inside other kinds": (
        OtherMapping({"a/b": ({"~": 1j},)}),
        [("/a~1b/0/~0", "a value of type complex", JSON)],
    ),
    "same value in two places": (
        {"a": [math.nan], "b": [[math.nan]]},
        [("/a/0", "nan", "a finite number"), ("/b/0/0", "nan", "a finite number")],
    ),
}


@pytest.mark.parametrize(("value", "faults"), BAD.values(), ids=BAD)
def test_what_cannot_be_json_is_found(value: Any, faults: list[tuple[str, str, str]]) -> None:
    assert encode(value) == (b"", faults)


# Python's stack would overflow in a recursive search, and quadratic work would take minutes.
def test_a_fault_is_found_at_any_depth() -> None:
    nested: object = {1}
    for _ in range(100_000):
        nested = [nested]
    assert encode(nested) == (b"", [("/0" * 100_000, "a value of type set", JSON)])


@pytest.mark.parametrize("levels", [500, 5_000])
def test_nesting_that_is_too_deep_is_a_fault(levels: int) -> None:
    value = deep(levels)
    encoded, faults = encode(value)
    try:
        expected = _json.dumps(value)
    except ValueError:
        # How deep is too deep depends on the Python at hand.
        expected = b""
    assert (encoded, len(faults)) == (expected, int(not expected))


# Looking at a generator would use it up, and the caller may want to mend the request and resend it.
def test_a_generator_is_not_read() -> None:
    inside = iter("ab")
    encode([inside])
    assert next(inside) == "a"
