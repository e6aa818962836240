from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import Bytes

from anthropix_py._wire import Request
from anthropix_py.emulator import ManualClock, Store, handle
from anthropix_py.emulator._checks import check_count, check_head, checked, page_bounds
from anthropix_py.emulator._parse import RequestsIn
from anthropix_py.emulator._refused import Refused
from anthropix_py.limits import Limits

PATTERN = "^[a-zA-Z0-9_-]{1,64}$"
ALLOWED = frozenset(string.ascii_letters + string.digits + "_-")
TWICE = "requests: custom_id's must be unique within a batch. Duplicate custom_id found: "
HEAD = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
IDS = ["e", "d", "c", "b", "a"]


def check_create(body: Any, limits: Limits) -> list[Any]:
    return [json.loads(text) for text in checked(RequestsIn([json.dumps(body).encode()]), limits)]


def one(custom_id: object = "a", /, **changes: object) -> dict[str, object]:
    return {"custom_id": custom_id, "params": {}, **changes}


def many(*requests: object) -> dict[str, object]:
    return {"requests": list(requests)}


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in one().items() if name != key}


def refusal(body: Any, limits: Limits = Limits()) -> tuple[int, str, str]:
    with pytest.raises(Refused) as caught:
        check_create(body, limits)
    return caught.value.status, caught.value.type, caught.value.message


def post(path: str, body: bytes | None, limits: Limits = Limits()) -> tuple[int, dict[str, Any]]:
    store = Store(clock=ManualClock(), limits=limits)
    request = Request("POST", "http://emulator" + path, HEAD, None if body is None else Bytes(body))
    response = handle(store, request)
    return response.status, json.loads(b"".join(response.chunks))


# --- create ---------------------------------------------------------------------------------------

DOCUMENTED: list[tuple[str, object, str]] = [
    ("empty", many(), "requests: List should have at least 1 item after validation, not 0"),
    ("no-id", many(without("custom_id")), "requests.0.custom_id: Field required"),
    (
        "no-id-3rd",
        many(one("a"), one("b"), without("custom_id")),
        "requests.2.custom_id: Field required",
    ),
    ("65", many(one("x" * 65)), "requests.0.custom_id: String should have at most 64 characters"),
    (
        "65-ugly",
        many(one("\u00e9" * 65)),
        "requests.0.custom_id: String should have at most 64 characters",
    ),
    (
        "100k",
        many(one("a"), one("x" * 100_000)),
        "requests.1.custom_id: String should have at most 64 characters",
    ),
    ("blank", many(one("")), f"requests.0.custom_id: String should match pattern '{PATTERN}'"),
    ("space", many(one("a b")), f"requests.0.custom_id: String should match pattern '{PATTERN}'"),
    (
        "dot",
        many(one("a"), one("a.b")),
        f"requests.1.custom_id: String should match pattern '{PATTERN}'",
    ),
    ("newline", many(one("a\n")), f"requests.0.custom_id: String should match pattern '{PATTERN}'"),
    (
        "two-lines",
        many(one("a\nb")),
        f"requests.0.custom_id: String should match pattern '{PATTERN}'",
    ),
    ("nul", many(one("a\0")), f"requests.0.custom_id: String should match pattern '{PATTERN}'"),
    (
        "accent",
        many(one("caf\u00e9")),
        f"requests.0.custom_id: String should match pattern '{PATTERN}'",
    ),
    (
        "fullwidth",
        many(one("\uff11")),
        f"requests.0.custom_id: String should match pattern '{PATTERN}'",
    ),
    (
        "arabic-digit",
        many(one("\u0661")),
        f"requests.0.custom_id: String should match pattern '{PATTERN}'",
    ),
    (
        "surrogate",
        many(one("\ud800")),
        f"requests.0.custom_id: String should match pattern '{PATTERN}'",
    ),
    ("twice", many(one("dup"), one("dup")), TWICE + "dup"),
    ("twice-apart", many(one("a"), one("dup"), one("b"), one("dup")), TWICE + "dup"),
    ("two-twice", many(one("x"), one("y"), one("y"), one("x")), TWICE + "y"),
]

ASSUMED: list[tuple[str, object, str]] = [
    ("null", None, "Input should be an object"),
    ("list", [one()], "Input should be an object"),
    ("text", "requests", "Input should be an object"),
    ("number", 1, "Input should be an object"),
    ("true", True, "Input should be an object"),
    ("nothing", {}, "requests: Field required"),
    ("extra", {**many(one()), "betas": []}, "betas: Extra inputs are not permitted"),
    ("extra-empty-key", {**many(one()), "": 1}, ": Extra inputs are not permitted"),
    ("extra-case", {**many(one()), "Requests": []}, "Requests: Extra inputs are not permitted"),
    ("object", {"requests": {}}, "requests: Input should be a valid list"),
    ("string", {"requests": "ab"}, "requests: Input should be a valid list"),
    ("zero", {"requests": 0}, "requests: Input should be a valid list"),
    ("false", {"requests": False}, "requests: Input should be a valid list"),
    ("one-null", many(None), "requests.0: Input should be an object"),
    ("one-list", many(one(), []), "requests.1: Input should be an object"),
    ("one-text", many("a"), "requests.0: Input should be an object"),
    ("blank-object", many({}), "requests.0.custom_id: Field required"),
    ("no-params", many(one("a"), {"custom_id": "b"}), "requests.1.params: Field required"),
    ("third-key", many(one(metadata={})), "requests.0.metadata: Extra inputs are not permitted"),
    (
        "key-case",
        many(one("a"), one("b", Params={})),
        "requests.1.Params: Extra inputs are not permitted",
    ),
    ("id-null", many(one(None)), "requests.0.custom_id: Input should be a valid string"),
    ("id-int", many(one(1)), "requests.0.custom_id: Input should be a valid string"),
    (
        "id-true",
        many({**one(), "custom_id": True}),
        "requests.0.custom_id: Input should be a valid string",
    ),
    ("id-list", many(one(["a"])), "requests.0.custom_id: Input should be a valid string"),
    ("params-null", many(one(params=None)), "requests.0.params: Input should be an object"),
    ("params-list", many(one(params=[])), "requests.0.params: Input should be an object"),
    (
        "params-text",
        many(one("a"), one("b", params="{}")),
        "requests.1.params: Input should be an object",
    ),
    ("params-false", many(one(params=False)), "requests.0.params: Input should be an object"),
]


@pytest.mark.parametrize(
    ("body", "message"),
    [row[1:] for row in DOCUMENTED + ASSUMED],
    ids=[row[0] for row in DOCUMENTED + ASSUMED],
)
def test_create_is_refused_in_the_words_of_the_api(body: Any, message: str) -> None:
    assert refusal(body) == (400, "invalid_request_error", message)


@pytest.mark.parametrize(
    ("body", "message"),
    [row[1:] for row in DOCUMENTED + ASSUMED],
    ids=[row[0] for row in DOCUMENTED + ASSUMED],
)
def test_a_refused_create_leaves_no_batch(body: Any, message: str) -> None:
    store = Store(clock=ManualClock())
    request = Request(
        "POST", "http://emulator/v1/messages/batches", HEAD, Bytes(json.dumps(body).encode())
    )
    response = handle(store, request)
    assert response.status == 400
    assert json.loads(b"".join(response.chunks))["error"] == {
        "type": "invalid_request_error",
        "message": message,
    }
    assert store.newest_first() == []


@pytest.mark.parametrize(
    "body",
    [
        many(one("a")),
        many(one("x" * 64)),
        many(one("_")),
        many(one("-"), one("--")),
        many(one("A"), one("a")),
        many(one("0"), one("00"), one("000")),
        many(one("a", params={"stream": True, "max_tokens": 0})),
        many(one("a", params={"betas": ["x"], "requests": []})),
        {"requests": [{"params": {}, "custom_id": "a"}]},
    ],
    ids=[
        "a",
        "64",
        "underscore",
        "hyphens",
        "case",
        "zeros",
        "bad-params",
        "odd-params",
        "key-order",
    ],
)
def test_create_lets_through_what_it_does_not_check(body: dict[str, Any]) -> None:
    assert check_create(body, Limits()) == body["requests"]


@given(st.text(max_size=70))
def test_custom_ids_are_those_of_the_pattern(custom_id: str) -> None:
    fits = 1 <= len(custom_id) <= 64 and set(custom_id) <= ALLOWED
    if fits:
        assert check_create(many(one(custom_id)), Limits()) == [one(custom_id)]
    else:
        assert refusal(many(one(custom_id)))[0] == 400


@pytest.mark.parametrize(
    ("count", "most", "message"),
    [
        (2, 1, "requests: List should have at most 1 items after validation, not 2"),
        (4, 3, "requests: List should have at most 3 items after validation, not 4"),
        (
            100_001,
            100_000,
            "requests: List should have at most 100000 items after validation, not 100001",
        ),
    ],
    ids=["2>1", "4>3", "100001"],
)
def test_too_many_requests(count: int, most: int, message: str) -> None:
    body = many(*[one(str(n)) for n in range(count)])
    assert refusal(body, Limits(requests=most)) == (400, "invalid_request_error", message)
    assert len(check_create({"requests": body["requests"]}, Limits(requests=count))) == count


def test_requests_past_the_limit_are_counted() -> None:
    assert "at most 1 items" in refusal(many(one("a"), one("b")), Limits(requests=1))[2]


@pytest.mark.parametrize(
    ("custom_id", "pattern", "fits"),
    [
        ("A", "^[a-z]+$", False),
        ("a_b", "^[a-z]+$", False),
        ("a b", "^[a-z ]+$", True),
        ("b", "^[a-c]$", True),
    ],
    ids=["upper", "underscore", "space", "one"],
)
def test_the_pattern_is_that_of_the_limits(custom_id: str, pattern: str, fits: bool) -> None:
    limits = Limits(custom_id=pattern)
    if fits:
        assert check_create(many(one(custom_id)), limits) == [one(custom_id)]
    else:
        message = f"requests.0.custom_id: String should match pattern '{pattern}'"
        assert refusal(many(one(custom_id)), limits) == (400, "invalid_request_error", message)


# --- bodies ---------------------------------------------------------------------------------------

NOT_JSON = [
    ("none", None),
    ("empty", b""),
    ("space", b" \n"),
    ("cut", b'{"requests": ['),
    ("text", b"requests"),
    ("quote", b"{'requests': []}"),
    ("comma", b'{"requests": [],}'),
    ("two", b"{}{}"),
    ("lines", b"{}\n{}\n"),
    ("not-utf8", b'{"requests": "\xff"}'),
    ("control", b'{"a": "\x01"}'),
    ("digits", b"9" * 5000),
    ("deep", b"[" * 100_000),
    ("html", b"<html></html>"),
]


@pytest.mark.parametrize(
    "path", ["/v1/messages/batches", "/v1/messages/count_tokens"], ids=["create", "count"]
)
@pytest.mark.parametrize("body", [row[1] for row in NOT_JSON], ids=[row[0] for row in NOT_JSON])
def test_a_body_that_is_not_json(path: str, body: bytes | None) -> None:
    status, answer = post(path, body)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert answer["error"]["message"].startswith("The request body is not valid JSON: ")
    assert len(answer["error"]["message"]) > len("The request body is not valid JSON: ")


@pytest.mark.parametrize(
    "path", ["/v1/messages/batches", "/v1/messages/count_tokens"], ids=["create", "count"]
)
@pytest.mark.parametrize(
    ("body", "most", "status"),
    [(b"{" * 11, 10, 413), (b"{" * 10, 10, 400), (b"{}", 1, 413), (b"x", 0, 413), (b"", 0, 400)],
    ids=["over", "exact", "json-over", "zero", "zero-empty"],
)
def test_the_bytes_of_a_body_are_limited(path: str, body: bytes, most: int, status: int) -> None:
    got, answer = post(path, body, Limits(bytes=most))
    kind = "request_too_large" if status == 413 else "invalid_request_error"
    assert (got, answer["error"]["type"]) == (status, kind)


# --- count_tokens ---------------------------------------------------------------------------------

COUNT = {"model": "m", "messages": []}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "Input should be an object"),
        ([], "Input should be an object"),
        ("model", "Input should be an object"),
        (0, "Input should be an object"),
        ({}, "model: Field required"),
        ({"messages": []}, "model: Field required"),
        ({"model": "m"}, "messages: Field required"),
        ({**COUNT, "max_tokens": 1}, "max_tokens: Extra inputs are not permitted"),
        ({**COUNT, "stop_sequences": []}, "stop_sequences: Extra inputs are not permitted"),
        ({**COUNT, "metadata": {}}, "metadata: Extra inputs are not permitted"),
        ({**COUNT, "stream": False}, "stream: Extra inputs are not permitted"),
        ({**COUNT, "": 1}, ": Extra inputs are not permitted"),
        ({**COUNT, "Model": 1}, "Model: Extra inputs are not permitted"),
    ],
    ids=[
        "null",
        "list",
        "text",
        "zero",
        "{}",
        "no-model",
        "no-messages",
        "max_tokens",
        "stop",
        "metadata",
        "stream",
        "blank",
        "case",
    ],
)
def test_count_tokens_is_refused(body: Any, message: str) -> None:
    with pytest.raises(Refused) as caught:
        check_count(body)
    assert (caught.value.status, caught.value.type, caught.value.message) == (
        400,
        "invalid_request_error",
        message,
    )


@pytest.mark.parametrize(
    "key", ["system", "tools", "tool_choice", "thinking", "output_config", "cache_control"]
)
def test_count_tokens_takes(key: str) -> None:
    status, answer = post("/v1/messages/count_tokens", json.dumps({**COUNT, key: "x"}).encode())
    assert status == 200
    assert list(answer) == ["input_tokens"]


# --- heads ----------------------------------------------------------------------------------------

VERSION = {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "x-api-key header is required"),
        (VERSION, 401, "x-api-key header is required"),
        ({**VERSION, "x-api-key": ""}, 401, "x-api-key header is required"),
        ({**VERSION, "authorization": ""}, 401, "x-api-key header is required"),
        ({**VERSION, "authorization": "Bearer "}, 401, "x-api-key header is required"),
        ({**VERSION, "authorization": "Bearer    "}, 401, "x-api-key header is required"),
        (
            {**VERSION, "x-api-key": "", "authorization": "Bearer "},
            401,
            "x-api-key header is required",
        ),
        ({"x-api-key": "k"}, 400, "anthropic-version: header is required"),
        ({"authorization": "Bearer t"}, 400, "anthropic-version: header is required"),
        (
            {"x-api-key": "k", "anthropic-version": ""},
            400,
            'anthropic-version: "" is not a valid version',
        ),
        (
            {"x-api-key": "k", "anthropic-version": "1"},
            400,
            'anthropic-version: "1" is not a valid version',
        ),
        (
            {"x-api-key": "k", "anthropic-version": "2023-06-01 "},
            400,
            'anthropic-version: "2023-06-01 " is not a valid version',
        ),
        (
            {"x-api-key": "k", "anthropic-version": "2023-06-01,2026-10-21"},
            400,
            'anthropic-version: "2023-06-01,2026-10-21" is not a valid version',
        ),
        (
            {"x-api-key": "k", "anthropic-version": "2023-01-01"},
            400,
            'anthropic-version: "2023-01-01" is not a valid',
        ),
    ],
    ids=[
        "none",
        "no-key",
        "key-blank",
        "auth-blank",
        "bearer",
        "bearer-blank",
        "both-blank",
        "no-version",
        "no-version-bearer",
        "version-blank",
        "version-1",
        "version-space",
        "two-versions",
        "oldest",
    ],
)
def test_a_head_is_refused(headers: dict[str, str], status: int, message: str) -> None:
    with pytest.raises(Refused) as caught:
        check_head(headers)
    kind = "authentication_error" if status == 401 else "invalid_request_error"
    assert (caught.value.status, caught.value.type) == (status, kind)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "k", "anthropic-version": "2023-06-01"},
        {"x-api-key": "k", "anthropic-version": "2026-10-21"},
        {"authorization": "Bearer t", "anthropic-version": "2023-06-01"},
        {"x-api-key": "", "authorization": "Bearer t", "anthropic-version": "2023-06-01"},
        {"x-api-key": "k", "authorization": "Bearer ", "anthropic-version": "2023-06-01"},
    ],
    ids=["key", "new-version", "bearer", "blank-key", "blank-bearer"],
)
def test_a_head_passes(headers: dict[str, str]) -> None:
    check_head(headers)


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "page", "has_more"),
    [
        ({}, "edcba", False),
        ({"limit": "5"}, "edcba", False),
        ({"limit": "6"}, "edcba", False),
        ({"limit": "4"}, "edcb", True),
        ({"limit": "1"}, "e", True),
        ({"limit": "01"}, "e", True),
        ({"after_id": "e"}, "dcba", False),
        ({"after_id": "e", "limit": "1"}, "d", True),
        ({"after_id": "c", "limit": "2"}, "ba", False),
        ({"after_id": "b", "limit": "1"}, "a", False),
        ({"after_id": "a"}, "", False),
        ({"before_id": "a"}, "edcb", False),
        ({"before_id": "a", "limit": "1"}, "b", True),
        ({"before_id": "a", "limit": "3"}, "dcb", True),
        ({"before_id": "a", "limit": "4"}, "edcb", False),
        ({"before_id": "d", "limit": "1"}, "e", False),
        ({"before_id": "e"}, "", False),
        ({"nonsense": "x", "limit": "2"}, "ed", True),
    ],
    ids=[
        "all",
        "5",
        "6",
        "4",
        "1",
        "01",
        "after",
        "after-1",
        "after-rest",
        "after-last",
        "after-end",
        "before",
        "before-1",
        "before-3",
        "before-4",
        "before-first",
        "before-start",
        "unknown",
    ],
)
def test_pages(query: dict[str, str], page: str, has_more: bool) -> None:
    part, more = page_bounds(query, IDS, Limits())
    assert ("".join(IDS[part]), more) == (page, has_more)


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"limit": "0"}, 400, "limit: Input should be greater than or equal to 1"),
        ({"limit": "-1"}, 400, "limit: Input should be greater than or equal to 1"),
        ({"limit": "-0"}, 400, "limit: Input should be greater than or equal to 1"),
        ({"limit": "1001"}, 400, "limit: Input should be less than or equal to 1000"),
        ({"limit": "999999999"}, 400, "limit: Input should be less than or equal to 1000"),
        ({"limit": ""}, 400, "limit: Input should be a valid integer"),
        ({"limit": "x"}, 400, "limit: Input should be a valid integer"),
        ({"limit": "1.5"}, 400, "limit: Input should be a valid integer"),
        ({"limit": "1e2"}, 400, "limit: Input should be a valid integer"),
        ({"limit": "1_0"}, 400, "limit: Input should be a valid integer"),
        ({"limit": "--1"}, 400, "limit: Input should be a valid integer"),
        ({"limit": "\uff11"}, 400, "limit: Input should be a valid integer"),
        ({"limit": "5\n"}, 400, "limit: Input should be a valid integer"),
        (
            {"limit": "0", "after_id": "zz"},
            400,
            "limit: Input should be greater than or equal to 1",
        ),
        (
            {"after_id": "e", "before_id": "a"},
            400,
            "only one of before_id and after_id may be given",
        ),
        ({"after_id": "", "before_id": ""}, 400, "only one of before_id and after_id may be given"),
        ({"after_id": "zz"}, 404, "Message Batch zz not found."),
        ({"before_id": "zz"}, 404, "Message Batch zz not found."),
        ({"after_id": "E"}, 404, "Message Batch E not found."),
    ],
    ids=[
        "0",
        "-1",
        "-0",
        "1001",
        "huge",
        "blank",
        "text",
        "float",
        "exponent",
        "underscore",
        "dashes",
        "fullwidth",
        "newline",
        "limit-first",
        "both",
        "both-blank",
        "after",
        "before",
        "case",
    ],
)
def test_pages_are_refused(query: dict[str, str], status: int, message: str) -> None:
    with pytest.raises(Refused) as caught:
        page_bounds(query, IDS, Limits())
    kind = "not_found_error" if status == 404 else "invalid_request_error"
    assert (caught.value.status, caught.value.type, caught.value.message) == (status, kind, message)


@pytest.mark.parametrize(
    ("count", "limit", "page", "has_more"),
    [
        (0, None, 0, False),
        (20, None, 20, False),
        (21, None, 20, True),
        (1000, "1000", 1000, False),
        (1001, "1000", 1000, True),
    ],
    ids=["none", "20", "21", "1000", "1001"],
)
def test_the_size_of_a_page(count: int, limit: str | None, page: int, has_more: bool) -> None:
    ids = [str(n) for n in range(count)]
    part, more = page_bounds({} if limit is None else {"limit": limit}, ids, Limits())
    assert (len(ids[part]), more) == (page, has_more)


@given(st.integers(0, 30), st.integers(1, 12), st.booleans())
def test_pages_add_up_to_the_whole_either_way(count: int, limit: int, forward: bool) -> None:
    ids = [str(n) for n in range(count)]
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


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer"},
        {"authorization": "Bearer  "},
        {"authorization": "Basic YTpi"},
        {"authorization": "sk-ant"},
        {"x-api-key": "  "},
    ],
    ids=["no-token", "spaces", "basic", "bare", "blank-key"],
)
def test_what_is_no_credential(headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        check_head({**headers, "anthropic-version": "2023-06-01"})
    assert caught.value.status == 401


def test_other_limits_are_followed() -> None:
    limits = Limits(custom_id="^.{1,100}$", page=2)
    assert check_create({"requests": [{"custom_id": "x" * 80, "params": {}}]}, limits)
    assert page_bounds({}, ["a", "b", "c"], limits) == (slice(0, 2), True)
