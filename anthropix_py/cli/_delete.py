"""The command `anthropix delete`."""

from __future__ import annotations

import click

from .. import batch
from ..result import unwrap
from . import _exits
from ._client import Server
from ._command import printing, talking
from ._errors import wrong_use
from ._output import Output


@click.command("delete")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@printing()
@talking()
def command(out: Output, server: Server, ids: tuple[str, ...], yes: bool) -> int:
    """Delete ended batches and their results. This cannot be undone.

    A batch in progress must be canceled first. Without a terminal it needs --yes.
    """
    out.say(server.line)
    if not yes:
        if not out.can_ask:
            raise wrong_use("nobody can be asked whether to delete", "add --yes")
        if not out.ask(f"Delete {', '.join(ids)} and the results at {server.host}?"):
            out.say("Nothing was deleted.")
            return _exits.UNFINISHED
    for id in ids:
        deleted = unwrap(batch.delete(server.client, id))
        if out.as_table:
            out.say(f"Deleted {deleted['id']}.")
        else:
            out.data(deleted)
    return _exits.DONE
