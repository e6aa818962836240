"""Contestants that read a file of results, and that write a table of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks._job import Counted, Job, Run

# Removed with what is in it when this process ends.
_folder = tempfile.TemporaryDirectory()


def read(_: Job) -> Run:
    """Read every row."""
    from anthropix_py import rows, unwrap

    def run(path: str) -> Counted:
        return {"rows": sum(1 for _ in unwrap(rows.read(path)))}

    return _on_all_processors(run)


def write(job: Job) -> Run:
    """Write a table in the format of the argument; "FORMAT rows": of the rows that are read."""
    from anthropix_py import rows, tables, unwrap

    format, _, of_rows = job["argument"].partition(" ")
    target = Path(_folder.name, f"table.{format}")

    def run(path: str) -> Counted:
        source = unwrap(rows.read(path)) if of_rows else path
        return {"rows": unwrap(tables.write(source, target, replace=True))}

    return _on_all_processors(run)


def _on_all_processors(run: Run) -> Run:
    """Take all processors: a table is compressed on another one than the rows are read on."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    return run
