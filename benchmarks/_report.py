"""Tables of what was measured, and of the goals beside it, in plain text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """Lines under a title: *names* columns to the left, figures to the right."""

    title: str
    head: Sequence[str]
    lines: Sequence[Sequence[str]]
    names: int = 1

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.head, *self.lines)]
        lines = [self.head, ["-" * width for width in widths], *self.lines]
        return "\n".join([self.title, "", *(self._line(line, widths) for line in lines), ""])

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        cut = [
            *map(str.ljust, cells[: self.names], widths),
            *map(str.rjust, cells[self.names :], widths[self.names :]),
        ]
        return f"  {'  '.join(cut)}".rstrip()


class Goal(NamedTuple):
    """What is aimed at, and what was measured: at least or at most *bound*."""

    suite: str
    text: str
    measured: float
    bound: float
    at_least: bool = False
    form: str = "{:.2f}x"

    @property
    def met(self) -> bool:
        """Whether the measured value is on the right side; one that is missing is not."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def line(self) -> list[str]:
        """The goal as a line of a table."""
        bound = f"{'>=' if self.at_least else '<='} {self.form.format(self.bound)}"
        return [
            self.suite,
            self.text,
            bound,
            self.form.format(self.measured),
            "met" if self.met else "NOT MET",
        ]


class Outcome(NamedTuple):
    """What a suite has to show."""

    tables: list[Table]
    goals: list[Goal]


def goals_table(goals: Sequence[Goal]) -> Table:
    """Give the table of all goals."""
    met = sum(goal.met for goal in goals)
    lines = [goal.line for goal in goals]
    return Table(
        f"Goals: {met} of {len(goals)} met", ["suite", "", "goal", "measured", ""], lines, names=2
    )


def seconds(value: float) -> str:
    """Give a time in the unit that suits it."""
    if value < 0.001:
        return f"{value * 1e6:.1f} µs"
    return f"{value * 1e3:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def spread(value: float) -> str:
    """Give a spread in percent."""
    return f"±{value:.0%}"


def megabytes(value: float) -> str:
    """Give a size in MB."""
    return f"{value / 1e6:.1f} MB"


def times(value: float) -> str:
    """Give a ratio; nothing where one of the two was not measured."""
    return "" if math.isnan(value) else f"{value:.2f}x"
