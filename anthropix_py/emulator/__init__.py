"""The Message Batches API on this machine, for tests without a network, a key or a bill.

`Store` holds the state, and `handle` is the API. `transport` connects a client to it without a
socket; `serve` serves it over HTTP to any client. `Fault` describes what goes wrong, `ManualClock`
is a clock that a test controls, and `read_replies` reads prepared replies.

Not emulated: models (a function makes the replies), a tokenizer (tokens are guessed), prompt
caching beyond its token counts, organizations and workspaces, billing. Where the behaviour of the
real server is not known, the source is marked (A), an assumption: most messages for faults in
params, and their order; delete while canceling; cancel while canceling and when ended; everything
after a delete and after 29 days; `after_id` and `before_id` of batches that do not exist, or both
at once; which keys a beta adds; values for schemas beyond the common keywords; the compression of
results; the limit on requests in processing; the id of the workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import Any

from .._clock import ManualClock
from .._wire import Transport
from ._app import handle
from ._faults import Fault, Faults
from ._kinds import KINDS
from ._plan import in_process
from ._replies import read_replies
from ._store import Store
from ._worker import OUTCOMES, Outcomes, Reply

__all__ = [
    "KINDS",
    "OUTCOMES",
    "Fault",
    "Faults",
    "ManualClock",
    "Outcomes",
    "Reply",
    "Store",
    "handle",
    "read_replies",
    "serve",
    "transport",
]


def transport(store: Store, faults: Faults | Fault | Iterable[Fault] = ()) -> Transport:
    """Return a transport for `anthropix_py.init(transport=...)` whose responses are from *store*.

    It uses no socket, so *faults* are imitated: resets and cuts are `TransportError`s, and stalls
    and pauses take time on the store's clock.
    """
    return in_process(partial(_as_faults(faults).plan, store), store.clock)


def serve(
    store: Store | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    faults: Faults | Fault | Iterable[Fault] = (),
    **options: Any,
) -> AbstractContextManager[str]:
    """Return a context manager that serves *store*, or a new one with *options*, over HTTP.

    Its value is the base URL. *port*: 0 for any free one. *options*: those of `Store`. *faults*:
    see `Fault`; a `Faults` can be changed while it is served. Needs the extra `emulator`.

        with emulator.serve(looks=2) as url:
            client = anthropix_py.init("any-key", base_url=url)
    """
    if store is not None and options:
        raise TypeError(f"options are for a new store, but one was given: {', '.join(options)}")
    try:
        from ._server import serve_in_thread
    except ModuleNotFoundError as error:
        install = f"pip install {error.name} (the extra [emulator] brings it)"
        raise ModuleNotFoundError(
            f"the emulator's server needs {error.name}: {install}", name=error.name
        ) from None
    if store is not None:
        return serve_in_thread(store, _as_faults(faults), host, port)
    new = Store(**options)
    return _closing(new, serve_in_thread(new, _as_faults(faults), host, port))


@contextmanager
def _closing(store: Store, served: AbstractContextManager[str]) -> Iterator[str]:
    with closing(store), served as url:
        yield url


def _as_faults(faults: Faults | Fault | Iterable[Fault]) -> Faults:
    if isinstance(faults, Faults):
        return faults
    return Faults(faults)
