"""Arguments: numbers within bounds, and limits."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from anthropix_py import Limits
from anthropix_py._arguments import check_limits, number, wrong_type

HUGE = 10**400  # too large for a float

GOOD: dict[str, tuple[object, dict[str, Any]]] = {
    "integer": (5, {}),
    "float": (0.5, {}),
    "negative without a bound": (-5, {}),
    "the least": (1, {"least": 1}),
    "just more than above": (1e-300, {"above": 0}),
    "the most": (1000, {"most": 1000}),
    "infinity without a bound above": (math.inf, {"least": 0}),
    "integer that no float holds": (HUGE, {"least": 0, "integer": True}),
}


@pytest.mark.parametrize(("value", "bounds"), GOOD.values(), ids=GOOD)
def test_number_in_bounds_is_returned_unchanged(value: object, bounds: dict[str, Any]) -> None:
    returned: object = number("n", value, **bounds)
    assert returned is value


SECONDS = {"least": 0, "unit": "seconds"}

# (value, bounds, error, message)
BAD: dict[str, tuple[object, dict[str, Any], type[Exception], str]] = {
    "below the least": (-1, SECONDS, ValueError, "n must be at least 0 seconds, not -1"),
    "equal to above": (0, {"above": 0}, ValueError, "n must be more than 0, not 0"),
    "beyond the most": (11, {"most": 10.0}, ValueError, "n must be at most 10, not 11"),
    "out of two bounds": (
        0,
        {"above": 0, "most": 86_400.0, "unit": "seconds"},
        ValueError,
        "n must be more than 0 and at most 86,400 seconds, not 0",
    ),
    "bound with a fraction": (9, {"most": 2.5}, ValueError, "n must be at most 2.5, not 9"),
    # Every comparison with NaN is false, so a check of "too small" would let it pass.
    "NaN": (math.nan, SECONDS, ValueError, "n must be at least 0 seconds, not nan"),
    "NaN without a bound": (math.nan, {}, ValueError, "n must be a number, not nan"),
    "infinity": (math.inf, {"most": 9}, ValueError, "n must be at most 9, not inf"),
    # It must be compared, not converted: float() of it overflows.
    "integer that no float holds": (HUGE, {"most": 9}, ValueError, "n must be at most 9, not 1000"),
    # True is an int for Python, and means something else for whoever wrote it.
    "bool": (True, SECONDS, TypeError, "n must be a number of seconds, not bool"),
    "bool for an integer": (False, {"integer": True}, TypeError, "n must be an integer, not bool"),
    "text": ("5", SECONDS, TypeError, "n must be a number of seconds, not str"),
    "None": (None, {}, TypeError, "n must be a number, not NoneType"),
    "complex": (1j, {}, TypeError, "n must be a number, not complex"),
    "Decimal": (Decimal(1), {}, TypeError, "n must be a number, not Decimal"),
    "fraction for an integer": (2.5, {"integer": True}, TypeError, "an integer, not float"),
    "float for an integer": (2.0, {"integer": True}, TypeError, "an integer, not float"),
}


@pytest.mark.parametrize(("value", "bounds", "kind", "message"), BAD.values(), ids=BAD)
def test_number_out_of_bounds_is_refused(
    value: object, bounds: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        number("n", value, **bounds)
    assert message in str(caught.value)


def test_wrong_type_names_argument_expectation_and_type() -> None:
    assert str(wrong_type("a", "a string", b"")) == "a must be a string, not bytes"


BAD_LIMITS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "text": ({"requests": "x"}, TypeError, "l.requests must be an integer, not str"),
    "zero": ({"page": 0}, ValueError, "l.page must be at least 1, not 0"),
    "negative": ({"bytes": -1}, ValueError, "l.bytes must be at least 1, not -1"),
    "fraction": ({"requests": 2.5}, TypeError, "l.requests must be an integer, not float"),
    "bool": ({"requests": True}, TypeError, "l.requests must be an integer, not bool"),
    "faulty pattern": ({"custom_id": "("}, ValueError, "l.custom_id must be a regular expression"),
    "pattern of another type": ({"custom_id": 5}, ValueError, "l.custom_id must be a regular"),
}


@pytest.mark.parametrize(("fields", "kind", "message"), BAD_LIMITS.values(), ids=BAD_LIMITS)
def test_limits_that_cannot_be_meant(
    fields: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        check_limits("l", Limits(**fields))
