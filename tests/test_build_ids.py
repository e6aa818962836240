"""Keys become custom_ids, each its own, and come back as they were."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import table

from anthropix_py import Limits
from anthropix_py.build import Key, custom_id, key

VALID = re.compile(Limits().custom_id)

ITEMS = st.one_of(
    st.text(max_size=12),
    # against surrogates, and against texts that look like the scheme itself
    st.text(st.characters(), max_size=6),
    st.text("-_tizp0a", max_size=12),
    st.integers(-(10**20), 10**20),
)
KEYS = st.one_of(ITEMS, st.lists(ITEMS, min_size=1, max_size=3).map(tuple))


def made(key: Any) -> str | None:
    """Return the custom_id of a key, None if it is too long for one."""
    try:
        return custom_id(key)
    except ValueError:
        return None


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other)


@given(KEYS)
def test_a_key_comes_back_as_it_was(given: Key) -> None:
    id = made(given)
    if id is not None:
        assert VALID.search(id)
        assert same(key(id), given)


@given(KEYS, KEYS)
def test_two_keys_never_share_a_custom_id(one: Key, other: Key) -> None:
    if not same(one, other):
        assert made(one) is None or made(one) != made(other)


@given(st.from_regex(r"(--)?[tizp0-9a-b_-]{1,12}", fullmatch=True))
def test_a_text_is_the_custom_id_of_one_key_or_of_none(id: str) -> None:
    try:
        found = key(id)
    except ValueError:
        return
    assert custom_id(found) == id


@table(
    "key, id",
    {
        "a valid text": ("user_17", "user_17"),
        "digits as text": ("17", "17"),
        "64 characters": ("x" * 64, "x" * 64),
        "one dash": ("-", "-"),
        "dashes inside": ("a--b", "a--b"),
        "an integer": (17, "--i17"),
        "a negative integer": (-5, "--i-5"),
        "63 digits of an integer": (10**60, f"--i{10**60}"),
        "a text that looks like an integer's": ("--i17", "--t-2d-2di17"),
        "empty": ("", "--t"),
        "spaces": ("a b", "--ta-20b"),
        "a final newline": ("a\n", "--ta-0a"),
        "an address": ("ann@example.com", "--tann-40example-2ecom"),
        "another script": ("Ü", "--t-c3-9c"),
        # readable as long as it fits, then short
        "many bytes": ("ж" * 10, "--t" + "-d0-b6" * 10),
        "too many bytes to be readable": (
            "ж" * 20,
            "--zGizI4C1y7Zd2DvuQ5cGDOy3t2GKk9IkIk9XJVDliV6plgpHjoCU0sg",
        ),
        "a lone surrogate": ("\ud800", "--t-ed-a0-80"),
        "a tuple": (("doc", 3), "--p--tdoc--i3"),
        "a tuple of one": (("doc",), "--p--tdoc"),
        "the number as text": (("doc", "3"), "--p--tdoc--t3"),
        "empty texts in a tuple": (("", ""), "--p--t--t"),
        "NumPy's integer": (np.int64(7), "--i7"),
        "NumPy's text": (np.str_("a"), "a"),
        "NumPy's in a tuple": ((np.uint8(1), np.str_("x y")), "--p--i1--tx-20y"),
    },
)
def test_custom_id(key: Any, id: str) -> None:
    assert custom_id(key) == id


@table(
    "key, error, message",
    {
        "None": (None, TypeError, "text, an integer, or a tuple of these, not NoneType"),
        "a float": (1.0, TypeError, "not float"),
        "NaN": (float("nan"), TypeError, "not float"),
        # against True that collides with 1
        "a bool": (True, TypeError, "not bool"),
        "bytes": (b"a", TypeError, "not bytes"),
        "a list": (["a"], TypeError, "not list"),
        "a tuple in a tuple": (("a", ("b",)), TypeError, "not tuple"),
        "None in a tuple": (("a", None), TypeError, "not NoneType"),
        "an empty tuple": ((), ValueError, "not an empty tuple"),
        "65 characters": ("x" * 65, ValueError, "64 characters, and 'xxx"),
        "a path": ("/" * 60, ValueError, "use a shorter key"),
        "a long tuple": (("x" * 30, "y" * 30), ValueError, "use a shorter key"),
        "an integer of 100 digits": (10**100, ValueError, "64 characters"),
        # against minutes of arithmetic
        "a megabyte": ("ж" * 1_000_000, ValueError, "(1,000,002 characters)"),
        "an integer that Python does not print": (10**5000, ValueError, "many digits"),
    },
)
def test_what_is_not_a_key(key: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        custom_id(key)


@pytest.mark.parametrize(
    "id",
    [
        *("", " ", "a b", "x" * 65, "a\n", "ü"),
        *("--", "---", "--x", "--i", "--ix", "--i01", "--i+1", "--i1_0", "--i-0", "--i-"),
        # texts that have a shorter id, or an escape that is not needed or not complete
        *("--ta", "--t-61", "--t-2D", "--ta-", "--t-2", "--t-zz", "--t-ff", "--t--"),
        *("--z", "--z4", "--z-", "--ta-20b--i1", "--p", "--p--", "--p--x", "--p--p--ta"),
    ],
)
def test_what_is_no_custom_id_of_a_key(id: str) -> None:
    with pytest.raises(ValueError, match=r"one that build\.custom_id makes"):
        key(id)


@pytest.mark.parametrize("value", [None, 5, b"a"], ids=repr)
def test_a_custom_id_is_text(value: Any) -> None:
    with pytest.raises(TypeError, match="custom_id must be text"):
        key(value)
