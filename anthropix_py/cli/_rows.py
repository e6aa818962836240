"""Rows of results, from wherever a command takes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from .. import rows
from ..result import unwrap
from ..types import Row
from . import _reading


def of(path: str) -> Iterator[Row]:
    """Return an iterator over the rows in a file of results, or of a job in a folder."""
    _reading.check(path, "a file of results, or the folder of a job")
    if os.path.isdir(path):
        from .. import job

        found: Any = unwrap(job.results(path))
        return iter(found)
    return unwrap(rows.read(path))
