"""Problems: their text, and how values and places are shown in it."""

from __future__ import annotations

import math

import pytest

from anthropix_py._problem import Problem, shown, step

TEXTS: dict[str, tuple[Problem, str]] = {
    "with a custom_id": (
        Problem(3, "a", "/params/x", "nan", "y"),
        "requests[3]/params/x ('a'): expected y; found nan",
    ),
    "without a custom_id": (
        Problem(3, None, "", "None", "y"),
        "requests[3]: expected y; found None",
    ),
    # An empty id is an id, and index 0 is an index: neither may be taken for None.
    "an empty custom_id in the first request": (
        Problem(0, "", "/custom_id", "''", "y"),
        "requests[0]/custom_id (''): expected y; found ''",
    ),
    # A text of megabytes given as an id must not fill the message.
    "a long custom_id": (
        Problem(0, "x" * 500, "", "z", "y"),
        f"requests[0] ('{'x' * 59}... (502 characters)): expected y; found z",
    ),
    # A newline must not split the message into two lines of a log.
    "a newline in the custom_id": (
        Problem(0, "a\nb", "", "z", "y"),
        "requests[0] ('a\\nb'): expected y; found z",
    ),
    "of an argument": (
        Problem(None, None, "requests", "none", "y"),
        "requests: expected y; found none",
    ),
}


@pytest.mark.parametrize(("problem", "expected"), TEXTS.values(), ids=TEXTS)
def test_text_of_a_problem(problem: Problem, expected: str) -> None:
    assert str(problem) == expected


STEPS: dict[object, str] = {
    "a": "/a",
    "": "/",
    0: "/0",
    None: "/None",
    # RFC 6901: a slash in a key must not look like another step, nor "~1" like a slash.
    "/": "/~1",
    "~": "/~0",
    "~1": "/~01",
    "a/b~c": "/a~1b~0c",
}


@pytest.mark.parametrize(("key", "expected"), STEPS.items(), ids=repr)
def test_step_of_a_pointer(key: object, expected: str) -> None:
    assert step(key) == expected


SHOWN: dict[str, tuple[object, str]] = {
    "text": ("a'b\n", '"a\'b\\n"'),
    "longest text": ("x" * 58, "'" + "x" * 58 + "'"),
    "text that is too long": ("x" * 59, "'" + "x" * 59 + "... (61 characters)"),
    "null": (None, "None"),
    "minus zero": (-0.0, "-0.0"),
    "NaN": (math.nan, "nan"),
    "empty list": ([], "an empty list"),
    "empty tuple": ((), "an empty tuple"),
    "empty dict": ({}, "an empty dict"),
    # The inside of a value could be long, secret, or fail to print.
    "list": ([1], "a value of type list"),
    "bytes": (b"", "a value of type bytes"),
    "set": (set(), "a value of type set"),
    # A lone surrogate cannot be written to a log as it is.
    "lone surrogate": ("\udc80", "'\\udc80'"),
    # Python refuses to print an integer of more than 4,300 digits.
    "integer of many digits": (10**100_000, "a number of many digits"),
}


@pytest.mark.parametrize(("value", "expected"), SHOWN.values(), ids=SHOWN)
def test_value_in_a_message(value: object, expected: str) -> None:
    assert shown(value) == expected
