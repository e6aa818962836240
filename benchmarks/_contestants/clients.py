"""The clients that contestants use, each made for a job, and HTTP by hand over a socket."""

from __future__ import annotations

import importlib
import socket
import ssl
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks._job import Job

if TYPE_CHECKING:
    import anthropic
    import httpx
    import urllib3

    from anthropix_py import Client

BATCHES = "/v1/messages/batches"

_READ = 256 * 1024


def library(job: Job) -> ModuleType:
    """Return the JSON library of the argument."""
    return importlib.import_module(job["argument"])


def ours(job: Job) -> Client:
    """Return a client of this library."""
    import anthropix_py

    return anthropix_py.init("any-key", base_url=job["url"], ca_bundle=job["ca"])


def sdk(job: Job) -> anthropic.Anthropic:
    """Return a client of the official SDK that does not retry."""
    import anthropic

    http = anthropic.DefaultHttpxClient(verify=_verify(job))
    return anthropic.Anthropic(
        api_key="any-key", base_url=job["url"], max_retries=0, http_client=http
    )


def pool(job: Job) -> urllib3.PoolManager:
    """Return urllib3's own client."""
    import urllib3

    return urllib3.PoolManager(ca_certs=job["ca"], headers={"x-api-key": "any-key"})


def httpx_client(job: Job) -> httpx.Client:
    """Return a client of httpx."""
    import httpx

    return httpx.Client(base_url=job["url"], headers={"x-api-key": "any-key"}, verify=_verify(job))


def path(id: str, action: str = "") -> str:
    """Return the path of a batch."""
    return f"{BATCHES}/{id}{action}"


def _verify(job: Job) -> ssl.SSLContext | bool:
    if job["ca"]:
        return ssl.create_default_context(cafile=job["ca"])
    return True


class Raw:
    """HTTP by hand: one connection, responses of known length."""

    def __init__(self, job: Job) -> None:
        self._address = urlsplit(job["url"]).netloc
        host, _, port = self._address.partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str) -> Iterator[bytes]:
        """Yield the body of the response in the blocks that the socket returns."""
        self._send("GET", path)
        yield from self._body()

    def drain(self, path: str) -> int:
        """Receive the body of the response to nowhere, and return its length."""
        self._send("GET", path)
        length, block = self._head()
        received = len(block)
        buffer = bytearray(_READ)
        while received < length and (size := self._socket.recv_into(buffer)):
            received += size
        return received

    def post(self, path: str, blocks: Iterator[bytes], length: int) -> None:
        """Send a body of *length* bytes, and wait for the response."""
        self._send("POST", path, f"content-length: {length}\r\n")
        for block in blocks:
            self._socket.sendall(block)
        b"".join(self._body())

    def _send(self, method: str, path: str, more: str = "") -> None:
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: {self._address}\r\nx-api-key: any-key\r\n{more}\r\n"
        )
        self._socket.sendall(head.encode())

    def _body(self) -> Iterator[bytes]:
        length, block = self._head()
        left = length - len(block)
        yield block
        while left:
            block = self._socket.recv(_READ)
            if not block:
                raise OSError("the server left")
            left -= len(block)
            yield block

    def _head(self) -> tuple[int, bytes]:
        """Return the length of the body, and what of it came along with the head."""
        received = self._socket.recv(_READ)
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(_READ)
        head, _, body = received.partition(b"\r\n\r\n")
        _, _, length = head.partition(b"content-length: ")
        return int(length.partition(b"\r\n")[0]), body
