"""The plot: one panel for each thing measured, ours beside the others, from the least to the most in a whisker."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._job import Counted

Samples = Mapping[str, Mapping[str, Sequence[Counted]]]

_OURS, _OTHERS = "#c15f3c", "#9aa0a6"
_COLUMNS = 3


class Panel(NamedTuple):
    """What one panel shows: a figure of a suite, multiplied, of the names that match *names*."""

    suite: str
    title: str
    figure: str = "seconds"
    factor: float = 1.0
    form: str = "%.2f"
    names: str = ""


_PANELS = (
    Panel("streaming", "streaming results: seconds", names="^[^,]*$"),
    Panel("streaming", "streaming results, other ways: seconds", names=","),
    Panel("create", "creating a batch: seconds"),
    Panel("create", "creating a batch: MB above the caller's own", "growth", 1e-6, "%.0f"),
    Panel("whole", "results as a list: MB", "growth", 1e-6, "%.0f"),
    Panel("download", "results to a file: seconds"),
    Panel("show", "one show, connection open: µs", "call", 1e6, "%.0f"),
    Panel("start", "a new interpreter: seconds until imported, or until a first answer"),
    Panel("scaling", "streaming ever more rows: MB grown", "growth", 1e-6, "%.1f", "rows$"),
)


def plot(samples: Samples, heading: str, path: Path) -> None:
    """Draw the panels of the suites that were run into *path*."""
    panels = [panel for panel in _PANELS if any(samples.get(panel.suite, {}).values())]
    rows = -(-len(panels) // _COLUMNS) or 1
    figure = Figure(figsize=(6.5 * _COLUMNS, 4.2 * rows + 1), layout="constrained")
    figure.suptitle(heading, fontsize=10)
    for place, panel in enumerate(panels, 1):
        _bars(figure.add_subplot(rows, _COLUMNS, place), panel, samples[panel.suite])
    figure.savefig(path, dpi=110)


def _bars(axes: Axes, panel: Panel, cases: Mapping[str, Sequence[Counted]]) -> None:
    named = {
        name: [sample[panel.figure] * panel.factor for sample in taken if panel.figure in sample]
        for name, taken in cases.items()
        if re.search(panel.names, name)
    }
    shown = {name: values for name, values in named.items() if values}
    medians = [statistics.median(values) for values in shown.values()]
    whiskers = [
        [median - min(values) for median, values in zip(medians, shown.values())],
        [max(values) - median for median, values in zip(medians, shown.values())],
    ]
    colors = [_OURS if "ours" in name or "anthropix_py" in name else _OTHERS for name in shown]
    bars = axes.barh(list(shown), medians, xerr=whiskers, color=colors, ecolor="#444444", capsize=2)
    axes.bar_label(bars, fmt=panel.form, padding=4, fontsize=8)
    axes.invert_yaxis()
    axes.set_title(panel.title, fontsize=10)
    axes.tick_params(labelsize=8)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)
