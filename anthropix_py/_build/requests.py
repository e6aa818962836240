"""Requests, one for each row of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

from ..types import Request
from .errors import Place
from .keys import Keys
from .records import Record
from .template import Template, check_content

Fill = Callable[[Record, Place], Any]
"""What makes the content of a message, or the system prompt, of a row."""


class Form(NamedTuple):
    """What the requests of all rows have in common. `system`: None if they have none."""

    keys: Keys
    prompt: Fill
    system: Fill | None
    params: dict[str, Any]

    def request(self, number: int, row: Record) -> Request:
        """Return the request of a row. Raises `TableError`."""
        place, id = self.keys.place(number, row)
        self.keys.check_new(place, id)
        params = dict(self.params)
        if self.system is not None:
            params["system"] = self.system(row, place)
        params["messages"] = [{"role": "user", "content": self.prompt(row, place)}]
        return cast(Request, {"custom_id": id, "params": params})

    def requests(self, rows: Iterator[tuple[int, Record]]) -> Iterator[Request]:
        """Yield the request of each row."""
        for number, row in rows:
            yield self.request(number, row)


def filling(name: str, content: Any) -> Fill:
    """Return what makes *content*: a template, a list of blocks as it is, or a function of a row.

    *name*: of the argument, for the TypeError or ValueError that another thing raises.
    """
    check_content(name, content)
    if isinstance(content, str):
        return Template.of(name, content).filled
    if callable(content):
        return lambda row, _place: content(row)
    return lambda _row, _place: content
