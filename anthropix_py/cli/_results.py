"""The command `anthropix results`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from .. import _json, batch
from ..result import unwrap
from ._client import Server
from ._command import printing, talking
from ._output import Output
from ._words import plural

_BLOCK = 1000  # rows written at a time


@click.command("results")
@click.argument("id")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; stdout by default.")
@click.option("--replace", is_flag=True, help="Replace FILE if it is there.")
@printing()
@talking()
def command(out: Output, server: Server, id: str, output: str, replace: bool) -> None:
    """Print the rows of an ended batch, or write them to a file.

    Each row is a line of JSON. A file appears only when it is complete; after a crash the same
    command continues it. Rows arrive in any order. The server keeps results for 29 days.
    """
    out.say(server.line)
    if output == "-":
        out.stream(_lines(server, id))
        return
    done = unwrap(batch.download(server.client, id, output, replace=replace))
    out.say(f"{plural(done.rows, 'row')}, {done.bytes:,} bytes in {done.path}")


def _lines(server: Server, id: str) -> Iterator[bytes]:
    rows = unwrap(batch.results(server.client, id, stream=True))
    lines: list[bytes] = []
    for row in rows:
        lines.append(_json.dumps(row) + b"\n")
        if len(lines) == _BLOCK:
            yield b"".join(lines)
            lines = []
    yield b"".join(lines)
