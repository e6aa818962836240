"""The command `anthropix usage`."""

from __future__ import annotations

import click

from .. import usage
from . import _rows
from ._command import printing
from ._errors import wrong_use
from ._events import event
from ._output import Output

_NAMES = ("model", *usage.Tokens._fields)


@click.command("usage")
@click.argument("file")
@printing()
def command(out: Output, file: str) -> None:
    """Add up the tokens that results used, by model and kind.

    FILE holds rows of results, as anthropix results and anthropix run write them, or is the folder
    of a job. Needs no network. A figure that the server did not name is null, or - in a table.
    """
    try:
        totals = usage.total(_rows.of(file))
    except TypeError as error:
        # a succeeded row without a message
        raise wrong_use(f"{file}: {error}") from None
    if out.as_table:
        out.table(_NAMES, [[model, *tokens] for model, tokens in totals.items()])
        return
    for model, tokens in totals.items():
        out.data(event("usage", model=model, **tokens._asdict()))
