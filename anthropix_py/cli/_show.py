"""The command `anthropix show`."""

from __future__ import annotations

import click

from .. import batch
from ..result import unwrap
from ..types import MessageBatch
from . import _batches
from ._client import Server
from ._command import printing, talking
from ._output import Output


@click.command("show")
@click.argument("id")
@printing()
@talking()
def command(out: Output, server: Server, id: str) -> None:
    """Print the batch ID as it is now."""
    out.say(server.line)
    print_one(out, unwrap(batch.show(server.client, id)))


def print_one(out: Output, found: MessageBatch) -> None:
    """Print one batch."""
    if out.as_table:
        out.record(_batches.fields(found))
    else:
        out.data(found)
