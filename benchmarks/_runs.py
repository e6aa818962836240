"""The samples of several cases, and what they add up to. Sample 3 of each case is from round 3."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ._job import Counted

NOTHING = float("nan")


class Runs(NamedTuple):
    """Samples by the name of the case; a case that broke has none."""

    samples: Mapping[str, Sequence[Counted]]

    def median(self, name: str, figure: str = "seconds") -> float:
        """Return the median of a figure; NaN if there is no sample."""
        return _median(self.values(name, figure))

    def spread(self, name: str, figure: str = "seconds") -> float:
        """Return half the distance from the least to the most, as a share of the median."""
        values = self.values(name, figure)
        if not values:
            return NOTHING
        return (max(values) - min(values)) / 2 / statistics.median(values)

    def figure(self, name: str) -> str:
        """Return the figure that counts: the seconds of one call of many, or of everything."""
        return "call" if self.values(name, "call") else "seconds"

    def ratio(self, name: str, other: str, figure: str = "") -> float:
        """Return *name* over *other*, in time by default: the median of each round's ratio."""
        figure = figure or self.figure(name)
        return _median([one / another for one, another in self._pairs(name, other, figure)])

    def above(self, name: str, other: str, figure: str = "seconds") -> float:
        """Return *name* less *other*: the median of the differences within each round."""
        return _median([one - another for one, another in self._pairs(name, other, figure)])

    def values(self, name: str, figure: str) -> list[float]:
        """Return a figure of every sample that has it."""
        return [sample[figure] for sample in self.samples.get(name, ()) if figure in sample]

    def _pairs(self, name: str, other: str, figure: str) -> Iterator[tuple[float, float]]:
        return zip(self.values(name, figure), self.values(other, figure))


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else NOTHING
