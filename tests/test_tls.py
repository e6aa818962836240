"""Certificates are always checked, and the client can have one of its own: over real sockets."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import certificates
import pytest
import trustme
from certificates import ONCE, demanding, failed, server_of
from cryptography.hazmat.primitives import serialization
from samples import ID, KEY, a_batch, client, error_in, request
from scripted import TLS, Scripted, answer, stall

from anthropix_py import FileError, TransportError, batch, init, unwrap, with_options

# Fixtures are found in the module that uses them.
authority = certificates.authority
bundle = certificates.bundle
environment = certificates.environment
other_bundle = certificates.other_bundle
own = certificates.own

SHOWN = answer(a_batch())


def unreadable(result: tuple[str, object], path: str) -> None:
    """Assert that *result* is the failure of a file."""
    assert error_in(result, FileError).path == path


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_private_authority_that_is_named(authority: trustme.CA, bundle: str, host: str) -> None:
    with TLS(server_of(authority), SHOWN, SHOWN, host=host) as server:
        one = client(server.url, ca_bundle=bundle)
        unwrap(batch.create(one, [request("a"), request("b")]))
        unwrap(batch.show(one, ID))
        assert (server.connections, server.refused) == (1, 0)
    assert [received.headers["x-api-key"] for received in server.received] == [KEY] * 2


def test_a_private_authority_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, bundle: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    with TLS(server_of(authority), SHOWN) as server:
        unwrap(batch.show(client(server.url), ID))


def test_a_bundle_of_several_authorities(
    authority: trustme.CA, bundle: str, other_bundle: str
) -> None:
    with open(other_bundle, "ab") as file:
        file.write(pathlib.Path(bundle).read_bytes())
    with TLS(server_of(authority), SHOWN) as server:
        unwrap(batch.show(client(server.url, ca_bundle=other_bundle), ID))


def test_a_named_authority_holds_for_a_changed_copy_alone(
    authority: trustme.CA, bundle: str
) -> None:
    with TLS(server_of(authority), SHOWN) as server:
        strict = client(server.url, retry=ONCE)
        unwrap(batch.show(with_options(strict, ca_bundle=bundle), ID))
        failed(batch.show(strict, ID), "tls")


PAST = {
    "not_before": datetime(2020, 1, 1, tzinfo=UTC),
    "not_after": datetime(2021, 1, 1, tzinfo=UTC),
}
# (names of the certificate, its other options, words of the error)
REFUSED: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "another name": (("other.example",), {}, "mismatch"),
    "a name that begins like it": (("127.0.0.10",), {}, "mismatch"),
    "localhost, and not its address": (("localhost",), {}, "mismatch"),
    "a wildcard": (("*.0.0.1",), {}, "mismatch"),
    "a common name alone": (("other.example",), {"common_name": "127.0.0.1"}, "mismatch"),
    "expired": ((), PAST, "expired"),
}


@pytest.mark.parametrize(("names", "options", "words"), REFUSED.values(), ids=REFUSED)
def test_a_certificate_that_does_not_fit(
    authority: trustme.CA, bundle: str, names: tuple[str, ...], options: Any, words: str
) -> None:
    with TLS(server_of(authority, *names, **options)) as server:
        one = client(server.url, ca_bundle=bundle, retry=ONCE)
        assert words in failed(batch.show(one, ID), "tls").detail


UNTRUSTED: dict[str, Callable[[str], dict[str, Any]]] = {
    "no bundle": lambda _: {},
    "another's bundle": lambda path: {"ca_bundle": path},
}


@pytest.mark.parametrize("options", UNTRUSTED.values(), ids=UNTRUSTED)
def test_an_unknown_authority(
    authority: trustme.CA, other_bundle: str, options: Callable[[str], dict[str, Any]]
) -> None:
    with TLS(server_of(authority)) as server:
        one = client(server.url, **options(other_bundle))
        # nothing was sent: the outcome is known, and even a create is tried again
        error = failed(batch.create(one, [request()]), "tls")
        assert "CERTIFICATE_VERIFY_FAILED" in error.detail
        assert server.connections == 3
        failed(batch.show(with_options(one, retry=ONCE), ID), "tls")
        assert server.received == []


OFF = dict.fromkeys(("PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED"), "0")
OFF |= dict.fromkeys(("SSL_NO_VERIFY", "CURL_INSECURE", "GIT_SSL_NO_VERIFY"), "1")
OFF |= dict.fromkeys(("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"), "")


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
@pytest.mark.parametrize("value", [False, None, "CERT_NONE"], ids=repr)
def test_the_check_cannot_be_switched_off_by_an_option(option: str, value: object) -> None:
    given: dict[str, Any] = {option: value}
    with pytest.raises(TypeError, match=option):
        init(KEY, **given)
    with pytest.raises(TypeError, match=option):
        with_options(init(KEY), **given)


# (option, value): what does not name a file
NOT_PATHS: list[tuple[str, Any]] = [
    *(("ca_bundle", value) for value in ("", False, 0, True, b"x", pathlib.Path("x"))),
    *(("client_cert", value) for value in ("", ("a",), ("a", "b", "c"), ("", "b"))),
    *(("client_cert", value) for value in (["a", "b"], 3, b"x")),
]


@pytest.mark.parametrize(("option", "value"), NOT_PATHS, ids=repr)
def test_what_is_not_a_path(option: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=option):
        init(KEY, **{option: value})


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


class WithoutTLS(Scripted):
    """A server that answers whatever it is sent with one and the same greeting."""

    greeting = b""

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            connection.recv(10_000)
            connection.sendall(self.greeting)
            stall(connection)


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 No\r\n\r\n", b"\0" * 9, b"SSH-2\r\n"], ids=repr
)
def test_a_server_without_tls(greeting: bytes) -> None:
    server = WithoutTLS()
    server.greeting = greeting
    with server:
        one = client(server.url.replace("http:", "https:"), connect_timeout=1.0)
        failed(batch.create(one, [request()]), "tls")
        assert server.connections == 3


# Certificates of the client's own

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
each_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)


@pytest.mark.parametrize("form", ["pair", "combined", "pair of one"])
@each_version
def test_a_certificate_of_the_clients_own(
    authority: trustme.CA, bundle: str, own: dict[str, Any], form: str, version: ssl.TLSVersion
) -> None:
    context = demanding(authority)
    context.minimum_version = context.maximum_version = version
    with TLS(context, SHOWN) as server:
        unwrap(batch.show(client(server.url, ca_bundle=bundle, client_cert=own[form]), ID))


@pytest.mark.parametrize("kind", ["none", "of another authority"])
@each_version
def test_a_certificate_that_the_server_refuses(
    authority: trustme.CA, bundle: str, tmp_path: pathlib.Path, kind: str, version: ssl.TLSVersion
) -> None:
    context = demanding(authority)
    context.minimum_version = context.maximum_version = version
    path = str(tmp_path / "foreign.pem")
    trustme.CA().issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(path)
    options = {} if kind == "none" else {"client_cert": path}
    with TLS(context) as server:
        one = client(server.url, ca_bundle=bundle, retry=ONCE, timeout=2.0, **options)
        error = error_in(batch.show(one, ID), TransportError)
        # in TLS 1.3 a client is refused after it has begun to send
        if version is ssl.TLSVersion.TLSv1_2:
            assert (error.reason, error.sent) == ("tls", False)
        assert server.received == []


def test_certificates_are_not_shared_between_clients(
    authority: trustme.CA, bundle: str, own: dict[str, Any]
) -> None:
    with TLS(demanding(authority), SHOWN, SHOWN) as server:
        known = client(server.url, ca_bundle=bundle, client_cert=own["pair"], retry=ONCE)
        unwrap(batch.show(known, ID))
        error_in(batch.show(with_options(known, client_cert=None), ID), TransportError)
        unwrap(batch.show(known, ID))


def issued(authority: trustme.CA, own: dict[str, Any], name: str, form: str) -> None:
    """Replace the client's certificate by one for *name*; the broken form is without a key."""
    one = authority.issue_cert(name)
    pem = one.private_key_and_cert_chain_pem.bytes()
    if form == "broken":
        pem = one.cert_chain_pems[0].bytes()
    pathlib.Path(own["combined"]).write_bytes(pem)


# against a job of days that goes on with a certificate that has expired
def test_a_certificate_that_is_renewed_is_read_again(
    authority: trustme.CA, bundle: str, tmp_path: pathlib.Path
) -> None:
    own = {"combined": str(tmp_path / "own.pem")}
    with TLS(demanding(authority), *[SHOWN] * 6) as server:
        one = client(server.url, ca_bundle=bundle, client_cert=own["combined"], retry=ONCE)
        issued(authority, own, "first@example.org", "good")
        for _ in range(2):
            unwrap(batch.show(one, ID))
        issued(authority, own, "second@example.org", "good")
        for _ in range(2):
            unwrap(batch.show(one, ID))
        # while it is being replaced, the one before is used
        issued(authority, own, "third@example.org", "broken")
        unwrap(batch.show(one, ID))
        issued(authority, own, "fourth@example.org", "good")
        unwrap(batch.show(one, ID))
    assert server.callers == [f"{name}@example.org" for name in ("first", "second", "fourth")]


@pytest.mark.parametrize("named", [True, False], ids=["ca_bundle", "SSL_CERT_FILE"])
def test_a_bundle_that_is_renewed_is_read_again(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tmp_path: pathlib.Path, named: bool
) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    options = {"ca_bundle": str(path)} if named else {}
    if not named:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with TLS(server_of(authority), SHOWN, SHOWN) as server:
        one = client(server.url, retry=ONCE, **options)
        failed(batch.show(one, ID), "tls")
        authority.cert_pem.write_to_path(str(path))
        unwrap(batch.show(one, ID))
        # a file that is missing for a moment ends nothing
        path.rename(tmp_path / "elsewhere.pem")
        unwrap(batch.show(one, ID))


def encrypted(pem: bytes) -> bytes:
    """Return a private key under a password."""
    key = serialization.load_pem_private_key(pem, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"a-password"),
    )


# against OpenSSL asking for the password at the terminal
@pytest.mark.parametrize("wrong", ["another's key", "no key", "an encrypted key"])
def test_a_certificate_without_its_key(
    authority: trustme.CA, bundle: str, own: dict[str, Any], tmp_path: pathlib.Path, wrong: str
) -> None:
    key = str(tmp_path / "key.pem")
    authority.issue_cert("other@example.org").private_key_pem.write_to_path(key)
    certificate = own["pair"][0]
    given, path = (certificate, key), key
    if wrong == "no key":
        given, path = certificate, certificate
    elif wrong == "an encrypted key":
        pathlib.Path(key).write_bytes(encrypted(pathlib.Path(own["pair"][1]).read_bytes()))
    with TLS(demanding(authority)) as server:
        one = client(server.url, ca_bundle=bundle, client_cert=given)
        unreadable(batch.create(one, [request()]), path)
        assert server.connections == 0
