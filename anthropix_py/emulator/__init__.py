"""The Message Batches API on this machine, for tests without a network, a key or a bill.

`Store` holds the state, `handle` is the API, `transport` plugs it into a client without a socket,
`serve` puts it behind HTTP for any client.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from .._clock import ManualClock
from .._wire import Request, Response, Timeout, Transport
from ._app import handle
from ._rows import Reply
from ._store import Store

__all__ = ["ManualClock", "Reply", "Store", "handle", "serve", "transport"]


def transport(store: Store) -> Transport:
    """Give a transport for `anthropix_py.init(transport=...)` that answers from *store*, without a socket."""

    def send(request: Request, _timeout: Timeout) -> Response:
        return handle(store, request)

    return send


def serve(
    store: Store | None = None, *, host: str = "127.0.0.1", port: int = 0, **options: Any
) -> AbstractContextManager[str]:
    """Serve *store*, or a new one made with *options*, over HTTP: a context that gives the base URL.

    *port* 0 takes any that is free. Needs the extra: `pip install "anthropix_py[emulator]"`.

        with emulator.serve(looks=2) as url:
            client = anthropix_py.init("any-key", base_url=url)
    """
    if store is not None and options:
        raise TypeError(f"options go to a new store, and one was given: {', '.join(options)}")
    try:
        from ._server import running
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'the emulator\'s server needs {error.name}: pip install "anthropix_py[emulator]"', name=error.name
        ) from None
    return running(store or Store(**options), host, port)
