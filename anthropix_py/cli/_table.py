"""A table as lines of text: columns side by side if they fit, otherwise a record below another."""

from __future__ import annotations

from collections.abc import Sequence

_GAP = "  "


def lines(names: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> list[str]:
    """Return a table that is at most *width* columns wide, if that is possible."""
    found = columns(names, rows)
    if max(map(len, found)) <= width:
        return found
    return records(names, rows)


def columns(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return a line of names, and one for each row, in columns."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *texts)]
    is_number = [_is_number(column) for column in zip(*rows)] or [False] * len(names)
    return [_line(row, widths, is_number) for row in (names, *texts)]


def records(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return each row as lines of a name and a value, with an empty line between two rows."""
    longest = max(map(len, names), default=0)
    found: list[str] = []
    for row in rows:
        if found:
            found.append("")
        for name, value in zip(names, row):
            found.append(f"{name:<{longest}}{_GAP}{_text(value)}".rstrip())
    return found


def _line(row: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> str:
    cells = []
    for text, width, right in zip(row, widths, is_number):
        cell = text.ljust(width)
        if right:
            cell = text.rjust(width)
        cells.append(cell)
    return _GAP.join(cells).rstrip()


def _is_number(column: Sequence[object]) -> bool:
    return all(isinstance(value, (int, type(None))) for value in column)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return printable(str(value))


def printable(text: str) -> str:
    """Return *text* on one line, without what could control a terminal."""
    return "".join(map(_printable, text))


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    return " "
