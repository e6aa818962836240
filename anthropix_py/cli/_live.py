"""A display on a terminal that is redrawn in place. The only module that imports rich."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ._words import fitted


class Redrawn:
    """The last lines of a terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._shown = ""

    def __enter__(self) -> Redrawn:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def change(self, text: str) -> None:
        """Show nothing: the state says it."""

    def state(self, parts: Sequence[str]) -> None:
        """Redraw the lines."""
        self.draw(fitted(parts, self._console.width))

    def draw(self, text: str) -> None:
        """Redraw the lines as *text*."""
        if text != self._shown:
            self._shown = text
            self._live.update(Text(text, overflow="fold"), refresh=True)

    def print(self, text: str) -> None:
        """Print a line above."""
        self._console.print(Text(text, overflow="fold"))
