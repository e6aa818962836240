"""The pytest fixture `message_batches`: a running emulator for tests of one's own code.

Loaded by pytest through its entry point; the emulator itself is imported when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from .emulator import Faults, ManualClock, Store

_MARKER = "message_batches(**options): options of the emulator's Store for this test, such as takes=60 or reply=..."


class Emulator(NamedTuple):
    """A running emulator. `url`: for any client's base URL; any key will do.

    `store`: its state. `faults`: what goes wrong, `faults.add(Fault(...))`. `clock`: its time,
    which only `clock.advance(seconds)` moves.
    """

    url: str
    store: Store
    faults: Faults
    clock: ManualClock


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def message_batches(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """Serve the Message Batches API on this machine for one test.

    Options of its store come from the marker, `@pytest.mark.message_batches(takes=60)`; those of a
    class or module hold too, where the test's own do not say otherwise.
    """
    from . import emulator

    options: dict[str, Any] = {"clock": emulator.ManualClock()}
    for marker in reversed(
        list(request.node.iter_markers("message_batches"))
    ):  # the closest has the last word
        if marker.args:
            raise TypeError(
                f"the marker message_batches takes options by name, not {marker.args!r}"
            )
        options.update(marker.kwargs)
    store = emulator.Store(**options)
    faults = emulator.Faults()
    with emulator.serve(store, faults=faults) as url:
        yield Emulator(url, store, faults, options["clock"])
