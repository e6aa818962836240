"""Tables of what was measured, and of the goals beside it, in plain text."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from ._bench import then_name
from ._job import Counted
from ._runs import Runs

SLOWER = 1.05  # the most that now may take over then

_PACKAGES = ("anthropix_py", "urllib3", "anthropic", "httpx", "msgspec", "orjson")


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
        left = map(str.ljust, cells[: self.names], widths)
        right = map(str.rjust, cells[self.names :], widths[self.names :])
        return "  ".join(["", *left, *right]).rstrip()


class Goal(NamedTuple):
    """What is aimed at, and what was measured: at least or at most *bound*."""

    text: str
    measured: float
    bound: float
    at_least: bool = False
    form: str = "{:.2f}x"

    @property
    def met(self) -> bool:
        """Whether the measured value is on the right side; a missing one is not."""
        if self.at_least:
            return self.measured >= self.bound
        return self.measured <= self.bound

    @property
    def cells(self) -> list[str]:
        """The goal as a line of a table."""
        sign = {True: ">=", False: "<="}[self.at_least]
        met = {True: "met", False: "NOT MET"}[self.met]
        measured, bound = self.form.format(self.measured), self.form.format(self.bound)
        return [self.text, f"{sign} {bound}", measured, met]


class Outcome(NamedTuple):
    """What a suite has to show."""

    tables: list[Table]
    goals: list[Goal]


def seconds(value: float) -> str:
    """Return a time in the unit that suits it."""
    for least, factor, unit in ((0.1, 1, "s"), (0.001, 1e3, "ms")):
        if value >= least:
            return f"{value * factor:.2f} {unit}"
    return f"{value * 1e6:.1f} µs"


def megabytes(value: float) -> str:
    """Return a size in MB; nothing if it was not measured."""
    return _measured(f"{value / 1e6:.1f} MB")


def times(value: float) -> str:
    """Return a ratio; nothing if one of the two was not measured."""
    return _measured(f"{value:.2f}x")


def _measured(text: str) -> str:
    if text.startswith("nan"):
        return ""
    return text


def runs_table(title: str, runs: Runs, columns: Mapping[str, Callable[[str], str]] = {}) -> Table:
    """Return a table with a line for each case: time, spread, memory, and *columns* of its name."""
    lines = []
    for name in runs.samples:
        figure = runs.figure(name)
        memory = [megabytes(runs.median(name, size)) for size in ("growth", "peak")]
        time, spread = seconds(runs.median(name, figure)), f"±{runs.spread(name, figure):.0%}"
        lines.append([name, time, spread, *memory, *(text(name) for text in columns.values())])
    return Table(title, ["", "time", "spread", "memory grew", "in all", *columns], lines)


def faster(runs: Runs, name: str, peer: str, bound: float) -> Goal:
    """Return the goal that *name* has at least *bound* times the speed of *peer*."""
    return Goal(f"{name} over {peer}, speed", runs.ratio(peer, name), bound, at_least=True)


def within(runs: Runs, name: str, peer: str, bound: float) -> Goal:
    """Return the goal that *name* takes at most *bound* times as long as *peer*."""
    return Goal(f"{name} over {peer}, time", runs.ratio(name, peer), bound)


def memory(text: str, size: float, bound: float) -> Goal:
    """Return the goal of at most *bound* MB."""
    return Goal(text, size / 1e6, bound, form="{:.1f} MB")


def goals_table(goals: Iterable[tuple[str, Goal]]) -> Table:
    """Return the table of the goals of all suites."""
    lines = [[suite, *goal.cells] for suite, goal in goals]
    met = sum(line[-1] == "met" for line in lines)
    head = ["suite", "", "goal", "measured", ""]
    return Table(f"Goals: {met} of {len(lines)} met", head, lines, names=2)


def comparison(suite: str, samples: Mapping[str, Sequence[Counted]]) -> Table:
    """Return the table of now over then in one suite; ratios within each round, their medians.

    What takes longer without needing more of the processor has waited, as on a busy machine.
    """
    runs = Runs(samples)
    lines = []
    for name in samples:
        then = then_name(name)
        if name == then or not samples.get(then):
            continue
        time, cpu = runs.ratio(name, then), runs.ratio(name, then, "cpu")
        verdict = ""
        if time > SLOWER:
            verdict = "waited"
        if time > SLOWER and cpu > SLOWER:
            verdict = "SLOWER"
        memory = [megabytes(runs.median(one, "growth")) for one in (name, then)]
        lines.append([name, times(time), times(cpu), *memory, verdict])
    head = ["", "time", "processor", "memory grew", "then", ""]
    return Table(f"{suite}: now over then, at most {SLOWER}", head, lines)


def machine() -> list[str]:
    """Return the machine, the interpreter and the packages, a line each."""
    interpreter = f"{platform.python_implementation()} {platform.python_version()}"
    load = f", load {os.getloadavg()[0]:.2f} before" if hasattr(os, "getloadavg") else ""
    return [
        f"{_processor()}, {os.cpu_count()} cores{load}",
        f"{platform.system()} {platform.release()}, {interpreter}",
        ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES),
    ]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
