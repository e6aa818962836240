"""Ask an emulator over a socket, byte by byte or with http.client."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from emulator_samples import HEAD, Received

PATIENCE = 30.0  # seconds until a test that hangs fails instead


def address(url: str) -> tuple[str, int]:
    """Return the host and the port of a URL."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def dial(url: str) -> socket.socket:
    """Return a connection to the host of *url*."""
    return socket.create_connection(address(url), timeout=PATIENCE)


def head(method: str, path: str, *lines: str, version: str = "1.1") -> bytes:
    """Return a request line and headers, *lines* among them."""
    known = [f"{name}: {value}" for name, value in HEAD.items()]
    first = f"{method} {path} HTTP/{version}"
    return "\r\n".join([first, "Host: x", *known, *lines, "", ""]).encode()


def raw(url: str, sent: bytes) -> bytes:
    """Send bytes, then the end of what is sent; return all that is received."""
    with dial(url) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while block := client.recv(65536):
            received += block
        return received


class Wire(NamedTuple):
    """What was received, and how it ended: `close`, `reset` or `open` (nothing more arrived)."""

    received: bytes
    end: str

    @property
    def status(self) -> int:
        """Return the status of the first response."""
        return int(self.received.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers, with names in lower case."""
        lines = self.received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def content(self) -> bytes:
        """Return all that follows the headers."""
        return self.received.partition(b"\r\n\r\n")[2]

    @property
    def chunks(self) -> list[bytes]:
        """Return the chunks of a chunked body; the last one is empty if the body is complete."""
        found, rest = [], self.content
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            found.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return found

    @property
    def body(self) -> bytes:
        """Return the body without its framing."""
        if "transfer-encoding" in self.headers:
            return b"".join(self.chunks)
        return self.content


def say(
    url: str, method: str, path: str, body: bytes | None = None, patience: float = PATIENCE
) -> Wire:
    """Send one request, and read to the end of the connection."""
    lines = ["Connection: close"]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    received = b""
    with dial(url) as connection:
        connection.sendall(head(method, path, *lines) + (body or b""))
        connection.settimeout(patience)
        try:
            while block := connection.recv(65536):
                received += block
        except ConnectionResetError:
            return Wire(received, "reset")
        except TimeoutError:
            return Wire(received, "open")
    return Wire(received, "close")


@contextlib.contextmanager
def connected(url: str) -> Iterator[HTTPConnection]:
    """Yield one connection that is not opened again if the server closes it."""
    connection = HTTPConnection(*address(url), timeout=PATIENCE)
    connection.connect()
    connection.auto_open = 0
    with contextlib.closing(connection):
        yield connection


def ask_on(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = HEAD,
) -> Received:
    """Return the response to one request on an open connection."""
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Received(response.status, found, response.read())


def ask_once(url: str, method: str, path: str, body: bytes | None = None) -> Received:
    """Return the response to one request on a connection of its own."""
    with connected(url) as connection:
        return ask_on(connection, method, path, body)
