"""The ways to a server: a plain connection, TLS, and TLS inside the TLS of a proxy."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import trustme
from samples import client
from scripted import TLS, Scripted, Step
from urllib3.util.ssltransport import SSLTransport

from anthropix_py import Client, _http
from anthropix_py._http.response import PromptResponse

PATIENCE = 10.0
# To be closed with their connections.
_begun: list[PromptResponse] = []


def contexts(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the context of a server, and that of a client that trusts it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    return server, ours


def received(source: socket.socket) -> bytes | None:
    """Return what has arrived, None if nothing has."""
    source.settimeout(0)
    try:
        return source.recv(65_536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        source.settimeout(PATIENCE)


def pump(outside: ssl.SSLSocket, inside: socket.socket) -> None:
    """Pass on what arrives on either, in this thread alone, until one of them ends."""
    with contextlib.suppress(OSError), outside, inside:
        while True:
            if not outside.pending():
                select.select([outside, inside], [], [], PATIENCE)
            for source, sink in ((outside, inside), (inside, outside)):
                data = received(source)
                if data == b"":
                    return
                if data:
                    sink.sendall(data)


class Tunnel:
    """A proxy that is spoken to over TLS, takes CONNECT, and leads to a port of this machine."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self._context = context
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Tunnel:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._start(self._join, self._listener.accept()[0])

    def _join(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError):
            outside = self._context.wrap_socket(caller, server_side=True)
            asked = b""
            while not asked.endswith(b"\r\n\r\n") and (byte := outside.recv(1)):
                asked += byte
            outside.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pump(outside, socket.create_connection(("127.0.0.1", self._port), PATIENCE))


Wrap = Callable[[socket.socket], Any]


def wrapped(theirs: socket.socket, ours: Any, context: ssl.SSLContext, wrap: Wrap) -> Any:
    """Return both ends after the handshake of TLS."""
    done: list[ssl.SSLSocket] = []
    greeter = threading.Thread(
        target=lambda: done.append(context.wrap_socket(theirs, server_side=True))
    )
    greeter.start()
    ours = wrap(ours)
    greeter.join(PATIENCE)
    return done[0], ours


WAYS = ["plain", "tls", "tls in tls"]


@contextlib.contextmanager
def joined(authority: trustme.CA, way: str = "tls") -> Iterator[tuple[socket.socket, Any]]:
    """Yield both ends of one connection, the server's first."""
    server, us = contexts(authority)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), PATIENCE)
        theirs, _ = listener.accept()
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    theirs.settimeout(PATIENCE)
    pumping: list[threading.Thread] = []
    if way != "plain":
        wrap: Wrap = partial(us.wrap_socket, server_hostname="localhost")
        theirs, ours = wrapped(theirs, ours, server, wrap)
    if way == "tls in tls":
        proxy = theirs
        inside, theirs = socket.socketpair()
        theirs.settimeout(PATIENCE)
        pumping.append(threading.Thread(target=pump, args=(proxy, inside), daemon=True))
        pumping[0].start()
        wrap = partial(SSLTransport, ssl_context=us, server_hostname="localhost")
        theirs, ours = wrapped(theirs, ours, server, wrap)
    with ours, theirs:
        yield theirs, ours
        for response in _begun:
            response.close()
        _begun.clear()
    for thread in pumping:
        thread.join(PATIENCE)


def begun(ours: Any) -> PromptResponse:
    """Return the response whose head has been sent."""
    response = PromptResponse(ours, method="GET")
    response.begin()
    _begun.append(response)
    return response


@contextlib.contextmanager
def listening(
    authority: trustme.CA, folder: Any, *steps: Step | bytes, way: str
) -> Iterator[tuple[Scripted, Client]]:
    """Yield a scripted server that is reached by *way*, and a client of it."""
    if way == "plain":
        with Scripted(*steps) as plain:
            yield plain, client(plain.url, timeout=PATIENCE)
        return
    bundle = str(folder / "ca.pem")
    authority.cert_pem.write_to_path(bundle)
    context = contexts(authority)[0]
    with (
        TLS(context, *steps, host="localhost") as server,
        Tunnel(context, server.port) as tunnel,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in ("https_proxy", "all_proxy", "no_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        if way == "tls in tls":
            patch.setenv("HTTPS_PROXY", tunnel.url)
        yield server, client(server.url, timeout=PATIENCE, ca_bundle=bundle)
        # so that the tunnel ends
        _http._pools.forget()
