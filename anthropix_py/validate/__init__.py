"""Find the faults in requests before they cost anything.

For an `error` the server refuses the create at once. For a `warning` the batch is created, but the
request comes back as an errored row hours later, because the server finds the fault only while
processing. What only the server knows (models, their limits, most of what a message may hold) is
not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._arguments import check_limits
from .._problem import Problem
from ..limits import Limits
from ._checker import Checker, iterate

__all__ = ["Problem", "problems"]


def problems(requests: Iterable[Mapping[str, object]], limits: Limits = Limits()) -> list[Problem]:
    """Return every fault of *requests*, errors and warnings, in the order of the requests.

    Reads the iterable to its end, or to the first request beyond the *limits*. An empty list means
    that these checks found no fault; the server may still find one. Raises TypeError if *requests*
    is not an iterable of requests, for example a single request or a text.
    """
    checker = Checker(check_limits("limits", limits))
    found: list[Problem] = []
    for request in iterate(requests):
        found += checker.feed(request)[1]
        if checker.full:
            break
    return found + checker.finish()
