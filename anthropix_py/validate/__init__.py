"""Find the faults in requests before they cost anything.

For an `error` the server refuses the create at once. For a `warning` the batch is created, but the
request comes back as an errored row hours later, because the server finds the fault only while
processing; in one case (too little room to think) it comes back truncated. `RULES` is the table of
all rules for params. What nobody knows for certain is not checked, and what is new is only a
warning. Rules about models apply to the models in `MODELS` alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping

from .._arguments import check_limits
from .._problem import Problem
from ..errors import FileError
from ..limits import Limits
from ..result import Result
from . import _file
from ._checker import Checker, iterate
from ._look import OLDER, setting_of
from ._models import MODELS, Model
from ._report import Group, Place, Report
from ._rule import Rule
from ._rules import RULES

__all__ = [
    "MODELS",
    "RULES",
    "Group",
    "Model",
    "Place",
    "Problem",
    "Report",
    "Rule",
    "file",
    "problems",
]


def problems(
    requests: Iterable[Mapping[str, object]],
    limits: Limits = Limits(),
    *,
    api_version: str = OLDER,
    beta: Collection[str] = (),
) -> list[Problem]:
    """Return every fault of *requests*, errors and warnings, in the order of the requests.

    Reads the iterable to its end, or to the first request beyond the *limits*. An empty list means
    that these checks found no fault; the server may still find one. *api_version*, *beta*: those
    of the client that will create the batch. Under a beta, keys that this version does not know
    are not reported. Raises TypeError if *requests* is not an iterable of requests, for example a
    single request or a text.
    """
    checker = Checker(check_limits("limits", limits), setting_of(api_version, beta))
    found: list[Problem] = []
    for request in iterate(requests):
        found += checker.feed(request)[1]
        if checker.full:
            break
    return found + checker.finish()


def file(
    path: str | os.PathLike[str],
    limits: Limits = Limits(),
    *,
    api_version: str = OLDER,
    beta: Collection[str] = (),
) -> Result[Report]:
    """Return a report on the requests in the file at *path*: JSON Lines, one request a line.

    The file may be of any size and compressed with gzip: one line is in memory at a time, besides
    some 8 bytes for each custom_id. A line that is not a request is a fault in the report. The
    `custom_id` must be unique in the file. The error is `FileError` if the file cannot be read.
    """
    setting = setting_of(api_version, beta)
    try:
        return "ok", _file.report(os.fspath(path), check_limits("limits", limits), setting)
    except FileError as error:
        error.__traceback__ = error.__context__ = None
        return "error", error
