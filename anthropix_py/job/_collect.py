"""From a batch to settled rows: poll it, download its results, record what became of each row."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from .. import _json, usage
from .._files import as_file_errors
from ..batch import _actions, _call, _download, _state
from ..batch._polling import Polling
from ..errors import AnthropixError, APIError, FileError, NotEnded
from . import _rows
from ._core import Core
from ._errors import JobError
from ._happened import Collected, Event, Missing, Polled
from ._json_lines import reader
from ._replan import attempt_of, lose
from ._rows import OUTCOMES, Answer, Answers
from ._values import Row, try_again
from ._wire_ids import parse

_BLOCK = 1 << 20  # bytes read at a time
_KNOWN = frozenset(OUTCOMES[1:5])
_OTHER = OUTCOMES.index("other")
_CANCELED = OUTCOMES.index("canceled")


class Collector:
    """Polls and collects the batches of a job, each at its own pace."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._paces: dict[int, Polling] = {}
        self._lacking: set[int] = set()

    def poll(self, number: int) -> None:
        """Ask for the batch of an attempt."""
        core = self._core
        attempt = attempt_of(core, number)
        pace = self._paces.get(number, Polling(core.policy.interval))
        try:
            reply = _call.ask(core.impatient, _state.get_batch(attempt.batch or ""))
            batch = _state.batch_in(reply, attempt.batch)
        except AnthropixError as error:
            self._failed(number, error)
            return
        core.succeeded(f"polling attempt {number}")
        if batch.get("archived_at"):
            lose(core, number)
            return
        pace = pace.succeeded(reply.headers, core.client.clock.now())
        self._paces[number] = pace
        ended = batch["processing_status"] == "ended"
        poll_at = 0.0
        if not ended:
            poll_at = core.now() + pace.pause
        core.note(Polled(number, ended, poll_at))
        core.emit("polled", attempt=number, batch=attempt.batch, counts=batch.get("request_counts"))

    def cancel(self, number: int) -> None:
        """Cancel the batch of an attempt, unless that has been done, and poll it."""
        core = self._core
        attempt = attempt_of(core, number)
        try:
            batch = _state.show(core.impatient, attempt.batch or "")
            if batch["processing_status"] == "in_progress":
                _actions.cancel(core.impatient, attempt.batch or "")
                core.emit("cancel", attempt=number, batch=attempt.batch)
        except AnthropixError as error:
            # 400: it ended in the meantime
            if not isinstance(error, APIError) or error.status != 400:
                self._failed(number, error)
                return
        self.poll(number)

    def collect(self, number: int) -> None:
        """Download the results of an attempt, and record the outcome of every row."""
        core = self._core
        attempt = attempt_of(core, number)
        path = core.folder.raw(number)
        try:
            batch = _state.show(core.impatient, attempt.batch or "")
            if batch.get("archived_at"):
                lose(core, number)
                return
            _download.download(core.client, batch, path, replace=True, on_progress=None)
        except NotEnded:
            core.note(Polled(number, ended=False, poll_at=core.now() + _later(core)))
            return
        except AnthropixError as error:
            self._failed(number, error)
            return
        core.succeeded(f"polling attempt {number}")
        if self._check_in(number, path):
            core.emit("collected", attempt=number, batch=attempt.batch, requests=attempt.size)

    def _failed(self, number: int, error: AnthropixError) -> None:
        core = self._core
        next_at = core.later(f"polling attempt {number}", error)
        if isinstance(error, APIError) and error.status == 404:
            core.note(Missing(number, core.now(), next_at))
        else:
            core.note(Polled(number, ended=False, poll_at=next_at))

    def _check_in(self, number: int, path: str) -> bool:
        """Record every row; return False if rows are missing, so that they are fetched again."""
        core = self._core
        most = core.policy.max_attempts
        checking = _Checking(core, number)

        class Lacking(Exception):
            pass

        def change(db: sqlite3.Connection) -> Event:
            orphans = _rows.check_in(db, number, checking.answers(path), most)
            if _rows.lacking(db, number):
                if number not in self._lacking:
                    raise Lacking
                # Its batch was read to the end without them, twice.
                _rows.lose(db, number, _rows.MISSING, again=True, most=most)
            db.execute(
                "UPDATE attempts SET tally = ?, orphans = ? WHERE number = ?",
                (json.dumps(checking.tokens), orphans, number),
            )
            again = _rows.count_waiting(db) - core.view.again
            canceled = checking.canceled and not core.view.canceling
            return Collected(number, again, canceled)

        try:
            core.commit(change)
        except Lacking:
            self._lacking.add(number)
            core.folder.disk.remove(path)
            core.warn(f"the results of attempt {number} are missing rows: they are fetched again")
            core.note(Polled(number, ended=False, poll_at=core.now() + _later(core)))
            return False
        if core.journal.body(number).first is None:
            with suppress(FileError):
                core.folder.disk.remove(core.folder.body(number))
        return True


def _later(core: Core) -> float:
    return core.policy.interval or 60.0


class _Checking:
    """One pass over the results of an attempt. `tokens`: by model. `canceled`: rows that were."""

    def __init__(self, core: Core, number: int) -> None:
        self.tokens: dict[str, usage.Tokens] = {}
        self.canceled = False
        self._core = core
        self._number = number
        self._wire = attempt_of(core, number).wire
        self._asks = core.policy.try_again is not try_again

    def answers(self, path: str) -> Answers:
        """Return what became of each row. Raises `JobError` for a row that is not the attempt's."""
        plain, others = array("q"), list[Answer]()
        for rows in self._blocks(path):
            for number, row in rows:
                kind = row["result"]["type"]
                outcome = OUTCOMES.index(kind) if kind in _KNOWN else _OTHER
                again = self._may_be_sent_again(row, number, outcome)
                if outcome == _rows.SUCCEEDED and not again:
                    plain.append(number)
                    continue
                others.append(Answer(number, outcome, again))
                self.canceled = self.canceled or (outcome == _CANCELED and not again)
            self._count(row for _, row in rows)
        return Answers(plain, others)

    def _blocks(self, path: str) -> Iterator[list[tuple[int, Any]]]:
        """Yield the rows of a file, some at a time, each with its number in the input."""
        at = 0
        read = reader()
        with as_file_errors(path), open(path, "rb") as file:
            while block := file.read(_BLOCK):
                block += file.readline()
                rows = []
                for line in block.split(b"\n")[:-1]:
                    rows.append(self._numbered(line, read, at, path))
                    at += len(line) + 1
                yield rows

    def _numbered(
        self, line: bytes, read: Callable[[bytes], Any], at: int, path: str
    ) -> tuple[int, Any]:
        try:
            row = read(line)
            ids = parse(row["custom_id"], self._core.tag)
            row["result"]["type"]
        except (ValueError, LookupError, TypeError) as error:
            raise JobError("corrupt", f"{path}, byte {at}: not a row: {error}") from None
        if ids is None or ids[0] != self._wire:
            detail = f"{path}, byte {at}: {row['custom_id']!r} is not of attempt {self._wire}"
            raise JobError("corrupt", detail)
        return ids[1], row

    def _may_be_sent_again(self, row: Row, number: int, outcome: int) -> bool:
        if not self._asks:
            return outcome != _rows.SUCCEEDED and try_again(row)
        [id] = self._core.journal.db.execute(
            "SELECT id FROM rows WHERE row = ?", (number,)
        ).fetchone()
        own = {**row, "custom_id": _json.loads(id)}
        return bool(self._core.policy.try_again(own))

    def _count(self, rows: Iterable[Any]) -> None:
        for model, tokens in usage.total(rows).items():
            self.tokens[model] = usage.add(self.tokens.get(model, usage.Tokens()), tokens)
