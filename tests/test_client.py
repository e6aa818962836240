"""The client: making it, changing it, and keeping its secrets."""

from __future__ import annotations

import copy
import math
import pickle
import pprint
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from anthropix_py import Limits, MissingCredentials, Policy, init, with_options
from anthropix_py._clock import SYSTEM, ManualClock
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.client import API_BASE, Client, Options

KEY = "sk-ant-the-key-0123456789"
TOKEN = "the-token-0123456789"
HUSH = "hush-hush-0123456789"
QUERY = "query-hush-0123456789"
SECRETS = (KEY, TOKEN, HUSH, QUERY)

VARIABLES = ("API_KEY", "AUTH_TOKEN", "BASE_URL", "CUSTOM_HEADERS")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)


def send(request: Request, timeout: Timeout) -> Response:
    raise AssertionError


def full() -> Client:
    return with_options(init(KEY), headers={"X-Gateway": HUSH}, query={"k": QUERY})


def test_defaults() -> None:
    client = init(KEY)
    assert client.api_key is not None
    assert client.api_key.encode() == KEY.encode()
    assert client.base_url == "https://api.anthropic.com"
    assert (client.auth_token, client.transport, client.on_event) == (None, None, None)
    assert [client.beta, client.headers, client.query] == [(), (), ()]
    assert (client.api_version, client.retry, client.limits) == ("2023-06-01", Policy(), Limits())
    assert client.clock is SYSTEM
    assert client.patience == Timeout(connect=10.0, read=600.0)


# (environment, arguments, expected fields)
ENVIRONMENT: dict[str, tuple[dict[str, str], dict[str, Any], dict[str, object]]] = {
    "key": ({"API_KEY": KEY}, {}, {"api_key": KEY, "auth_token": None}),
    "token": ({"AUTH_TOKEN": TOKEN}, {}, {"api_key": None, "auth_token": TOKEN}),
    "key wins": ({"API_KEY": KEY, "AUTH_TOKEN": TOKEN}, {}, {"api_key": KEY, "auth_token": None}),
    "empty key": ({"API_KEY": "", "AUTH_TOKEN": TOKEN}, {}, {"api_key": None, "auth_token": TOKEN}),
    "argument key": (
        {"API_KEY": "other", "AUTH_TOKEN": TOKEN},
        {"api_key": KEY},
        {"api_key": KEY, "auth_token": None},
    ),
    "argument token": (
        {"API_KEY": KEY},
        {"auth_token": TOKEN},
        {"api_key": None, "auth_token": TOKEN},
    ),
    "both arguments": (
        {},
        {"api_key": KEY, "auth_token": TOKEN},
        {"api_key": KEY, "auth_token": TOKEN},
    ),
    "base": ({"BASE_URL": "http://gw:8080/a/"}, {"api_key": KEY}, {"base_url": "http://gw:8080/a"}),
    "empty base": ({"BASE_URL": ""}, {"api_key": KEY}, {"base_url": API_BASE}),
    "argument base": (
        {"BASE_URL": "http://gw"},
        {"api_key": KEY, "base_url": "https://x"},
        {"base_url": "https://x"},
    ),
    "rubbish unused": (
        {"BASE_URL": "gw"},
        {"api_key": KEY, "base_url": "https://x"},
        {"base_url": "https://x"},
    ),
    "header": ({"CUSTOM_HEADERS": "X-A: 1"}, {"api_key": KEY}, {"headers": (("x-a", "1"),)}),
    "header lines": (
        {"CUSTOM_HEADERS": "\nX-A:1\r\n  \n X-B :  b: c  \n"},
        {"api_key": KEY},
        {"headers": (("x-a", "1"), ("x-b", "b: c"))},
    ),
    "header twice": (
        {"CUSTOM_HEADERS": "X-A: 1\nx-a: 2"},
        {"api_key": KEY},
        {"headers": (("x-a", "2"),)},
    ),
    "header without value": (
        {"CUSTOM_HEADERS": "X-A:"},
        {"api_key": KEY},
        {"headers": (("x-a", ""),)},
    ),
    "no header lines": ({"CUSTOM_HEADERS": ""}, {"api_key": KEY}, {"headers": ()}),
    "blank header lines": ({"CUSTOM_HEADERS": " \n\n"}, {"api_key": KEY}, {"headers": ()}),
    "argument header": (
        {"CUSTOM_HEADERS": "X-A: 1\nX-B: 2"},
        {"api_key": KEY, "headers": {"x-a": "3"}},
        {"headers": (("x-a", "3"), ("x-b", "2"))},
    ),
    "argument takes header out": (
        {"CUSTOM_HEADERS": "X-A: 1"},
        {"api_key": KEY, "headers": {"X-A": None}},
        {"headers": (("x-a", None),)},
    ),
}


@pytest.mark.parametrize("case", ENVIRONMENT.values(), ids=ENVIRONMENT)
def test_environment(
    case: tuple[dict[str, str], dict[str, Any], dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, arguments, expected = case
    for name, value in environment.items():
        monkeypatch.setenv(f"ANTHROPIC_{name}", value)
    client = init(**arguments)
    assert {name: getattr(client, name) for name in expected} == expected


BAD_ENVIRONMENT: dict[str, tuple[dict[str, str], str]] = {
    "no colon": ({"CUSTOM_HEADERS": "X-A: 1\nnope"}, "CUSTOM_HEADERS line 2"),
    "no name": ({"CUSTOM_HEADERS": ": 1"}, "not the name of a header"),
    "name with space": ({"CUSTOM_HEADERS": "X A: 1"}, "not the name of a header"),
    "value in another script": ({"CUSTOM_HEADERS": "X-A: \u2603"}, "which no header can carry"),
    "key with newline": ({"API_KEY": KEY + "\n"}, "api_key has '\\\\n' at position 25 of 26"),
    "blank key": ({"API_KEY": " "}, "api_key has ' '"),
    "base without scheme": ({"BASE_URL": "gw"}, "scheme"),
    "blank base": ({"BASE_URL": " "}, "base_url"),
    "base with v1": ({"BASE_URL": "https://api.anthropic.com/v1"}, "no /v1"),
}


@pytest.mark.parametrize("case", BAD_ENVIRONMENT.values(), ids=BAD_ENVIRONMENT)
def test_bad_environment(case: tuple[dict[str, str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    environment, word = case
    for name, value in {"API_KEY": KEY, **environment}.items():
        monkeypatch.setenv(f"ANTHROPIC_{name}", value)
    with pytest.raises(ValueError, match=word) as caught:
        init()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("empty", [None, ""], ids=["unset", "empty"])
def test_no_credentials(empty: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if empty is not None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", empty)
        monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", empty)
    with pytest.raises(
        MissingCredentials, match="ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN"
    ) as caught:
        init()
    assert caught.value.looked_at == ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


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
    "address": ({"base_url": "http://[::1]:80"}, {"base_url": "http://[::1]:80"}),
    "v1 inside": ({"base_url": "https://h/v1/proxy"}, {"base_url": "https://h/v1/proxy"}),
    "v10": ({"base_url": "https://h/v10"}, {"base_url": "https://h/v10"}),
    "last port": ({"base_url": "https://h:65535"}, {"base_url": "https://h:65535"}),
    "version": ({"api_version": "2026-10-21"}, {"api_version": "2026-10-21"}),
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


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD)
def test_good_values(case: tuple[dict[str, Any], dict[str, object]]) -> None:
    arguments, expected = case
    for client in (init(KEY, **arguments), with_options(init(KEY), **arguments)):
        assert {name: getattr(client, name) for name in expected} == expected


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "key empty": ({"api_key": ""}, ValueError, "api_key is empty"),
    "key bytes": ({"api_key": KEY.encode()}, TypeError, "api_key must be a string, not bytes"),
    "key number": ({"api_key": 5}, TypeError, "api_key must be a string, not int"),
    "key newline": ({"api_key": KEY + "\n"}, ValueError, "position 25 of 26"),
    "key spaced": ({"api_key": " " + KEY}, ValueError, "position 0"),
    "key accented": ({"api_key": KEY + "\xe9"}, ValueError, "api_key has '\xe9'"),
    "key nul": ({"api_key": "\0" + KEY}, ValueError, "api_key has"),
    "key surrogate": ({"api_key": KEY + "\udc80"}, ValueError, "api_key has"),
    "token empty": ({"auth_token": ""}, ValueError, "auth_token is empty"),
    "token header": ({"auth_token": f"{TOKEN}\r\nx: y"}, ValueError, "auth_token has"),
    "token number": ({"auth_token": 1.5}, TypeError, "auth_token must be a string"),
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
    "base v6 cut": ({"base_url": "http://[::1"}, ValueError, "IPv6"),
    "base query": ({"base_url": "http://h/?a=b"}, ValueError, "no query"),
    "base fragment": ({"base_url": "http://h/#a"}, ValueError, "no fragment"),
    "base v1": ({"base_url": "http://h/v1"}, ValueError, "no /v1"),
    "base v1 slash": ({"base_url": "http://h/a/v1//"}, ValueError, "no /v1"),
    "base space": ({"base_url": "http://h/a b"}, ValueError, "no spaces"),
    "base newline": ({"base_url": "http://h\n"}, ValueError, "no spaces or control"),
    "base tab inside": ({"base_url": "http://a\tb"}, ValueError, "no spaces or control"),
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
    "query text": ({"query": "a=b"}, TypeError, "query must be a mapping"),
    "query number": ({"query": {"a": 1}}, TypeError, "query must map strings"),
    "seconds zero": ({"timeout": 0}, ValueError, "timeout must be more than 0"),
    "seconds minus": ({"timeout": -1.0}, ValueError, "timeout must be more than 0"),
    "seconds nan": ({"timeout": math.nan}, ValueError, "timeout must be more than 0"),
    "seconds inf": ({"connect_timeout": math.inf}, ValueError, "connect_timeout must be"),
    "seconds text": ({"timeout": "5"}, TypeError, "timeout must be a number of seconds, not str"),
    "seconds bool": ({"timeout": True}, TypeError, "not bool"),
    "seconds none": ({"timeout": None}, TypeError, "not NoneType"),
    "seconds complex": ({"connect_timeout": 1j}, TypeError, "not complex"),
    "retry number": ({"retry": 3}, TypeError, "retry must be a Policy, not int"),
    "retry none": ({"retry": None}, TypeError, "retry must be a Policy"),
    "retry tuple": ({"retry": (2, 0.5, 8.0, 60.0, 900.0)}, TypeError, "retry must be a Policy"),
    "limits number": ({"limits": 5}, TypeError, "limits must be a Limits"),
    "version date": ({"api_version": 20230601}, TypeError, "api_version must be a string"),
    "version newline": ({"api_version": "2023\n"}, ValueError, "api_version has"),
    "authorities empty": ({"ca_bundle": ""}, ValueError, "ca_bundle is empty"),
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
    "unknown": ({"max_retries": 3}, TypeError, "max_retries"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_values(case: tuple[dict[str, Any], type[Exception], str]) -> None:
    arguments, kind, word = case
    with pytest.raises(kind, match=word) as caught:
        init(**{"api_key": KEY, **arguments})
    assert not any(secret in str(caught.value) for secret in SECRETS)
    with pytest.raises(kind, match=word) as caught:
        with_options(init(KEY), **arguments)
    assert not any(secret in str(caught.value) for secret in SECRETS)


BASE: dict[str, Any] = {"beta": "a", "headers": {"X-A": "1", "X-B": "2"}, "query": {"a": "1"}}

CHANGES: dict[str, tuple[Options, dict[str, object]]] = {
    "nothing": ({}, {}),
    "beta adds": ({"beta": ["b", "a"]}, {"beta": ("a", "b")}),
    "beta of none": ({"beta": ()}, {"beta": ("a",)}),
    "header adds": (
        {"headers": {"x-c": "3"}},
        {"headers": (("x-a", "1"), ("x-b", "2"), ("x-c", "3"))},
    ),
    "header replaces": ({"headers": {"X-b": "3"}}, {"headers": (("x-a", "1"), ("x-b", "3"))}),
    "header taken out": ({"headers": {"X-A": None}}, {"headers": (("x-a", None), ("x-b", "2"))}),
    "no header": ({"headers": {}}, {"headers": (("x-a", "1"), ("x-b", "2"))}),
    "query adds": ({"query": {"b": "2"}}, {"query": (("a", "1"), ("b", "2"))}),
    "query is case-sensitive": ({"query": {"A": "2"}}, {"query": (("a", "1"), ("A", "2"))}),
    "query taken out": ({"query": {"a": None}}, {"query": (("a", None),)}),
    "key": ({"api_key": "other"}, {"api_key": "other", "auth_token": None}),
    "token for key": ({"auth_token": TOKEN}, {"api_key": None, "auth_token": TOKEN}),
    "both": ({"api_key": "other", "auth_token": TOKEN}, {"api_key": "other", "auth_token": TOKEN}),
    "base": ({"base_url": "http://h/"}, {"base_url": "http://h"}),
    "timeout": ({"timeout": 5}, {"timeout": 5.0}),
    "no transport": ({"transport": None}, {"transport": None}),
    "clock": ({"clock": SYSTEM}, {"clock": SYSTEM}),
}


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES)
def test_with_options(case: tuple[Options, dict[str, object]]) -> None:
    changes, expected = case
    client = init(KEY, transport=send, clock=ManualClock(), **BASE)
    before = copy.copy(client)
    changed = with_options(client, **changes)
    assert client == before
    assert changed._asdict() == {**client._asdict(), **expected}


def test_with_options_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    client = init(KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "other")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://other")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "x-a: 1")
    assert with_options(client, timeout=600) == client


@pytest.mark.parametrize(
    "gone",
    [{"api_key": None}, {"auth_token": None}, {"api_key": None, "auth_token": None}],
    ids=str,
)
def test_a_client_keeps_a_credential(gone: Any) -> None:
    with pytest.raises(ValueError, match="api_key or auth_token"):
        with_options(init(KEY), **gone)


def test_options_names_the_fields() -> None:
    assert set(Options.__annotations__) == set(Client._fields)


def test_a_client_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        init(KEY).timeout = 5.0  # type: ignore[misc]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_equal_and_has_its_secrets(protocol: int) -> None:
    client = full()
    again = pickle.loads(pickle.dumps(client, protocol))
    assert type(again) is Client
    assert again == client
    assert hash(again) == hash(client)
    assert again.clock is SYSTEM
    assert [secret.encode() for secret in again.secrets] == [
        secret.encode() for secret in client.secrets
    ]
    assert not any(secret in repr(again) for secret in SECRETS)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_is_equal(clone: Any) -> None:
    assert clone(full()) == full()
    assert not any(secret in repr(clone(full())) for secret in SECRETS)


DIFFERENT: dict[str, Options] = {
    "key": {"api_key": KEY + "x"},
    "token": {"auth_token": KEY},
    "base": {"base_url": "http://h"},
    "header": {"headers": {"a": "b"}},
    "beta": {"beta": "b"},
    "timeout": {"timeout": 5},
    "retry": {"retry": Policy(1)},
}


@pytest.mark.parametrize("options", DIFFERENT.values(), ids=DIFFERENT)
def test_equality_and_hash(options: Options) -> None:
    client, changed = init(KEY), with_options(init(KEY), **options)
    assert client == init(KEY)
    assert changed != client
    assert changed == with_options(init(KEY), **options)
    assert len({client, init(KEY), changed}) == 2


SHOWN = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": lambda client: f"{client} {client!s} {client!r}",
    "percent": lambda client: "%s %r" % (client.api_key, client),  # noqa: UP031
    "padded": lambda client: f"{client.api_key:>30} {client.headers}",
    "pprint": pprint.pformat,
    "dict": lambda client: str(client._asdict()),
    "fields": lambda client: " ".join(map(str, client)),
    "secrets": lambda client: str(client.secrets),
    "token": lambda client: f"{with_options(client, auth_token=TOKEN).auth_token}",
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_no_secret_is_shown(show: Any) -> None:
    text = show(full())
    assert [secret for secret in SECRETS if secret in text] == []
    assert "***" in text


def text_with_locals(function: Any, *args: Any) -> str:
    try:
        function(*args)
    except Exception as error:  # noqa: BLE001
        trace = error.__traceback__
        assert trace is not None
        inner = trace.tb_next  # without this frame
        return "".join(
            traceback.TracebackException(type(error), error, inner, capture_locals=True).format()
        )
    raise AssertionError


def fall(client: Client) -> None:
    key, token, secrets, (_, header) = (
        client.api_key,
        client.auth_token,
        client.secrets,
        client.headers[0],
    )
    raise RuntimeError(key, token, secrets, header)


@pytest.mark.parametrize("changed", [{}, {"auth_token": TOKEN}], ids=["key", "token"])
def test_no_secret_in_a_traceback_with_locals(changed: Options) -> None:
    text = text_with_locals(fall, with_options(full(), **changed))
    assert "client = Client(" in text
    assert [secret for secret in SECRETS if secret in text] == []


def with_options_timeout(client: Client) -> None:
    with_options(client, timeout=-1)


def test_no_secret_when_a_change_is_refused() -> None:
    text = text_with_locals(with_options_timeout, full())
    assert "ValueError: timeout must be" in text
    assert [secret for secret in SECRETS if secret in text] == []


# (options, secrets)
STRUCK: dict[str, tuple[Options, tuple[str, ...]]] = {
    "key": ({}, (KEY,)),
    "token": ({"auth_token": TOKEN}, (TOKEN,)),
    "both": ({"api_key": KEY, "auth_token": TOKEN}, (KEY, TOKEN)),
    "header": ({"headers": {"x-session": HUSH}}, (KEY, HUSH)),
    "header taken out": ({"headers": {"x-session": None}}, (KEY,)),
    "header too short": ({"headers": {"x-session": "1234567"}}, (KEY,)),
    "header just long enough": ({"headers": {"x-session": "12345678"}}, (KEY, "12345678")),
    "header of no secret": ({"headers": {"user-agent": "12345678 nightly evaluation"}}, (KEY,)),
    "header empty": ({"headers": {"x-session": ""}}, (KEY,)),
}


@pytest.mark.parametrize("case", STRUCK.values(), ids=STRUCK)
def test_secrets(case: tuple[Options, tuple[str, ...]]) -> None:
    options, expected = case
    assert set(expected) <= set(with_options(init(KEY), **options).secrets)
    assert not {"", "1234567", "nightly", "evaluation"} & set(
        with_options(init(KEY), **options).secrets
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_keeps_the_secrets(protocol: int) -> None:
    client = init(KEY, headers={"x-a": "a-header"}, query={"q": "a-query"})
    copied = pickle.loads(pickle.dumps(client, protocol))
    assert copied == client
    assert copied.api_key.encode() == KEY.encode()
    assert [value.encode() for _, value in (*copied.headers, *copied.query)] == [
        b"a-header",
        b"a-query",
    ]


SECRET_AND_WRONG: dict[str, Callable[[], object]] = {
    "init": lambda: init(KEY, timeout=-1),
    "init with a header": lambda: init("another", headers={"x-a": KEY}, timeout=-1),
    "init with a query": lambda: init("another", query={"a": KEY}, timeout=-1),
    "init with a header that cannot be sent": lambda: init("another", headers={"x-a": KEY + "\n"}),
    "init with a key that cannot be sent": lambda: init(KEY + "\n"),
    "with_options": lambda: with_options(init("another"), headers={"x-a": KEY}, timeout=-1),
}


@pytest.mark.parametrize("make", SECRET_AND_WRONG.values(), ids=SECRET_AND_WRONG)
def test_no_error_on_the_way_shows_a_secret(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must be more than|has '.n' at position") as caught:
        make()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in shown.stack if "tests" not in frame.filename]
    text = str(shown) + str([frame.locals for frame in frames if frame.name != "with_options"])
    assert KEY not in text


def test_the_query_of_a_base_is_not_in_the_message() -> None:
    with pytest.raises(ValueError, match="'http://h/' must have no query") as caught:
        init("another", base_url=f"http://h/?key={KEY}")
    assert KEY not in str(caught.value)


def test_a_secret_of_the_environment_shows_in_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", f"x-a: {KEY}x\nwithout a colon")
    with pytest.raises(ValueError, match="line 2") as caught:
        init()
    text = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert KEY not in text.replace(f"x-a: {KEY}x", "")


WRONG_POLICIES: dict[str, tuple[Policy, type[Exception], str]] = {
    "negative": (Policy(max_retries=-1), ValueError, "retry.max_retries must not be -1"),
    "NaN": (Policy(max_delay=float("nan")), ValueError, "retry.max_delay must not be nan"),
    "text": (Policy(patience="60"), TypeError, "retry.patience must be a number, not str"),  # type: ignore[arg-type]
    "bool": (Policy(max_retries=True), TypeError, "retry.max_retries must be a number, not bool"),
}


@pytest.mark.parametrize(("policy", "kind", "message"), WRONG_POLICIES.values(), ids=WRONG_POLICIES)
def test_a_policy_that_cannot_be(policy: Policy, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        init(KEY, retry=policy)


WRONG_OPTIONS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "an endless timeout": (
        {"timeout": 10**400},
        ValueError,
        "at most a year, not a value|at most a year, not",
    ),
    "a timeout of many years": (
        {"timeout": 1e12},
        ValueError,
        "at most a year, not 1000000000000.0",
    ),
    "a base with an empty query": (
        {"base_url": "http://h/?"},
        ValueError,
        "no query and no fragment",
    ),
    "a base with an empty fragment": (
        {"base_url": "http://h/#"},
        ValueError,
        "no query and no fragment",
    ),
    "a surrogate in the query": ({"query": {"a": "\ud800"}}, ValueError, "lone surrogate"),
    "an empty version": ({"api_version": ""}, ValueError, "api_version is empty"),
    "a transport that is none": (
        {"transport": 5},
        TypeError,
        "transport must be callable, not int",
    ),
    "a hook that is none": ({"on_event": "print"}, TypeError, "on_event must be callable, not str"),
    "no clock": ({"clock": None}, TypeError, "clock must be a clock; NoneType has no now"),
    "a key without its certificate": (
        {"client_cert": (None, "key")},
        TypeError,
        "client_cert must be the path",
    ),
    "an empty bundle": ({"ca_bundle": ""}, ValueError, "ca_bundle is empty"),
    "a bundle that is off": (
        {"ca_bundle": False},
        TypeError,
        "ca_bundle must be the path of a PEM file, not bool",
    ),
    "limits of text": (
        {"limits": Limits(requests="x")},  # type: ignore[arg-type]
        TypeError,
        "limits.requests must be an integer, not str",
    ),
    "limits of 0": (
        {"limits": Limits(page=0)},
        ValueError,
        "limits.page must be at least 1, not 0",
    ),
    "limits with half a request": (
        {"limits": Limits(requests=2.5)},  # type: ignore[arg-type]
        TypeError,
        "must be an integer, not float",
    ),
    "a pattern that is none": (
        {"limits": Limits(custom_id="(")},
        ValueError,
        "limits.custom_id must be a regular",
    ),
    "headers in a list": ({"headers": []}, TypeError, "headers must be a mapping, not list"),
}


@pytest.mark.parametrize(("options", "kind", "message"), WRONG_OPTIONS.values(), ids=WRONG_OPTIONS)
def test_options_that_cannot_be(
    options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        init(KEY, **options)
    with pytest.raises(kind, match=message):
        with_options(init(KEY), **options)


def test_a_slice_of_a_secret_is_as_secret() -> None:
    client = init(KEY)
    assert client.api_key is not None
    assert repr(client.api_key[:80]) == "'***'"
    assert str(client.api_key[3]) == "***"


def test_a_scheme_in_capitals_is_the_same_base() -> None:
    assert init(KEY, base_url="HTTPS://Example.org/").base_url == "https://Example.org"
