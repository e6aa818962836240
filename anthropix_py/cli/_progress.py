"""How a command that waits shows what happens: redrawn on a terminal, plain lines elsewhere.

No bar moves for a request: the API's counts stay at zero until a batch ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from ._output import Output
from ._pace import Pace
from ._words import GAP

_HEARTBEAT = 600.0  # seconds after which a line says that the command is alive


class Progress(Protocol):
    """Shows where things stand."""

    def change(self, text: str) -> None:
        """Show that something has happened."""
        ...

    def state(self, parts: Sequence[str]) -> None:
        """Show where things stand at the moment; called about once a second."""
        ...


class Lines:
    """A line for each change, and one every ten minutes without a change."""

    def __init__(self, out: Output, pace: Pace) -> None:
        self._out = out
        self._pace = pace
        self._last = pace.monotonic()

    def change(self, text: str) -> None:
        """Print *text* with the time of day."""
        now = time.localtime(self._pace.now())
        self._out.say(f"{time.strftime('%H:%M:%S', now)}  {text}")
        self._last = self._pace.monotonic()

    def state(self, parts: Sequence[str]) -> None:
        """Print *parts*, if no line was printed for a long time."""
        if self._pace.monotonic() - self._last >= _HEARTBEAT:
            self.change(GAP.join(parts))


@contextmanager
def shown(out: Output, pace: Pace) -> Iterator[Progress]:
    """Yield what shows the progress of the block."""
    if not out.is_live:
        yield Lines(out, pace)
        return
    from ._live import Redrawn

    with Redrawn() as display:
        out.display = display
        try:
            yield display
        finally:
            out.display = None
