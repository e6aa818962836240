"""What is wrong with one row of a table."""

from __future__ import annotations

from typing import NamedTuple

from .._problem import shown
from ..errors import AnthropixError


class TableError(AnthropixError):
    """A row of the table cannot become a request, or rows and results do not match.

    `row`: its number, counted from 1, so that the first row after the header of a CSV file is 1;
    None if results have no row. `key`: what names the row, None if that is not known. `detail`:
    what is wrong.
    """

    def __init__(self, row: int | None, key: object, detail: str) -> None:
        super().__init__(row, key, detail)
        self.row = row
        self.key = key
        self.detail = detail

    def __str__(self) -> str:
        if self.row is None:
            return self.detail
        name = ""
        if self.key is not None:
            name = f" (id {_named(self.key)})"
        return f"row {self.row:,}{name}: {self.detail}"


class Place(NamedTuple):
    """A row: its number, counted from 1, and its key, None if that is not known yet."""

    row: int
    key: object = None

    def error(self, detail: str) -> TableError:
        """Return the error about this row."""
        return TableError(self.row, self.key, detail)


def _named(key: object) -> str:
    if isinstance(key, tuple):
        return ", ".join(map(shown, key))
    return shown(key)
