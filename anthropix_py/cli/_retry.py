"""The failed requests of a finished job, sent again as a job in a folder inside its folder.

The first retry is in DIR/retry-1, with its requests in DIR/retry-1.jsonl. What fails there again is
in DIR/retry-2, and so on. Each retry begins when the one before it has ended, so only the last one
can be unfinished. One that was planned but not begun (a dry run, a "no") is taken anew by the next
`--retry-failed`, and ignored by a call without it, which must not send anything again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from .. import job, rows
from ..result import unwrap
from ..types import Row
from . import _place, _reading
from ._errors import wrong_use


class Link(NamedTuple):
    """A job, or a retry of it: the file of its requests, and its folder."""

    file: str
    folder: str

    @property
    def is_known(self) -> bool:
        """Whether the job has been begun, and its requests were read."""
        return job.status(self.folder)[0] == "ok"


def links(file: str, folder: str) -> list[Link]:
    """Return the job in a folder and all its retries so far."""
    found = [Link(file, folder)]
    while os.path.exists((following := _retry(folder, len(found))).file):
        found.append(following)
    return found


def begun(found: list[Link]) -> list[Link]:
    """Return the links without a retry at their end that was planned but not begun."""
    if len(found) > 1 and not found[-1].is_known:
        return found[:-1]
    return found


def with_failed(found: list[Link]) -> list[Link]:
    """Return the links, all begun, and one more, over the requests that have failed so far.

    The requests are taken from the file as it is now, so that they can be corrected before.
    Without any that have failed, nothing is added.
    """
    first, last = found[0], found[-1]
    state = job.status(last.folder)
    if state[0] == "error" or state[1].next_at is not None or not left(found):
        return found
    failures = os.path.join(last.folder, "failures.jsonl")
    if os.path.isdir(first.file):
        raise wrong_use(
            f"--retry-failed takes a job over one file, and {first.file} is a folder",
            f"its failed rows are in {failures}",
        )
    following = _retry(first.folder, len(found))
    failed = _failed(found)
    wanted = (one for one in _reading.requests(first.file) if one.get("custom_id") in failed)
    count = _place.write(following.file, _place.as_lines(wanted), replace=True)
    if not count:
        os.unlink(following.file)
        raise wrong_use(f"{first.file} holds none of the requests that failed")
    return [*found, following]


def left(found: list[Link]) -> int:
    """Return how many requests of the job have not succeeded, neither in it nor in a retry."""
    states = [unwrap(job.status(link.folder)) for link in found]
    return states[0].total - sum(state.succeeded for state in states)


def _failed(found: list[Link]) -> set[str]:
    """Return the custom_ids of the requests that failed, and have succeeded in no retry."""
    path = os.path.join(found[0].folder, "failures.jsonl")
    failed = {row["custom_id"] for row in unwrap(rows.read(path))}
    for link in found[1:]:
        failed -= {row["custom_id"] for row in unwrap(job.results(link.folder))}
    return failed


def results(found: list[Link]) -> Iterator[Row]:
    """Yield the rows that have succeeded in any of the links, in the order of the file."""
    left = [_Rows(link.folder) for link in found]
    for request in _reading.requests(found[0].file):
        for one in left:
            if one.next is not None and one.next["custom_id"] == request.get("custom_id"):
                yield one.take()
                break
    for one in left:
        # The file was changed: these rows are in it no more, or in another order.
        while one.next is not None:
            yield one.take()


def lines(found: list[Link]) -> Iterator[bytes]:
    """Yield the same rows as lines, in blocks; those of a single job as they stand in its file."""
    if len(found) > 1:
        return _place.as_lines(results(found))
    return _place.blocks(os.path.join(found[0].folder, "results.jsonl"))


def in_all(found: list[Link]) -> str:
    """Return how many requests have succeeded in any of the links."""
    total = unwrap(job.status(found[0].folder)).total
    return f"With the earlier attempts: {total - left(found):,} of {total:,} requests succeeded"


class _Rows:
    """The rows of one job. `next`: the next one, None at the end."""

    def __init__(self, folder: str) -> None:
        self._rows: Iterator[Row] = unwrap(rows.read(os.path.join(folder, "results.jsonl")))
        self.next: Row | None = next(self._rows, None)

    def take(self) -> Row:
        """Return the next row, and go on."""
        row = self.next
        if row is None:
            raise LookupError("there are no more rows")
        self.next = next(self._rows, None)
        return row


def _retry(folder: str, number: int) -> Link:
    path = os.path.join(folder, f"retry-{number}")
    return Link(f"{path}.jsonl", path)
