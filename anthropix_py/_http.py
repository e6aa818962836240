"""The network: the transport over urllib3, and the only file that imports it.

urllib3's own retries, redirects and decoding are off: they would stack under ours, carry the key
to another host, and end a cut stream without a word. Connections are pooled by process: after a
fork the child begins with none.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.client import HTTPException
from http.client import IncompleteRead as HTTPIncompleteRead
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, IncompleteRead, NewConnectionError, ProtocolError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from ._wire import Request, Response, Timeout, Transport
from .errors import TransportError

_READ = 64 * 1024  # the most bytes handed over at once
_HOSTS = 32  # hosts to which connections are kept
_IDLE = 32  # idle connections kept for each of them


class Route(NamedTuple):
    """By which way to a host: connections of different routes are kept apart."""

    ca_bundle: str | None
    client_cert: tuple[str, str | None] | None
    proxy: str | None = None


class _Attempt(threading.local):
    """The request of one thread: whether it has begun to go out, and the patience for its pieces."""

    sent = False
    read_timeout = 0.0


_attempt = _Attempt()


def transport(ca_bundle: str | None, client_cert: tuple[str, str | None] | None) -> Transport:
    """Give the transport with these authorities and this certificate of the client's own."""
    route = Route(ca_bundle, client_cert)

    def send(request: Request, timeout: Timeout) -> Response:
        return _send(request, timeout, route._replace(proxy=_proxy(request.url)))

    return send


def _send(request: Request, timeout: Timeout, route: Route) -> Response:
    _attempt.sent = False
    _attempt.read_timeout = timeout.read
    try:
        answer = _pools.get(route).urlopen(
            request.method,
            request.url,
            body=None if request.body is None else iter(request.body),
            headers=request.headers,
            timeout=urllib3.Timeout(connect=timeout.connect, read=timeout.read),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
    except (HTTPError, HTTPException, OSError) as error:
        failure = _failure(error, _attempt.sent)
    else:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers, _chunks(answer), answer.close)
    raise failure  # out here, so that its context holds on to no connection


def _chunks(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := answer.read1(_READ):
            yield chunk
        return
    except (HTTPError, HTTPException, OSError, ValueError) as error:  # ValueError: a chunk's size that is no number
        failure = _failure(error, sent=True)
    finally:
        answer.close()  # after a clean end the connection is back in its pool, and this does nothing
    raise failure


def _failure(error: Exception, sent: bool) -> TransportError:
    inner = error.args[-1] if isinstance(error, (ProtocolError, ProxyError)) and error.args else error
    if isinstance(error, (NewConnectionError, ProxyError)):
        reason = "connect"
    elif isinstance(error, (Urllib3TimeoutError, TimeoutError)):
        reason = "timeout" if sent else "connect"
    elif isinstance(error, SSLError):
        reason = "closed" if sent else "tls"
    elif isinstance(inner, (OSError, IncompleteRead, HTTPIncompleteRead)):
        reason = "closed"
    else:
        reason = "protocol"
    return TransportError(reason, str(inner) or type(inner).__name__, sent)


def _proxy(url: str) -> str | None:
    """Give the proxy that the environment names for *url*, None for the direct way."""
    proxies = getproxies_environment()
    if not proxies:
        return None
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(parts.hostname or "", proxies):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _manager(route: Route) -> urllib3.PoolManager:
    certificate, key = route.client_cert or (None, None)
    options: dict[str, Any] = {
        "num_pools": _HOSTS,
        "maxsize": _IDLE,
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": route.ca_bundle,
        "cert_file": certificate,
        "key_file": key,
    }
    if route.proxy is None:
        manager = urllib3.PoolManager(**options)
    else:
        manager = urllib3.ProxyManager(route.proxy, proxy_headers=_proxy_headers(route.proxy), **options)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


def _proxy_headers(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    return dict(urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}"))


class _Pools:
    """The connections of one process; in the child of a fork there are none at first."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self._lock = threading.Lock()  # a new one: a fork may have copied a locked one
        self._managers: dict[Route, urllib3.PoolManager] = {}

    def get(self, route: Route) -> urllib3.PoolManager:
        with self._lock:
            if route not in self._managers:
                self._managers[route] = _manager(route)
            return self._managers[route]


def _mark(connection: HTTPConnection) -> None:
    """Connect before the request begins to go out, mark that it does, and give its body the read timeout.

    urllib3 would send the body under the connect timeout.
    """
    if connection.sock is None:
        connection.connect()
    connection.timeout = _attempt.read_timeout
    _attempt.sent = True


class _HTTPConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _mark(self)
        super().request(*args, **kwargs)


class _HTTPSConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _mark(self)
        super().request(*args, **kwargs)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection  # pyright: ignore[reportAssignmentType]


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection  # pyright: ignore[reportAssignmentType]


_pools = _Pools()
