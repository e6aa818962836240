"""Rebuild a lost journal from the mirror, after the input has been read again."""

from __future__ import annotations

import sqlite3
from typing import Any

from . import _rows
from ._errors import JobError
from ._mirror import rows_in
from ._rows import Stored
from ._states import State
from ._view import Attempt, View


def rebuilt(db: sqlite3.Connection, view: View, lines: list[dict[str, Any]]) -> View:
    """Return the view after every line of the mirror, and change rows in the running commit.

    An intent makes an attempt unknown, whatever became of it. Batches are collected once more.
    """
    empty = view
    for line in lines[1:]:
        try:
            view = _KINDS[line["what"]](view, line)
        except (LookupError, TypeError, AttributeError) as error:
            raise JobError(
                "corrupt", f"the mirror has a line that cannot be understood: {error}"
            ) from None
    for one in view.attempts[len(empty.attempts) :]:
        db.execute("INSERT INTO attempts (number, kept) VALUES (?, '[]')", (one.number,))
    for line in lines[1:]:
        if line["what"] == "intent" and line["rows"] is not None:
            rows = [Stored(row, 0, 0) for row in rows_in(line["rows"])]
            _rows.assign(db, line["attempt"], rows, retry=line["instead_of"] is None)
    return view


def _intent(view: View, line: dict[str, Any]) -> View:
    number, above = line["attempt"], line["instead_of"]
    known = view.get(number)
    if known is None:
        known = Attempt(number, line["size"], wire=number, instead_of=above)
    if above is not None:
        before = view.get(above)
        if before is not None:
            view = view.put(before._replace(replaced=True))
    sent_at = known.sent_at
    if sent_at is None:
        sent_at = line["at"]
    state: State = "unknown"
    if known.batch is not None:
        state = "submitted"
    return view.put(known._replace(state=state, sent_at=sent_at))


def _batch(view: View, line: dict[str, Any]) -> View:
    number = line["attempt"]
    known = view.get(number)
    if known is None:
        # a second batch with the same ids, or one of a later life of this folder
        known = Attempt(number, 0, wire=line["wire"], entered=True, sent_at=view.began_at)
    return view.put(known._replace(state="submitted", batch=line["batch"]))


def _give_up(view: View, line: dict[str, Any]) -> View:
    known = view.get(line["attempt"])
    if known is None or known.batch is not None:
        return view
    view = view._replace(gave_up_at=max(view.gave_up_at or 0.0, line["at"]))
    return view.put(known._replace(state="given_up"))


_KINDS = {"intent": _intent, "batch": _batch, "give_up": _give_up}
