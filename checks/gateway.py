"""A gateway in front of an emulator, on a real socket: it may change whatever passes through it."""

from __future__ import annotations

import itertools
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, NamedTuple, cast

from tally import KEY

from anthropix_py import Client, Policy, emulator, init
from anthropix_py._wire import BATCHES, Request
from anthropix_py.emulator import Store

END = b""
"""Ends the connection, as a block of a response."""

# The emulator frames and compresses as it likes; here each case does.
_FRAMING = ("content-length", "transfer-encoding", "accept-encoding")


class Asked(NamedTuple):
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def call(self) -> str:
        """Return the name of the function that makes such a request."""
        _, _, action = self.target.partition("?")[0].removeprefix(BATCHES)[1:].partition("/")
        if action:
            return action
        if self.target.partition("?")[0] == BATCHES:
            return {"POST": "create", "GET": "list"}[self.method]
        return {"GET": "show", "DELETE": "delete"}[self.method]


class Answer(NamedTuple):
    """A complete response, not yet framed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, **headers: str) -> bytes:
        """Return the status line and the headers, those of the answer and *headers*."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in {**self.headers, **named}.items()]
        return "\r\n".join((f"HTTP/1.1 {self.status} Status", *lines, "", "")).encode("latin-1")

    def wire(self) -> bytes:
        """Return the response with a content-length."""
        return self.head(content_length=str(len(self.body))) + self.body

    def json(self) -> Any:
        """Return the value of the body."""
        return json.loads(self.body)

    def with_json(self, value: object) -> Answer:
        """Return the same with another body."""
        return self._replace(body=json.dumps(value).encode())


Change = Callable[[Answer], Iterable[bytes]]
"""Makes of an answer what is sent, in blocks."""


def unchanged(answer: Answer) -> Iterable[bytes]:
    """Send an answer as it is."""
    return [answer.wire()]


def once(change: Change) -> Change:
    """Return a change of the first answer alone."""
    changes = itertools.chain([change], itertools.repeat(unchanged))
    return lambda answer: next(changes)(answer)


class _Body:
    def __init__(self, content: bytes) -> None:
        self.length = len(content)
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))


class Gateway(socketserver.ThreadingTCPServer):
    """The server.

    `changes`: of responses, by call. `before_body`: called by name of the call between the head and
    the body of a request. Both may be replaced at any time.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, store: Store, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port: int = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if context is not None:
            self.url = f"https://localhost:{self.port}"
        self.changes: Mapping[str, Change] = {}
        self.before_body: Callable[[str], object] = str
        self._store = store
        self._context = context

    def answer(self, asked: Asked) -> Iterable[bytes]:
        """Return what is sent for a request, in blocks."""
        headers = {name: text for name, text in asked.headers.items() if name not in _FRAMING}
        body = None
        if asked.body:
            body = _Body(asked.body)
        request = Request(asked.method, self.url + asked.target, headers, body)
        response = emulator.handle(self._store, request)
        content = b"".join(response.chunks)
        response.close()
        kept = {name: text for name, text in response.headers.items() if name not in _FRAMING}
        change = self.changes.get(asked.call, unchanged)
        return change(Answer(response.status, kept, content))

    def wrapped(self, connection: Any) -> Any:
        """Return a connection as it is spoken over."""
        if self._context is None:
            return connection
        return self._context.wrap_socket(connection, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients leave as they like."""


class _Handler(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        gateway = cast(Gateway, self.server)
        # each block at once, as a case means it
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = gateway.wrapped(self.request)
        with suppress(OSError), connection, connection.makefile("rb") as reader:
            while (asked := _read(reader, gateway)) is not None:
                for block in gateway.answer(asked):
                    if block == END:
                        return
                    connection.sendall(block)


def _read(reader: BinaryIO, gateway: Gateway) -> Asked | None:
    line = reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while line := reader.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    asked = Asked(method, target, headers, b"")
    gateway.before_body(asked.call)
    return asked._replace(body=reader.read(int(headers.get("content-length", 0))))


class Place(NamedTuple):
    """A gateway, the store behind it, and a client of it."""

    gateway: Gateway
    store: Store
    client: Client

    def ids(self) -> set[str]:
        """Return the ids of the batches that there are."""
        return {one.id for one in self.store.newest_first()}


@contextmanager
def place(context: ssl.SSLContext | None = None, **options: Any) -> Iterator[Place]:
    """Serve an emulator behind a gateway. The client waits on a clock of its own."""
    store = Store()
    with Gateway(store, context) as gateway:
        thread = threading.Thread(target=gateway.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        given: dict[str, Any] = {"clock": emulator.ManualClock(), "timeout": 10.0}
        given |= {"retry": Policy(max_retries=3), **options}
        yield Place(gateway, store, init(KEY, base_url=gateway.url, **given))
        gateway.shutdown()
        thread.join()
