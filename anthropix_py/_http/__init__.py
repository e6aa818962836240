"""The network: the transport over urllib3, and the only folder that imports it.

urllib3's own retries, redirects and decoding are off: they would stack under ours, carry the key
to another host, and end a cut stream without a word. Connections are pooled by process: after a
fork the child begins with none.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPException
from http.client import IncompleteRead as HTTPIncompleteRead
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, IncompleteRead, SSLError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util import SKIP_HEADER, parse_url
from urllib3.util.ssl_ import create_urllib3_context

from .._wire import Request, Response, Timeout, Transport
from ..errors import FileError, TransportError
from .response import Incoming

_READ = 128 * 1024  # the most bytes handed over at once: twice as many save nothing
_ROUTES = 32  # on which connections are kept
_IDLE = 32  # idle connections kept on each of them
_NO_DEFAULTS = {
    "user-agent": SKIP_HEADER,
    "accept-encoding": SKIP_HEADER,
}  # urllib3's, where we send none
_PROXIES = {
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}
_PORTS = {"http": 80, "https": 443}
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # what OpenSSL itself reads
_WHO = re.compile(r"^_?HTTPS?(?:Connection|Pool)\((host=.*?, port=.*?)\): ")  # how urllib3 begins


class Route(NamedTuple):
    """By which way to where: connections of different routes are kept apart."""

    origin: str
    ca_bundle: str | None
    client_cert: tuple[str, str | None] | None
    proxy: str | None = None
    default_authorities: tuple[str | None, ...] = ()


class _Attempt(threading.local):
    """The request of one thread: whether it has begun to go out, and the patience for its pieces."""

    sent = False
    read_timeout = 0.0


_attempt = _Attempt()


def transport(ca_bundle: str | None, client_cert: tuple[str, str | None] | None) -> Transport:
    """Give the transport with these authorities and this certificate of the client's own."""

    def send(request: Request, timeout: Timeout) -> Response:
        scheme, _, rest = request.url.partition("://")
        secure = scheme == "https"
        defaults = tuple(map(os.environ.get, _AUTHORITIES)) if secure else ()
        origin = f"{scheme}://{rest.partition('/')[0]}"
        return _send(
            request,
            timeout,
            Route(origin, ca_bundle, client_cert, _proxy(request.url, scheme), defaults),
        )

    return send


def _send(request: Request, timeout: Timeout, route: Route) -> Response:
    _attempt.sent = False
    _attempt.read_timeout = timeout.read
    try:
        answer = _pools.get(route).urlopen(
            request.method,
            request.url if route.proxy else request.url[len(route.origin) :],
            body=None if request.body is None else iter(request.body),
            headers={**_NO_DEFAULTS, **request.headers},
            timeout=urllib3.Timeout(connect=timeout.connect, read=timeout.read),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
    except (HTTPError, HTTPException, OSError) as error:
        failure = _failure(error, _attempt.sent)
    else:
        if answer.status >= 200:
            headers = {name.lower(): value for name, value in answer.headers.iteritems()}
            return Response(answer.status, headers, _chunks(answer), answer.close)
        answer.close()  # the real answer may still come, and must not be taken for that of the next request
        failure = TransportError(
            "protocol", f"an interim answer of status {answer.status}", sent=True
        )
    raise failure  # out here, so that its context holds on to no connection


def _chunks(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := answer.read1(_READ):
            yield chunk
        return
    except (HTTPError, HTTPException, OSError, ValueError) as error:  # ValueError: not chunked
        failure = _failure(error, sent=True)
    finally:
        answer.close()  # after a clean end the connection is back in its pool, and this does nothing
    raise failure


def _failure(error: BaseException, sent: bool) -> TransportError:
    chain = [error]
    while chain[-1].args and isinstance(
        chain[-1].args[-1], Exception
    ):  # urllib3 wraps, sometimes twice
        chain.append(chain[-1].args[-1])
    kinds = tuple(type(link) for link in chain)
    inner = chain[-1]
    if not sent:
        reason = "tls" if _any_of(kinds, SSLError, ssl.SSLError) else "connect"
    elif _any_of(kinds, Urllib3TimeoutError, TimeoutError):
        reason = "timeout"
    elif _any_of(kinds, OSError, SSLError, IncompleteRead, HTTPIncompleteRead):
        reason = "closed"
    else:
        reason = "protocol"
    return TransportError(reason, _WHO.sub(r"\1: ", str(inner)) or type(inner).__name__, sent)


def _any_of(kinds: tuple[type, ...], *wanted: type) -> bool:
    return any(issubclass(kind, wanted) for kind in kinds)


def _proxy(url: str, scheme: str) -> str | None:
    """Give the proxy that the environment names for *url*, None for the direct way."""
    if not any(map(os.environ.get, _PROXIES[scheme])):  # dear to look into in full, at every call
        return None
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    proxies = getproxies_environment()
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(parts.netloc, proxies):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        named = urlsplit(proxy)
        fits = named.scheme in ("http", "https") and named.hostname and named.port != 0
    except ValueError:  # of which a port past 65535 is one
        fits = False
    if not fits:  # not shown, as it may hold a password
        raise TransportError(
            "connect",
            f"the proxy that the environment names for {parts.scheme} is none over http",
            sent=False,
        )
    return proxy


def _pool(route: Route) -> HTTPConnectionPool | urllib3.ProxyManager:
    options: dict[str, Any] = {"maxsize": _IDLE}
    target = parse_url(route.origin)
    if target.scheme == "https":
        options |= {
            "cert_reqs": "CERT_REQUIRED",
            "ssl_context": _context(route.ca_bundle, route.client_cert),
        }
    if route.proxy is None:
        make = _HTTPSPool if target.scheme == "https" else _HTTPPool
        port = _PORTS[target.scheme or ""] if target.port is None else target.port
        return make(
            target.host or "", port, **options
        )  # without one http.client looks for it in an IPv6 address
    manager = urllib3.ProxyManager(
        route.proxy,
        proxy_headers=_proxy_headers(route.proxy),
        proxy_ssl_context=_context(route.ca_bundle, None)
        if route.proxy.startswith("https:")
        else None,
        **options,
    )
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


def _context(ca_bundle: str | None, client_cert: tuple[str, str | None] | None) -> ssl.SSLContext:
    """Make what every connection of a route shares: making it anew for each would read the authorities each time."""
    context = create_urllib3_context()
    if ca_bundle is None:
        context.load_default_certs()
    else:
        _load(ca_bundle, lambda: context.load_verify_locations(ca_bundle))
    if client_cert is not None:
        certificate, key = client_cert
        for path in filter(None, client_cert):
            _load(path, partial(os.stat, path))
        # a password that is wrong, as without one OpenSSL would ask at the terminal
        _load(key or certificate, lambda: context.load_cert_chain(certificate, key, password=""))
    return context


def _load(path: str, load: Callable[[], object]) -> None:
    try:
        load()
    except OSError as error:  # of which ssl.SSLError is one
        raise FileError(path, f"{error.strerror or error}") from None


def _proxy_headers(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    try:
        encoded = credentials.encode("latin-1")  # as most proxies read it; RFC 7617 leaves it open
    except UnicodeEncodeError:
        encoded = credentials.encode()
    return {"proxy-authorization": f"Basic {b64encode(encoded).decode()}"}


class _Pools:
    """The connections of one process; in the child of a fork there are none at first."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self._lock = threading.Lock()  # a new one: a fork may have copied a locked one
        self._pools: dict[Route, HTTPConnectionPool | urllib3.ProxyManager] = {}

    def get(self, route: Route) -> HTTPConnectionPool | urllib3.ProxyManager:
        with self._lock:
            pool = self._pools.pop(route, None) or _pool(route)
            if len(self._pools) == _ROUTES:
                del self._pools[next(iter(self._pools))]
            self._pools[route] = (
                pool  # behind all others: the first is the one that was not used for longest
            )
            return pool


def _mark(connection: HTTPConnection) -> None:
    """Connect before the request begins to go out, mark that it does, and give its body the read timeout.

    urllib3 would send the body under the connect timeout.
    """
    if connection.sock is None:
        connection.connect()
    connection.timeout = _attempt.read_timeout
    _attempt.sent = True


class _HTTPConnection(HTTPConnection):
    response_class = Incoming

    def request(self, *args: Any, **kwargs: Any) -> None:
        _mark(self)
        super().request(*args, **kwargs)


class _HTTPSConnection(HTTPSConnection):
    response_class = Incoming

    def request(self, *args: Any, **kwargs: Any) -> None:
        _mark(self)
        super().request(*args, **kwargs)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection  # pyright: ignore[reportAssignmentType]


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection  # pyright: ignore[reportAssignmentType]


_pools = _Pools()
