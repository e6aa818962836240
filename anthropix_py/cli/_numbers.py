"""The types of options that take numbers; what a number cannot be is wrong use, with its reason."""

from __future__ import annotations

import math
from typing import Any

import click

_DAY = 24 * 3600.0  # seconds


class Number(click.FloatRange):
    """A number in a range; not NaN, which is in every range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return *value* as a number. Raises `BadParameter` if it is not in the range."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


TIMEOUT = Number(0, 366 * _DAY)
"""Seconds after which to stop."""

INTERVAL = Number(0, _DAY, min_open=True)
"""Seconds between two calls."""

DOLLARS = Number(0, 1e9, min_open=True)
"""An amount of money."""

FACTOR = Number(0, 1000, min_open=True)
"""What prices are multiplied by."""
