"""The results of a job in the order of its input, its summary, and its progress."""

from __future__ import annotations

import json
import os
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from operator import gt
from typing import IO, Any

from .. import _json, usage
from .._files import as_file_errors
from ..errors import FileError
from . import _rows
from ._core import Core
from ._errors import JobError
from ._folder import Folder
from ._happened import Delivered
from ._journal import Journal
from ._rows import OUTCOMES, SUCCEEDED, Settled
from ._values import Batch, Progress, Summary
from ._wire_ids import ROW_AT, WIDTH

_OPEN = 16  # files of results open at a time
_BEGIN = b'{"custom_id":"'
_KINDS = 50  # kinds of errors named in a summary


class _Raw:
    """The results of one attempt, as they arrived. `find`: a row, fastest in ascending order."""

    def __init__(self, path: str, file: IO[bytes], rows: array[int], places: array[int]) -> None:
        self._path = path
        self._file = file
        self._rows = rows
        self._places = places
        self._next = 0
        # where the file is read from next
        self._at = 0

    @classmethod
    def open(cls, path: str) -> _Raw:
        """Return the file at *path*, in which every line has been found."""
        rows, places = array("q"), array("q")
        at = 0
        with as_file_errors(path):
            file = open(path, "rb")  # noqa: SIM115 - closed by close
            try:
                for line in file:
                    rows.append(_row_in(line, path, at))
                    places.append(at)
                    at += len(line)
                file.seek(0)
            except BaseException:
                file.close()
                raise
        if any(map(gt, rows, rows[1:])):
            order = sorted(range(len(rows)), key=rows.__getitem__)
            rows = array("q", map(rows.__getitem__, order))
            places = array("q", map(places.__getitem__, order))
        return cls(path, file, rows, places)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def find(self, row: int) -> bytes:
        """Return the line of *row*. Raises `JobError` if there is none."""
        index = self._next
        if index >= len(self._rows) or self._rows[index] != row:
            index = bisect_left(self._rows, row)
            if index >= len(self._rows) or self._rows[index] != row:
                raise JobError("corrupt", f"{self._path} does not have row {row} any more")
        at = self._places[index]
        # Not as_file_errors, which costs twice as much as reading the line.
        try:
            if at != self._at:
                self._file.seek(at)
            line = self._file.readline()
        except OSError as error:
            raise FileError(self._path, error.strerror or str(error)) from None
        self._next = index + 1
        self._at = at + len(line)
        return line


def _row_in(line: bytes, path: str, at: int) -> int:
    """Return the number of the row in a line that was checked in."""
    id = line[len(_BEGIN) : len(_BEGIN) + WIDTH]
    try:
        if not line.startswith(_BEGIN):
            id = _json.loads(line)["custom_id"]
        return int(id[ROW_AT:])
    except (ValueError, LookupError, TypeError) as error:
        raise JobError("corrupt", f"{path}, byte {at}: not a row: {error}") from None


class Lines:
    """Reads settled rows out of the results of the attempts; `close` releases the files."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._files: OrderedDict[int, _Raw] = OrderedDict()

    def close(self) -> None:
        """Release the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def of(self, row: Settled) -> bytes:
        """Return the line of a row, with the user's custom_id."""
        if row.answered is None:
            kind = OUTCOMES[row.outcome]
            if kind == "waiting":
                # never sent, because the job was canceled
                kind = "canceled"
            return b'{"custom_id":%s,"result":{"type":"%s"}}\n' % (row.id, kind.encode())
        line = self._open(row.answered).find(row.row)
        end = len(_BEGIN) + WIDTH
        if line.startswith(_BEGIN) and line[end : end + 1] == b'"':
            return b'{"custom_id":%b%b' % (row.id, line[end + 1 :])
        return _rewritten(line, row, self._folder.raw(row.answered))

    def _open(self, number: int) -> _Raw:
        file = self._files.get(number)
        if file is not None:
            self._files.move_to_end(number)
            return file
        if len(self._files) >= _OPEN:
            self._files.popitem(last=False)[1].close()
        file = _Raw.open(self._folder.raw(number))
        self._files[number] = file
        return file


def _rewritten(line: bytes, row: Settled, path: str) -> bytes:
    """Return a line that does not begin as the API writes rows, with the user's custom_id."""
    try:
        found = _json.loads(line)
        return _json.dumps({**found, "custom_id": _json.loads(row.id)}) + b"\n"
    except (ValueError, TypeError) as error:
        raise JobError("corrupt", f"{path}, row {row.row}: not a row: {error}") from None


def deliver(core: Core) -> None:
    """Write the files of results, each of which appears only when complete, and record that."""
    folder, disk = core.folder, core.folder.disk
    sources = core.journal.get("sources")
    aligned = core.journal.get("aligned")
    if aligned:
        disk.make_folder(folder.join("results"))
    failures = folder.join("failures.jsonl")
    lines = Lines(folder)
    errors: dict[str, int] = {}
    rows = _rows.settled(core.journal.db)
    try:
        with disk.create(f"{failures}.new") as failed:
            for name, _, _, first, end, _ in sources:
                target = results_path(folder, name, aligned=aligned)
                with disk.create(f"{target}.new") as succeeded:
                    for _ in range(first, end):
                        row = next(rows)
                        line = lines.of(row)
                        if row.outcome == SUCCEEDED:
                            disk.write(succeeded, line)
                            continue
                        disk.write(failed, line)
                        _count_error(errors, row, line)
                    disk.sync(succeeded)
                disk.replace(f"{target}.new", target)
            disk.sync(failed)
        disk.replace(f"{failures}.new", failures)
    finally:
        lines.close()
    core.commit(Delivered(), errors=errors)
    core.emit("delivered", rows=core.view.total)


def results_path(folder: Folder, name: str, *, aligned: bool) -> str:
    """Return the path of the results of one source."""
    if aligned:
        return folder.join("results", name)
    return folder.join(name)


def clean_up(core: Core) -> None:
    """Delete the files that are no longer needed once the results are delivered."""
    for one in core.view.attempts:
        core.folder.disk.remove(core.folder.body(one.number))


def _count_error(errors: dict[str, int], row: Settled, line: bytes) -> None:
    if OUTCOMES[row.outcome] != "errored":
        return
    inner = json.loads(line)["result"].get("error") or {}
    inner = inner.get("error") or inner
    text = f"{inner.get('type')}: {inner.get('message')}"
    if text in errors or len(errors) < _KINDS:
        errors[text] = errors.get(text, 0) + 1


def settled_lines(folder: Folder, journal: Journal) -> Iterator[tuple[bool, bytes]]:
    """Yield (succeeded, line) of every row that is settled for good, in the order of the input."""
    lines = Lines(folder)
    try:
        for row in _rows.settled(journal.db):
            if not row.is_open:
                yield row.outcome == SUCCEEDED, lines.of(row)
    finally:
        lines.close()


def summary(core: Core) -> Summary:
    """Return the summary of a finished job."""
    folder, db = core.folder, core.journal.db
    outcomes = _failures(core.journal, finished=True)
    results = results_path(folder, core.journal.get("sources")[0][0], aligned=False)
    if core.journal.get("aligned"):
        results = folder.join("results")
    orphans = db.execute("SELECT number FROM attempts WHERE orphans > 0").fetchall()
    batches = {one.number: one.batch for one in core.view.attempts}
    succeeded = outcomes.pop("succeeded", 0)
    return Summary(
        total=core.view.total,
        succeeded=succeeded,
        failed=outcomes,
        batches=sum(one.batch is not None for one in core.view.attempts),
        attempts=sum(one.sent_at is not None for one in core.view.attempts),
        tokens=_tokens(core.journal),
        orphans=[str(batches[number]) for (number,) in orphans],
        results=results,
        failures=folder.join("failures.jsonl"),
        errors=core.journal.get("errors", {}),
    )


def progress(journal: Journal, view: Any, next_at: float | None) -> Progress:
    """Return where a job stands."""
    outcomes = _failures(journal, finished=next_at is None)
    succeeded, waiting = outcomes.pop("succeeded", 0), outcomes.pop("waiting", 0)
    batches = [Batch(one.number, one.size, one.state, one.batch) for one in view.attempts]
    return Progress(view.total, succeeded, outcomes, waiting, batches, next_at)


def _failures(journal: Journal, *, finished: bool) -> dict[str, int]:
    outcomes = _rows.outcomes(journal.db, finished=finished)
    waiting = outcomes.pop("waiting", 0)
    if finished and waiting:
        outcomes["canceled"] = outcomes.get("canceled", 0) + waiting
    elif waiting:
        outcomes["waiting"] = waiting
    return outcomes


def _tokens(journal: Journal) -> dict[str, dict[str, int | None]]:
    total: dict[str, usage.Tokens] = {}
    for (tally,) in journal.db.execute("SELECT tally FROM attempts WHERE tally IS NOT NULL"):
        for model, tokens in json.loads(tally).items():
            total[model] = usage.add(total.get(model, usage.Tokens()), usage.Tokens(*tokens))
    return {model: tokens._asdict() for model, tokens in total.items()}


def exists(folder: Folder) -> bool:
    """Return whether the folder holds a job."""
    return os.path.exists(folder.journal) or os.path.exists(folder.mirror)
