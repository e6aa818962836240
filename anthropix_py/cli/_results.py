"""The command `anthropix results`."""

from __future__ import annotations

from typing import Literal

import click

from .. import batch
from ..result import unwrap
from . import _place
from ._client import Server
from ._command import printing, talking
from ._errors import wrong_use
from ._output import Output
from ._words import plural

Format = Literal["jsonl", "csv", "parquet"]


@click.command("results")
@click.argument("id")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; stdout by default.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    help="The rows as the API sent them (jsonl), or a table of them; by default by the end of "
    "FILE's name. Parquet needs the extra [table].",
)
@click.option("--replace", is_flag=True, help="Replace FILE if it is there.")
@printing()
@talking()
def command(
    out: Output, server: Server, id: str, output: str, kind: Format | None, replace: bool
) -> None:
    """Print the rows of an ended batch, or write them to a file.

    A file appears only when it is complete; for jsonl the same command continues after a crash.
    Rows arrive in any order. The server keeps results for 29 days. A table has a column for each
    usual question (outcome, text, tokens, error), and the complete row in the last one.
    """
    out.say(server.line)
    kind = kind or _kind_of(output)
    if kind == "parquet" and output == "-":
        raise wrong_use("Parquet cannot go to stdout", "name a file with -o")
    if kind == "jsonl" and output != "-":
        done = unwrap(batch.download(server.client, id, output, replace=replace))
        out.say(f"{plural(done.rows, 'row')}, {done.bytes:,} bytes in {done.path}")
        return
    rows = unwrap(batch.results(server.client, id, stream=True))
    if kind == "jsonl":
        out.stream(_place.as_lines(rows))
        return
    from .. import tables

    if output == "-":
        out.stream(tables.lines(rows, "csv"))
        return
    count = unwrap(tables.write(rows, output, kind, replace=replace))
    out.say(f"{plural(count, 'row')} in {output}")


def _kind_of(output: str) -> Format:
    """Return the format that the name of a file says; jsonl for any other name."""
    if output.endswith(".parquet"):
        return "parquet"
    return "csv" if output.endswith(".csv") else "jsonl"
