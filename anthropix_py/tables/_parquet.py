"""Tables as Parquet files, written by pyarrow, with memory that does not grow with the rows.

Rows become Arrow arrays a megabyte at a time, because Python's objects need several times the
memory. When there are 8 MB of them they are written as one row group. So a row group is bounded
by its bytes, whatever the length of a row. It is compressed and written in a thread while the next
one is being filled, because compressing takes about half of all the time. What keeps it safe: at
most one row group is being written, its error is raised before the next is handed over, and the
thread has ended before the file is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra
from ..rows import COLUMNS, VERSION
from ._lines import valid
from ._records import Record
from ._target import Output

if TYPE_CHECKING:
    import pyarrow

_BATCH = 1 << 20  # bytes of JSON that become arrays at once
_GROUP = 8 << 20  # bytes of arrays that become a row group
_LEVEL = 3  # of zstd
_PAGE = 4 << 20  # bytes; with 1 MB, compressing takes 1.2 times as long, and so does the file
# Texts of which every row has another one, or a long one: no dictionary and no statistics for them.
_LONG = ("text", "row", "error_message")
_UNIQUE = ("custom_id", "message_id", "request_id", "text", "row")
_LIMIT = 1 << 63


def check_is_installed() -> None:
    """Raise `MissingExtra` if pyarrow is not installed."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise MissingExtra("a Parquet table", "pyarrow", "table")


def schema() -> pyarrow.Schema:
    """Return the schema, with the version of the columns in its metadata."""
    import pyarrow

    kinds = {"text": pyarrow.string(), "integer": pyarrow.int64()}
    fields = [(column.name, kinds[column.kind]) for column in COLUMNS]
    metadata = {"anthropix_py.rows.version": str(VERSION)}
    return pyarrow.schema([*fields, ("row", pyarrow.string())], metadata)


def write(records: Iterable[Record], file: Output) -> None:
    """Write *records* to *file*."""
    from concurrent.futures import Future, ThreadPoolExecutor

    from pyarrow.parquet import ParquetWriter

    table = schema()
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": _LEVEL,
        "data_page_size": _PAGE,
        "use_dictionary": [name for name in table.names if name not in _UNIQUE],
        "write_statistics": [name for name in table.names if name not in _LONG],
    }
    writing: Future[None] | None = None
    with ParquetWriter(file, table, **options) as writer, ThreadPoolExecutor(1) as thread:
        for group in _groups(records, table):
            if writing is not None:
                writing.result()
            writing = thread.submit(writer.write_table, group, row_group_size=len(group))
        if writing is not None:
            writing.result()


def _groups(records: Iterable[Record], schema: pyarrow.Schema) -> Iterator[pyarrow.Table]:
    import pyarrow

    batches: list[pyarrow.RecordBatch] = []
    size = 0
    for batch in _batches(records, schema):
        batches.append(batch)
        size += batch.nbytes
        if size >= _GROUP:
            yield pyarrow.Table.from_batches(batches, schema)
            batches, size = [], 0
    if batches:
        yield pyarrow.Table.from_batches(batches, schema)


def _batches(records: Iterable[Record], schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
    rows: list[bytes] = []
    values: list[tuple[Any, ...]] = []
    size = 0
    for row, columns in records:
        rows.append(row)
        values.append(columns)
        size += len(row)
        if size >= _BATCH:
            yield _batch(rows, values, schema)
            rows, values, size = [], [], 0
    if rows:
        yield _batch(rows, values, schema)


def _batch(
    rows: list[bytes], values: list[tuple[Any, ...]], schema: pyarrow.Schema
) -> pyarrow.RecordBatch:
    import pyarrow

    columns: list[Sequence[Any]] = [*zip(*values), rows]
    arrays = [_array(column, field.type) for column, field in zip(columns, schema)]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def _array(column: Sequence[Any], kind: pyarrow.DataType) -> pyarrow.Array:
    import pyarrow

    try:
        return pyarrow.array(column, kind)
    except (OverflowError, UnicodeEncodeError):
        return pyarrow.array([_fitting(value) for value in column], kind)


def _fitting(value: str | int | None) -> str | int | None:
    """Return *value* as the file can hold it: None for an integer that does not fit 64 bits."""
    if isinstance(value, str):
        return valid(value)
    if value is None or -_LIMIT <= value < _LIMIT:
        return value
    return None
