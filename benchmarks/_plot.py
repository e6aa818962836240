"""The plot: a panel for the times of each suite, and for some of them one of the memory."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._job import Counted
from ._runs import Runs

Samples = Mapping[str, Mapping[str, Sequence[Counted]]]

_OURS, _THEN, _OTHERS = "#c15f3c", "#d9a58f", "#9aa0a6"
_COLUMNS = 3
_MEMORY = ("create", "whole", "scaling")


def plot(samples: Samples, heading: str, path: Path) -> None:
    """Draw the suites that were run into *path*."""
    panels = [(suite, "") for suite in samples if suite != "promptness"]
    panels += [(suite, "growth") for suite in _MEMORY if suite in samples]
    rows = -(-len(panels) // _COLUMNS) or 1
    most = max((len(cases) for cases in samples.values()), default=1)
    figure = Figure(figsize=(6.5 * _COLUMNS, (1 + most / 6) * rows + 1), layout="constrained")
    figure.suptitle(heading, fontsize=10)
    for place, (suite, measured) in enumerate(panels, 1):
        axes = figure.add_subplot(rows, _COLUMNS, place)
        _bars(axes, suite, Runs(samples[suite]), measured)
    figure.savefig(path, dpi=110)


def _bars(axes: Axes, suite: str, runs: Runs, measured: str) -> None:
    """Draw a bar for each case, with a whisker from the least to the most."""
    unit, factor = ("MB grown", 1e-6) if measured else ("seconds", 1.0)
    found = {name: runs.values(name, measured or runs.figure(name)) for name in runs.samples}
    shown = {name: [value * factor for value in values] for name, values in found.items() if values}
    medians = [statistics.median(values) for values in shown.values()]
    below = [median - min(values) for median, values in zip(medians, shown.values())]
    above = [max(values) - median for median, values in zip(medians, shown.values())]
    colors = [_color(name) for name in shown]
    bars = axes.barh(list(shown), medians, xerr=[below, above], color=colors, ecolor="#444444")
    axes.bar_label(bars, fmt="%.3g", padding=4, fontsize=8)
    axes.invert_yaxis()
    axes.set_title(f"{suite}: {unit}", fontsize=10)
    axes.tick_params(labelsize=8)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)


def _color(name: str) -> str:
    if "ours" in name:
        return _OURS
    return _THEN if "then" in name else _OTHERS
