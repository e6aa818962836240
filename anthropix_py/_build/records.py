"""The rows of any table as mappings from column to value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, Union

from .._arguments import check_is_not_a_result
from .._problem import shown
from .errors import Place

Record = Mapping[str, Any]
"""One row: its values by the names of their columns."""


class PolarsFrame(Protocol):
    """A Polars DataFrame."""

    def iter_rows(self, *, named: Any) -> Iterator[Any]:
        """Yield the rows."""
        ...


class PandasFrame(Protocol):
    """A pandas DataFrame."""

    def itertuples(self, index: bool = True, name: str | None = "Pandas") -> Iterable[Any]:
        """Yield the rows."""
        ...


class ArrowTable(Protocol):
    """An Arrow Table, or another thing that has record batches."""

    def to_batches(self, *args: Any, **kwargs: Any) -> Iterable[Any]:
        """Return the record batches."""
        ...


Table = Union[Iterable[Record], PolarsFrame, PandasFrame, ArrowTable]
"""Rows: an iterable of mappings (`csv.DictReader`, a list of dicts), a DataFrame, or a Table."""

_EXPECTED = "an iterable of mappings (csv.DictReader, a list of dicts), a DataFrame or a Table"


def records(table: Table) -> Iterator[tuple[int, Record]]:
    """Return an iterator over the rows of *table*, each with its number, counted from 1.

    Nothing is read yet. Raises TypeError for what is not a table. The iterator raises `TableError`
    for a row that is not a mapping.
    """
    check_is_not_a_result(table, "rows")
    return _checked(_rows(table))


def _rows(table: Any) -> Iterator[object]:
    # told apart by their methods, so that none of these libraries needs to be imported
    if hasattr(table, "iter_rows"):
        frame: Iterator[object] = table.iter_rows(named=True)
        return frame
    if hasattr(table, "itertuples"):
        return _pandas_rows(table)
    if hasattr(table, "to_batches"):
        return iter(table.to_batches())
    if isinstance(table, (str, bytes, Mapping)) or not isinstance(table, Iterable):
        raise TypeError(f"rows must be {_EXPECTED}, not {type(table).__name__}")
    return iter(table)


def _pandas_rows(frame: Any) -> Iterator[Record]:
    columns = list(frame.columns)
    repeated = [name for at, name in enumerate(columns) if name in columns[:at]]
    if repeated:
        raise ValueError(f"rows has several columns of the name {shown(repeated[0])}")
    return (dict(zip(columns, values)) for values in frame.itertuples(index=False, name=None))


def _checked(rows: Iterator[object]) -> Iterator[tuple[int, Record]]:
    number = 0
    for row in rows:
        for one in _unpacked(row):
            number += 1
            if not isinstance(one, Mapping):
                expected = "expected a mapping from column to value, such as a dict"
                raise Place(number).error(f"{expected}; found {shown(one)}")
            yield number, one


def _unpacked(row: Any) -> Iterable[object]:
    """Return the rows in *row*, which may be a record batch of Arrow."""
    if isinstance(row, Mapping) or not hasattr(row, "to_pylist"):
        return (row,)
    rows: list[object] = row.to_pylist()
    return rows
