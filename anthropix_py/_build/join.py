"""Rows of a table beside their results, which arrive in another order.

Results are written to a temporary file, because a million of them would take gigabytes of memory.
Only the custom_id and the place in the file of each are kept, in about 150 bytes. They are written
with pickle, which brings back every value as it was; nothing but this process writes the file.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import IO, Any, cast

from .._files import as_file_errors
from .._problem import shown
from ..types import Row
from .errors import TableError
from .keys import Keys
from .records import Record

_IN_MEMORY = 16 << 20  # bytes; fewer need no file
_NAMED = 10  # custom_ids that a message lists


def join(
    rows: Iterator[tuple[int, Record]], results: Iterable[Row], keys: Keys, *, complete: bool
) -> Iterator[tuple[Record, Row | None]]:
    """Yield each row with its result, None if it has none and *complete* is false."""
    with Spool() as spool:
        for result in results:
            spool.add(result)
        for number, row in rows:
            place, id = keys.place(number, row)
            keys.check_new(place, id)
            result_of_row = spool.take(id)
            if result_of_row is None and complete:
                raise place.error(f"no result has its custom_id, {shown(id)}")
            yield row, result_of_row
        if complete:
            spool.check_empty()


class Spool:
    """Results by custom_id, kept in a temporary file; a context manager that closes it."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._end = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Spool:
        import tempfile

        # closed by __exit__
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, result: Row) -> None:
        """Keep a result. Raises `TableError` for a second one of the same custom_id."""
        try:
            id = result["custom_id"]
        except (TypeError, KeyError, IndexError):
            expected = "results must be an iterable of rows with a custom_id, as batch.results has"
            raise TypeError(f"{expected}; found {shown(result)}") from None
        if id in self._places:
            raise TableError(None, None, f"two results have the custom_id {shown(id)}")
        data = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        with as_file_errors("a temporary file"):
            self._opened.write(data)
        self._places[id] = self._end
        self._end += len(data)

    def take(self, id: str) -> Row | None:
        """Return the result of a custom_id, which is then gone; None if there is none."""
        place = self._places.pop(id, None)
        if place is None:
            return None
        with as_file_errors("a temporary file"):
            self._opened.seek(place)
            # written by `add`
            return cast(Row, pickle.load(self._opened))  # noqa: S301

    def check_empty(self) -> None:
        """Raise `TableError` if results are left."""
        if not self._places:
            return
        named = ", ".join(map(shown, list(self._places)[:_NAMED]))
        if len(self._places) > _NAMED:
            named += ", ..."
        count = f"{len(self._places):,} results have"
        if len(self._places) == 1:
            count = "1 result has"
        raise TableError(None, None, f"{count} no row: {named}")

    @property
    def _opened(self) -> Any:
        if self._file is None:
            raise ValueError("use it as a context manager")
        return self._file
