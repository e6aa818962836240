"""Secrets: how they are kept, and how they are taken out of what leaves."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import Bytes

from anthropix_py._wire import Request
from anthropix_py._wire.secret import Secret, redacted
from anthropix_py.errors import (
    AnthropixError,
    APIError,
    DecodeError,
    InvalidRequest,
    TransportError,
    UnknownOutcome,
)
from anthropix_py.validate import Problem

KEY = "sk-ant-the-key-0123456789"

SHOWN: dict[str, Callable[[Secret], str]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "f-string": lambda secret: f"{secret}",
    "f-string with a width": lambda secret: f"{secret:>40}",
    "f-string of its str": lambda secret: f"{secret!s:<9}",
    "f-string of its repr": lambda secret: f"{secret!r}",
    "percent s": lambda secret: "%s" % secret,  # noqa: UP031
    "percent r": lambda secret: "%r" % secret,  # noqa: UP031
    "in a list": lambda secret: str([secret]),
    "in a dict": lambda secret: repr({"a": secret}),
    "in an error": lambda secret: repr(ValueError(secret)) + str(ValueError(secret)),
    "a copy": lambda secret: str(copy.copy(secret)) + repr(copy.deepcopy(secret)),
    "unpickled": lambda secret: str(pickle.loads(pickle.dumps(secret))),
    # against the end of a key in a slice
    "a slice": lambda secret: str(secret[3:]) + repr(secret[-5:]),
    "a character": lambda secret: repr(secret[3]),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_secret_is_never_shown(show: Callable[[Secret], str]) -> None:
    text = show(Secret(KEY))
    assert "***" in text
    assert not any(part in text for part in (KEY, KEY[3:], KEY[-5:]))


def test_a_secret_is_sent_unchanged() -> None:
    secret = Secret(KEY)
    assert secret.encode() == secret.encode("latin-1") == KEY.encode()
    assert ("Bearer " + secret).encode() == b"Bearer " + KEY.encode()
    assert (secret, hash(secret), len(secret)) == (KEY, hash(KEY), len(KEY))
    assert pickle.loads(pickle.dumps(secret)).encode() == Secret(secret).encode() == KEY.encode()


def test_a_request_prints_without_its_query_and_headers() -> None:
    request = Request("GET", f"https://h/x?k={KEY}", {"x-api-key": KEY}, Bytes(KEY.encode()))
    assert repr(request) == str(request) == "<Request GET https://h/x>"


SECRETS = ("sk-abcdefgh-long", "sk-abcdefgh", "0123456789", "In-Mixed-Case")

TEXTS: dict[str, tuple[str, str]] = {
    "the secret alone": ("0123456789", "***"),
    "twice": ("0123456789 0123456789", "*** ***"),
    "twice, side by side": ("x01234567890123456789x", "x***x"),
    "one within another": ("you sent sk-abcdefgh-long", "you sent ***"),
    "in a header": ("Bearer 0123456789", "Bearer ***"),
    # against the name of a header
    "in lower case": ("x-in-mixed-case: 1", "x-***: 1"),
    # against an excerpt that was cut inside the secret
    "its beginning": ("<pre>01234567", "<pre>***"),
    "its end": ("23456789</pre>", "***</pre>"),
    "its middle": ("x12345678x", "x***x"),
    "two fragments that overlap": ("0123456723456789", "***"),
    "a fragment of 7": ("x0123456x", "x0123456x"),
    "nothing of it": ("*** and 0 1 2 3", "*** and 0 1 2 3"),
    "empty": ("", ""),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_redacted_text(text: str, expected: str) -> None:
    assert redacted(text, SECRETS) == expected


@given(st.lists(st.sampled_from((KEY, KEY[:9], KEY[4:], "k", *KEY, " ")), max_size=12).map("".join))
def test_no_run_of_eight_characters_is_left(text: str) -> None:
    masked = redacted(text, (KEY,))
    assert not any(KEY[at : at + 8] in masked for at in range(len(KEY) - 7))


class Pair(NamedTuple):
    first: str
    second: object


class OfAnotherMake(TransportError):
    """An error of somebody's own transport, made from other arguments than it carries."""

    def __init__(self, why: str) -> None:
        super().__init__("closed", why, sent=True)


KEPT = DecodeError("x")
VALUES: dict[str, tuple[Any, Any]] = {
    "a dict": ({"a": KEY, KEY: [1, None]}, {"a": "***", "***": [1, None]}),
    "lists in lists": ([[KEY], [[KEY, 2.5]]], [["***"], [["***", 2.5]]]),
    "a tuple": ((KEY, 1, (KEY,)), ("***", 1, ("***",))),
    "a named tuple": (Pair(KEY, {"a": KEY}), Pair("***", {"a": "***"})),
    "numbers and null": ([1, 2.5, None, True], [1, 2.5, None, True]),
    "an error without it": ([KEPT], [KEPT]),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_redacted_values(value: Any, expected: Any) -> None:
    before = repr(value)
    masked = redacted(value, (KEY,))
    assert masked == expected
    assert type(masked) is type(expected)
    assert repr(value) == before


CAUSE = TransportError("closed", KEY, sent=True)
HOLDING: dict[str, AnthropixError] = {
    "a message": APIError(401, message=f"bad key {KEY}"),
    "headers and body": APIError(401, headers={KEY: KEY}, body={"a": [{"b": KEY}]}),
    "a cause": UnknownOutcome(CAUSE, 1, 0.0),
    "a cause of a cause": UnknownOutcome(UnknownOutcome(CAUSE, 1, 0.0), 1, 0.0),
    "a problem": InvalidRequest([Problem(0, KEY, "/custom_id", repr(KEY), "another")]),
    "one of another make": OfAnotherMake(f"lost on the way with {KEY}"),
}


@pytest.mark.parametrize("error", HOLDING.values(), ids=HOLDING)
def test_an_error_that_holds_a_secret_is_copied_without_it(error: AnthropixError) -> None:
    before = repr(error)
    masked = redacted(error, (KEY,))
    assert type(masked) is type(error)
    assert vars(masked).keys() == vars(error).keys()
    assert KEY not in f"{masked} {masked!r} {masked.args} {vars(masked)}"
    assert "***" in f"{masked} {masked.args}"
    assert repr(error) == before


def test_an_error_without_secrets_is_returned_itself() -> None:
    error = UnknownOutcome(APIError(500, body={"a": ["sk"]}), 1, 0.0)
    assert redacted(error, (KEY,)) is error
    assert redacted(CAUSE, ()) is CAUSE


# against a stack that is nearly used up: the parser allows as many levels as there are frames
@pytest.mark.parametrize("levels", [900, 100_000])
@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}], ids=["lists", "dicts"])
def test_deeply_nested_values_are_redacted(levels: int, wrap: Callable[[Any], Any]) -> None:
    value: Any = KEY
    for _ in range(levels):
        value = wrap(value)
    found: Any = redacted(APIError(500, body=value), (KEY,)).body
    while not isinstance(found, str):
        (found,) = found.values() if isinstance(found, dict) else found
    assert found == "***"
