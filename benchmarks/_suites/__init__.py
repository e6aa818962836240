"""The suites by name: each runs its contestants, and returns what there is to show."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks._bench import Bench
from benchmarks._report import Outcome

from . import calling, creating, jobs, reading, scaling, starting, tables

SUITES: dict[str, Callable[[Bench], Outcome]] = {
    "streaming": reading.streaming,
    "promptness": reading.promptness,
    "long": reading.long_rows,
    "whole": reading.whole,
    "download": reading.download,
    "create": creating.create,
    "checking": creating.checking,
    "show": calling.show,
    "start": starting.start,
    "scaling": scaling.scaling,
    "job": jobs.job,
    "tables": tables.tables,
}

NEWER = ("job", "tables")
"""Suites that measure a module of the same name, which early revisions of the package lack."""
