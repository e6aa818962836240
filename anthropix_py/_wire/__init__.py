"""What goes over the wire: requests, responses, and the one edge between this package and a network.

A transport is any callable `transport(request, timeout) -> Response`. It raises `TransportError`,
and so do a response's chunks. Here nothing is sent: bytes are only described and read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

BATCHES = "/v1/messages/batches"


class Timeout(NamedTuple):
    """Seconds of patience: to connect, and for silence on an open connection."""

    connect: float
    read: float


class Body(Protocol):
    """Bytes to send, of a known length, that can be sent again."""

    @property
    def length(self) -> int:
        """Count the bytes."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Give the bytes from the start, in pieces."""
        ...


class Request(NamedTuple):
    """One HTTP request. `headers` hold the credentials, so it prints without them."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Body | None = None

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url.partition('?')[0]}>"


class Response(NamedTuple):
    """The head of an HTTP response, and its body as it comes.

    `headers`: names in lower case. `chunks`: the body's bytes as they arrive, still encoded as
    `content-encoding` says; raises `TransportError` where they break off. A body with neither
    `content-length` nor `transfer-encoding` is taken to end with the connection, and for cut when
    it is empty. `close`: gives the connection up; harmless when called again or after the end.
    """

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    close: Callable[[], None]


Transport = Callable[[Request, Timeout], Response]
