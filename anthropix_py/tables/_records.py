"""The rows of a table: their values by column, and the complete row as JSON.

A line of a file of results is used as it is. To write the row again took as long as to parse it,
and a file may hold what Python's encoder refuses: nesting that is too deep, and integers that are
too long. What keeps it safe: a line is used only after it has been parsed as a row.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import _json
from .._arguments import check_is_not_a_result, wrong_type
from ..rows import _read
from ..rows._flat import NAMES as _NAMES
from ..rows._flat import Value, is_row, values, what_is_wrong

NAMES = (*_NAMES, "row")

Record = tuple[bytes, tuple[Value, ...]]
"""(JSON of the complete row, value of each of `rows.COLUMNS`)."""


class Records:
    """An iterable of the records of *rows*, to be read once. `count`: how many have been read."""

    def __init__(self, rows: object) -> None:
        self.count = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Record]:
        if isinstance(self._rows, (str, os.PathLike)):
            return self._of_file(self._rows)
        check_is_not_a_result(self._rows, "rows")
        if isinstance(self._rows, (bytes, Mapping)) or not isinstance(self._rows, Iterable):
            raise wrong_type("rows", "an iterable of rows, or the path of a file", self._rows)
        return self._of_rows(self._rows)

    def _of_file(self, path: str | os.PathLike[str]) -> Iterator[Record]:
        for line, row in _read.pairs(path):
            self.count += 1
            yield line.strip(), values(row)

    def _of_rows(self, rows: Iterable[Any]) -> Iterator[Record]:
        for index, row in enumerate(rows):
            if not is_row(row):
                check_is_not_a_result(row, "a row")
                raise TypeError(f"rows[{index}] must be a row of results, {what_is_wrong(row)}")
            self.count += 1
            yield _encoded(index, row), values(row)


def _encoded(index: int, row: Mapping[str, Any]) -> bytes:
    try:
        return _json.dumps(row)
    except (TypeError, ValueError) as error:
        if isinstance(error, TypeError):
            found = _with_decimals(row)
            if found is not None:
                return found
        raise type(error)(f"rows[{index}] cannot be written as JSON: {error}") from None


def _with_decimals(row: Mapping[str, Any]) -> bytes | None:
    """Return JSON of a row that holds Decimals; None if it holds other values without JSON.

    A Decimal is what `_json.loads` makes of an integer of too many digits. The encoder cannot write
    its digits as a number, so they are written as text between marks that are removed afterwards.
    """
    from decimal import Decimal

    mark = os.urandom(16).hex()

    def marked(value: object) -> object:
        if isinstance(value, Decimal) and value.is_finite():
            return f"{mark}{value:f}{mark}"
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError

    try:
        text = json.dumps(row, default=marked, allow_nan=False, separators=(",", ":"))
    except TypeError:
        return None
    return text.replace(f'"{mark}', "").replace(f'{mark}"', "").encode()
