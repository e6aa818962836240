"""A running emulator for one test: what the pytest fixture `message_batches` yields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from . import Faults, ManualClock, Store, serve

if TYPE_CHECKING:
    import pytest


class Emulator(NamedTuple):
    """A running emulator.

    `url`: the base URL for any client; any key is accepted. `store`: its state. `faults`: what
    goes wrong, `faults.add(Fault(...))`. `clock`: its time, which only `clock.advance(seconds)`
    moves.
    """

    url: str
    store: Store
    faults: Faults
    clock: ManualClock


@contextmanager
def serve_for(node: pytest.Item) -> Iterator[Emulator]:
    """Serve a new emulator, with the options of the markers of *node*."""
    options: dict[str, Any] = {"clock": ManualClock()}
    # the closest marker comes last, and wins
    for marker in reversed(list(node.iter_markers("message_batches"))):
        if marker.args:
            raise TypeError(f"the marker message_batches takes named options, not {marker.args!r}")
        options.update(marker.kwargs)
    store = Store(**options)
    faults = Faults()
    with closing(store), serve(store, faults=faults) as url:
        yield Emulator(url, store, faults, options["clock"])
