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
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, IncompleteRead, NewConnectionError, ProtocolError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from ._wire import Request, Response, Timeout
from .errors import TransportError

_READ = 64 * 1024  # the most bytes handed over at once
_HOSTS = 32  # hosts to which connections are kept
_IDLE = 32  # idle connections kept for each of them

_attempt = threading.local()  # .sent: whether this thread's request has begun to go out


def send(request: Request, timeout: Timeout) -> Response:
    """Send *request* and give the head of its answer. Raises `TransportError`."""
    _attempt.sent = False
    try:
        answer = _pools.get().urlopen(
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


class _Pools:
    """The connections of one process; in the child of a fork there are none at first."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self._lock = threading.Lock()  # a new one: a fork may have copied a locked one
        self._manager: urllib3.PoolManager | None = None

    def get(self) -> urllib3.PoolManager:
        with self._lock:
            if self._manager is None:
                self._manager = urllib3.PoolManager(_HOSTS, maxsize=_IDLE)
                self._manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
            return self._manager


class _Marked:
    """A connection that is made before the request begins to go out, and marks when it does."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()  # type: ignore[attr-defined]
        _attempt.sent = True
        super().request(*args, **kwargs)  # type: ignore[misc]


class _HTTPConnection(_Marked, HTTPConnection):
    pass


class _HTTPSConnection(_Marked, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection  # pyright: ignore[reportAssignmentType]


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection  # pyright: ignore[reportAssignmentType]


_pools = _Pools()
