"""The command `anthropix wait`."""

from __future__ import annotations

import click

from .. import batch
from ..result import unwrap
from ..types import MessageBatch
from . import _batches
from ._client import Server
from ._command import printing, talking, words
from ._numbers import INTERVAL, TIMEOUT
from ._output import Output
from ._progress import Progress, shown
from ._words import counted, lasting


class Watch:
    """What is shown of a batch while it runs."""

    def __init__(self, out: Output, server: Server, id: str, progress: Progress) -> None:
        self._out = out
        self._pace = server.pace
        self._progress = progress
        self._started = server.pace.monotonic()
        self._parts = [id]

    def update(self, found: MessageBatch) -> None:
        """Show the batch, if it has changed."""
        counts = found["request_counts"]
        state = [found["id"], found["processing_status"], counted(counts)]
        if state == self._parts:
            return
        self._parts = state
        self._out.summary["batch"] = found
        self._out.event("batch", batch=found)
        self._progress.change("  ".join(state))

    def waiting(self, left: float) -> None:
        """Show how long it has been, and when the next poll is."""
        waited = self._pace.monotonic() - self._started
        times = [f"waited {lasting(waited)}", f"next poll in {lasting(left)}"]
        self._progress.state([*self._parts, *times])


@click.command("wait")
@click.argument("id")
@click.option("--timeout", type=TIMEOUT, metavar="SECONDS", help="Stop then, with exit code 5.")
@click.option(
    "--interval",
    type=INTERVAL,
    metavar="SECONDS",
    help="Between polls; by default what the server asks for.",
)
@printing(events=True)
@talking()
def command(
    out: Output, server: Server, id: str, timeout: float | None, interval: float | None
) -> None:
    """Wait until the batch ID has ended, and print it.

    The batch goes on at the server whatever becomes of this command.
    """
    out.say(server.line)
    out.summary["batch"] = None
    out.goes_on = lambda: [(f"Batch {id} goes on at the server. Continue:", words())]
    with shown(out, server.pace) as progress:
        watch = Watch(out, server, id, progress)
        server.pace.on_wait = watch.waiting
        ended = unwrap(
            batch.wait(
                server.client, id, timeout=timeout, interval=interval, on_update=watch.update
            )
        )
    out.summary["batch"] = ended
    if out.is_json:
        return
    if out.as_table:
        out.record(_batches.fields(ended))
        out.say(f"Next: anthropix results {id} -o {id}.jsonl")
    else:
        out.data(ended)
