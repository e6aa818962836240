"""The clients that contestants use, each made for a job, and HTTP by hand over a socket."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
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


def ours(job: Job) -> Client:
    """Give a client of this library."""
    import anthropix_py

    return anthropix_py.init("any-key", base_url=job["url"], ca_bundle=job["ca"])


def sdk(job: Job) -> anthropic.Anthropic:
    """Give a client of the official SDK, its retries off."""
    import anthropic

    http = anthropic.DefaultHttpxClient(verify=_verify(job))
    return anthropic.Anthropic(
        api_key="any-key", base_url=job["url"], max_retries=0, http_client=http
    )


def pool(job: Job) -> urllib3.PoolManager:
    """Give urllib3's own client."""
    import urllib3

    return urllib3.PoolManager(ca_certs=job["ca"])


def httpx_client(job: Job) -> httpx.Client:
    """Give a client of httpx."""
    import httpx

    return httpx.Client(base_url=job["url"], headers={"x-api-key": "any-key"}, verify=_verify(job))


def _verify(job: Job) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=job["ca"]) if job["ca"] else True


def path(id: str, action: str = "") -> str:
    """Give the path of a batch."""
    return f"{BATCHES}/{id}{action}"


class Raw:
    """HTTP by hand: one connection, answers of known length."""

    def __init__(self, job: Job) -> None:
        address = urlsplit(job["url"]).netloc
        host, _, port = address.partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = f"host: {address}\r\nx-api-key: any-key\r\naccept: application/json\r\n\r\n"

    def get(self, path: str) -> Iterator[bytes]:
        """Ask for *path*, and yield its body in the pieces that the socket gives."""
        length, piece = self._ask(path)
        left = length - len(piece)
        yield piece
        while left:
            piece = self._socket.recv(_READ)
            if not piece:
                raise OSError("the server left")
            left -= len(piece)
            yield piece

    def drain(self, path: str) -> int:
        """Ask for *path*, receive it to nowhere, and give its length."""
        length, piece = self._ask(path)
        arrived = len(piece)
        buffer = bytearray(_READ)
        while arrived < length and (size := self._socket.recv_into(buffer)):
            arrived += size
        return arrived

    def _ask(self, path: str) -> tuple[int, bytes]:
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{self._lines}".encode())
        answer = self._socket.recv(_READ)
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(_READ)
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]), body
