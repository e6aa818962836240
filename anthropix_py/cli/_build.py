"""The command `anthropix build`."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .. import build
from .._problem import shown
from . import _place, _reading
from ._command import printing
from ._errors import wrong_use
from ._output import Output
from ._words import plural


def _param(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{text!r}: expected NAME=VALUE, such as temperature=0")
        try:
            found[name] = json.loads(value)
        except ValueError:
            # not JSON: the text itself
            found[name] = value
    return found


@click.command("build")
@click.argument("file")
@click.option(
    "--id",
    "columns",
    multiple=True,
    required=True,
    metavar="COLUMN",
    help="The column that names a row; repeatable, if several do so together.",
)
@click.option(
    "--prompt",
    required=True,
    metavar="TEXT",
    help="The user message, with columns in braces; @PATH takes it from a file.",
)
@click.option("--system", metavar="TEXT", help="The system prompt, in the same way.")
@click.option("--model", required=True, metavar="NAME", help="The model, for all requests.")
@click.option(
    "--max-tokens",
    required=True,
    type=click.IntRange(1),
    metavar="N",
    help="The most tokens of an answer.",
)
@click.option(
    "--param",
    "params",
    multiple=True,
    callback=_param,
    metavar="NAME=VALUE",
    help="Another parameter for all requests, its value as JSON; repeatable.",
)
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; stdout by default.")
@click.option("--replace", is_flag=True, help="Replace the output if it is there.")
@printing()
def command(
    out: Output,
    file: str,
    columns: tuple[str, ...],
    prompt: str,
    system: str | None,
    params: dict[str, Any],
    output: str,
    replace: bool,
    **options: Any,
) -> None:
    """Make a file of requests from the rows of a table.

    FILE is CSV with a line of names (.csv; .tsv with tabs), or JSON Lines of objects; - is CSV from
    stdin. In the prompt {column} stands for the value of a row, {{ and }} for braces. The values of
    --id become the custom_ids, in a form that can be read back.
    """
    ids: str | list[str] = list(columns)
    if len(columns) == 1:
        ids = columns[0]
    if output != "-":
        _place.check(output, out, replace=replace)
    try:
        requests = build.requests(
            _table(file), id=ids, prompt=_text(prompt), system=_text(system), **options, **params
        )
        content = _place.as_lines(_counted(out, requests))
        if output == "-":
            out.stream(content)
        else:
            _place.write(output, content, replace=replace)
    except (ValueError, TypeError, csv.Error) as error:
        raise wrong_use(f"{file}: {error}") from None


def _counted(out: Output, requests: Iterator[Any]) -> Iterator[Any]:
    count = 0
    for request in requests:
        count += 1
        yield request
    if not count:
        raise wrong_use("the table has no rows", "pass CSV with a line of names, or JSON Lines")
    out.say(plural(count, "request"))


def _table(file: str) -> Iterator[dict[str, Any]]:
    if file != "-":
        _reading.check(file, "a table: CSV, or JSON Lines of objects")
    kind = "".join(Path(file).suffixes[-1:]).lower()
    if kind in (".csv", ".tsv") or file == "-":
        return _columns(file, kind)
    return _reading.requests(file)


def _columns(file: str, kind: str) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(sys.maxsize)
    delimiter = ","
    if kind == ".tsv":
        delimiter = "\t"
    source: Any
    if file == "-":
        # sys.stdin would decode by the locale, and let bytes through that are not UTF-8
        source = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    else:
        source = open(file, encoding="utf-8-sig", newline="")  # noqa: SIM115 - closed below
    with source:
        rows = csv.DictReader(source, delimiter=delimiter, strict=True)
        names = list(rows.fieldnames or ())
        repeated = [name for at, name in enumerate(names) if name in names[:at]]
        if repeated:
            raise wrong_use(f"{file}: several columns have the name {shown(repeated[0])}")
        for row in rows:
            if None in row:
                raise wrong_use(f"{file}, line {rows.line_num}: more values than names")
            yield row


def _text(given: str | None) -> str | None:
    if given is None or not given.startswith("@"):
        return given
    return Path(_reading.check(given[1:], "a file with the prompt")).read_text(encoding="utf-8")
