"""Rows of results as data: their outcome, their text, flat columns, JSON answers, files of them.

A row is one line of results, `{"custom_id": ..., "result": {...}}`, as `batch.results` and
`job.results` return it. `text`, `outcome` and `flat` read one row. `json` reads an answer that is
JSON, and says where it does not fit. `read` reads a file of rows.

Unknown kinds of results and unknown fields are no error: the server may add some. What cannot be a
row raises TypeError.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from typing import Any

from .._door import local
from ..types import Row
from . import _answer, _flat, _read
from ._errors import AnswerError, RowError
from ._flat import COLUMNS, VERSION, Column

__all__ = [
    "COLUMNS",
    "VERSION",
    "AnswerError",
    "Column",
    "RowError",
    "flat",
    "json",
    "outcome",
    "read",
    "text",
]


def text(row: Row | Mapping[str, object]) -> str | None:
    """Return the text of the answer: all its blocks of text, joined. None if it has none.

    None for rows that did not succeed, and for answers of other blocks alone, such as tool uses.
    The text may be incomplete: see `outcome`.
    """
    return _flat.text(_flat.checked(row))


def outcome(row: Row | Mapping[str, object]) -> str:
    """Return what became of a request, in one word.

    - `succeeded`: the answer is complete, or asks for a tool to be called
    - `truncated`: the answer ends at `max_tokens` or at the end of the context window
    - `refused`: the model refused; there may be no text
    - `paused`: the server stopped a long turn (`pause_turn`); another request continues it
    - `errored`, `canceled`, `expired`: there is no answer

    Any other type of result is returned as it is; `unknown` if the result has none.
    """
    return _flat.outcome(_flat.checked(row))


def flat(row: Row | Mapping[str, object]) -> dict[str, str | int | None]:
    """Return the row as a flat dict with a value for each of `COLUMNS`, in their order.

    None where the row has no such value, or one of an unexpected type.
    """
    return dict(zip(_flat.NAMES, _flat.values(_flat.checked(row))))


@local
def read(path: str | os.PathLike[str]) -> Generator[Row, None, None]:
    """Return a generator over the rows of a file of results, compressed with gzip or not.

    The file is one that `batch.download` or `job.run` wrote, or another of one row a line. Every
    row is yielded, in the order of the file; blank lines are skipped. Memory holds about one row.

    A file that cannot be opened is returned as a `FileError`. Later errors are raised by the
    generator: `RowError` for a line that is not a row, also for a last line that was cut, and
    `FileError` for a disk that fails or compressed data that is damaged.
    """
    return _read.rows(path)


@local
def json(
    row: Row | Mapping[str, object],
    schema: Mapping[str, object] | bool | None = None,
    *,
    tool: str | None = None,
) -> Any:
    """Return the JSON value that a row holds: the input of its tool use, or else its text, parsed.

    The text must be JSON and nothing else; one code fence around all of it is removed. If there
    are several tool uses, *tool* names the one. With *schema*, a JSON Schema, the value is
    checked; this needs the extra `schema`.

    The error is `AnswerError`, which says where the answer is not what was expected: a row without
    a complete answer, a text that is not JSON, a value that does not fit. A schema that is not
    valid raises ValueError.
    """
    return _answer.value(_flat.checked(row), schema, tool)
