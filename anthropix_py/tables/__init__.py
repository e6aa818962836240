"""Tables of results: Parquet, CSV and JSON Lines files of flat rows, each with its complete row.

Every table has the columns `rows.COLUMNS`, and a last column `row` that holds the complete row as
JSON text, so nothing is lost that the columns do not have. In a Parquet file the version of the
columns is in the metadata, under `anthropix_py.rows.version`.

Parquet needs pyarrow, which the extra `table` brings. CSV and JSON Lines need nothing.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from .._door import local
from ..types import Row
from . import _lines, _parquet, _records, _target

if TYPE_CHECKING:
    import pyarrow

__all__ = ["FORMATS", "Format", "Rows", "lines", "schema", "write"]

Format = Literal["parquet", "csv", "jsonl"]
"""The name of a format."""

FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")
"""The formats that `write` takes."""

Rows = Iterable[Row | Mapping[str, object]] | str | os.PathLike[str]
"""Rows of results: any iterable of them, such as a generator, or the path of a file of results."""


@local
def write(
    rows: Rows,
    path: str | os.PathLike[str],
    format: Format | None = None,
    *,
    replace: bool = False,
    guard: bool = True,
) -> int:
    """Write *rows* to a table at *path*, and return how many rows it has.

    *rows*: an iterable, or the path of a file of results, which is faster. *format*: None to tell
    it by the end of *path*: `.parquet`, `.csv`, `.jsonl`, `.ndjson`, or Parquet without one. The
    file appears only when it is complete and on the disk; an error or an interrupt leaves nothing.
    A file that is there, except an empty one, is replaced only with *replace*.

    *guard*: in CSV, put a `'` before each text that begins with `=`, `+`, `-`, `@`, a tab or a
    carriage return, because a spreadsheet would take it for a formula and run it. Pass False if
    programs read the file, because it changes these texts, custom_ids among them.

    A Parquet file holds 64-bit integers and valid Unicode, and CSV holds valid Unicode: a larger
    integer is null, and a lone surrogate becomes U+FFFD. The column `row` has both unchanged.

    Errors: `MissingExtra` for Parquet without pyarrow; `FileError`; `rows.RowError` for a file of
    results with a line that is not a row; and the errors of a generator of this package that is
    passed as *rows*. Raises TypeError, with its number, for what is not a row.
    """
    kind = _target.format_of(path, format)
    if kind == "parquet":
        _parquet.check_is_installed()
    records = _records.Records(rows)
    with _target.written(path, replace=replace) as file:
        if kind == "parquet":
            _parquet.write(records, file)
        else:
            file.write_all(_lines.encoded(records, kind, guard=guard))
    return records.count


def lines(
    rows: Rows, format: Literal["csv", "jsonl"] = "jsonl", *, guard: bool = True
) -> Generator[bytes, None, None]:
    """Yield the table of *rows* as bytes, many lines at once: what `write` writes to a file.

    For a stream such as `sys.stdout.buffer`. CSV begins with a line of names. Raises the errors
    that `write` returns.
    """
    if format not in ("csv", "jsonl"):
        raise ValueError(f"format must be 'csv' or 'jsonl', not {format!r}")
    yield from _lines.encoded(_records.Records(rows), format, guard=guard)


def schema() -> pyarrow.Schema:
    """Return the schema of a Parquet table: `rows.COLUMNS` and `row`.

    Raises `MissingExtra` if pyarrow is not installed.
    """
    _parquet.check_is_installed()
    return _parquet.schema()
