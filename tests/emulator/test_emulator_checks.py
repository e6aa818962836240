"""What is refused at once: heads, creates, pages and counts, in the words of the API."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from emulator_samples import COUNT_TOKENS, VERSION, Received, ask, cases
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py._wire import BATCHES
from anthropix_py.emulator import ManualClock, Store
from anthropix_py.emulator._checks import check_count, check_head, checked, page_bounds
from anthropix_py.emulator._parse import RequestReader
from anthropix_py.emulator._refusal import Refusal
from anthropix_py.limits import Limits

PATTERN = "^[a-zA-Z0-9_-]{1,64}$"
ALLOWED = frozenset(string.ascii_letters + string.digits + "_-")
INVALID = "invalid_request_error"
IDS = ["e", "d", "c", "b", "a"]


def check_create(body: Any, limits: Limits = Limits()) -> list[Any]:
    reader = RequestReader([json.dumps(body).encode()])
    return [json.loads(text) for text in checked(reader, limits)]


def one(custom_id: object = "a", /, **changes: object) -> dict[str, object]:
    return {"custom_id": custom_id, "params": {}, **changes}


def many(*requests: object) -> dict[str, object]:
    return {"requests": list(requests)}


def refusal(body: Any, limits: Limits = Limits()) -> tuple[int, str, str]:
    with pytest.raises(Refusal) as caught:
        check_create(body, limits)
    return caught.value.status, caught.value.type, caught.value.message


def post(path: str, body: bytes | None, limits: Limits = Limits()) -> Received:
    return ask(Store(clock=ManualClock(), limits=limits), "POST", path, body)


# create

TOO_LONG = "custom_id: String should have at most 64 characters"
NO_MATCH = f"custom_id: String should match pattern '{PATTERN}'"
NO_STRING = "custom_id: Input should be a valid string"
TWICE = "requests: custom_id's must be unique within a batch. Duplicate custom_id found: "
EXTRA = "Extra inputs are not permitted"
OBJECT = "Input should be an object"
LIST = "requests: Input should be a valid list"

CREATES: dict[str, tuple[object, str]] = {
    # in the words of the real API
    "empty": (many(), "requests: List should have at least 1 item after validation, not 0"),
    "no id": (many({"params": {}}), "requests.0.custom_id: Field required"),
    "no id, third": (many(one("a"), one("b"), {}), "requests.2.custom_id: Field required"),
    "65 characters": (many(one("x" * 65)), f"requests.0.{TOO_LONG}"),
    "65 that do not match": (many(one("\u00e9" * 65)), f"requests.0.{TOO_LONG}"),
    "100,000 characters": (many(one("a"), one("x" * 100_000)), f"requests.1.{TOO_LONG}"),
    "blank": (many(one("")), f"requests.0.{NO_MATCH}"),
    "space": (many(one("a b")), f"requests.0.{NO_MATCH}"),
    "dot": (many(one("a"), one("a.b")), f"requests.1.{NO_MATCH}"),
    # Python's $ matches before it
    "final newline": (many(one("a\n")), f"requests.0.{NO_MATCH}"),
    "two lines": (many(one("a\nb")), f"requests.0.{NO_MATCH}"),
    "nul": (many(one("a\0")), f"requests.0.{NO_MATCH}"),
    # what str.isalnum and \w let through
    "accent": (many(one("caf\u00e9")), f"requests.0.{NO_MATCH}"),
    "fullwidth digit": (many(one("\uff11")), f"requests.0.{NO_MATCH}"),
    "arabic digit": (many(one("\u0661")), f"requests.0.{NO_MATCH}"),
    "surrogate": (many(one("\ud800")), f"requests.0.{NO_MATCH}"),
    "twice": (many(one("dup"), one("dup")), TWICE + "dup"),
    "twice apart": (many(one("a"), one("dup"), one("b"), one("dup")), TWICE + "dup"),
    "two twice": (many(one("x"), one("y"), one("y"), one("x")), TWICE + "y"),
    # in assumed words
    "null": (None, OBJECT),
    "list": ([one()], OBJECT),
    "text": ("requests", OBJECT),
    "true": (True, OBJECT),
    "nothing": ({}, "requests: Field required"),
    "extra key": ({**many(one()), "betas": []}, f"betas: {EXTRA}"),
    "extra blank key": ({**many(one()), "": 1}, f": {EXTRA}"),
    "extra key in capitals": ({**many(one()), "Requests": []}, f"Requests: {EXTRA}"),
    "object for a list": ({"requests": {}}, LIST),
    "string for a list": ({"requests": "ab"}, LIST),
    "false for a list": ({"requests": False}, LIST),
    "null for a request": (many(None), f"requests.0: {OBJECT}"),
    "list for a request": (many(one(), []), f"requests.1: {OBJECT}"),
    "no params": (many(one("a"), {"custom_id": "b"}), "requests.1.params: Field required"),
    "third key": (many(one(metadata={})), f"requests.0.metadata: {EXTRA}"),
    "key in capitals": (many(one("a"), one("b", Params={})), f"requests.1.Params: {EXTRA}"),
    "id null": (many(one(None)), f"requests.0.{NO_STRING}"),
    "id number": (many(one(1)), f"requests.0.{NO_STRING}"),
    "id true": (many({**one(), "custom_id": True}), f"requests.0.{NO_STRING}"),
    # must not be hashed
    "id list": (many(one(["a"])), f"requests.0.{NO_STRING}"),
    "params null": (many(one(params=None)), f"requests.0.params: {OBJECT}"),
    "params list": (many(one(params=[])), f"requests.0.params: {OBJECT}"),
    "params text": (many(one("a"), one("b", params="{}")), f"requests.1.params: {OBJECT}"),
}


@cases("body, message", CREATES)
def test_a_create_is_refused_and_leaves_no_batch(body: Any, message: str) -> None:
    assert refusal(body) == (400, INVALID, message)
    store = Store(clock=ManualClock())
    assert ask(store, "POST", BATCHES, json.dumps(body).encode()).error == (400, INVALID, message)
    assert store.newest_first() == []


ACCEPTED: dict[str, dict[str, Any]] = {
    "64 characters": many(one("x" * 64)),
    "underscore": many(one("_")),
    "hyphens": many(one("-"), one("--")),
    "capital and small": many(one("A"), one("a")),
    "zeros": many(one("0"), one("00"), one("000")),
    # params are checked only while processing
    "bad params": many(one("a", params={"stream": True, "max_tokens": 0})),
    "odd params": many(one("a", params={"betas": ["x"], "requests": []})),
    "other order of keys": {"requests": [{"params": {}, "custom_id": "a"}]},
}


@cases("body", ACCEPTED)
def test_a_create_is_accepted(body: dict[str, Any]) -> None:
    assert check_create(body) == body["requests"]


@given(st.text(max_size=70))
def test_the_custom_ids_accepted_are_those_of_the_pattern(custom_id: str) -> None:
    if 1 <= len(custom_id) <= 64 and set(custom_id) <= ALLOWED:
        assert check_create(many(one(custom_id))) == [one(custom_id)]
    else:
        assert refusal(many(one(custom_id)))[0] == 400


@pytest.mark.parametrize(("count", "most"), [(2, 1), (4, 3), (100_001, 100_000)])
def test_too_many_requests(count: int, most: int) -> None:
    body = many(*[one(str(number)) for number in range(count)])
    message = f"requests: List should have at most {most} items after validation, not {count}"
    assert refusal(body, Limits(requests=most)) == (400, INVALID, message)
    assert len(check_create(body, Limits(requests=count))) == count


LIMITED: dict[str, tuple[str, str, bool]] = {
    "capital": ("A", "^[a-z]+$", False),
    "space": ("a b", "^[a-z ]+$", True),
    "longer than 64": ("x" * 80, "^.{1,100}$", True),
}


@cases("custom_id, pattern, fits", LIMITED)
def test_the_pattern_is_that_of_the_limits(custom_id: str, pattern: str, fits: bool) -> None:
    limits = Limits(custom_id=pattern)
    if fits:
        assert check_create(many(one(custom_id)), limits) == [one(custom_id)]
    else:
        message = f"requests.0.custom_id: String should match pattern '{pattern}'"
        assert refusal(many(one(custom_id)), limits) == (400, INVALID, message)


# bodies

NOT_JSON: dict[str, bytes | None] = {
    "none": None,
    "empty": b"",
    "space": b" \n",
    "cut": b'{"requests": [',
    "text": b"requests",
    "single quotes": b"{'requests': []}",
    "trailing comma": b'{"requests": [],}',
    "two": b"{}{}",
    "two lines": b"{}\n{}\n",
    "not UTF-8": b'{"requests": "\xff"}',
    "control character": b'{"a": "\x01"}',
    # both are more than Python's parser accepts
    "5,000 digits": b"9" * 5000,
    "too deep": b"[" * 100_000,
}
BOTH = pytest.mark.parametrize("path", [BATCHES, COUNT_TOKENS], ids=["create", "count_tokens"])


@BOTH
@cases("body", NOT_JSON)
def test_a_body_that_is_not_json(path: str, body: bytes | None) -> None:
    status, kind, message = post(path, body).error
    assert (status, kind) == (400, INVALID)
    assert message.removeprefix("The request body is not valid JSON: ") not in ("", message)


@BOTH
@pytest.mark.parametrize(
    ("body", "most", "status"),
    [(b"{" * 11, 10, 413), (b"{" * 10, 10, 400), (b"{}", 1, 413), (b"x", 0, 413), (b"", 0, 400)],
)
def test_the_bytes_of_a_body_are_limited(path: str, body: bytes, most: int, status: int) -> None:
    kind = {413: "request_too_large", 400: INVALID}[status]
    assert post(path, body, Limits(bytes=most)).error[:2] == (status, kind)


# count_tokens

COUNTED: dict[str, Any] = {"model": "m", "messages": []}
COUNTS: dict[str, tuple[object, str]] = {
    "null": (None, OBJECT),
    "list": ([], OBJECT),
    "text": ("model", OBJECT),
    "zero": (0, OBJECT),
    "nothing": ({}, "model: Field required"),
    "a batch": (many(), "model: Field required"),
    "no model": ({"messages": []}, "model: Field required"),
    "no messages": ({"model": "m"}, "messages: Field required"),
    # params of a request that are refused here
    "max_tokens": ({**COUNTED, "max_tokens": 1}, f"max_tokens: {EXTRA}"),
    "stop_sequences": ({**COUNTED, "stop_sequences": []}, f"stop_sequences: {EXTRA}"),
    "metadata": ({**COUNTED, "metadata": {}}, f"metadata: {EXTRA}"),
    "stream": ({**COUNTED, "stream": False}, f"stream: {EXTRA}"),
    "blank key": ({**COUNTED, "": 1}, f": {EXTRA}"),
    "key in capitals": ({**COUNTED, "Model": 1}, f"Model: {EXTRA}"),
}


@cases("body, message", COUNTS)
def test_count_tokens_is_refused(body: Any, message: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_count(body)
    assert (caught.value.status, caught.value.type) == (400, INVALID)
    assert caught.value.message == message


def test_count_tokens_under_a_beta_accepts_any_key() -> None:
    check_count({**COUNTED, "compaction": {}}, "any-beta")
    bodies: list[Any] = [[], {"model": "m"}]
    for body in bodies:
        with pytest.raises(Refusal):
            check_count(body, "any-beta")


@pytest.mark.parametrize(
    "key",
    ["system", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed"],
)
def test_count_tokens_accepts(key: str) -> None:
    response = post(COUNT_TOKENS, json.dumps({**COUNTED, key: "x"}).encode())
    assert (response.status, list(response.json)) == (200, ["input_tokens"])


# heads

NO_KEY = "x-api-key header is required"
WRONG_KEY = "API key is invalid."
NO_VERSION = "anthropic-version: header is required"
KEY = {"x-api-key": "k"}


def unknown(version: str) -> tuple[dict[str, str], str]:
    message = f'anthropic-version: "{version}" is not a valid version'
    return {**KEY, "anthropic-version": version}, message


HEADS: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, NO_KEY),
    "version alone": (VERSION, NO_KEY),
    "blank key": ({**VERSION, "x-api-key": ""}, NO_KEY),
    "key of spaces": ({**VERSION, "x-api-key": "  "}, NO_KEY),
    "blank authorization": ({**VERSION, "authorization": ""}, NO_KEY),
    "bearer alone": ({**VERSION, "authorization": "Bearer"}, NO_KEY),
    "bearer of spaces": ({**VERSION, "authorization": "Bearer    "}, NO_KEY),
    "both blank": ({**VERSION, "x-api-key": "", "authorization": "Bearer "}, NO_KEY),
    "basic": ({**VERSION, "authorization": "Basic YTpi"}, NO_KEY),
    "token without bearer": ({**VERSION, "authorization": "sk-ant"}, NO_KEY),
    "no version": (KEY, NO_VERSION),
    "no version, bearer": ({"authorization": "Bearer t"}, NO_VERSION),
    "blank version": unknown(""),
    "version 1": unknown("1"),
    "version with a space": unknown("2023-06-01 "),
    "two versions": unknown("2023-06-01,2026-10-21"),
    "version before the first": unknown("2023-01-01"),
}


@cases("headers, message", HEADS)
def test_a_head_is_refused(headers: dict[str, str], message: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_head(headers)
    expected = (401, "authentication_error") if message == NO_KEY else (400, INVALID)
    assert (caught.value.status, caught.value.type) == expected
    assert caught.value.message == message


GOOD_HEADS: dict[str, dict[str, str]] = {
    "key": {**KEY, **VERSION},
    "newer version": {**KEY, "anthropic-version": "2026-10-21"},
    "bearer": {"authorization": "bearer k", **VERSION},
    "blank key, bearer": {"x-api-key": "", "authorization": "Bearer k", **VERSION},
    "key, blank bearer": {**KEY, "authorization": "Bearer ", **VERSION},
}


@cases("headers", GOOD_HEADS)
def test_a_head_is_accepted(headers: dict[str, str]) -> None:
    check_head(headers)
    check_head(headers, ["other", "k"])
    with pytest.raises(Refusal, match=WRONG_KEY) as caught:
        check_head(headers, ["other", "kk"])
    assert (caught.value.status, caught.value.type) == (401, "authentication_error")


def test_keys_are_not_a_string() -> None:
    """Against a key that is accepted because it is part of the string."""
    with pytest.raises(TypeError, match="api_keys must be a collection"):
        Store(api_keys="sk-ant")


# pages

PAGES: dict[str, tuple[dict[str, str], str, bool]] = {
    "all": ({}, "edcba", False),
    "limit 5": ({"limit": "5"}, "edcba", False),
    "limit 6": ({"limit": "6"}, "edcba", False),
    "limit 4": ({"limit": "4"}, "edcb", True),
    "limit 01": ({"limit": "01"}, "e", True),
    "after the first": ({"after_id": "e"}, "dcba", False),
    "after the first, 1": ({"after_id": "e", "limit": "1"}, "d", True),
    "after, exactly the rest": ({"after_id": "c", "limit": "2"}, "ba", False),
    "after the last": ({"after_id": "a"}, "", False),
    "before the last": ({"before_id": "a"}, "edcb", False),
    "before the last, 1": ({"before_id": "a", "limit": "1"}, "b", True),
    "before the last, 3": ({"before_id": "a", "limit": "3"}, "dcb", True),
    "before, exactly the rest": ({"before_id": "a", "limit": "4"}, "edcb", False),
    "before the first": ({"before_id": "e"}, "", False),
    # (A): official SDKs send both while they page; the real response is not known
    "both": ({"after_id": "d", "before_id": "b", "limit": "2"}, "cb", True),
    "both, unknown before": ({"after_id": "b", "before_id": "zz"}, "a", False),
    "unknown key": ({"nonsense": "x", "limit": "2"}, "ed", True),
}


@cases("query, page, has_more", PAGES)
def test_pages(query: dict[str, str], page: str, has_more: bool) -> None:
    part, more = page_bounds(query, IDS, Limits())
    assert ("".join(IDS[part]), more) == (page, has_more)


LEAST = "limit: Input should be greater than or equal to 1"
MOST = "limit: Input should be less than or equal to 1000"
INTEGER = "limit: Input should be a valid integer"
BAD_PAGES: dict[str, tuple[dict[str, str], str]] = {
    "0": ({"limit": "0"}, LEAST),
    "-1": ({"limit": "-1"}, LEAST),
    "-0": ({"limit": "-0"}, LEAST),
    "1001": ({"limit": "1001"}, MOST),
    "huge": ({"limit": "999999999"}, MOST),
    "blank": ({"limit": ""}, INTEGER),
    "text": ({"limit": "x"}, INTEGER),
    "float": ({"limit": "1.5"}, INTEGER),
    "exponent": ({"limit": "1e2"}, INTEGER),
    # these three are integers for Python's int()
    "plus": ({"limit": "+5"}, INTEGER),
    "underscore": ({"limit": "1_0"}, INTEGER),
    "fullwidth": ({"limit": "\uff11"}, INTEGER),
    # Python's $ matches before it
    "final newline": ({"limit": "5\n"}, INTEGER),
    "limit before cursor": ({"limit": "0", "after_id": "zz"}, LEAST),
    "unknown after": ({"after_id": "zz"}, "Message Batch zz not found."),
    "unknown before": ({"before_id": "zz"}, "Message Batch zz not found."),
    "other case": ({"after_id": "E"}, "Message Batch E not found."),
}


@cases("query, message", BAD_PAGES)
def test_pages_are_refused(query: dict[str, str], message: str) -> None:
    with pytest.raises(Refusal) as caught:
        page_bounds(query, IDS, Limits())
    expected = (404, "not_found_error") if "not found" in message else (400, INVALID)
    assert (caught.value.status, caught.value.type) == expected
    assert caught.value.message == message


SIZES: list[tuple[int, str | None, int, bool]] = [
    (0, None, 0, False),
    (20, None, 20, False),
    (21, None, 20, True),
    (1000, "1000", 1000, False),
    (1001, "1000", 1000, True),
]


@pytest.mark.parametrize(("count", "limit", "page", "has_more"), SIZES)
def test_the_size_of_a_page(count: int, limit: str | None, page: int, has_more: bool) -> None:
    ids = [str(number) for number in range(count)]
    part, more = page_bounds({} if limit is None else {"limit": limit}, ids, Limits())
    assert (len(ids[part]), more) == (page, has_more)


def test_the_largest_page_is_that_of_the_limits() -> None:
    assert page_bounds({}, IDS, Limits(page=2)) == (slice(0, 2), True)
    with pytest.raises(Refusal, match="less than or equal to 2"):
        page_bounds({"limit": "3"}, IDS, Limits(page=2))


@given(st.integers(0, 30), st.integers(1, 12), st.booleans())
def test_the_pages_add_up_to_all_in_both_directions(count: int, limit: int, forward: bool) -> None:
    ids = [str(number) for number in range(count)]
    seen: list[str] = []
    query = {"limit": str(limit)}
    if not forward and ids:
        seen, query = ids[-1:], {"limit": str(limit), "before_id": ids[-1]}
    for _ in range(count + 1):
        part, more = page_bounds(query, ids, Limits())
        page = ids[part]
        seen = seen + page if forward else page + seen
        if not more:
            break
        key, end = ("after_id", page[-1]) if forward else ("before_id", page[0])
        query = {"limit": str(limit), key: end}
    assert seen == ids
