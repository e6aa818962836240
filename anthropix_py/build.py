r"""Requests from the rows of a table, and the results beside their rows again.

    with open("reviews.csv", newline="") as file:
        requests = build.requests(
            csv.DictReader(file),
            id="id",
            prompt="Is this review positive? Reply yes or no.\n\n{text}",
            model="claude-haiku-4-5",
            max_tokens=5,
        )
        created = unwrap(batch.create(client, requests))

A table is an iterable of mappings from column to value (`csv.DictReader`, a list of dicts), a
DataFrame of pandas or Polars, or an Arrow Table; it is read once, row by row. What is wrong with a
row is raised by the generator, as `TableError`. `batch.create` and `job.run` return that error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, overload

from ._arguments import check_is_not_a_result
from ._build import join as _join
from ._build.errors import TableError
from ._build.ids import Key, custom_id, key
from ._build.keys import Id, Keys
from ._build.records import Record, Table, records
from ._build.requests import Fill, Form, filling
from .types import Request, Row

__all__ = ["Id", "Key", "Record", "Table", "TableError", "custom_id", "join", "key", "requests"]


def requests(
    rows: Table,
    *,
    id: Id,
    prompt: Any,
    model: str,
    max_tokens: int,
    system: Any = None,
    **params: Any,
) -> Iterator[Request]:
    """Yield a request for each of *rows*: one user message, made from the row.

    *id*: the column that names a row, a list of columns that do so together, or a function of the
    row that returns a key. It becomes the custom_id (see `custom_id`). *prompt*: a text in which
    `{column}` is replaced by the row's value, and `{{` and `}}` stand for braces; or a function of
    the row that returns a text or a list of blocks. *system*: the same, or a list of blocks, used
    for every row. *model*, *max_tokens*, *params*: the other parameters, the same for every row.

    Numbers, dates and the like are written as `str` writes them; lists and mappings as JSON.

    Raises TypeError or ValueError for a wrong argument at once. The generator raises `TableError`
    for a row that cannot become a request: a column that is not there; a missing value (None, NaN,
    NA, NaT) in a column that is used; nothing but empty texts in all columns of a template; an id
    that an earlier row has. Remembers 35 bytes a row, to find such ids.
    """
    if "messages" in params:
        raise TypeError("messages are made from prompt: pass prompt=... and not messages=...")
    fill: Fill | None = None
    if system is not None:
        fill = filling("system", system)
    common = {"model": model, "max_tokens": max_tokens, **params}
    form = Form(Keys.of(id), filling("prompt", prompt), fill, common)
    return form.requests(records(rows))


@overload
def join(
    rows: Table, results: Iterable[Row], *, id: Id, complete: Literal[True] = True
) -> Iterator[tuple[Record, Row]]: ...


@overload
def join(
    rows: Table, results: Iterable[Row], *, id: Id, complete: bool
) -> Iterator[tuple[Record, Row | None]]: ...


def join(
    rows: Table, results: Iterable[Row], *, id: Id, complete: bool = True
) -> Iterator[tuple[Record, Any]]:
    """Yield each of *rows* with its result, as a pair, in the order of *rows*.

    *rows*, *id*: as given to `requests`; a generator must be made anew. *results*: the rows that
    `batch.results` or `rows.read` returned, in any order. They are read to their end before the
    first pair, and kept in a temporary file; about 150 bytes for each remain in memory.

    The generator raises `TableError` for a row without a result and, at its end, for results
    without a row. With *complete* false such a row has None beside it, and such results are left
    out. Also raises `TableError` for two results or two rows of one id, and `FileError` if the disk
    is full.
    """
    check_is_not_a_result(results, "results")
    return _join.join(records(rows), results, Keys.of(id), complete=complete)
