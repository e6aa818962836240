"""The command `anthropix create`."""

from __future__ import annotations

import click

from .. import batch
from ..result import unwrap
from . import _batches, _exits, _reading
from ._client import Server
from ._command import printing, talking
from ._errors import CommandError, Failure
from ._output import Output


def _check(file: str) -> None:
    if file != "-":
        _reading.check(file)


@click.command("create")
@click.argument("file")
@printing()
@talking(ask=True, check=_check)
def command(out: Output, server: Server, file: str) -> None:
    """Create a batch of the requests in FILE, and print it.

    FILE has one request a line, {"custom_id": ..., "params": {...}}; it may be compressed with
    gzip, and - is stdin. Everything is checked before anything is sent. Costs money. For more than
    one batch, and to be able to continue after a crash, use anthropix run.

    If the response is lost, a batch may exist: the exit code is 6, and nothing is sent again.
    """
    requests = _reading.requests(file)
    out.say(server.line)
    try:
        created = unwrap(batch.create(server.client, requests))
    except KeyboardInterrupt as interrupt:
        if not hasattr(interrupt, "__notes__"):
            raise
        # the note says that sending had begun
        message = "interrupted while the batch was being created: it may exist, and cost money"
        next = "look with anthropix list before you create it again"
        raise CommandError(Failure(_exits.IN_DOUBT, "unknown_outcome", message, next)) from None
    if not out.as_table:
        out.data(created)
        return
    out.record(_batches.fields(created))
    out.say(f"Next: anthropix wait {created['id']}")
