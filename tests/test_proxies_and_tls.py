"""Proxies from the environment, and certificates that are always checked: over real sockets."""

from __future__ import annotations

import base64
import contextlib
import os
import pathlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme
from samples import ID, KEY, PATH, a_batch, client, request
from scripted import PATIENCE, TLS, Scripted, Step, answer, chunked, close, head, reset, stall

from anthropix_py import (
    APIError,
    FileError,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    init,
    unwrap,
    with_options,
)
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError

ONCE = Policy(max_retries=0)
FAR = "http://api.test:8080"
FAR_TLS = "https://api.test"
WORD = "a-word-for-the-proxy"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what the machine says about proxies and certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in (
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "REQUEST_METHOD",
        ):
            monkeypatch.delenv(name)


class Tunnel:
    """A proxy that takes CONNECT, notes its head, and joins the caller to a port of this machine."""

    def __init__(
        self, port: int, greeting: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    ) -> None:
        self.heads: list[bytes] = []
        self.passed = b""
        self._port = port
        self._greeting = greeting
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
            while not data.endswith(b"\r\n\r\n") and (piece := caller.recv(1)):
                data += piece
            self.heads.append(data)
            server = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
            self._open.append(server)
            caller.sendall(self._greeting)
            self._start(self._pump, server, caller)
            self._pump(caller, server)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self.passed += data
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def nobody() -> str:
    """Give the address of a port where nobody listens."""
    with Scripted() as server:
        return server.url


def unreadable(result: tuple[str, object], path: str) -> None:
    """Assert that *result* is the failure of a file, found before any connection was made."""
    tag, error = result
    assert tag == "error"
    assert isinstance(error, FileError)
    assert error.path == path


def failed(result: tuple[str, object], reason: str, *, sent: bool = False) -> TransportError:
    """Assert that *result* is a failure of the wire; give it."""
    tag, error = result
    assert tag == "error"
    assert isinstance(error, TransportError)
    assert error.reason in reason.split(" or "), error
    assert error.sent is sent, error
    assert KEY not in repr(error)
    assert WORD not in repr(error)
    return error


# Proxies


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""], ids=["with scheme", "without"])
def test_http_goes_to_the_proxy_in_absolute_form(
    monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    with Scripted(answer(a_batch()), answer(a_batch())) as proxy:
        monkeypatch.setenv(variable, scheme + proxy.url.removeprefix("http://"))
        one = client(FAR)
        assert unwrap(batch.show(one, ID)) == unwrap(batch.show(one, ID)) == a_batch()
    assert [received.target for received in proxy.received] == [FAR + PATH] * 2
    assert {received.headers["host"] for received in proxy.received} == {"api.test:8080"}
    assert "proxy-authorization" not in proxy.received[0].headers
    assert proxy.connections == 1


def test_a_create_and_its_results_go_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = b'{"custom_id":"a","result":{"type":"canceled"}}\n'
    with Scripted(answer(a_batch()), chunked(rows, 7)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        one = client(FAR)
        unwrap(batch.create(one, [request()]))
        assert len(unwrap(batch.results(one, a_batch("ended", 1)))) == 1
    assert proxy.received[0].body.startswith(b'{"requests":[')
    assert proxy.received[1].target == f"{FAR}{PATH}/results"


@pytest.mark.parametrize(
    ("userinfo", "credentials"),
    [
        (f"user:{WORD}", f"user:{WORD}"),
        ("user", "user:"),
        (f":{WORD}", f":{WORD}"),
        ("us%40er:a%3Ab%2F%25", "us@er:a:b/%"),
        ("%C3%A9:%C3%BC", "é:ü"),
    ],
    ids=["both", "a name alone", "a password alone", "encoded", "latin-1"],
)
def test_credentials_of_an_http_proxy(
    monkeypatch: pytest.MonkeyPatch, userinfo: str, credentials: str
) -> None:
    with Scripted(answer(a_batch())) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", f"://{userinfo}@"))
        unwrap(batch.show(client(FAR), ID))
    [received] = proxy.received
    assert received.headers["proxy-authorization"] == basic(credentials)
    assert "@" not in received.target + received.headers["host"]


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode("latin-1")).decode()


BYPASSED = ["*", "127.0.0.1", " other.test , 127.0.0.1 ", "0.0.1", ".0.0.1"]
NOT_BYPASSED = ["", "other.test", "127.0.0.11", "27.0.0.1", "api.test"]


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("hosts", BYPASSED)
def test_no_proxy_for_these_hosts(
    monkeypatch: pytest.MonkeyPatch, variable: str, hosts: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", nobody())
    monkeypatch.setenv(variable, hosts)
    with Scripted(answer(a_batch())) as server:
        unwrap(batch.show(client(server.url), ID))
    assert server.received[0].target == PATH


@pytest.mark.parametrize("hosts", NOT_BYPASSED)
def test_a_proxy_for_all_other_hosts(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    with Scripted(answer(a_batch())) as proxy, Scripted() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", hosts)
        unwrap(batch.show(client(server.url), ID))
    assert proxy.received[0].target == server.url + PATH


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "FTP_PROXY", "NO_PROXY"])
def test_variables_that_do_not_speak_of_http(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, nobody())
    with Scripted(answer(a_batch())) as server:
        unwrap(batch.show(client(server.url), ID))


def test_the_proxy_of_the_moment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Scripted(answer(a_batch()), answer(a_batch())) as server,
        Scripted(answer(a_batch())) as proxy,
    ):
        one = client(server.url)
        unwrap(batch.show(one, ID))
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        unwrap(batch.show(one, ID))
        monkeypatch.delenv("HTTP_PROXY")
        unwrap(batch.show(one, ID))
    assert len(proxy.received) == 1


@pytest.mark.parametrize("base", [FAR, FAR_TLS], ids=["http", "https"])
def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("ALL_PROXY", nobody().replace("://", f"://user:{WORD}@"))
    one = client(base)
    failed(batch.create(one, [request()]), "connect")
    assert isinstance(one.clock, ManualClock)
    assert len(one.clock.sleeps) == 2  # nothing was sent: even a create is tried again
    failed(batch.show(one, ID), "connect")


@pytest.mark.parametrize("status", [407, 502])
def test_an_http_proxy_that_answers_for_the_server(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with Scripted(*[answer({}, status)] * 2) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        tag, error = batch.show(client(FAR, retry=ONCE), ID)
        assert tag == "error"
        assert isinstance(error, APIError)
        assert error.status == status
        tag, error = batch.create(client(FAR), [request()])
        assert tag == "error"
        assert isinstance(error, UnknownOutcome) == (status == 502)


def no_tls(connection: socket.socket) -> None:
    connection.recv(10_000)
    connection.sendall(b"HTTP/1.1 400 No\r\n\r\n")
    stall(connection)


GREETINGS: dict[str, tuple[Step, str]] = {
    "407": ([head(407, {"proxy-authenticate": "Basic", "content-length": "0"})], "connect"),
    "502": ([head(502, {"content-length": "0"})], "connect"),
    "403 with a body": ([head(403, {"content-length": "2"}), b"no"], "connect"),
    "302": ([head(302, {"location": "https://evil.example/", "content-length": "0"})], "connect"),
    "silence": ([stall], "connect"),
    "a close": ([close], "connect"),
    "a drop": ([reset], "connect"),
    "rubbish": ([b"rubbish\r\n\r\n", close], "connect"),
    "yes, and a close": (
        [head(200), close],
        "tls or connect",
    ),  # a reset, if our greeting was not read
    "yes, and no TLS": ([head(200), no_tls], "tls"),
    "yes, and silence": ([head(200), stall], "connect"),
}


@pytest.mark.parametrize(("greeting", "reason"), GREETINGS.values(), ids=GREETINGS.keys())
def test_a_proxy_that_gives_no_tunnel(
    monkeypatch: pytest.MonkeyPatch, greeting: Step, reason: str
) -> None:
    with Scripted(*[greeting] * 4) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://user:{WORD}@"))
        failed(batch.show(client(FAR_TLS, retry=ONCE, connect_timeout=0.1), ID), reason)
        one = client(FAR_TLS, connect_timeout=0.1)
        failed(batch.create(one, [request()]), reason)
        assert isinstance(one.clock, ManualClock)
        assert len(one.clock.sleeps) == 2
    for received in proxy.received:
        assert (received.method, received.target) == ("CONNECT", "api.test:443")
        assert received.headers["proxy-authorization"] == basic(f"user:{WORD}")
        assert KEY not in repr(received)
        assert not {"x-api-key", "authorization", "anthropic-version"} & received.headers.keys()


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def other_bundle(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


def server_of(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    """Give the context of a server with a certificate for *names*, by default this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1")), **options).configure_cert(context)
    return context


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_private_authority_that_is_named(authority: trustme.CA, bundle: str, host: str) -> None:
    with TLS(server_of(authority), answer(a_batch()), answer(a_batch()), host=host) as server:
        one = client(server.url, ca_bundle=bundle)
        unwrap(batch.create(one, [request()]))
        unwrap(batch.show(one, ID))
        assert (server.connections, server.refused) == (1, 0)
    assert [received.headers["x-api-key"] for received in server.received] == [KEY] * 2


def test_a_private_authority_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    with TLS(server_of(authority), answer(a_batch())) as server:
        unwrap(batch.show(client(server.url), ID))


def test_a_bundle_of_several_authorities(
    authority: trustme.CA, bundle: str, other_bundle: str
) -> None:
    with open(other_bundle, "ab") as file:
        file.write(pathlib.Path(bundle).read_bytes())
    with TLS(server_of(authority), answer(a_batch())) as server:
        unwrap(batch.show(client(server.url, ca_bundle=other_bundle), ID))


def test_a_named_authority_holds_for_a_changed_copy_alone(
    authority: trustme.CA, bundle: str
) -> None:
    with TLS(server_of(authority), answer(a_batch())) as server:
        strict = client(server.url, retry=ONCE)
        unwrap(batch.show(with_options(strict, ca_bundle=bundle), ID))
        failed(batch.show(strict, ID), "tls")


REFUSED: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "another name": (("other.example",), {}),
    "a name that begins like it": (("127.0.0.10",), {}),
    "localhost, and not its address": (("localhost",), {}),
    "a wildcard": (("*.0.0.1",), {}),
    "a common name alone": (("other.example",), {"common_name": "127.0.0.1"}),
}


@pytest.mark.parametrize(("names", "options"), REFUSED.values(), ids=REFUSED.keys())
def test_a_certificate_of_another_name(
    authority: trustme.CA, bundle: str, names: tuple[str, ...], options: dict[str, str]
) -> None:
    with TLS(server_of(authority, *names, **options)) as server:
        failed(batch.show(client(server.url, ca_bundle=bundle, retry=ONCE), ID), "tls")


def test_a_certificate_that_has_run_out(authority: trustme.CA, bundle: str) -> None:

    past = {
        "not_before": datetime(2020, 1, 1, tzinfo=UTC),
        "not_after": datetime(2021, 1, 1, tzinfo=UTC),
    }
    with TLS(server_of(authority, **past)) as server:
        error = failed(batch.show(client(server.url, ca_bundle=bundle, retry=ONCE), ID), "tls")
    assert "expired" in error.detail


UNTRUSTED: dict[str, Callable[[str], dict[str, Any]]] = {
    "no bundle": lambda _: {},
    "a bundle of another": lambda path: {"ca_bundle": path},
}


@pytest.mark.parametrize("options", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_an_unknown_authority(
    authority: trustme.CA, other_bundle: str, options: Callable[[str], dict[str, Any]]
) -> None:
    with TLS(server_of(authority)) as server:
        one = client(server.url, **options(other_bundle))
        error = failed(batch.create(one, [request()]), "tls")  # and not UnknownOutcome
        assert "CERTIFICATE_VERIFY_FAILED" in error.detail
        assert isinstance(one.clock, ManualClock)
        assert len(one.clock.sleeps) == 2
        assert server.connections == 3
        failed(batch.show(with_options(one, retry=ONCE), ID), "tls")
        assert server.received == []


OFF = {
    "PYTHONHTTPSVERIFY": "0",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "SSL_NO_VERIFY": "1",
    "CURL_INSECURE": "1",
    "GIT_SSL_NO_VERIFY": "1",
    "CURL_CA_BUNDLE": "",
    "REQUESTS_CA_BUNDLE": "",
    "SSL_CERT_FILE": "",
    "SSL_CERT_DIR": "",
}


def test_the_check_cannot_be_switched_off_from_outside(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA
) -> None:
    for name, value in OFF.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(ssl, "_create_default_https_context", ssl._create_unverified_context)
    with TLS(server_of(authority)) as server:
        failed(batch.show(client(server.url, retry=ONCE), ID), "tls")


@pytest.mark.parametrize(
    "option", ["verify", "insecure", "cert_reqs", "ssl_context", "assert_hostname"]
)
def test_the_check_cannot_be_switched_off_by_an_option(option: str) -> None:
    for value in (False, None, "CERT_NONE"):
        given: dict[str, Any] = {option: value}
        with pytest.raises(TypeError, match=option):
            init(KEY, **given)
        with pytest.raises(TypeError, match=option):
            with_options(init(KEY), **given)


@pytest.mark.parametrize("value", ["", False, 0, True, b"x", pathlib.Path("x")], ids=repr)
def test_a_bundle_that_is_no_path(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="ca_bundle"):
        init(KEY, ca_bundle=value)


@pytest.mark.parametrize(
    "content", [None, b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nx\n"], ids=repr
)
def test_a_bundle_that_holds_no_authority(
    authority: trustme.CA, tmp_path: pathlib.Path, content: bytes | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with TLS(server_of(authority)) as server:
        one = client(server.url, ca_bundle=str(path), retry=ONCE)
        unreadable(batch.create(one, [request()]), str(path))
        assert server.connections == 0


class Rude(Scripted):
    """A server that answers whatever it is told with one and the same greeting."""

    greeting = b""

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            connection.recv(10_000)
            connection.sendall(self.greeting)
            stall(connection)


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 No\r\n\r\n", b"\0" * 9, b"SSH-2\r\n"], ids=["HTTP", "0", "SSH"]
)
def test_a_server_that_speaks_no_tls(greeting: bytes) -> None:
    server = Rude()
    server.greeting = greeting
    with server:
        one = client(server.url.replace("http:", "https:"), connect_timeout=1.0)
        failed(batch.create(one, [request()]), "tls")
        assert server.connections == 3


# Certificates of the client's own


@pytest.fixture(scope="module")
def own(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give a certificate of the client's own in all the forms that may be named."""
    issued = authority.issue_cert("client@example.org")
    folder = tmp_path_factory.mktemp("own")
    paths = {name: str(folder / f"{name}.pem") for name in ("cert", "key", "both")}
    issued.cert_chain_pems[0].write_to_path(paths["cert"])
    issued.private_key_pem.write_to_path(paths["key"])
    issued.private_key_and_cert_chain_pem.write_to_path(paths["both"])
    return {
        "pair": (paths["cert"], paths["key"]),
        "combined": paths["both"],
        "pair of one": (paths["both"],) * 2,
    }


def demanding(authority: trustme.CA) -> ssl.SSLContext:
    """Give the context of a server that wants a certificate from its callers."""
    context = server_of(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("form", ["pair", "combined", "pair of one"])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_certificate_of_the_clients_own(
    authority: trustme.CA, bundle: str, own: dict[str, Any], form: str, version: ssl.TLSVersion
) -> None:
    context = demanding(authority)
    context.minimum_version = context.maximum_version = version
    with TLS(context, answer(a_batch())) as server:
        unwrap(batch.show(client(server.url, ca_bundle=bundle, client_cert=own[form]), ID))


@pytest.mark.parametrize("kind", ["none", "of another authority"])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_certificate_that_is_missing(
    authority: trustme.CA, bundle: str, tmp_path: pathlib.Path, kind: str, version: ssl.TLSVersion
) -> None:
    context = demanding(authority)
    context.minimum_version = context.maximum_version = version
    path = str(tmp_path / "foreign.pem")
    trustme.CA().issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(path)
    with TLS(context) as server:
        one = client(
            server.url,
            ca_bundle=bundle,
            retry=ONCE,
            client_cert=None if kind == "none" else path,
            timeout=2.0,
        )
        tag, error = batch.show(one, ID)
        assert tag == "error"
        assert isinstance(error, TransportError)
        if (
            version is ssl.TLSVersion.TLSv1_2
        ):  # in 1.3 the client is refused after it has begun to speak
            assert (error.reason, error.sent) == ("tls", False)
        assert server.received == []


def test_certificates_are_not_shared_between_clients(
    authority: trustme.CA, bundle: str, own: dict[str, Any]
) -> None:
    with TLS(demanding(authority), answer(a_batch()), answer(a_batch())) as server:
        known = client(server.url, ca_bundle=bundle, client_cert=own["pair"], retry=ONCE)
        unwrap(batch.show(known, ID))
        tag, _ = batch.show(with_options(known, client_cert=None), ID)
        assert tag == "error"
        unwrap(batch.show(known, ID))


@pytest.mark.parametrize("wrong", ["a key of another", "no key"])
def test_a_certificate_without_its_key(
    authority: trustme.CA, bundle: str, own: dict[str, Any], tmp_path: pathlib.Path, wrong: str
) -> None:
    other = str(tmp_path / "key.pem")
    authority.issue_cert("other@example.org").private_key_pem.write_to_path(other)
    given = (own["pair"][0], other) if wrong == "a key of another" else own["pair"][0]
    with TLS(demanding(authority)) as server:
        one = client(server.url, ca_bundle=bundle, client_cert=given)
        unreadable(batch.create(one, [request()]), given[1] if isinstance(given, tuple) else given)
        assert server.connections == 0


@pytest.mark.parametrize(
    "value", ["", ("a",), ("a", "b", "c"), ("", "b"), ["a", "b"], 3, b"x"], ids=repr
)
def test_a_certificate_that_is_no_path(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="client_cert"):
        init(KEY, client_cert=value)


# TLS through a proxy


@pytest.fixture
def far(authority: trustme.CA) -> Iterator[tuple[TLS, Tunnel]]:
    """Give a server that is called api.test, and a proxy that leads to it."""
    with (
        TLS(server_of(authority, "api.test"), *[answer(a_batch())] * 2) as server,
        Tunnel(server.port) as tunnel,
    ):
        yield server, tunnel


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_https_goes_through_a_tunnel(
    monkeypatch: pytest.MonkeyPatch, far: tuple[TLS, Tunnel], bundle: str, variable: str
) -> None:
    server, tunnel = far
    monkeypatch.setenv(variable, tunnel.url.replace("://", f"://us%40er:{WORD}@"))
    one = client(FAR_TLS, ca_bundle=bundle)
    unwrap(batch.create(one, [request()]))
    unwrap(batch.show(one, ID))
    [asked] = tunnel.heads  # one tunnel for both
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


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("through", ["a tunnel", "no proxy"])
def test_what_broke_off_after_it_was_sent_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str, end: Step, through: str
) -> None:
    with TLS(server_of(authority), end, host="localhost") as server, Tunnel(server.port) as tunnel:
        if through == "a tunnel":
            monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        tag, error = batch.create(client(server.url, ca_bundle=bundle), [request()])
        assert tag == "error"
        assert isinstance(error, UnknownOutcome)
        assert isinstance(error.cause, TransportError)
        assert error.cause.sent
        assert through == "a tunnel" or error.cause.reason == "closed"


def test_a_proxy_without_credentials_is_told_none(
    monkeypatch: pytest.MonkeyPatch, far: tuple[TLS, Tunnel], bundle: str
) -> None:
    server, tunnel = far
    monkeypatch.setenv("HTTPS_PROXY", tunnel.address)
    for _ in range(2):
        unwrap(batch.show(client(FAR_TLS, ca_bundle=bundle), ID))
    assert b"authorization" not in tunnel.heads[0].lower()
    assert server.connections == 1


@pytest.mark.parametrize(
    "base", ["https://api.test", "https://other.test"], ids=["unknown authority", "wrong name"]
)
def test_the_check_holds_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str, base: str
) -> None:
    with TLS(server_of(authority, "api.test")) as server, Tunnel(server.port) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        options = {} if base == "https://api.test" else {"ca_bundle": bundle}
        failed(batch.create(client(base, retry=ONCE, **options), [request()]), "tls")
        assert server.received == []
        assert KEY.encode() not in tunnel.passed + b"".join(tunnel.heads)


def test_a_certificate_of_the_clients_own_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str, own: dict[str, Any]
) -> None:
    with TLS(demanding(authority), answer(a_batch())) as server, Tunnel(server.port) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        unwrap(
            batch.show(client("https://localhost", ca_bundle=bundle, client_cert=own["pair"]), ID)
        )


def test_no_proxy_holds_for_https_too(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", nobody())
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with TLS(server_of(authority), answer(a_batch())) as server:
        unwrap(batch.show(client(server.url, ca_bundle=bundle), ID))


def test_a_proxy_that_is_spoken_to_by_tls(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str
) -> None:
    with TLS(server_of(authority), answer(a_batch())) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        unwrap(batch.show(client(FAR, ca_bundle=bundle), ID))
        tag, error = batch.show(client(FAR, retry=ONCE), ID)
        assert tag == "error"
        assert isinstance(error, AnthropixError)
        assert len(proxy.received) == 1
    assert proxy.received[0].target == FAR + PATH
