"""The client: making it, changing it, and keeping its secrets."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import traceback
import warnings
from collections.abc import Callable
from string import Template
from types import FunctionType
from typing import Any, cast

import msgspec.json
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

# against a warning about hosts that are never reached
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "CUSTOM_HEADERS"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)


def send(request: Request, timeout: Timeout) -> Response:
    raise AssertionError


def client_with_secrets() -> Client:
    return with_options(init(KEY), headers={"X-Gateway": HUSH}, query={"k": QUERY})


def test_defaults() -> None:
    client = init(KEY)
    assert client.api_key is not None
    assert client.api_key.reveal().encode() == KEY.encode()
    assert client.base_url == "https://api.anthropic.com"
    assert (client.auth_token, client.auth) == (None, None)
    assert (client.transport, client.on_event) == (None, None)
    assert [client.beta, client.headers, client.query] == [(), (), ()]
    assert (client.api_version, client.retry, client.limits) == ("2023-06-01", Policy(), Limits())
    assert client.clock is SYSTEM
    assert client.timeouts == Timeout(connect=10.0, read=600.0)


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
    # A variable that is not used is not checked either.
    "faulty base that is not used": (
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
    "argument removes a header": (
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


# A key read from a file often ends with a newline, and a variable may be set but blank.
BAD_ENVIRONMENT: dict[str, tuple[dict[str, str], str]] = {
    "no colon": ({"CUSTOM_HEADERS": "X-A: 1\nnope"}, "CUSTOM_HEADERS line 2"),
    "no name": ({"CUSTOM_HEADERS": ": 1"}, "not the name of a header"),
    "name with space": ({"CUSTOM_HEADERS": "X A: 1"}, "not the name of a header"),
    "value in another script": ({"CUSTOM_HEADERS": "X-A: \u2603"}, "which a header cannot have"),
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
        MissingCredentials, match="ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN"
    ) as caught:
        init()
    assert caught.value.looked_at == ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


BASE: dict[str, Any] = {"beta": "a", "headers": {"X-A": "1", "X-B": "2"}, "query": {"a": "1"}}

CHANGES: dict[str, tuple[Options, dict[str, object]]] = {
    "nothing": ({}, {}),
    "beta adds": ({"beta": ["b", "a"]}, {"beta": ("a", "b")}),
    "empty beta": ({"beta": ()}, {"beta": ("a",)}),
    "header adds": (
        {"headers": {"x-c": "3"}},
        {"headers": (("x-a", "1"), ("x-b", "2"), ("x-c", "3"))},
    ),
    "header replaces": ({"headers": {"X-b": "3"}}, {"headers": (("x-a", "1"), ("x-b", "3"))}),
    "header removed": ({"headers": {"X-A": None}}, {"headers": (("x-a", None), ("x-b", "2"))}),
    "no header": ({"headers": {}}, {"headers": (("x-a", "1"), ("x-b", "2"))}),
    "query adds": ({"query": {"b": "2"}}, {"query": (("a", "1"), ("b", "2"))}),
    "query is case-sensitive": ({"query": {"A": "2"}}, {"query": (("a", "1"), ("A", "2"))}),
    "query parameter removed": ({"query": {"a": None}}, {"query": (("a", None),)}),
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
    client = client_with_secrets()
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
    assert clone(client_with_secrets()) == client_with_secrets()
    assert not any(secret in repr(clone(client_with_secrets())) for secret in SECRETS)


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
    "template": lambda client: Template("$api_key $headers").substitute(client._asdict()),
    "the parts of a pickle": lambda client: str([one.__reduce_ex__(2) for one in hidden(client)]),
    "the parts of the secrets": lambda client: (
        str([one.__reduce__() for one in client.secrets]) + str(client)
    ),
    "json with a default": lambda client: json.dumps(client, default=str),
    "yaml of every object": lambda client: yaml_like(client) + "***",
    "secrets": lambda client: str(client.secrets),
    "token": lambda client: f"{with_options(client, auth_token=TOKEN).auth_token}",
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_no_secret_is_shown(show: Any) -> None:
    text = show(client_with_secrets())
    assert [secret for secret in SECRETS if secret in text] == []
    assert "***" in text


def hidden(client: Client) -> list[Any]:
    """Return all values of a client that are hidden."""
    values = [value for _, value in (*client.headers, *client.query)]
    return [client.api_key, *values]


def yaml_like(value: Any) -> str:
    """Return what YAML's dump of any object writes: every part that its reduction names."""
    if value is None or isinstance(value, (type, bool, int, float, FunctionType)):
        return repr(value)
    if type(value) is str:
        return value
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return " ".join(map(yaml_like, value))
    if type(value) is dict:
        return yaml_like(list(value.items()))
    return yaml_like(list(value.__reduce_ex__(2)[:3]))


ENCODERS: dict[str, Callable[[Client], object]] = {
    "json": json.dumps,
    "json of the fields": lambda client: json.dumps(client._asdict()),
    "json with vars": lambda client: json.dumps(client, default=vars),
    "json of the key": lambda client: json.dumps(client.api_key),
    "msgspec": lambda client: msgspec.json.encode([*client]),
    "msgspec of the key": lambda client: msgspec.json.encode(client.api_key),
    "iteration": lambda client: list(cast(Any, client.api_key)),
    "an index": lambda client: cast(Any, client.api_key)[0],
    "a length": lambda client: len(cast(Any, client.api_key)),
    "a join": lambda client: "".join([cast(Any, client.api_key)]),
}


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
def test_no_encoder_takes_a_client(encode: Callable[[Client], object]) -> None:
    with pytest.raises(TypeError) as caught:
        encode(client_with_secrets())
    assert [secret for secret in SECRETS if secret in str(caught.value)] == []


def text_with_locals(function: Any, *args: Any) -> str:
    try:
        function(*args)
    except Exception as error:  # noqa: BLE001
        trace = error.__traceback__
        assert trace is not None
        # Without this frame, whose variables are the test's own.
        inner = trace.tb_next
        return "".join(
            traceback.TracebackException(type(error), error, inner, capture_locals=True).format()
        )
    raise AssertionError


def fail(client: Client) -> None:
    key, token, secrets = client.api_key, client.auth_token, client.secrets
    header = client.headers[0][1]
    raise RuntimeError(key, token, secrets, header)


@pytest.mark.parametrize("changed", [{}, {"auth_token": TOKEN}], ids=["key", "token"])
def test_no_secret_in_a_traceback_with_locals(changed: Options) -> None:
    text = text_with_locals(fail, with_options(client_with_secrets(), **changed))
    assert "client = Client(" in text
    assert [secret for secret in SECRETS if secret in text] == []


def with_options_timeout(client: Client) -> None:
    with_options(client, timeout=-1)


def test_no_secret_when_a_change_is_refused() -> None:
    text = text_with_locals(with_options_timeout, client_with_secrets())
    assert "ValueError: timeout must be" in text
    assert [secret for secret in SECRETS if secret in text] == []


# (options, secrets)
REDACTED: dict[str, tuple[Options, tuple[str, ...]]] = {
    "key": ({}, (KEY,)),
    "token": ({"auth_token": TOKEN}, (TOKEN,)),
    "both": ({"api_key": KEY, "auth_token": TOKEN}, (KEY, TOKEN)),
    "header": ({"headers": {"x-session": HUSH}}, (KEY, HUSH)),
    "header removed": ({"headers": {"x-session": None}}, (KEY,)),
    "header too short": ({"headers": {"x-session": "1234567"}}, (KEY,)),
    "header just long enough": ({"headers": {"x-session": "12345678"}}, (KEY, "12345678")),
    # A common text must not be redacted everywhere.
    "header that is not a secret": (
        {"headers": {"user-agent": "12345678 nightly evaluation"}},
        (KEY,),
    ),
    "header empty": ({"headers": {"x-session": ""}}, (KEY,)),
    # a server may repeat the URL
    "query, as in the URL": (
        {"query": {"api-key": "\u2603 hush&hush"}},
        ("\u2603 hush&hush", "%E2%98%83%20hush%26hush"),
    ),
    "words of a header": ({"headers": {"x-auth": "Basic dXNlcjpw"}}, ("dXNlcjpw",)),
}


@pytest.mark.parametrize(("options", "expected"), REDACTED.values(), ids=REDACTED)
def test_texts_to_redact(options: Options, expected: tuple[str, ...]) -> None:
    secrets = set(with_options(init(KEY), **options).secrets)
    assert set(expected) <= secrets
    assert not {"", "1234567", "nightly", "evaluation"} & secrets


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_keeps_the_secrets(protocol: int) -> None:
    client = init(KEY, headers={"x-a": "a-header"}, query={"q": "a-query"})
    copied = pickle.loads(pickle.dumps(client, protocol))
    assert copied == client
    assert copied.api_key.reveal().encode() == KEY.encode()
    values = [value.reveal().encode() for _, value in (*copied.headers, *copied.query)]
    assert values == [b"a-header", b"a-query"]


SECRET_AND_WRONG: dict[str, Callable[[], object]] = {
    "init": lambda: init(KEY, timeout=-1),
    "init with a header": lambda: init("another", headers={"x-a": KEY}, timeout=-1),
    "init with a query": lambda: init("another", query={"a": KEY}, timeout=-1),
    "init with a header that cannot be sent": lambda: init("another", headers={"x-a": KEY + "\n"}),
    "init with a key that cannot be sent": lambda: init(KEY + "\n"),
    "with_options": lambda: with_options(init("another"), headers={"x-a": KEY}, timeout=-1),
}


@pytest.mark.parametrize("make", SECRET_AND_WRONG.values(), ids=SECRET_AND_WRONG)
def test_no_frame_of_an_error_shows_a_secret(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must be more than|has '.n' at position") as caught:
        make()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in shown.stack if "tests" not in frame.filename]
    text = str(shown) + str([frame.locals for frame in frames if frame.name != "with_options"])
    assert KEY not in text


def test_a_secret_of_the_environment_shows_in_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", f"x-a: {KEY}x\nwithout a colon")
    with pytest.raises(ValueError, match="line 2") as caught:
        init()
    text = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert KEY not in text.replace(f"x-a: {KEY}x", "")


# (base URL, whether it warns)
ADDRESSES: dict[str, tuple[str, bool]] = {
    "https": ("https://gw", False),
    "this machine": ("http://127.0.0.1:8080", False),
    "another address of it": ("http://127.9.9.9", False),
    "IPv6": ("http://[::1]:80/a", False),
    "by name": ("http://LOCALHOST.:80", False),
    "a name below it": ("http://api.localhost", False),
    "another machine": ("http://gw:8080/anthropic", True),
    "a private network": ("http://10.0.0.1", True),
    "every address": ("http://0.0.0.0", True),
    # against names that only look like this machine
    "a name that begins like it": ("http://127.0.0.1.example.org", True),
    "a name that ends like it": ("http://notlocalhost", True),
    "another IPv6 address": ("http://[::2]", True),
}


@pytest.mark.parametrize(("base", "warns"), ADDRESSES.values(), ids=ADDRESSES)
@pytest.mark.parametrize("given", [{"api_key": KEY}, {"auth": lambda request: {}}], ids=["k", "a"])
def test_a_key_that_would_go_out_unencrypted(base: str, warns: bool, given: Any) -> None:
    changed: list[Callable[[], object]] = [
        lambda: init(**given, base_url=base),
        lambda: with_options(init(KEY), base_url=base),
        lambda: with_options(init(KEY, base_url="https://x"), **given, base_url=base),
    ]
    for make in changed:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            make()
        assert [one.category for one in caught] == [RuntimeWarning] * warns
        assert [one.filename for one in caught] == [__file__] * warns
        assert all("Use https://" in str(one.message) for one in caught)
        assert KEY not in repr(caught)


def test_a_changed_copy_warns_only_if_the_change_concerns_it() -> None:
    client = init(KEY, base_url="http://gw")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with_options(client, timeout=5, headers={"x-a": "b"})
    with pytest.warns(RuntimeWarning, match="^http://gw is not encrypted"):
        with_options(client, api_key="another")
