"""Check the arguments of public functions.

Each error says which argument is wrong, what was expected, and what was found.
"""

from __future__ import annotations

import math
import re
from typing import Literal, overload

from ._problem import shown
from .limits import Limits


@overload
def number(
    name: str,
    value: object,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    unit: str = "",
    integer: Literal[False] = False,
) -> float: ...


@overload
def number(
    name: str,
    value: object,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    unit: str = "",
    integer: Literal[True],
) -> int: ...


def number(
    name: str,
    value: object,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    unit: str = "",
    integer: bool = False,
) -> float:
    """Return *value*, which must be a number within the given bounds.

    *least* and *most* are inclusive bounds, *above* is an exclusive one. *unit*: of the value and
    the bounds, for the message ("seconds"). *integer*: floats are refused too, even 2.0.

    Raises TypeError for anything but an int or a float (a bool is not a number here), ValueError
    for NaN and for a number out of bounds. *name* begins the message: "timeout must be at least 0
    seconds, not -1".
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong_type(name, _kind(unit, integer), value)
    if integer and not isinstance(value, int):
        raise wrong_type(name, _kind(unit, integer), value)
    fits = not (isinstance(value, float) and math.isnan(value))
    fits = fits and (least is None or value >= least)
    fits = fits and (above is None or value > above)
    fits = fits and (most is None or value <= most)
    if not fits:
        raise ValueError(f"{name} must be {_bounds(least, above, most, unit)}, not {shown(value)}")
    return value


def wrong_type(name: str, expected: str, value: object) -> TypeError:
    """Return the error for an argument *name* that must be *expected* but is *value*."""
    return TypeError(f"{name} must be {expected}, not {type(value).__name__}")


def is_result(value: object) -> bool:
    """Return whether *value* has the form of a `Result`: ("ok", value) or ("error", exc)."""
    return isinstance(value, tuple) and len(value) == 2 and value[0] in ("ok", "error")


def check_is_not_a_result(value: object, expected: str) -> None:
    """Raise TypeError if *value* is a result that should have been unwrapped.

    *expected*: what was wanted instead, for the message ("a batch").
    """
    if isinstance(value, tuple) and is_result(value):
        raise TypeError(f"this is a result, ({value[0]!r}, ...), not {expected}: unwrap it first")


def check_limits(name: str, limits: object) -> Limits:
    """Return *limits*, which must be usable `Limits`. Raises TypeError or ValueError."""
    if not isinstance(limits, Limits):
        raise wrong_type(name, "a Limits", limits)
    for field in ("requests", "bytes", "page"):
        number(f"{name}.{field}", getattr(limits, field), least=1, integer=True)
    try:
        re.compile(limits.custom_id)
    except (re.error, TypeError) as error:
        raise ValueError(f"{name}.custom_id must be a regular expression: {error}") from None
    return limits


def _kind(unit: str, integer: bool) -> str:
    kind = "a number"
    if integer:
        kind = "an integer"
    if unit:
        kind += f" of {unit}"
    return kind


def _bounds(least: float | None, above: float | None, most: float | None, unit: str) -> str:
    bounds = (("at least", least), ("more than", above), ("at most", most))
    words = " and ".join(f"{word} {_digits(bound)}" for word, bound in bounds if bound is not None)
    return f"{words or 'a number'} {unit}".rstrip()


def _digits(bound: float) -> str:
    return f"{bound:,}".removesuffix(".0")
