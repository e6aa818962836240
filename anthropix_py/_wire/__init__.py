"""Requests and responses as records, and the one interface between this package and the network.

A transport is any callable `transport(request, timeout) -> Response`. It raises `TransportError`,
and so does iterating over a response's chunks. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

BATCHES = "/v1/messages/batches"
"""The path of all calls on batches."""


class Timeout(NamedTuple):
    """Seconds to connect, and the most seconds of silence on an open connection."""

    connect: float
    read: float


class Body(Protocol):
    """Bytes to send, of a known length; they can be iterated over again."""

    @property
    def length(self) -> int:
        """Return the number of bytes."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes from the start, in blocks."""
        ...


class Request(NamedTuple):
    """One HTTP request. It prints without its headers, which hold the credentials."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Body | None = None

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url.partition('?')[0]}>"


class Response(NamedTuple):
    """The head of an HTTP response, and its body as it arrives.

    `headers`: names in lower case. `chunks`: the body's bytes as they arrive, still encoded as
    `content-encoding` says; iterating raises `TransportError` if they break off. A body with
    neither `content-length` nor `transfer-encoding` is assumed to end with the connection; if it is
    empty, it is assumed to be cut. `close`: releases the connection; it may be called again, and
    after the end.
    """

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    close: Callable[[], None]


Transport = Callable[[Request, Timeout], Response]
"""A function that sends one request and returns its response; see `anthropix_py.transport`."""
