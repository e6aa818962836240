"""Names of batches, addresses, and requests as they are built."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import Bytes

from anthropix_py import __version__, init, with_options
from anthropix_py._wire import BATCHES
from anthropix_py.batch._call import request
from anthropix_py.batch._ids import batch_id, path, results_id
from anthropix_py.client import API_BASE, Client
from anthropix_py.errors import InvalidRequest

KEY = "sk-ant-the-key-0123456789"
TOKEN = "the-token-0123456789"
ID = "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"
GATEWAY = "http://gw:8080/anthropic"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "CUSTOM_HEADERS"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)


IDS: dict[str, tuple[str, str]] = {
    "usual": (ID, f"{BATCHES}/{ID}"),
    "space": ("a b", f"{BATCHES}/a%20b"),
    "question": ("a?b=c&d", f"{BATCHES}/a%3Fb%3Dc%26d"),
    "fragment": ("a#b", f"{BATCHES}/a%23b"),
    "percent": ("a%2Fb", f"{BATCHES}/a%252Fb"),
    "backslash": ("a\\b", f"{BATCHES}/a%5Cb"),
    "dots inside": ("a..b", f"{BATCHES}/a..b"),
    "three dots": ("...", f"{BATCHES}/..."),
    "encoded dots": ("%2e%2e", f"{BATCHES}/%252e%252e"),
    "colon": ("a:b@c", f"{BATCHES}/a%3Ab%40c"),
    "semicolon": ("a;b", f"{BATCHES}/a%3Bb"),
    "snowman": ("\u2603", f"{BATCHES}/%E2%98%83"),
    "line separator": ("\u2028", f"{BATCHES}/%E2%80%A8"),
    "unreserved": ("a-b_c.d~e", f"{BATCHES}/a-b_c.d~e"),
}

BAD_IDS: dict[str, Any] = {
    "empty": "",
    "dot": ".",
    "dots": "..",
    "slash": "/",
    "up": "../messages",
    "two segments": "a/results",
    "leading slash": "/a",
    "newline": "a\n",
    "header": "a\r\nx: y",
    "tab": "a\tb",
    "nul": "a\0",
    "delete": "a\x7f",
    "escape": "\x1b[31m",
    "lone surrogate": "\ud800",
}

NO_IDS: dict[str, Any] = {
    **BAD_IDS,
    "null": None,
    "number": 5,
    "bytes": b"a",
    "list": ["a"],
}


@pytest.mark.parametrize("case", IDS.values(), ids=IDS)
def test_an_id_is_one_segment(case: tuple[str, str]) -> None:
    id, expected = case
    assert path(batch_id(id)) == expected
    assert path(batch_id({"id": id, "x": 1})) == expected
    assert path(id, "/cancel") == expected + "/cancel"


@pytest.mark.parametrize("id", BAD_IDS.values(), ids=BAD_IDS)
def test_an_id_that_is_none_is_refused(id: str) -> None:
    with pytest.raises(
        InvalidRequest, match=r"^batch id: expected one non-empty path segment"
    ) as caught:
        batch_id(id)
    (problem,) = caught.value.problems
    assert (problem.index, problem.custom_id, problem.severity) == (None, None, "error")
    assert str(problem).isprintable()


@pytest.mark.parametrize("id", NO_IDS.values(), ids=NO_IDS)
def test_a_dict_with_no_good_id_is_refused(id: object) -> None:
    with pytest.raises(
        InvalidRequest, match=r"^batch\['id'\]: expected one non-empty path segment"
    ):
        batch_id({"id": id})


def test_a_dict_without_an_id_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no such key"):
        batch_id({"custom_id": "a"})


@pytest.mark.parametrize("wrong", [None, 5, b"a", ["a"], ("id", "a"), {"a"}, object], ids=repr)
def test_what_names_no_batch_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="named by its id or its dict"):
        batch_id(wrong)
    with pytest.raises(TypeError, match="named by its id or its dict"):
        results_id(init(KEY), wrong)


# (base, results_url or id, expected id)
URLS: dict[str, tuple[str, Any, str]] = {
    "api": (API_BASE, f"{API_BASE}{BATCHES}/{ID}/results", ID),
    "api through a gateway": (GATEWAY, f"{API_BASE}{BATCHES}/{ID}/results", ID),
    "gateway": (GATEWAY, f"{GATEWAY}{BATCHES}/{ID}/results", ID),
    "escaped": (API_BASE, f"{API_BASE}{BATCHES}/a%20b%3F/results", "a b?"),
    "escaped percent": (API_BASE, f"{API_BASE}{BATCHES}/%252F/results", "%2F"),
    "query": (API_BASE, f"{API_BASE}{BATCHES}/{ID}/results?x=/y", ID),
    "fragment": (API_BASE, f"{API_BASE}{BATCHES}/{ID}/results#x", ID),
    "scheme in capitals": (API_BASE, f"HTTPS://api.anthropic.com{BATCHES}/{ID}/results", ID),
    "called results": (API_BASE, f"{API_BASE}{BATCHES}/results/results", "results"),
    "id": (GATEWAY, ID, ID),
    "dict": (GATEWAY, {"id": ID, "results_url": "https://evil.example/x"}, ID),
}

FOREIGN: dict[str, tuple[str, str]] = {
    "host": ("https://evil.example", f"https://evil.example{BATCHES}/{ID}/results"),
    "http": ("http://api.anthropic.com", f"http://api.anthropic.com{BATCHES}/{ID}/results"),
    "port": ("https://api.anthropic.com:8443", f"https://api.anthropic.com:8443{BATCHES}/{ID}/results"),
    "user": ("https://api.anthropic.com@evil.example", f"https://api.anthropic.com@evil.example{BATCHES}/{ID}/results"),
    "password": ("https://a:b@api.anthropic.com", f"https://a:b@api.anthropic.com{BATCHES}/{ID}/results"),
    "suffix": ("https://api.anthropic.com.evil.example", f"https://api.anthropic.com.evil.example{BATCHES}/{ID}/results"),
    "no scheme": ("://api.anthropic.com", f"//api.anthropic.com{BATCHES}/{ID}/results"),
    "path alone": ("://", f"{BATCHES}/{ID}/results"),
    "file": ("file://", f"file://{BATCHES}/{ID}/results"),
    "v6 cut": ("https://[::1", f"https://[::1{BATCHES}/{ID}/results"),
    "other id": ("://", "a/b"),
    "slash": ("://", "/"),
    "up": ("://", "../messages"),
}  # fmt: skip

ELSEWHERE: dict[str, tuple[str, str]] = {
    "gateway without its path": (GATEWAY, f"http://gw:8080{BATCHES}/{ID}/results"),
    "no results": (API_BASE, f"{API_BASE}{BATCHES}/{ID}"),
    "cancel": (API_BASE, f"{API_BASE}{BATCHES}/{ID}/cancel"),
    "root": (API_BASE, f"{API_BASE}/"),
    "results in the query": (API_BASE, f"{API_BASE}{BATCHES}/{ID}?/results"),
    "other path": (API_BASE, f"{API_BASE}/v2/messages/batches/{ID}/results"),
    "no id": (API_BASE, f"{API_BASE}{BATCHES}/results"),
    "empty id": (API_BASE, f"{API_BASE}{BATCHES}//results"),
    "dots": (API_BASE, f"{API_BASE}{BATCHES}/../results"),
    "escaped dots": (API_BASE, f"{API_BASE}{BATCHES}/%2e%2e/results"),
    "escaped slash": (API_BASE, f"{API_BASE}{BATCHES}/a%2Fb/results"),
    "escaped newline": (API_BASE, f"{API_BASE}{BATCHES}/a%0Ab/results"),
    "two segments": (API_BASE, f"{API_BASE}{BATCHES}/a/b/results"),
    "trailing slash": (API_BASE, f"{API_BASE}{BATCHES}/{ID}/results/"),
}


@pytest.mark.parametrize("case", URLS.values(), ids=URLS)
def test_results_id(case: tuple[str, Any, str]) -> None:
    base, batch, expected = case
    assert results_id(init(KEY, base_url=base), batch) == expected


@pytest.mark.parametrize("base", [API_BASE, GATEWAY], ids=["api", "gateway"])
@pytest.mark.parametrize("case", FOREIGN.values(), ids=FOREIGN)
def test_a_url_of_another_host_is_refused(case: tuple[str, str], base: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^results_url: expected a URL") as caught:
        results_id(init(KEY, base_url=base), case[1])
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("case", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_url_of_something_else_is_refused(case: tuple[str, str]) -> None:
    base, url = case
    with pytest.raises(InvalidRequest, match=r"^results_url: expected"):
        results_id(init(KEY, base_url=base), url)


@given(st.text(min_size=1))
def test_what_is_an_id_stays_below_batches(id: str) -> None:
    try:
        built = path(batch_id(id))
    except InvalidRequest:
        return
    assert built.startswith(BATCHES + "/")
    assert built.isascii()
    segment = built.removeprefix(BATCHES + "/")
    assert segment not in ("", ".", "..")
    assert not set(segment) & set("/?#\\ \r\n")
    assert results_id(init(KEY), f"{API_BASE}{built}/results") == id


def sent(client: Client, method: str = "GET", body: Bytes | None = None) -> dict[str, str]:
    """Give the headers as they go out."""
    headers = request(client, method, "/x", body=body).headers
    return {name: value.encode("latin-1").decode("latin-1") for name, value in headers.items()}


CLIENT = init(KEY)

# (changes, headers that must be, names that must not)
HEADERS: dict[str, tuple[dict[str, Any], dict[str, str], tuple[str, ...]]] = {
    "key": (
        {},
        {
            "x-api-key": KEY,
            "accept": "application/json",
            "user-agent": f"anthropix_py/{__version__}",
            "anthropic-version": "2023-06-01",
        },
        ("authorization", "anthropic-beta", "content-type", "content-length"),
    ),
    "token": ({"auth_token": TOKEN}, {"authorization": f"Bearer {TOKEN}"}, ("x-api-key",)),
    "both": (
        {"api_key": KEY, "auth_token": TOKEN},
        {"authorization": f"Bearer {TOKEN}", "x-api-key": KEY},
        (),
    ),
    "beta": ({"beta": "a"}, {"anthropic-beta": "a"}, ()),
    "betas": ({"beta": ["a", "b", "a"]}, {"anthropic-beta": "a,b"}, ()),
    "version": ({"api_version": "2026-10-21"}, {"anthropic-version": "2026-10-21"}, ()),
    "own": ({"headers": {"X-A": "1"}}, {"x-a": "1"}, ("X-A",)),
    "own empty": ({"headers": {"X-A": ""}}, {"x-a": ""}, ()),
    "own latin-1": ({"headers": {"X-A": "\xe9"}}, {"x-a": "\xe9"}, ()),
    "own replaces": ({"headers": {"User-Agent": "me"}}, {"user-agent": "me"}, ("User-Agent",)),
    "own key": ({"headers": {"X-Api-Key": "other"}}, {"x-api-key": "other"}, ()),
    "taken out": (
        {"headers": {"Anthropic-Version": None, "X-Api-Key": None}},
        {},
        ("anthropic-version", "x-api-key"),
    ),
    "own taken out": ({"headers": {"X-A": None}}, {}, ("x-a",)),
    "beta taken out": ({"beta": "a", "headers": {"anthropic-beta": None}}, {}, ("anthropic-beta",)),
}


@pytest.mark.parametrize("case", HEADERS.values(), ids=HEADERS)
def test_headers(case: tuple[dict[str, Any], dict[str, str], tuple[str, ...]]) -> None:
    changes, expected, absent = case
    headers = sent(with_options(CLIENT, **changes))
    assert {name: headers.get(name) for name in expected} == expected
    assert not set(absent) & set(headers)
    assert all(name == name.lower() for name in headers)


# (method, body, headers about it)
BODIES: dict[str, tuple[str, Bytes | None, dict[str, str]]] = {
    "get": ("GET", None, {}),
    "delete": ("DELETE", None, {}),
    "post of nothing": ("POST", None, {"content-length": "0"}),
    "post": (
        "POST",
        Bytes(b'{"a":1}'),
        {"content-length": "7", "content-type": "application/json"},
    ),
    "post of bytes": (
        "POST",
        Bytes("\u2603".encode()),
        {"content-length": "3", "content-type": "application/json"},
    ),
    "post of no bytes": (
        "POST",
        Bytes(b""),
        {"content-length": "0", "content-type": "application/json"},
    ),
}


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_body_headers(case: tuple[str, Bytes | None, dict[str, str]]) -> None:
    method, body, expected = case
    headers = sent(CLIENT, method, body)
    assert {
        name: value for name, value in headers.items() if name.startswith("content-")
    } == expected
    assert request(CLIENT, method, "/x", body=body).body is body


def test_a_length_cannot_be_lied_about() -> None:
    for framing in ("Content-Length", "transfer-encoding", "HOST", "Connection"):
        with pytest.raises(ValueError, match=f"{framing} is for the wire to set"):
            with_options(CLIENT, headers={framing: "999"})
    headers = sent(
        with_options(CLIENT, headers={"Content-Type": "text/plain"}), "POST", Bytes(b"abc")
    )
    assert (headers["content-length"], headers["content-type"]) == ("3", "text/plain")


# (client's query, the call's, expected URL)
QUERIES: dict[str, tuple[dict[str, str | None], list[tuple[str, str]], str]] = {
    "none": ({}, [], ""),
    "call": ({}, [("after_id", ID), ("limit", "5")], f"?after_id={ID}&limit=5"),
    "client": ({"a": "1"}, [], "?a=1"),
    "both": ({"a": "1"}, [("limit", "5")], "?a=1&limit=5"),
    "call wins": ({"limit": "9", "a": "1"}, [("limit", "5")], "?limit=5&a=1"),
    "taken out": ({"a": None, "b": "2"}, [], "?b=2"),
    "all taken out": ({"a": None}, [], ""),
    "escaped": (
        {"a b": "&=/?#%+"},
        [("c", "\u2603\n")],
        "?a%20b=%26%3D%2F%3F%23%25%2B&c=%E2%98%83%0A",
    ),
}


@pytest.mark.parametrize("base", [API_BASE, GATEWAY], ids=["api", "gateway"])
@pytest.mark.parametrize("case", QUERIES.values(), ids=QUERIES)
def test_url(case: tuple[dict[str, str | None], list[tuple[str, str]], str], base: str) -> None:
    query, of_call, expected = case
    client = init(KEY, base_url=base + "/", query=query)
    assert request(client, "GET", path(ID), of_call).url == f"{base}{BATCHES}/{ID}{expected}"


def test_a_request_prints_without_secrets() -> None:
    client = with_options(
        CLIENT, auth_token=TOKEN, headers={"X-Gateway": "hush-hush"}, query={"k": "hush-query"}
    )
    built = request(client, "GET", path(ID))
    text = f"{built} {built!r} {dict(built.headers)}"
    assert f"<Request GET {API_BASE}{BATCHES}/{ID}>" in text
    assert [secret for secret in (KEY, TOKEN, "hush-hush", "hush-query") if secret in text] == []


def test_an_empty_query_value_is_sent_empty() -> None:
    assert request(init("key", query={"a": ""}), "GET", "/x").url.endswith("/x?a=")


NO_RESULTS_URLS: dict[str, str] = {
    "a newline in the id": f"{API_BASE}/v1/messages/batches/a\nb/results",
    "a tab in the host": "https://api.anth\tropic.com/v1/messages/batches/a/results",
    "bytes that are no text": f"{API_BASE}/v1/messages/batches/a%ff/results",
}


@pytest.mark.parametrize("url", NO_RESULTS_URLS.values(), ids=NO_RESULTS_URLS)
def test_a_url_that_would_be_read_as_another_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^results_url: expected a URL"):
        results_id(init("key"), url)


def test_a_base_with_a_path_on_the_api_s_own_host() -> None:
    client = init("key", base_url=f"{API_BASE}/p")
    for base in (client.base_url, API_BASE):
        assert results_id(client, f"{base}/v1/messages/batches/a/results") == "a"
