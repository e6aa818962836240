"""The command `anthropix list`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click

from .. import batch
from ..result import unwrap
from ..types import MessageBatch
from . import _batches
from ._client import Server
from ._command import printing, talking
from ._errors import wrong_use
from ._numbers import INTERVAL
from ._output import Output
from ._progress import Progress, shown
from ._words import lasting

_PAGE = 20  # batches
_LARGEST = 1000  # batches of a page


@click.command("list")
@click.option("-n", "--limit", type=click.IntRange(1), help=f"Batches to list; {_PAGE} by default.")
@click.option("--all", "everything", is_flag=True, help="List all batches of the workspace.")
@click.option("--after", metavar="ID", help="Only batches older than this one.")
@click.option("--before", metavar="ID", help="Only batches newer than this one.")
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, and show every change.")
@click.option(
    "--interval",
    default=10.0,
    show_default=True,
    type=INTERVAL,
    metavar="SECONDS",
    help="Between two calls of --watch.",
)
@printing()
@talking()
def command(
    out: Output,
    server: Server,
    limit: int | None,
    everything: bool,
    after: str | None,
    before: str | None,
    watch: bool,
    interval: float,
) -> None:
    """List batches, newest first."""
    if after is not None and before is not None:
        raise wrong_use("--after and --before exclude each other")
    out.say(server.line)
    most: int | None = limit or _PAGE
    if everything:
        most = None

    def batches() -> Iterator[MessageBatch]:
        return _found(server, most, after, before)

    if watch:
        _watch(out, server, batches, interval)
    elif out.as_table:
        out.lines(_batches.lines(list(batches()), out.width))
    else:
        for one in batches():
            out.data(one)


def _found(
    server: Server, most: int | None, after: str | None, before: str | None
) -> Iterator[MessageBatch]:
    page = min(most or _LARGEST, _LARGEST)
    found = unwrap(
        batch.list(server.client, after_id=after, before_id=before, limit=page, stream=True)
    )
    for count, one in enumerate(found, 1):
        yield one
        if count == most:
            break
    found.close()


class _Watch:
    """What is shown of a list that is read again and again."""

    def __init__(self, out: Output, progress: Progress) -> None:
        self._out = out
        self._progress = progress
        self._known: dict[str, list[object]] = {}
        self._table = ""

    def update(self, found: list[MessageBatch]) -> None:
        """Show what has changed, the oldest batch first."""
        self._table = "\n".join(_batches.lines(found, self._out.width))
        for one in reversed(found):
            row = _batches.row(one)
            if self._known.get(one["id"]) == row:
                continue
            self._known[one["id"]] = row
            if self._out.as_table:
                self._progress.change("  ".join(map(str, row)))
            else:
                self._out.data(one)

    def waiting(self, left: float) -> None:
        """Show the list, and when it is read again."""
        self._progress.state([self._table, f"next call in {lasting(left)}, Ctrl-C ends"])


def _watch(
    out: Output, server: Server, batches: Callable[[], Iterator[MessageBatch]], interval: float
) -> None:
    with shown(out, server.pace) as progress:
        watch = _Watch(out, progress)
        server.pace.on_wait = watch.waiting
        while True:
            watch.update(list(batches()))
            server.pace.sleep(interval)
