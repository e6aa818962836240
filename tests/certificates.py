"""Certificates of this machine's own, and an environment without proxies: fixtures of two files."""

from __future__ import annotations

import os
import pathlib
import ssl
from typing import Any

import pytest
import trustme
from samples import KEY

from anthropix_py import Policy, TransportError

ONCE = Policy(max_retries=0)
WORD = "a-word-for-the-proxy"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what the machine says about proxies and certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name)
    # with it, a proxy in HTTP_PROXY would not count: it might be a header of a CGI request
    monkeypatch.delenv("REQUEST_METHOD", raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="module")
def own(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return a certificate of the client's own in all the forms that may be named."""
    issued = authority.issue_cert("client@example.org")
    folder = tmp_path_factory.mktemp("own")
    paths = {name: str(folder / f"{name}.pem") for name in ("cert", "key", "both")}
    issued.cert_chain_pems[0].write_to_path(paths["cert"])
    issued.private_key_pem.write_to_path(paths["key"])
    issued.private_key_and_cert_chain_pem.write_to_path(paths["both"])
    pair = (paths["cert"], paths["key"])
    return {"pair": pair, "combined": paths["both"], "pair of one": (paths["both"],) * 2}


@pytest.fixture
def other_bundle(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


def server_of(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    """Return the context of a server with a certificate for *names*, by default this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1")), **options).configure_cert(context)
    return context


def demanding(authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of a server that wants a certificate from its callers."""
    context = server_of(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


def failed(result: tuple[str, object], reason: str, *, sent: bool = False) -> TransportError:
    """Return the error of *result*, which must be of the transport and of that reason."""
    tag, error = result
    assert tag == "error"
    assert isinstance(error, TransportError)
    assert error.reason in reason.split(" or "), error
    assert error.sent is sent, error
    assert KEY not in repr(error)
    assert WORD not in repr(error)
    return error
