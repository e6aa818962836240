"""Which key, and so which custom_id, each row has."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Union

from .._arguments import wrong_type
from .._seen import Seen, key_of
from .errors import Place
from .ids import Key, custom_id, plain
from .records import Record
from .template import cell

Id = Union[str, Sequence[str], Callable[[Record], Key]]
"""What names a row: a column, several columns, or a function of the row that returns a key."""


class Keys:
    """The keys of rows.

    Made by `of`. `place` is called for each row, and `check_new` for its custom_id.
    """

    def __init__(self, columns: tuple[str, ...] | None, function: Callable[[Record], Any]) -> None:
        self._columns = columns
        self._function = function
        # 35 bytes a row: which ids have been used, and a hash of each id in the order of the rows
        self._seen = Seen()
        self._hashes = array("q")

    @classmethod
    def of(cls, id: Id) -> Keys:
        """Return the keys that *id* says. Raises TypeError or ValueError for another thing."""
        expected = "a column, a list of columns, or a function of a row"
        if callable(id):
            return cls(None, id)
        if isinstance(id, str):
            return cls((id,), lambda row: row[id])
        if not isinstance(id, Sequence):
            raise wrong_type("id", expected, id)
        for name in id:
            if not isinstance(name, str):
                raise wrong_type("id", expected, name)
        if not id:
            raise ValueError(f"id must be {expected}, not an empty list")
        return cls(tuple(id), lambda row: tuple(row[name] for name in id))

    def place(self, number: int, row: Record) -> tuple[Place, str]:
        """Return the place of a row, with its key, and its custom_id. Raises `TableError`."""
        place = Place(number)
        for column in self._columns or ():
            cell(row, column, place)
        place = Place(number, self._function(row))
        try:
            key = plain(place.key)
            return Place(number, key), custom_id(key)
        except (TypeError, ValueError) as error:
            raise place.error(str(error)) from None

    def check_new(self, place: Place, id: str) -> None:
        """Raise `TableError` if an earlier row had the same custom_id."""
        hashed = key_of(id)
        if not self._seen.add(id):
            first = self._hashes.index(hashed) + 1
            raise place.error(f"its id is used before, in row {first:,}")
        self._hashes.append(hashed)
