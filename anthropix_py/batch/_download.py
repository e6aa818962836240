"""Write results to a file that appears only when it is complete.

Rows are written to a part file beside the target, named after the batch. It remains after a crash
or a full disk, and the next call continues from it. When every row is in it and on the disk, the
part is renamed to the target.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from .._files import as_file_errors
from ..client import Client
from ..errors import DecodeError, FileError, IncompleteResults
from ..types import BatchRef
from . import _call, _ids, _state
from ._part import Part, kept_rows
from ._results import CorruptRows, Results

_PACE = 256  # rows between two calls of on_progress, at least

OnProgress = Callable[[int, "int | None"], object]


class Download(NamedTuple):
    """A finished download: where it is, and how many rows and bytes it holds."""

    path: str
    rows: int
    bytes: int


def download(
    client: Client,
    batch: BatchRef,
    path: str | os.PathLike[str],
    replace: bool,
    on_progress: OnProgress | None,
) -> Download:
    """Write the results of *batch* to *path*. Raises `FileError` for what the system refuses."""
    if on_progress is not None and not callable(on_progress):
        raise TypeError(f"on_progress must be callable, not {type(on_progress).__name__}")
    target = _target(path)
    id = _ids.results_id(client, batch)
    expected = _state.total(_state.ended(client, id, batch))
    done = _finished(client, id, expected, target)
    if done is None:
        _check_replaceable(target, id, replace)
        with Part.open(f"{target}.{_ids.quoted(id)}.part", expected) as part:
            _fill(client, id, expected, part, on_progress)
            # something may have come there in the meantime
            _check_replaceable(target, id, replace)
            part.become(target)
        done = Download(target, len(part.ids), part.size)
    if on_progress is not None:
        on_progress(done.rows, expected)
    return done


def _target(path: str | os.PathLike[str]) -> str:
    target = os.fspath(path)
    if not isinstance(target, str):
        raise TypeError(f"path must be a string or a path of strings, not {type(path).__name__}")
    if not target:
        raise ValueError("path is empty")
    with as_file_errors(target):
        try:
            mode = os.lstat(target).st_mode
        except FileNotFoundError:
            return target
    if stat.S_ISDIR(mode):
        raise FileError(target, "is a directory")
    if not stat.S_ISREG(mode):
        raise FileError(target, "is not a regular file (a link, a device or a pipe)")
    return target


def _finished(client: Client, id: str, expected: int | None, target: str) -> Download | None:
    """Return the download that *target* already is; None if it is another file or does not exist.

    It must hold as many rows as the batch and nothing else, and one of its rows must be equal to
    the server's.
    """
    try:
        with open(target, "rb") as file:
            kept = kept_rows(file, expected)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return None
    # before the comparison below, which adds the id of the sample to the others
    rows = kept.rows
    if rows != expected or kept.size != size or kept.sample is None:
        return None
    results = Results.begin(client, id, expected, kept.ids)
    try:
        sent = next(results.lines(), b"")
    finally:
        results.close()
    return Download(target, rows, size) if sent == kept.sample else None


def _check_replaceable(target: str, id: str, replace: bool) -> None:
    """Raise `FileError` if *target* is a file that the caller has not permitted us to replace."""
    if replace or not os.path.exists(target) or os.path.getsize(target) == 0:
        return
    detail = f"exists and is not the download of batch {id}; to replace it, pass replace=True"
    raise FileError(target, detail)


def _fill(
    client: Client, id: str, expected: int | None, part: Part, on_progress: OnProgress | None
) -> None:
    """Write to *part* every row that it lacks.

    If the server sends another line for a row that the part held from the beginning, the part was
    not of these results: it is emptied and filled again. Rows of a faulty body are removed.
    """
    attempt = 0
    while True:
        kept = part.size
        try:
            _write_rows(client, id, expected, part, on_progress)
            if part.is_confirmed:
                return
            part.cut(0)
        except CorruptRows as error:
            part.cut(kept)
            seconds = _call.pause(client, None, attempt=attempt, elapsed=0.0)
            if seconds is None:
                raise IncompleteResults(expected, part.rows, cause=error) from None
            client.clock.sleep(seconds)
            attempt += 1
        except DecodeError:
            # what comes before a faulty line of a body may be as faulty, and still be rows
            part.cut(kept)
            raise
        except IncompleteResults as error:
            if error.expected is None or error.received <= error.expected:
                # the row that the server has not yet confirmed was not counted
                received = max(error.received, part.rows)
                raise IncompleteResults(expected, received, error.duplicates, error.cause) from None
            # The part holds rows of other results, with which it would never be complete.
            part.cut(0)
            if kept == 0:
                raise


def _write_rows(
    client: Client, id: str, expected: int | None, part: Part, on_progress: OnProgress | None
) -> None:
    """Write the rows that *part* lacks, over one or more responses."""
    results = Results.begin(client, id, expected, part.ids)
    reported = len(part.ids)
    try:
        for rows in results.lines():
            part.write(rows)
            if part.is_complete:
                return
            written = len(part.ids)
            # the call for the last rows follows when the file is complete
            is_due = written - reported >= _PACE and written != expected
            if on_progress is not None and is_due:
                reported = written
                on_progress(written, expected)
    finally:
        results.close()
