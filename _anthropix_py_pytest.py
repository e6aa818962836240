"""Registers the fixture `message_batches` with pytest, and nothing more.

pytest imports this module in every run, wherever anthropix_py is installed. It stands beside the
package because an import from inside would import the package as well: that happens only when a
test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from anthropix_py.emulator._for_pytest import Emulator

_MARKER = (
    "message_batches(**options): options of the emulator's Store for this test, "
    "such as takes=60 or reply=..."
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    # Another module may have done so: `-p anthropix_py.pytest_plugin` beside the entry point.
    if _MARKER not in config.getini("markers"):
        config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def message_batches(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """Serve the Message Batches API on this machine for one test.

    The options of its store come from the marker, `@pytest.mark.message_batches(takes=60)`. Those
    of a class or module apply too, if the test's own do not override them.
    """
    from anthropix_py.emulator._for_pytest import serve_for

    with serve_for(request.node) as emulator:
        yield emulator
