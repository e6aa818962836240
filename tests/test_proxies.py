"""Proxies from the environment: what they are sent, and what they never are; over real sockets."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import certificates
import pytest
import trustme
from certificates import ONCE, WORD, demanding, failed, server_of
from samples import ID, KEY, PATH, a_batch, client, error_body, error_in, request
from scripted import PATIENCE, TLS, Scripted, Step, answer, chunked, close, head, reset, stall

from anthropix_py import APIError, TransportError, UnknownOutcome, batch, unwrap

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

# Fixtures are found in the module that uses them.
authority = certificates.authority
bundle = certificates.bundle
environment = certificates.environment
own = certificates.own

SHOWN = answer(a_batch())
FAR = "http://api.test:8080"
FAR_TLS = "https://api.test"


class Tunnel:
    """A proxy that takes CONNECT, notes its head, and connects the caller to a port here."""

    def __init__(self, port: int) -> None:
        self.heads: list[bytes] = []
        self.passed = b""
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http://{self.address}"

    def __enter__(self) -> Tunnel:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        for one in self._open:
            one.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                self._open.append(caller)
                self._start(self._join, caller)

    def _join(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError):
            data = b""
            while not data.endswith(b"\r\n\r\n") and (byte := caller.recv(1)):
                data += byte
            self.heads.append(data)
            server = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
            self._open.append(server)
            caller.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._start(self._pump, server, caller)
            self._pump(caller, server)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self.passed += data
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def closed_port() -> str:
    """Return the URL of a port where nobody listens."""
    with Scripted() as server:
        return server.url


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode("latin-1")).decode()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""], ids=["with scheme", "without"])
def test_http_goes_to_the_proxy_in_absolute_form(
    monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    with Scripted(SHOWN, SHOWN) as proxy:
        monkeypatch.setenv(variable, scheme + proxy.url.removeprefix("http://"))
        one = client(FAR)
        assert unwrap(batch.show(one, ID)) == unwrap(batch.show(one, ID)) == a_batch()
    assert [received.target for received in proxy.received] == [FAR + PATH] * 2
    assert {received.headers["host"] for received in proxy.received} == {"api.test:8080"}
    assert "proxy-authorization" not in proxy.received[0].headers
    assert proxy.connections == 1


def test_a_create_and_its_results_go_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = b'{"custom_id":"a","result":{"type":"canceled"}}\n'
    with Scripted(SHOWN, chunked(rows, 7)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        one = client(FAR)
        unwrap(batch.create(one, [request("a"), request("b")]))
        assert len(unwrap(batch.results(one, a_batch("ended", 1)))) == 1
    assert proxy.received[0].body.startswith(b'{"requests":[')
    assert proxy.received[1].target == f"{FAR}{PATH}/results"


# (what the proxy's URL holds, what is sent to the proxy)
CREDENTIALS: dict[str, tuple[str, str]] = {
    "both": (f"user:{WORD}", f"user:{WORD}"),
    "a name alone": ("user", "user:"),
    "a password alone": (f":{WORD}", f":{WORD}"),
    "encoded": ("us%40er:a%3Ab%2F%25", "us@er:a:b/%"),
    "latin-1": ("%C3%A9:%C3%BC", "é:ü"),
}


@pytest.mark.parametrize(("userinfo", "expected"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials_of_an_http_proxy(
    monkeypatch: pytest.MonkeyPatch, userinfo: str, expected: str
) -> None:
    with Scripted(SHOWN) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", f"://{userinfo}@"))
        unwrap(batch.show(client(FAR), ID))
    [received] = proxy.received
    assert received.headers["proxy-authorization"] == basic(expected)
    assert "@" not in received.target + received.headers["host"]


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("hosts", ["*", "127.0.0.1", " other.test , 127.0.0.1 ", "0.0.1", ".0.0.1"])
def test_no_proxy_for_these_hosts(
    monkeypatch: pytest.MonkeyPatch, variable: str, hosts: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", closed_port())
    monkeypatch.setenv(variable, hosts)
    with Scripted(SHOWN) as server:
        unwrap(batch.show(client(server.url), ID))
    assert server.received[0].target == PATH


@pytest.mark.parametrize("hosts", ["", "other.test", "127.0.0.11", "27.0.0.1", "api.test"])
def test_a_proxy_for_all_other_hosts(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    with Scripted(SHOWN) as proxy, Scripted() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", hosts)
        unwrap(batch.show(client(server.url), ID))
    assert proxy.received[0].target == server.url + PATH


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "FTP_PROXY", "NO_PROXY"])
def test_variables_that_are_not_about_http(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, closed_port())
    with Scripted(SHOWN) as server:
        unwrap(batch.show(client(server.url), ID))


def test_the_proxy_of_the_moment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted(SHOWN, SHOWN) as server, Scripted(SHOWN) as proxy:
        one = client(server.url)
        unwrap(batch.show(one, ID))
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        unwrap(batch.show(one, ID))
        monkeypatch.delenv("HTTP_PROXY")
        unwrap(batch.show(one, ID))
    assert len(proxy.received) == 1


# what a variable may hold that is not the URL of a proxy; it may hold a password too
NOT_PROXIES = ["socks5://{}@h:1", "http://", "http://{}@", "http://{}@h:99999", "http://{}@h:0"]
NOT_PROXIES += ["http://{}@[::1", "ftp://{}@h"]


@pytest.mark.parametrize("url", NOT_PROXIES)
def test_what_is_not_a_proxy_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", url.format(f"user:{WORD}"))
    error = failed(batch.show(client(FAR, retry=ONCE), ID), "connect")
    assert error.detail.startswith("the proxy for http in the environment is not an http://")


@pytest.mark.parametrize("base", [FAR, FAR_TLS], ids=["http", "https"])
def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("ALL_PROXY", closed_port().replace("://", f"://user:{WORD}@"))
    one = client(base)
    failed(batch.create(one, [request()]), "connect")
    # nothing was sent: even a create is tried again
    assert len(one.clock.sleeps) == 2  # type: ignore[attr-defined]
    failed(batch.show(one, ID), "connect")


@pytest.mark.parametrize(("status", "kind"), [(407, APIError), (502, UnknownOutcome)])
def test_an_http_proxy_that_answers_for_the_server(
    monkeypatch: pytest.MonkeyPatch, status: int, kind: type[APIError | UnknownOutcome]
) -> None:
    with Scripted(*[answer({}, status)] * 2) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert error_in(batch.show(client(FAR, retry=ONCE), ID), APIError).status == status
        error_in(batch.create(client(FAR), [request()]), kind)


def without_tls(connection: socket.socket) -> None:
    connection.recv(10_000)
    connection.sendall(b"HTTP/1.1 400 No\r\n\r\n")
    stall(connection)


ELSEWHERE = {"location": "https://evil.example/", "content-length": "0"}
GREETINGS: dict[str, tuple[Step, str]] = {
    "407": ([head(407, {"proxy-authenticate": "Basic", "content-length": "0"})], "connect"),
    "502": ([head(502, {"content-length": "0"})], "connect"),
    "403 with a body": ([head(403, {"content-length": "2"}), b"no"], "connect"),
    "302": ([head(302, ELSEWHERE)], "connect"),
    "silence": ([stall], "connect"),
    "closed": ([close], "connect"),
    "reset": ([reset], "connect"),
    "rubbish": ([b"rubbish\r\n\r\n", close], "connect"),
    # "connect" if our greeting was not read: then the proxy's system sends a reset
    "yes, and closed": ([head(200), close], "tls or connect"),
    "yes, and no TLS": ([head(200), without_tls], "tls"),
    "yes, and silence": ([head(200), stall], "connect"),
}


@pytest.mark.parametrize(("greeting", "reason"), GREETINGS.values(), ids=GREETINGS)
def test_a_proxy_that_opens_no_tunnel(
    monkeypatch: pytest.MonkeyPatch, greeting: Step, reason: str
) -> None:
    with Scripted(*[greeting] * 4) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://user:{WORD}@"))
        failed(batch.show(client(FAR_TLS, retry=ONCE, connect_timeout=0.1), ID), reason)
        failed(batch.create(client(FAR_TLS, connect_timeout=0.1), [request()]), reason)
    for received in proxy.received:
        assert (received.method, received.target) == ("CONNECT", "api.test:443")
        assert received.headers["proxy-authorization"] == basic(f"user:{WORD}")
        assert KEY not in repr(received)
        assert not {"x-api-key", "authorization", "anthropic-version"} & received.headers.keys()


# TLS through a proxy


@pytest.fixture
def far(authority: trustme.CA) -> Iterator[tuple[TLS, Tunnel]]:
    """Yield a server that is called api.test, and a proxy that leads to it."""
    context = server_of(authority, "api.test")
    with TLS(context, SHOWN, SHOWN) as server, Tunnel(server.port) as tunnel:
        yield server, tunnel


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_https_goes_through_a_tunnel(
    monkeypatch: pytest.MonkeyPatch, far: tuple[TLS, Tunnel], bundle: str, variable: str
) -> None:
    server, tunnel = far
    monkeypatch.setenv(variable, tunnel.url.replace("://", f"://us%40er:{WORD}@"))
    one = client(FAR_TLS, ca_bundle=bundle)
    unwrap(batch.create(one, [request("a"), request("b")]))
    unwrap(batch.show(one, ID))
    # one tunnel for both
    [asked] = tunnel.heads
    assert asked.startswith(b"CONNECT api.test:443 HTTP/1.")
    assert f"proxy-authorization: {basic(f'us@er:{WORD}')}".lower().encode() in asked.lower()
    for text in (KEY.encode(), b"x-api-key", b"anthropic", WORD.encode(), PATH.encode()):
        assert text not in asked.lower()
        assert text not in tunnel.passed
    assert [received.headers["x-api-key"] for received in server.received] == [KEY] * 2
    assert [received.target for received in server.received] == ["/v1/messages/batches", PATH]
    for received in server.received:
        assert not any("proxy" in name for name in received.headers)
        assert WORD not in repr(received)


ENDS: dict[str, Step] = {
    "nothing": [close],
    "half a head": [b"HTTP/1.1 200 OK\r\ncontent-", close],
    "half a body": [head(200, {"content-length": "99"}), b'{"id": "msgb', close],
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("through", ["a tunnel", "no proxy"])
def test_what_broke_off_after_sending_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str, end: Step, through: str
) -> None:
    with TLS(server_of(authority), end, host="localhost") as server, Tunnel(server.port) as tunnel:
        if through == "a tunnel":
            monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        result = batch.create(client(server.url, ca_bundle=bundle), [request()])
        error = error_in(result, UnknownOutcome)
        assert isinstance(error.cause, TransportError)
        assert error.cause.sent
        assert through == "a tunnel" or error.cause.reason == "closed"


def test_a_proxy_without_credentials_is_sent_none(
    monkeypatch: pytest.MonkeyPatch, far: tuple[TLS, Tunnel], bundle: str
) -> None:
    server, tunnel = far
    monkeypatch.setenv("HTTPS_PROXY", tunnel.address)
    for _ in range(2):
        unwrap(batch.show(client(FAR_TLS, ca_bundle=bundle), ID))
    assert b"authorization" not in tunnel.heads[0].lower()
    assert server.connections == 1


BASES = {"unknown authority": FAR_TLS, "wrong name": "https://other.test"}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_the_check_holds_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str, base: str
) -> None:
    with TLS(server_of(authority, "api.test")) as server, Tunnel(server.port) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        options = {} if base == FAR_TLS else {"ca_bundle": bundle}
        failed(batch.create(client(base, retry=ONCE, **options), [request()]), "tls")
        assert server.received == []
        assert KEY.encode() not in tunnel.passed + b"".join(tunnel.heads)


def test_a_certificate_of_the_clients_own_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str, own: dict[str, Any]
) -> None:
    with TLS(demanding(authority), SHOWN) as server, Tunnel(server.port) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        one = client("https://localhost", ca_bundle=bundle, client_cert=own["pair"])
        unwrap(batch.show(one, ID))


# a certificate proves who the client is to the API alone, as the key does
@pytest.mark.parametrize("base", [FAR, FAR_TLS], ids=["http", "https"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_the_clients_own_is_not_shown_to_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
    authority: trustme.CA,
    bundle: str,
    own: dict[str, Any],
    base: str,
    version: ssl.TLSVersion,
) -> None:
    context = demanding(authority)
    # the proxy asks for one, and goes on without it
    context.verify_mode = ssl.CERT_OPTIONAL
    context.minimum_version = context.maximum_version = version
    with TLS(context, answer(error_body(), 403)) as proxy:
        for scheme in ("HTTP", "HTTPS"):
            monkeypatch.setenv(f"{scheme}_PROXY", proxy.url)
        one = client(base, ca_bundle=bundle, client_cert=own["pair"], retry=ONCE)
        assert batch.show(one, ID)[0] == "error"
    assert proxy.callers == [""]
    assert [received.method for received in proxy.received] == [
        {FAR: "GET", FAR_TLS: "CONNECT"}[base]
    ]


def test_no_proxy_holds_for_https_too(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", closed_port())
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with TLS(server_of(authority), SHOWN) as server:
        unwrap(batch.show(client(server.url, ca_bundle=bundle), ID))


def test_a_proxy_over_tls(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str
) -> None:
    with TLS(server_of(authority), SHOWN) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        unwrap(batch.show(client(FAR, ca_bundle=bundle), ID))
        failed(batch.show(client(FAR, retry=ONCE), ID), "tls or connect")
        assert len(proxy.received) == 1
    assert proxy.received[0].target == FAR + PATH
