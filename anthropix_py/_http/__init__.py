"""The transport over urllib3; no other folder imports urllib3.

urllib3's own retries, redirects and decoding are off: they would multiply our retries, send the key
to another host, and end a cut stream without an error. Each process has its own pools of
connections: after a fork the child begins without any.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from http.client import HTTPException
from http.client import IncompleteRead as HTTPIncompleteRead

import urllib3
from urllib3.exceptions import HTTPError, IncompleteRead, SSLError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util import SKIP_HEADER

from .._wire import Request, Response, Timeout, Transport
from .._wire.secret import masked
from ..errors import TransportError, TransportReason
from .connections import Attempt, Pools, attempt
from .routes import Certificates, Route, route_of

# larger blocks are not faster
_READ = 128 * 1024  # bytes of a chunk, at most
# without this, urllib3 would send values of its own for headers that we do not send
_NO_DEFAULTS = {"user-agent": SKIP_HEADER, "accept-encoding": SKIP_HEADER}
# the beginning of urllib3's messages
_WHO = re.compile(r"^_?HTTPS?(?:Connection|Pool)\((host=.*?, port=.*?)\): ")

_pools = Pools()


def transport(ca_bundle: str | None, client_cert: tuple[str, str | None] | None) -> Transport:
    """Return a transport that trusts *ca_bundle* and presents *client_cert*."""
    certificates = Certificates(ca_bundle, client_cert)

    def send(request: Request, timeout: Timeout) -> Response:
        return _send(request, timeout, route_of(request.url, certificates))

    return send


def _send(request: Request, timeout: Timeout, route: Route) -> Response:
    is_get = request.method == "GET"
    while True:
        query = masked("".join(request.url.partition("?")[1:]))
        current = Attempt(timeout.read, query, may_reuse=is_get)
        outcome = _try(request, timeout, route, current)
        if isinstance(outcome, Response):
            return outcome
        # A server may close an idle connection just when the next request is sent on it. Then a
        # GET is sent again at once; no other request uses an idle connection. This ends: each time
        # the pool has one connection fewer, and a request that fails on a new connection is not
        # repeated here.
        if not (current.reused and is_get and outcome.reason == "closed"):
            break
    # raised outside any except block: __context__ would keep the connection alive
    raise outcome


def _try(
    request: Request, timeout: Timeout, route: Route, current: Attempt
) -> Response | TransportError:
    """Return the response to one attempt, or why there is none."""
    token = attempt.set(current)
    try:
        response = _pools.get(route).urlopen(
            request.method,
            _target(request.url, route),
            body=None if request.body is None else iter(request.body),
            headers={**_NO_DEFAULTS, **request.headers},
            timeout=urllib3.Timeout(connect=timeout.connect, read=timeout.read),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
    except (HTTPError, HTTPException, OSError) as error:
        return _failure(error, current.sent)
    finally:
        attempt.reset(token)
    if response.status < 200:
        # the final response may follow, and must not be read as the response to the next request
        response.close()
        detail = f"an interim response of status {response.status}"
        return TransportError("protocol", detail, sent=True)
    headers = {name.lower(): value for name, value in response.headers.iteritems()}
    return Response(response.status, headers, _chunks(response), response.close)


def _target(url: str, route: Route) -> str:
    """Return the request target without the query: a path, or for a proxy the complete URL."""
    target = url.partition("?")[0]
    if route.proxy is None:
        return target[len(route.origin) :]
    return target


def _chunks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read1(_READ):
            yield chunk
        return
    # ValueError: the chunked framing is faulty
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        failure = _failure(error, sent=True)
    finally:
        # does nothing after a clean end, when the connection is already back in its pool
        response.close()
    raise failure


def _failure(error: BaseException, sent: bool) -> TransportError:
    chain = [error]
    # urllib3 wraps the error of the layer below, sometimes twice
    while chain[-1].args and isinstance(chain[-1].args[-1], Exception):
        chain.append(chain[-1].args[-1])
    kinds = tuple(type(link) for link in chain)
    inner = chain[-1]
    detail = _WHO.sub(r"\1: ", str(inner)) or type(inner).__name__
    return TransportError(_reason(kinds, sent), detail, sent)


def _reason(kinds: tuple[type, ...], sent: bool) -> TransportReason:
    if not sent:
        return "tls" if _any_of(kinds, SSLError, ssl.SSLError) else "connect"
    if _any_of(kinds, Urllib3TimeoutError, TimeoutError):
        return "timeout"
    if _any_of(kinds, OSError, SSLError, IncompleteRead, HTTPIncompleteRead):
        return "closed"
    return "protocol"


def _any_of(kinds: tuple[type, ...], *wanted: type) -> bool:
    return any(issubclass(kind, wanted) for kind in kinds)
