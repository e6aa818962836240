"""Bytes that follow a response, on each way to a server: none may be read as the next response."""

from __future__ import annotations

import os
import select
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import trustme
from gateway import Answer, Place, place
from tally import Case, Tally, requests

from anthropix_py import batch, unwrap

_PATIENCE = 10.0  # seconds
_WAYS = ("plain", "TLS", "TLS through a proxy over TLS")
_FOREIGN = "msgbatch_of_somebody_else"


class _Tunnel:
    """A proxy that is spoken to over TLS, takes CONNECT, and leads to a port of this machine."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self._context = context
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Accept connections until `close`."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(caller, server_side=True) as outside,
            socket.create_connection(("127.0.0.1", self._port)) as inside,
        ):
            asked = b""
            while not asked.endswith(b"\r\n\r\n") and (byte := outside.recv(1)):
                asked += byte
            outside.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pass_on(outside, inside)


def _pass_on(outside: ssl.SSLSocket, inside: socket.socket) -> None:
    """Pass on what arrives on either side until one of them ends."""
    while True:
        if not outside.pending():
            select.select([outside, inside], [], [], _PATIENCE)
        for source, sink in ((outside, inside), (inside, outside)):
            data = _arrived(source)
            if data == b"":
                return
            if data:
                sink.sendall(data)


def _arrived(source: socket.socket) -> bytes | None:
    """Return what has arrived, None if nothing has."""
    source.settimeout(0)
    try:
        return source.recv(65_536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        source.settimeout(_PATIENCE)


@contextmanager
def _by(way: str) -> Iterator[Place]:
    """Serve an emulator that is reached by that way."""
    if way == "plain":
        with place() as here:
            yield here
        return
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with tempfile.TemporaryDirectory() as folder:
        bundle = os.path.join(folder, "ca.pem")
        authority.cert_pem.write_to_path(bundle)
        with place(context, ca_bundle=bundle) as here:
            if way == "TLS":
                yield here
                return
            with _proxied(_Tunnel(context, here.gateway.port)):
                yield here


@contextmanager
def _proxied(tunnel: _Tunnel) -> Iterator[None]:
    before = os.environ.get("HTTPS_PROXY")
    os.environ["HTTPS_PROXY"] = tunnel.url
    tunnel.start()
    try:
        yield
    finally:
        tunnel.close()
        del os.environ["HTTPS_PROXY"]
        if before is not None:
            os.environ["HTTPS_PROXY"] = before


def _followed(answer: Answer) -> Iterable[bytes]:
    """Send a second response behind the one asked for: that of a create.

    The head goes first: the rest is a record of TLS, of which the body is only the beginning.
    """
    value = {"id": _FOREIGN, "processing_status": "in_progress", "request_counts": {}}
    head = answer.head(content_length=str(len(answer.body)))
    return [head, answer.body + answer.with_json(value).wire()]


def _run(way: str, times: int) -> Tally:
    tally = Tally()
    with _by(way) as here:
        here.gateway.changes = {"list": _followed}
        for _ in range(times):
            before = here.ids()
            unwrap(batch.list(here.client))
            result = batch.create(here.client, requests())
            tally.create(here.client, result, here.ids() - before)
    return tally


def cases() -> list[Case]:
    """Return the cases."""
    name = "bytes after the response before it"
    return [Case("create", f"{name}: {way}", partial(_run, way), ("ok",)) for way in _WAYS]
