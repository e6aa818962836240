"""Run the job with this package."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from exchange import Row, arguments, write

import anthropix_py
from anthropix_py import job, rows


def main() -> None:
    """Run the job, or continue it."""
    path, folder = arguments()
    policy = job.Policy(requests_per_batch=13, interval=0.2, settle=4.0)
    match job.run(anthropix_py.init(), str(path), folder / "job", policy=policy):
        case "ok", _:
            write(_rows(folder / "job"))
        case "error", exc:
            sys.exit(f"{type(exc).__name__}: {exc}")


def _rows(directory: object) -> Iterator[Row]:
    for row in anthropix_py.unwrap(job.results(str(directory))):
        yield Row(row["custom_id"], rows.text(row))
    for row in anthropix_py.unwrap(job.failures(str(directory))):
        yield Row(row["custom_id"], None)


main()
