"""Texts with `{column}` in them, and the values of columns as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import _json
from .._arguments import wrong_type
from .._problem import shown
from .errors import Place
from .records import Record

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_BRACES = "for a brace of the text itself, write {{ or }}"
_NAMED = 20  # columns that a message lists


class Template(NamedTuple):
    """A text with places for columns.

    `texts`: the text around the places, one more than there are `columns`.
    """

    texts: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    def of(cls, name: str, text: str) -> Template:
        """Return the template of *text*, in which `{column}` is a place and `{{` a brace.

        *name*: of the argument, for the ValueError that a brace in a wrong place raises.
        """
        texts, columns = [""], []
        end = 0
        for found in _TOKEN.finditer(text):
            texts[-1] += text[end : found.start()]
            end = found.end()
            if found[0] in ("{{", "}}"):
                texts[-1] += found[0][0]
            elif not found[1]:
                where = f"{name} has {found[0]!r} at character {found.start() + 1}"
                raise ValueError(f"{where}, expected the name of a column in braces; {_BRACES}")
            else:
                columns.append(found[1])
                texts.append("")
        texts[-1] += text[end:]
        return cls(tuple(texts), tuple(columns))

    def filled(self, row: Record, place: Place) -> str:
        """Return the text with the values of *row*.

        Raises `TableError` if a column is missing, or if all are empty texts: then the text would
        have nothing of the row.
        """
        values = [_text(cell(row, column, place), column, place) for column in self.columns]
        if values and not any(values):
            raise place.error(_all_empty(self.columns))
        parts = [self.texts[0]]
        for value, text in zip(values, self.texts[1:]):
            parts += (value, text)
        return "".join(parts)


def cell(row: Record, column: str, place: Place) -> Any:
    """Return the value of a column. Raises `TableError` if there is none: None, NaN, NA or NaT."""
    if column not in row:
        raise place.error(_no_column(row, column))
    value = row[column]
    kind = _missing(value)
    if kind:
        raise place.error(f"column {column!r} is missing ({kind})")
    return value


def check_content(name: str, value: object) -> None:
    """Raise TypeError unless *value* is a text, a list of blocks or a function of a row."""
    is_list = isinstance(value, Sequence) and not isinstance(value, bytes)
    if not is_list and not callable(value):
        raise wrong_type(name, "text, a list of blocks, or a function of a row", value)


def _missing(value: object) -> str:
    """Return how a missing value is called; nothing if *value* is not one."""
    kind = type(value).__name__
    if value is None or kind in ("NAType", "NaTType"):
        # those of pandas
        return {"NAType": "NA", "NaTType": "NaT"}.get(kind, "None")
    if isinstance(value, (str, bytes)):
        return ""
    try:
        # only NaN, of any library, differs from itself
        differs = bool(value != value)
    except ArithmeticError:
        # a NaN of decimal that signals
        differs = True
    except (TypeError, ValueError):
        # arrays compare item by item
        return ""
    if differs:
        return "NaN"
    return ""


def _text(value: Any, column: str, place: Place) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        raise place.error(f"column {column!r}: expected text or a number; found bytes")
    if hasattr(value, "tolist") and hasattr(value, "__len__"):
        # an array, which prints only its first and last items if it is long
        value = value.tolist()
    if not isinstance(value, (Mapping, list, tuple)):
        return str(value)
    try:
        return _json.dumps(value).decode()
    except (TypeError, ValueError) as error:
        raise place.error(f"column {column!r} cannot be written as JSON: {error}") from None


def _all_empty(columns: tuple[str, ...]) -> str:
    names = [repr(name) for name in dict.fromkeys(columns)]
    if len(names) == 1:
        return f"column {names[0]} is empty"
    return f"columns {', '.join(names)} are empty"


def _no_column(row: Record, column: str) -> str:
    from difflib import get_close_matches

    names = [str(name) for name in row]
    close = get_close_matches(column, names, 1)
    text = f"no column {shown(column)}"
    if close:
        text += f"; did you mean {close[0]!r}?"
    more = ""
    if not column.isidentifier() and not close:
        # most often a JSON example in the text
        text += f"; {_BRACES}"
    if len(names) > _NAMED:
        more = ", ..."
    return f"{text} (columns: {', '.join(names[:_NAMED])}{more})"
