"""Connections, their pools, and what is known about the request that is being sent."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import parse_url

from .._proxies import Proxy
from .._wire.secret import Secret
from ..errors import FileError
from .response import PromptResponse
from .routes import Certificates, Route, Stamp, context_of, stamps_of

_ROUTES = 32  # routes on which connections are kept
_IDLE = 32  # idle connections kept on each of them
_PORTS = {"http": 80, "https": 443}

Pool = HTTPConnectionPool | urllib3.ProxyManager


class Attempt:
    """One attempt to make a request, while it lasts.

    `sent`: whether any byte of the request may have been sent. `reused`: whether the connection was
    used for a request before. `read_timeout`: seconds in which each block of the body must be sent.
    `query`: the end of the URL. It may hold secrets, so urllib3, which logs URLs, does not get it.
    `may_reuse`: whether an idle connection may be used.

    urllib3 does not say whether a failed request had begun to be sent, and money depends on it: our
    connection classes note it here just before they send. There is one object for each attempt, so
    that a call made in between in the same thread (by a signal handler, a finalizer, a greenlet)
    has another one.
    """

    def __init__(self, read_timeout: float, query: str = "", may_reuse: bool = True) -> None:
        self.sent = False
        self.reused = False
        self.read_timeout = read_timeout
        self.query = query
        self.may_reuse = may_reuse


attempt: ContextVar[Attempt] = ContextVar("attempt")
"""The attempt that this thread, or this greenlet, is making."""


class _Formattable(Secret):
    """A masked text that an f-string shows, because http.client formats the head of CONNECT so."""

    __slots__ = ()

    def __new__(cls, text: Secret) -> _Formattable:
        return str.__new__(cls, "" + text)

    def __format__(self, spec: str) -> str:
        return str.__str__(self)


class _Noting:
    """What our connections add to urllib3's: they note each request in its attempt."""

    response_class: Any = PromptResponse
    _used: object = None  # the socket that has carried a request

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Connect, note that sending begins, and send the request.

        The body is sent with the read timeout; urllib3 would use the connect timeout.
        """
        connection = cast(HTTPConnection, self)
        current = attempt.get()
        if connection.sock is None:
            connection.connect()
        current.reused = self._used is connection.sock
        self._used = connection.sock
        connection.timeout = current.read_timeout
        current.sent = True
        super().request(method, url + current.query, *args, **kwargs)  # type: ignore[misc]


class _HTTPConnection(_Noting, HTTPConnection):
    pass


class _HTTPSConnection(_Noting, HTTPSConnection):
    pass


class _Idle:
    """The idle connections of a pool, a stack with the one used last on top.

    It replaces `queue.LifoQueue`, whose locks are Python code: an interrupt (Ctrl-C) between taking
    such a lock and the block that releases it leaves it taken for ever. The methods of a deque
    cannot be interrupted. Nothing ever waits here, because our pools do not block.
    """

    def __init__(self, maxsize: int) -> None:
        self._most = maxsize
        self._connections: deque[Any] = deque()

    def get(self, block: bool = False, timeout: float | None = None) -> Any:  # noqa: ARG002
        """Return the connection put last. Raises queue.Empty."""
        try:
            return self._connections.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, item: Any, block: bool = False, timeout: float | None = None) -> None:  # noqa: ARG002
        """Keep a connection. Raises queue.Full."""
        if len(self._connections) >= self._most:
            raise queue.Full
        self._connections.append(item)

    def qsize(self) -> int:
        """Return the number of connections."""
        return len(self._connections)


class _Choosing:
    """What our pools add to urllib3's: some requests never go out on an idle connection.

    The server may have closed an idle connection, or a router on the way may have forgotten it, and
    nothing but sending on it can show that. Then nobody knows whether the request was carried out.
    """

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        if not attempt.get().may_reuse:
            # urllib3 opens a closed one again, as it does with one that was dropped
            connection.close()
        return connection


class _HTTPPool(_Choosing, HTTPConnectionPool):
    ConnectionCls = _HTTPConnection  # pyright: ignore[reportAssignmentType]
    QueueCls: Any = _Idle


class _HTTPSPool(_Choosing, HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection  # pyright: ignore[reportAssignmentType]
    QueueCls: Any = _Idle


class Pools:
    """The pools of connections of one process; the child of a fork begins without any."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Drop all pools."""
        # a new lock, because a fork may have copied a locked one
        self._lock = threading.Lock()
        self._pools: dict[Route, _Kept] = {}

    def get(self, route: Route) -> Pool:
        """Return the pool of *route*; beyond 32 routes, the least recently used one is dropped.

        If its certificates have changed on the disk, the pool is a new one.
        """
        stamps = stamps_of(route)
        with self._lock:
            kept = self._pools.pop(route, None)
            if kept is None:
                kept = _Kept(_pool(route), stamps)
            elif kept.stamps != stamps:
                kept = _renewed(route, stamps, kept)
            if len(self._pools) == _ROUTES:
                del self._pools[next(iter(self._pools))]
            # at the end, so that the first is the least recently used one
            self._pools[route] = kept
            return kept.pool


class _Kept(NamedTuple):
    """A pool, and the `stamps_of` its route when its certificates were read."""

    pool: Pool
    stamps: tuple[Stamp, ...]


def _renewed(route: Route, stamps: tuple[Stamp, ...], old: _Kept) -> _Kept:
    """Return a new pool of *route*; *old* while its certificates are missing or cannot be read.

    They may be in the middle of being replaced: the next request tries again.
    """
    if None in stamps:
        return old
    try:
        return _Kept(_pool(route), stamps)
    except FileError:
        return old


def _pool(route: Route) -> Pool:
    target = parse_url(route.origin)
    secure = target.scheme == "https"
    options: dict[str, Any] = {"maxsize": _IDLE}
    if secure:
        context = context_of(route.certificates)
        options |= {"cert_reqs": "CERT_REQUIRED", "ssl_context": context}
    if route.proxy is not None:
        return _proxied(route.proxy, route.certificates, options)
    # without a port, http.client would read the last group of an IPv6 address as the port
    port = target.port
    if port is None:
        port = _PORTS[target.scheme or ""]
    make = _HTTPSPool if secure else _HTTPPool
    return make(target.host or "", port, **options)


def _proxied(
    proxy: Proxy, certificates: Certificates, options: dict[str, Any]
) -> urllib3.ProxyManager:
    if proxy.url.startswith("https:"):
        context = context_of(certificates._replace(client_cert=None))
        options |= {"proxy_ssl_context": context}
    headers: dict[str, str] = {}
    if proxy.authorization is not None:
        headers["proxy-authorization"] = _Formattable(proxy.authorization.reveal())
    manager = urllib3.ProxyManager(proxy.url, proxy_headers=headers, **options)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager
