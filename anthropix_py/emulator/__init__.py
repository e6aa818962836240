"""The Message Batches API on this machine, for tests without a network, a key or a bill.

`Store` holds the state, `handle` is the API, `transport` plugs it into a client without a socket,
`serve` puts it behind HTTP for any client. `Fault` says what goes wrong, `ManualClock` what time
it is.

Not emulated: models (answers come from a function), a tokenizer (tokens are guessed), prompt
caching beyond its counts, organizations and workspaces, billing. What nobody has shown of the
real server is an assumption, marked (A) where it stands in the source: the words of faults in
params and their order; delete while canceling; cancel while canceling and when ended; everything
after a delete and after 29 days; cursors of batches that are not there; the limit on requests in
processing; the workspace's id.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from .._clock import ManualClock
from .._wire import Transport
from ._app import handle
from ._faults import KINDS, Fault, Faults, without_a_socket
from ._rows import Outcomes, Reply
from ._store import Store

__all__ = [
    "KINDS",
    "Fault",
    "Faults",
    "ManualClock",
    "Outcomes",
    "Reply",
    "Store",
    "handle",
    "serve",
    "transport",
]


def transport(store: Store, faults: Faults | Fault | Iterable[Fault] = ()) -> Transport:
    """Give a transport for `anthropix_py.init(transport=...)` that answers from *store*, without a socket.

    *faults* go wrong as they would on a socket, as far as that can be: resets and cuts are
    `TransportError`s, silence passes on the store's clock.
    """
    return without_a_socket(store, _as_faults(faults))


def serve(
    store: Store | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    faults: Faults | Fault | Iterable[Fault] = (),
    **options: Any,
) -> AbstractContextManager[str]:
    """Serve *store*, or a new one made with *options*, over HTTP: a context that gives the base URL.

    *port* 0 takes any that is free. *options*: those of `Store`. *faults*: see `Fault`; a `Faults`
    can be changed while it serves. Needs the extra `emulator`.

        with emulator.serve(looks=2) as url:
            client = anthropix_py.init("any-key", base_url=url)
    """
    if store is not None and options:
        raise TypeError(f"options go to a new store, and one was given: {', '.join(options)}")
    try:
        from ._server import running
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the emulator's server needs {error.name}: pip install {error.name} (the extra [emulator] brings it)",
            name=error.name,
        ) from None
    return running(store or Store(**options), _as_faults(faults), host, port)


def _as_faults(faults: Faults | Fault | Iterable[Fault]) -> Faults:
    return faults if isinstance(faults, Faults) else Faults(faults)
