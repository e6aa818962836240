"""Hidden values, and that no interrupt and no log shows what they become when they are sent."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType
from typing import Any, cast
from urllib.parse import quote

import msgspec.json
import pytest
from samples import ID, KEY, a_batch, error_in, request
from scripted import Scripted, answer, head

from anthropix_py import (
    AnthropixError,
    APIError,
    Client,
    Policy,
    TransportError,
    batch,
    init,
    unwrap,
)
from anthropix_py import _http as network
from anthropix_py._http.routes import Certificates, route_of
from anthropix_py._proxies import proxy_secrets, without_credentials
from anthropix_py._wire import Request
from anthropix_py._wire.hidden import Headers, Hidden, hide

# against a warning about hosts that are never reached
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

# Hidden values


def test_a_hidden_value_compares_and_can_be_copied() -> None:
    one = hide(KEY)
    assert one == hide(KEY) == KEY
    assert one != hide(KEY + "x")
    assert len({one, hide(KEY), hide("other")}) == 2
    for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert again.reveal().encode() == KEY.encode()
    assert hide(one.reveal()).reveal().encode() == KEY.encode()


SHOWN: dict[str, Callable[[Hidden[Any]], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda one: f"{one:>9} {one!r}",
    "percent": lambda one: "%s %r" % (one, one),  # noqa: UP031
    "dir": lambda one: " ".join(repr(getattr(one, name)) for name in dir(one)),
    "what it is revealed as": lambda one: f"{one.reveal()} {[one.reveal()]}",
    "its reduction": lambda one: f"{one.__reduce__()} {one.reveal().__reduce__()}",
    "its state": lambda one: repr(cast(Any, one).__getstate__()),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_hidden_value_is_not_shown(show: Callable[[Hidden[Any]], str]) -> None:
    assert KEY not in show(hide(KEY))


HEADERS = Headers({"x-api-key": hide(KEY), "accept": "text/plain"})


def test_headers_have_real_values_and_do_not_print_them() -> None:
    key = HEADERS["x-api-key"]
    assert isinstance(key, str)
    assert (key, key.encode(), len(key)) == (KEY, KEY.encode(), len(KEY))
    assert HEADERS == dict(HEADERS) == {"x-api-key": KEY, "accept": "text/plain"}
    assert pickle.loads(pickle.dumps(HEADERS, 0)) == copy.deepcopy(HEADERS) == HEADERS
    assert HEADERS.plus({"accept": hide("b")})["accept"] == "b"
    shown = f"{HEADERS} {list(HEADERS.values())} {HEADERS.get('x-api-key')} {HEADERS.__reduce__()}"
    assert KEY not in shown
    assert "text/plain" in shown


@pytest.mark.parametrize("encode", [json.dumps, msgspec.json.encode], ids=["json", "msgspec"])
def test_no_encoder_takes_a_request(encode: Callable[[object], object]) -> None:
    sent = Request("GET", "https://h/x", HEADERS)
    for value in (HEADERS, sent._asdict(), [*sent]):
        with pytest.raises(TypeError):
            encode(value)


# Proxies

WORD = "pass-word@of/the:proxy"
USERINFO = f"user:{quote(WORD, safe='')}"
BASIC = "dXNlcjpwYXNzLXdvcmRAb2YvdGhlOnByb3h5"  # user:WORD
FORMS = (WORD, quote(WORD, safe=""), BASIC)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_a_route_prints_without_credentials_and_is_told_apart_by_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    routes = []
    for userinfo in (f"{USERINFO}@", "user:another@", ""):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{userinfo}proxy.test:1")
        routes.append(route_of("https://api.test/v1", Certificates(None, None)))
    assert len(set(routes)) == 3
    for route in routes:
        assert route.proxy is not None
        assert route.proxy.url == "http://proxy.test:1"
        assert not any(form in f"{route} {route._asdict()}" for form in FORMS)


# (URL, texts to redact, its authorization)
PROXIES: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "both": (f"http://{USERINFO}@h:1", FORMS, f"Basic {BASIC}"),
    "without a scheme": (f"{USERINFO}@h:1", FORMS, None),
    "a name alone": ("http://a-long-token@h", ("a-long-token",), "Basic YS1sb25nLXRva2VuOg=="),
    "no credentials": ("http://proxy.test:8080/", (), None),
    # against a password whose characters were not percent-encoded
    "a slash in it": ("http://user:pass/word-1@h:1", ("pass/word-1",), None),
    "an at sign in it": ("http://u:pass@word-1@h", ("pass@word-1",), "Basic dTpwYXNzQHdvcmQtMQ=="),
    "another script": ("http://u:%E2%98%83-word-1@h", ("\u2603-word-1",), "Basic dTrimIMtd29yZC0x"),
}


@pytest.mark.parametrize(("url", "texts", "basic"), PROXIES.values(), ids=PROXIES)
def test_credentials_of_a_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, texts: tuple[str, ...], basic: str | None
) -> None:
    monkeypatch.setenv("all_proxy", url)
    assert set(texts) <= set(init(KEY).secrets)
    assert set(texts) <= set(proxy_secrets())
    assert not {"user", "proxy.test:8080"} & set(init(KEY).secrets)
    if "://" in url:
        proxy = without_credentials(url)
        assert not any(text in f"{proxy}" for text in texts)
        assert proxy.authorization == basic


ECHO = f"No {BASIC} of {WORD}"


def test_credentials_that_a_proxy_repeats_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[dict[str, Any]] = []
    refused = head(407).replace(b"Status", ECHO.encode())
    body = {"type": "error", "error": {"type": "e", "message": f"{ECHO} {USERINFO}"}}
    with Scripted(refused, answer(body, 407, {"request-id": BASIC})) as proxy:
        for scheme in ("HTTP", "HTTPS"):
            monkeypatch.setenv(f"{scheme}_PROXY", proxy.url.replace("//", f"//{USERINFO}@"))
        options: dict[str, Any] = {"retry": Policy(0), "on_event": events.append}
        shown = batch.show(init(KEY, base_url="https://api.test", **options), ID)
        tunnel = error_in(shown, TransportError, "Tunnel connection failed: 407 No ***")
        direct = batch.show(init(KEY, base_url="http://api.test", **options), ID)
        for error in (tunnel, error_in(direct, APIError, "No *** of ***")):
            assert not any(form in f"{error!r} {vars(error)} {events}" for form in FORMS)


# The query


def test_urllib3_logs_no_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Scripted(answer(a_batch())) as server:
        unwrap(batch.show(init(KEY, base_url=server.url, query={"key": "a hush-hush"}), ID))
    assert server.received[0].target.endswith("?key=a%20hush-hush")
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert "hush" not in caplog.text


# Interrupts, wherever they fall

QUERY = "hush&hush-0123456789"
SECRETS = (KEY, "a-token-0123456789", "lent-0123456789", QUERY, quote(QUERY, safe=""), *FORMS)
LAYERS = ("anthropix_py", "urllib3", "http", "socket", "ssl", "urllib", "os", "json", "re")


class Server(socketserver.StreamRequestHandler):
    """Answers every request with a batch, and every CONNECT with a refusal that repeats secrets."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            length = 0
            while header := self.rfile.readline().strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
            self.rfile.read(length)
            sent = answer(a_batch(), headers={"x-echo": KEY})
            if line.startswith(b"CONNECT"):
                sent = head(407).replace(b"Status", BASIC.encode())
            self.wfile.write(sent)


class Quiet(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients are interrupted here."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Quiet(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class InterruptAt:
    """Runs a call, and raises KeyboardInterrupt before its nth line of Python.

    `left`: the lines that the call had too few of.
    """

    def __init__(self, number: int) -> None:
        self.left = number

    def run(self, call: Callable[[], object]) -> KeyboardInterrupt | None:
        """Return the interrupt as it left the call; None if it did not."""
        before = sys.gettrace()
        sys.settrace(self._begin)
        try:
            call()
        except KeyboardInterrupt as interrupt:
            return interrupt
        finally:
            sys.settrace(before)
        return None

    def _begin(self, frame: FrameType, event: str, argument: object) -> Any:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in LAYERS:
            return self._line
        return None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        self.left -= event == "line"
        if self.left == 0:
            raise KeyboardInterrupt
        return self._line


def shown_by(error: BaseException | None) -> Iterator[str]:
    """Yield what a traceback with local variables shows, apart from this file's own frames."""
    while error is not None:
        yield f"{error!r} {error} {getattr(error, '__notes__', '')}"
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename != __file__:
                yield from map(repr, trace.tb_frame.f_locals.values())
            trace = trace.tb_next
        error = error.__cause__ or error.__context__


OPTIONS: dict[str, Any] = {
    "headers": {"x-session": "a-token-0123456789"},
    "query": {"key": QUERY},
    "retry": Policy(0),
    "on_event": lambda event: None,
}
# (scheme of the proxy's variable, base URL if it is not the server's, credentials)
WAYS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "direct": ("", "", {"api_key": KEY, "auth_token": "a-token-0123456789"}),
    "with auth": ("", "", {"auth": lambda request: {"authorization": "Bearer lent-0123456789"}}),
    "through a proxy": ("HTTP", "http://api.test", {"api_key": KEY}),
    "through a tunnel": ("HTTPS", "https://api.test", {"api_key": KEY}),
}


def stream(client: Client) -> None:
    """Read results to their end, which is an error: the server sends no row."""
    tag, rows = batch.results(client, a_batch("ended", 1), stream=True)
    if tag == "ok":
        with suppress(AnthropixError):
            list(cast(Iterator[object], rows))


CALLS: dict[str, Callable[[Client], object]] = {
    "show": lambda one: batch.show(one, ID),
    "create": lambda one: batch.create(one, [request()]),
    "stream": stream,
}
_APART = 499  # lines between two interrupts; a prime, so that loops are hit at all their lines


# Python ignores an interrupt that falls into a finalizer, and says so.
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("scheme", "base", "credentials"), WAYS.values(), ids=WAYS)
def test_an_interrupt_shows_no_secret_wherever_it_falls(
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    scheme: str,
    base: str,
    credentials: dict[str, Any],
    call: Callable[[Client], object],
) -> None:
    if scheme:
        monkeypatch.setenv(f"{scheme}_PROXY", url.replace("//", f"//{USERINFO}@"))
    client = init(base_url=base or url, **credentials, **OPTIONS)
    number = 0
    while True:
        number += _APART
        if number % 2:
            # with new connections
            network._pools.forget()
        at = InterruptAt(number)
        text = "\n".join(shown_by(at.run(lambda: call(client))))
        if at.left > 0:
            break
        assert [secret for secret in SECRETS if secret in text] == []
    assert number > 2 * _APART


def test_the_frames_of_a_caller_s_own_functions_are_left_alone() -> None:
    def transport(sent: Request, timeout: object) -> Any:
        mine = "a value of the caller"
        raise RuntimeError(mine)

    given = init(KEY, transport=transport)
    with pytest.raises(RuntimeError) as caught:
        batch.show(given, ID)
    frames = [entry.frame for entry in caught.traceback]
    assert frames[-1].f_locals["mine"] == "a value of the caller"
    assert all(frame.f_locals == {} for frame in frames[2:-1])


def test_what_was_handled_before_a_call_stays_the_context_of_an_interrupt() -> None:
    earlier = KeyError("earlier")

    def interrupt(sent: Request, timeout: object) -> Any:
        raise KeyboardInterrupt

    def call() -> None:
        try:
            raise earlier
        except KeyError:
            batch.show(init(KEY, transport=interrupt), ID)

    with pytest.raises(KeyboardInterrupt) as caught:
        call()
    assert caught.value.__context__ is earlier


def test_an_error_that_was_not_masked_yet_is_not_the_context_of_an_interrupt() -> None:
    def hook(event: dict[str, Any]) -> None:
        if event["event"] == "retry":
            raise KeyboardInterrupt

    with (
        Scripted(answer({"error": {"message": KEY}}, 500)) as server,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        batch.show(init(KEY, base_url=server.url, on_event=hook), ID)
    assert KEY not in "\n".join(shown_by(caught.value))
    assert caught.value.__context__ is None
