"""Creating a batch exactly once: the intent on disk, then the POST, then what became of it."""

from __future__ import annotations

from ..batch import _create
from ..errors import AnthropixError, FileError, TransportError
from . import _budget, _rows
from ._bodies import SentBody
from ._core import Core
from ._errors import JobError
from ._happened import Created, Doubted, Intended, OverBudget, Refused
from ._mirror import ranges
from ._replan import attempt_of, drop

_FIRST_POLL = 5.0  # seconds after the creation


def send(core: Core, number: int) -> None:
    """Send the body of an attempt."""
    attempt = attempt_of(core, number)
    if _rows.count_held(core.journal.db, number) != attempt.size:
        # some of its rows have been answered by another batch in the meantime
        drop(core, number)
        return
    reason = _budget.beyond(core, number)
    if reason is not None:
        core.note(OverBudget(reason))
        core.emit("over_budget", attempt=number, detail=reason)
        return
    body = _intend(core, number)
    try:
        outcome = _create.send(core.impatient, body, attempt.size)
    except KeyboardInterrupt:
        if not body.ended:
            core.commit(Refused(number))
        raise
    if outcome.batch is not None:
        batch = outcome.batch["id"]
        core.commit(Created(number, batch, core.now() + (core.policy.interval or _FIRST_POLL)))
        core.mirror.add("batch", attempt=number, wire=attempt.wire, batch=batch)
        core.succeeded("create")
        core.emit("submitted", attempt=number, batch=batch, requests=attempt.size)
        return
    error = outcome.error
    assert error is not None  # noqa: S101
    if outcome.kind == "unknown" and not _was_never_complete(error, body):
        core.commit(Doubted(number))
        core.warn(f"attempt {number} may have created a batch; the job finds out: {error}")
        core.emit("unknown", attempt=number)
        return
    _refused(core, number, error)


def _refused(core: Core, number: int, error: AnthropixError) -> None:
    """Record that nothing was created. Raises *error* if waiting does not help."""
    try:
        next_at = core.later("create", error)
    except AnthropixError:
        core.commit(Refused(number))
        raise
    core.commit(Refused(number, next_at))
    core.emit("refused", attempt=number, next_at=next_at)


def _intend(core: Core, number: int) -> SentBody:
    """Sync the intent to mirror and journal, and return the body to be sent."""
    attempt = attempt_of(core, number)
    kept = core.journal.body(number)
    at = core.now()
    rows = None
    if kept.first is None:
        held = core.journal.db.execute(
            "SELECT row FROM rows WHERE moved AND attempt = ? ORDER BY row", (number,)
        )
        rows = ranges(row for (row,) in held)
    core.mirror.add(
        "intent",
        attempt=number,
        size=attempt.size,
        at=at,
        began=core.view.began_at,
        place=core.view.place,
        hash=kept.hash,
        instead_of=attempt.instead_of,
        rows=rows,
    )
    core.commit(Intended(number, at))
    path = core.folder.body(number)
    return SentBody(path, kept.bytes, kept.hash, core.journal.check_epoch)


def _was_never_complete(error: AnthropixError, body: SentBody) -> bool:
    """Return whether the body broke off before its last block: no server accepts such a one."""
    return not body.ended and isinstance(error, (TransportError, FileError, JobError))
