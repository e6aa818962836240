"""The values of a client's options: what is taken, in which form, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from anthropix_py import Limits, Policy, init, with_options
from anthropix_py._wire import Request, Response, Timeout

KEY = "sk-ant-the-key-0123456789"
TOKEN = "the-token-0123456789"
HUSH = "hush-hush-0123456789"


# against a warning about hosts that are never reached
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")


def send(request: Request, timeout: Timeout) -> Response:
    raise AssertionError


GOOD: dict[str, tuple[dict[str, Any], dict[str, object]]] = {
    "beta": ({"beta": "a"}, {"beta": ("a",)}),
    "betas in one": ({"beta": " a,b , ,a"}, {"beta": ("a", "b")}),
    "betas": ({"beta": ["a", "b,c", "a", ""]}, {"beta": ("a", "b", "c")}),
    "no beta": ({"beta": ""}, {"beta": ()}),
    "header names": (
        {"headers": {"X-A": "1", "x-b": None}},
        {"headers": (("x-a", "1"), ("x-b", None))},
    ),
    "header twice": ({"headers": {"X-A": "1", "x-a": "2"}}, {"headers": (("x-a", "2"),)}),
    "latin-1 header": ({"headers": {"x-a": "\xe9\t "}}, {"headers": (("x-a", "\xe9\t "),)}),
    "odd header name": (
        {"headers": {"!#$%&'*+.^_`|~": "1"}},
        {"headers": (("!#$%&'*+.^_`|~", "1"),)},
    ),
    "query": ({"query": {"A": "\u2603 &", "b": None}}, {"query": (("A", "\u2603 &"), ("b", None))}),
    "integer seconds": (
        {"timeout": 5, "connect_timeout": 1},
        {"timeout": 5.0, "connect_timeout": 1.0},
    ),
    "tiny seconds": ({"timeout": 1e-9}, {"timeout": 1e-9}),
    "slashes": ({"base_url": "https://h/a//"}, {"base_url": "https://h/a"}),
    "IPv6 address": ({"base_url": "http://[::1]:80"}, {"base_url": "http://[::1]:80"}),
    # Only a path that ends with /v1 would be doubled.
    "v1 inside": ({"base_url": "https://h/v1/proxy"}, {"base_url": "https://h/v1/proxy"}),
    "v10": ({"base_url": "https://h/v10"}, {"base_url": "https://h/v10"}),
    "last port": ({"base_url": "https://h:65535"}, {"base_url": "https://h:65535"}),
    "version": ({"api_version": "2026-10-21"}, {"api_version": "2026-10-21"}),
    "empty port": ({"base_url": "http://h:/a"}, {"base_url": "http://h:/a"}),
    "scheme in capitals": (
        {"base_url": "HTTPS://Example.org/"},
        {"base_url": "https://Example.org"},
    ),
    "policy": ({"retry": Policy(0)}, {"retry": Policy(0)}),
    "limits": ({"limits": Limits(requests=5)}, {"limits": Limits(requests=5)}),
    "authorities": ({"ca_bundle": "ca.pem"}, {"ca_bundle": "ca.pem"}),
    "certificate": ({"client_cert": "me.pem"}, {"client_cert": ("me.pem", None)}),
    "certificate and key": (
        {"client_cert": ("me.pem", "me.key")},
        {"client_cert": ("me.pem", "me.key")},
    ),
    "no files": (
        {"ca_bundle": None, "client_cert": None},
        {"ca_bundle": None, "client_cert": None},
    ),
    "transport": ({"transport": send}, {"transport": send}),
    "hook": ({"on_event": print}, {"on_event": print}),
}


@pytest.mark.parametrize(("arguments", "expected"), GOOD.values(), ids=GOOD)
def test_good_values(arguments: dict[str, Any], expected: dict[str, object]) -> None:
    for client in (init(KEY, **arguments), with_options(init(KEY), **arguments)):
        assert {name: getattr(client, name) for name in expected} == expected


# (options, error, words of its message)
BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    # Whoever writes headers by hand can be made to write another header after a newline.
    "key empty": ({"api_key": ""}, ValueError, "api_key is empty"),
    "key bytes": ({"api_key": KEY.encode()}, TypeError, "api_key must be a string, not bytes"),
    "key number": ({"api_key": 5}, TypeError, "api_key must be a string, not int"),
    "key newline": ({"api_key": KEY + "\n"}, ValueError, "position 25 of 26"),
    "key spaced": ({"api_key": " " + KEY}, ValueError, "position 0"),
    "key accented": ({"api_key": KEY + "\xe9"}, ValueError, "api_key has '\xe9'"),
    "key nul": ({"api_key": "\0" + KEY}, ValueError, "api_key has"),
    "key surrogate": ({"api_key": KEY + "\udc80"}, ValueError, "api_key has"),
    "auth text": ({"api_key": None, "auth": KEY}, TypeError, "auth must be callable, not str"),
    "auth and a key": ({"api_key": KEY, "auth": send}, ValueError, "auth replaces api_key"),
    "auth and a token": (
        {"api_key": None, "auth_token": TOKEN, "auth": send},
        ValueError,
        "auth replaces api_key and auth_token",
    ),
    "token empty": ({"auth_token": ""}, ValueError, "auth_token is empty"),
    "token header": ({"auth_token": f"{TOKEN}\r\nx: y"}, ValueError, "auth_token has"),
    "token number": ({"auth_token": 1.5}, TypeError, "auth_token must be a string"),
    # A base URL decides where the key goes, so nothing about it is guessed.
    "base empty": ({"base_url": ""}, ValueError, "scheme"),
    "base bytes": ({"base_url": b"http://h"}, TypeError, "base_url must be a string, not bytes"),
    "base bare": ({"base_url": "api.anthropic.com"}, ValueError, "scheme"),
    "base ftp": ({"base_url": "ftp://h"}, ValueError, "scheme"),
    "base relative": ({"base_url": "//h"}, ValueError, "scheme"),
    "base hostless": ({"base_url": "http://"}, ValueError, "host"),
    "base path alone": ({"base_url": "http:///x"}, ValueError, "host"),
    "base port alone": ({"base_url": "http://:80"}, ValueError, "host"),
    "base port high": ({"base_url": "http://h:65536"}, ValueError, "port"),
    "base port minus": ({"base_url": "http://h:-1"}, ValueError, "port"),
    "base port word": ({"base_url": "http://h:http"}, ValueError, "port"),
    "base v6 cut": ({"base_url": "http://[::1"}, ValueError, "base_url .* is not a URL: Invalid"),
    "base v6 rubbish": (
        {"base_url": "https://[x]/"},
        ValueError,
        "base_url .* is not a URL: .x. does",
    ),
    # against a password that urlsplit shows
    "base v6 cut, user": ({"base_url": f"http://{HUSH}@[::1"}, ValueError, "base_url is not a URL"),
    "base host of odd letters": ({"base_url": f"http://{HUSH}@a\u2100b"}, ValueError, "not a URL"),
    "base with an empty query": ({"base_url": "http://h/?"}, ValueError, "no query"),
    "base with an empty fragment": ({"base_url": "http://h/#"}, ValueError, "no fragment"),
    "base query": ({"base_url": "http://h/?a=b"}, ValueError, "no query"),
    "base fragment": ({"base_url": "http://h/#a"}, ValueError, "no fragment"),
    "base v1": ({"base_url": "http://h/v1"}, ValueError, "no /v1"),
    "base v1 slash": ({"base_url": "http://h/a/v1//"}, ValueError, "no /v1"),
    "base space": ({"base_url": "http://h/a b"}, ValueError, "no spaces"),
    "base newline": ({"base_url": "http://h\n"}, ValueError, "no spaces or control"),
    "base tab inside": ({"base_url": "http://a\tb"}, ValueError, "no spaces or control"),
    # A password must not be part of a value that is shown.
    "base user": ({"base_url": f"http://{HUSH}@h"}, ValueError, "must not hold a user"),
    "base password": ({"base_url": f"http://u:{HUSH}@h"}, ValueError, "must not hold a user"),
    "beta number": ({"beta": 5}, TypeError, "not 5"),
    "beta bytes": ({"beta": b"a"}, TypeError, "beta must be a string"),
    "beta none inside": ({"beta": ["a", None]}, TypeError, "beta must be a string"),
    "beta newline": ({"beta": "a\r\nx: y"}, ValueError, "beta has"),
    "beta other script": ({"beta": ["a", "\u2603"]}, ValueError, "beta has"),
    "header list": ({"headers": [("a", "b")]}, TypeError, "mapping"),
    "header number": ({"headers": {"a": 1}}, TypeError, "headers must map strings"),
    "header bytes": ({"headers": {"a": b"b"}}, TypeError, "headers must map strings"),
    "header key bytes": ({"headers": {b"a": "b"}}, TypeError, "headers must map strings"),
    "header name empty": ({"headers": {"": "b"}}, ValueError, "not the name"),
    "header name space": ({"headers": {"a b": "b"}}, ValueError, "not the name"),
    "header name colon": ({"headers": {"a:": "b"}}, ValueError, "not the name"),
    "header name newline": ({"headers": {"a\n": "b"}}, ValueError, "not the name"),
    "header name accented": ({"headers": {"\xe9": "b"}}, ValueError, "not the name"),
    "header name none": ({"headers": {"a b": None}}, ValueError, "not the name"),
    "header newline": ({"headers": {"a": f"{HUSH}\nb: c"}}, ValueError, "position 20"),
    "header nul": ({"headers": {"a": HUSH + "\0"}}, ValueError, "position 20"),
    "header other script": ({"headers": {"a": HUSH + "\u2603"}}, ValueError, "position 20"),
    "header that frames the body": ({"headers": {"Host": "h"}}, ValueError, "set by the transport"),
    "query text": ({"query": "a=b"}, TypeError, "query must be a mapping"),
    "query number": ({"query": {"a": 1}}, TypeError, "query must map strings"),
    "surrogate in the query": ({"query": {"a": "\ud800"}}, ValueError, "lone surrogate"),
    "seconds zero": ({"timeout": 0}, ValueError, "timeout must be more than 0"),
    "seconds minus": ({"timeout": -1.0}, ValueError, "timeout must be more than 0"),
    "seconds nan": ({"timeout": math.nan}, ValueError, "timeout must be more than 0"),
    "seconds inf": ({"connect_timeout": math.inf}, ValueError, "connect_timeout must be"),
    "seconds text": ({"timeout": "5"}, TypeError, "timeout must be a number of seconds, not str"),
    "seconds bool": ({"timeout": True}, TypeError, "not bool"),
    "seconds none": ({"timeout": None}, TypeError, "not NoneType"),
    "seconds complex": ({"connect_timeout": 1j}, TypeError, "not complex"),
    "seconds of many years": (
        {"timeout": 1e12},
        ValueError,
        "at most 31,622,400 seconds, not 1000",
    ),
    "seconds beyond any float": ({"timeout": 10**400}, ValueError, "at most 31,622,400 seconds"),
    "retry number": ({"retry": 3}, TypeError, "retry must be a Policy, not int"),
    "retry none": ({"retry": None}, TypeError, "retry must be a Policy"),
    "retry tuple": ({"retry": (2, 0.5, 8.0, 60.0, 900.0)}, TypeError, "retry must be a Policy"),
    "retry negative": (
        {"retry": Policy(max_retries=-1)},
        ValueError,
        "retry.max_retries must be at least 0, not -1",
    ),
    "retry nan": (
        {"retry": Policy(max_delay=math.nan)},
        ValueError,
        "retry.max_delay must be at least 0, not nan",
    ),
    "retry text": (
        {"retry": Policy(patience="60")},  # type: ignore[arg-type]
        TypeError,
        "retry.patience must be a number, not str",
    ),
    "retry bool": (
        {"retry": Policy(max_retries=True)},
        TypeError,
        "retry.max_retries must be a number, not bool",
    ),
    "limits number": ({"limits": 5}, TypeError, "limits must be a Limits"),
    "limits zero": (
        {"limits": Limits(page=0)},
        ValueError,
        "limits.page must be at least 1, not 0",
    ),
    "version empty": ({"api_version": ""}, ValueError, "api_version is empty"),
    "version date": ({"api_version": 20230601}, TypeError, "api_version must be a string"),
    "version newline": ({"api_version": "2023\n"}, ValueError, "api_version has"),
    "authorities empty": ({"ca_bundle": ""}, ValueError, "ca_bundle is empty"),
    # In other libraries False turns the check of certificates off.
    "authorities bool": (
        {"ca_bundle": False},
        TypeError,
        "ca_bundle must be the path of a PEM file, not bool",
    ),
    "authorities bytes": ({"ca_bundle": b"ca.pem"}, TypeError, "ca_bundle must be the path"),
    "certificate empty": ({"client_cert": ""}, ValueError, "client_cert is empty"),
    "certificate key empty": ({"client_cert": ("me.pem", "")}, ValueError, "client_cert is empty"),
    "certificate list": (
        {"client_cert": ["me.pem", "me.key"]},
        TypeError,
        "client_cert must be the path",
    ),
    "certificate of three": (
        {"client_cert": ("a", "b", "c")},
        TypeError,
        "client_cert must be the path",
    ),
    "certificate number": (
        {"client_cert": ("me.pem", 5)},
        TypeError,
        "client_cert must be the path",
    ),
    "key without its certificate": (
        {"client_cert": (None, "key")},
        TypeError,
        "client_cert must be the path",
    ),
    "transport": ({"transport": 5}, TypeError, "transport must be callable, not int"),
    "hook": ({"on_event": "print"}, TypeError, "on_event must be callable, not str"),
    "clock": ({"clock": None}, TypeError, "clock must be a clock; NoneType has no now"),
    "unknown": ({"max_retries": 3}, TypeError, "max_retries"),
}


@pytest.mark.parametrize(("arguments", "kind", "words"), BAD.values(), ids=BAD)
def test_bad_values_are_refused_without_showing_a_secret(
    arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: init(**{"api_key": KEY, **arguments}),
        lambda: with_options(init(KEY), **arguments),
    ]
    for call in calls:
        with pytest.raises(kind, match=words) as caught:
            call()
        assert KEY not in str(caught.value)
        assert HUSH not in str(caught.value)


def test_the_query_of_a_base_url_is_not_in_the_message() -> None:
    with pytest.raises(ValueError, match="'http://h/' must have no query") as caught:
        init("another", base_url=f"http://h/?key={KEY}")
    assert KEY not in str(caught.value)
