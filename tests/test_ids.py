"""What a batch is named by: ids, dicts, results_urls; and the paths made from them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ID, KEY

from anthropix_py import init
from anthropix_py._wire import BATCHES
from anthropix_py.batch._ids import batch_id, path, results_id
from anthropix_py.client import API_BASE
from anthropix_py.errors import APIError, InvalidRequest

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

GATEWAY = "http://gw:8080/anthropic"
IDS: dict[str, tuple[str, str]] = {
    "usual": (ID, ID),
    "space": ("a b", "a%20b"),
    "question mark": ("a?b=c&d", "a%3Fb%3Dc%26d"),
    "fragment": ("a#b", "a%23b"),
    "percent": ("a%2Fb", "a%252Fb"),
    "backslash": ("a\\b", "a%5Cb"),
    "dots inside": ("a..b", "a..b"),
    "three dots": ("...", "..."),
    # against a server or proxy that decodes before it resolves dots
    "encoded dots": ("%2e%2e", "%252e%252e"),
    "colon": ("a:b@c", "a%3Ab%40c"),
    "semicolon": ("a;b", "a%3Bb"),
    "snowman": ("\u2603", "%E2%98%83"),
    "line separator": ("\u2028", "%E2%80%A8"),
    "unreserved": ("a-b_c.d~e", "a-b_c.d~e"),
}


@pytest.mark.parametrize(("id", "segment"), IDS.values(), ids=IDS)
def test_an_id_is_one_segment(id: str, segment: str) -> None:
    assert path(batch_id(id)) == path(batch_id({"id": id, "x": 1})) == f"{BATCHES}/{segment}"
    assert path(id, "/cancel") == f"{BATCHES}/{segment}/cancel"


# against a call on another path than that of one batch: the list, the messages, another batch
BAD_IDS = ["", ".", "..", "/", "../messages", "a/results", "/a"]
# against a header or a log line of the caller's making
BAD_IDS += ["a\n", "a\r\nx: y", "a\tb", "a\0", "a\x7f", "\x1b[31m", "\ud800"]
AN_ID = "expected one non-empty path segment"


@pytest.mark.parametrize("id", BAD_IDS, ids=ascii)
def test_a_bad_id_is_refused(id: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^batch id: {AN_ID}") as caught:
        batch_id(id)
    (problem,) = caught.value.problems
    assert (problem.index, problem.custom_id, problem.severity) == (None, None, "error")
    assert str(problem).isprintable()


@pytest.mark.parametrize("id", [*BAD_IDS, None, 5, b"a", ["a"]], ids=ascii)
def test_a_dict_with_a_bad_id_is_refused(id: object) -> None:
    with pytest.raises(InvalidRequest, match=rf"^batch\['id'\]: {AN_ID}"):
        batch_id({"id": id})


def test_a_dict_without_an_id_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no such key"):
        batch_id({"custom_id": "a"})


WRONG: dict[str, tuple[Any, str]] = {
    **{repr(one): (one, "named by its id or its dict") for one in (None, 5, b"a", ["a"], {"a"})},
    "a pair": (("id", "a"), "named by its id or its dict"),
    "a class": (object, "named by its id or its dict"),
    # against a result that was not unwrapped
    "a result": (("ok", {"id": ID}), r"a result, \('ok', ...\), not a batch: unwrap it first"),
    "an error": (("error", APIError(500)), r"a result, \('error', ...\), .* unwrap it first"),
}


@pytest.mark.parametrize(("wrong", "message"), WRONG.values(), ids=WRONG)
def test_what_does_not_name_a_batch_is_a_type_error(wrong: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        batch_id(wrong)
    with pytest.raises(TypeError, match=message):
        results_id(init(KEY), wrong)


def url(id: str = ID, base: str = API_BASE) -> str:
    return f"{base}{BATCHES}/{id}/results"


# (base_url, what names the batch, its id)
NAMES: dict[str, tuple[str, Any, str]] = {
    "the API's URL": (API_BASE, url(), ID),
    "the API's URL through a gateway": (GATEWAY, url(), ID),
    "the gateway's URL": (GATEWAY, url(base=GATEWAY), ID),
    "a prefix on the API's host": (f"{API_BASE}/p", url("a", f"{API_BASE}/p"), "a"),
    "without the prefix": (f"{API_BASE}/p", url("a"), "a"),
    "an escaped id": (API_BASE, url("a%20b%3F"), "a b?"),
    "an escaped percent": (API_BASE, url("%252F"), "%2F"),
    "a query": (API_BASE, url() + "?x=/y", ID),
    "a fragment": (API_BASE, url() + "#x", ID),
    "a scheme in capitals": (API_BASE, url(base="HTTPS://api.anthropic.com"), ID),
    "a batch called results": (API_BASE, url("results"), "results"),
    "an id": (GATEWAY, ID, ID),
    # against the key sent to wherever a dict points
    "a dict, whose URL is not read": (GATEWAY, {"id": ID, "results_url": "https://evil/x"}, ID),
    "a dict with a URL alone": (GATEWAY, {"results_url": url()}, ID),
}


@pytest.mark.parametrize(("base", "batch", "expected"), NAMES.values(), ids=NAMES)
def test_results_id(base: str, batch: Any, expected: str) -> None:
    assert results_id(init(KEY, base_url=base), batch) == expected


# against the key sent to another host, whatever the URL makes look like ours
FOREIGN: dict[str, str] = {
    "another host": url(base="https://evil.example"),
    "http": url(base="http://api.anthropic.com"),
    "another port": url(base="https://api.anthropic.com:8443"),
    "our host as the user": url(base="https://api.anthropic.com@evil.example"),
    "a user and a password": url(base="https://a:b@api.anthropic.com"),
    "our host as a prefix": url(base="https://api.anthropic.com.evil.example"),
    "no scheme": url(base="//api.anthropic.com"),
    "a path alone": url(base=""),
    "a file": url(base="file://"),
    "a cut IPv6 address": url(base="https://[::1"),
    "two segments": "a/b",
    "a slash": "/",
    "up": "../messages",
    # against parsers that drop control characters silently
    "a newline in the id": url("a\nb"),
    "a tab in the host": url(base="https://api.anth\tropic.com"),
    "bytes that are not UTF-8": url("a%ff"),
}


@pytest.mark.parametrize("base", [API_BASE, GATEWAY], ids=["api", "gateway"])
@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_a_url_of_another_host_is_refused(foreign: str, base: str) -> None:
    client = init(KEY, base_url=base)
    for named in (foreign, {"results_url": foreign}):
        with pytest.raises(InvalidRequest, match=r"^results_url: expected a ") as caught:
            results_id(client, named)
        assert KEY not in str(caught.value)


OTHER_PATHS: dict[str, tuple[str, str]] = {
    "the gateway without its prefix": (GATEWAY, url(base="http://gw:8080")),
    "no results": (API_BASE, f"{API_BASE}{BATCHES}/{ID}"),
    "cancel": (API_BASE, f"{API_BASE}{BATCHES}/{ID}/cancel"),
    "the root": (API_BASE, f"{API_BASE}/"),
    "results in the query": (API_BASE, f"{API_BASE}{BATCHES}/{ID}?/results"),
    "another version": (API_BASE, f"{API_BASE}/v2/messages/batches/{ID}/results"),
    "no id": (API_BASE, f"{API_BASE}{BATCHES}/results"),
    "an empty id": (API_BASE, url("")),
    "dots": (API_BASE, url("..")),
    "escaped dots": (API_BASE, url("%2e%2e")),
    "an escaped slash": (API_BASE, url("a%2Fb")),
    "an escaped newline": (API_BASE, url("a%0Ab")),
    "two segments": (API_BASE, url("a/b")),
    "a slash at the end": (API_BASE, url() + "/"),
}


@pytest.mark.parametrize(("base", "other"), OTHER_PATHS.values(), ids=OTHER_PATHS)
def test_a_url_of_something_else_is_refused(base: str, other: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^results_url: expected"):
        results_id(init(KEY, base_url=base), other)


@given(st.text(min_size=1))
def test_the_path_of_any_id_stays_below_batches(id: str) -> None:
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
