"""What people and programs see of a job while it runs, and at its end."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from .. import job, rows
from ..result import unwrap
from . import _exits
from ._output import Output
from ._pace import Pace
from ._progress import Progress
from ._spent import Spent
from ._words import dollars, lasting, plural

_OFTEN = 2.0  # seconds between two readings of the journal while the job is busy
_GROUPS = 1000  # kinds of failures that are told apart
_SHOWN = 10  # of these in print

# The words for the states of an attempt; those that are missing are not shown.
_STATES = {
    "planned": "to be created",
    "refused": "to be created",
    "sending": "to be created",
    "unknown": "in doubt",
    "submitted": "in progress",
    "ended": "ended",
    "collected": "collected",
    "lost": "lost",
}

# of the events of a job
_DETAILS = ("attempt", "batch", "requests", "rows")
# What the events of a job say to people; the others only change the state.
_CHANGES: dict[str, str] = {
    "submitted": "created batch {batch} of {requests:,} requests",
    "unknown": "attempt {attempt} may have created a batch: that is found out",
    "found": "batch {batch} is attempt {attempt}",
    "given_up": "attempt {attempt} has created no batch",
    "collected": "collected batch {batch} of {requests:,} requests",
    "lost": "the results of attempt {attempt} are lost",
    "cancel": "batch {batch} is being canceled",
    "delivered": "delivered {rows:,} rows",
}


class JobWatch:
    """Shows a job that this process runs."""

    def __init__(self, out: Output, pace: Pace, progress: Progress, folder: str) -> None:
        self._out = out
        self._spent: Spent | None = None
        if out.is_live:
            # Pricing takes time; it is for those who watch.
            self._spent = Spent(folder, pace)
        self._pace = pace
        self._progress = progress
        self._folder = folder
        self._parts = ["reading the requests"]
        self._changed = False
        self._read_at = -_OFTEN

    def begin(self) -> None:
        """Show that the requests are read."""
        self._progress.state(self._parts)

    def happened(self, event: dict[str, Any]) -> None:
        """Show one event of the job."""
        name = event["event"].removeprefix("job_")
        if name in _CHANGES:
            details = {key: event[key] for key in _DETAILS if key in event}
            self._out.event(name, **details)
            self._progress.change(_CHANGES[name].format_map(details))
        if name != "polled":
            self._changed = True
        if self._pace.monotonic() - self._read_at >= _OFTEN:
            self._read()
            self._progress.state(self._parts)

    def waiting(self, left: float) -> None:
        """Show where the job stands while it waits."""
        self._read()
        self._progress.state([*self._parts, f"next poll in {lasting(left)}"])

    def end(self) -> None:
        """Show where the job stands at its end."""
        self._read()
        self._progress.state(self._parts)

    def _read(self) -> None:
        if not self._changed:
            return
        self._read_at = self._pace.monotonic()
        found = job.status(self._folder)
        if found[0] == "ok":
            self._changed = False
            self._parts = [*parts(found[1]), *self._price(found[1])]
            self._out.event("progress", **described(found[1]))

    def _price(self, found: job.Progress) -> list[str]:
        if self._spent is None:
            return []
        for one in found.batches:
            if one.state == "collected":
                self._spent.add(one.attempt)
        if self._spent.usd is None:
            return []
        return [f"spent {dollars(self._spent.usd)}"]


def states(found: job.Progress) -> dict[str, int]:
    """Return how many batches are in each state, in words."""
    counts = Counter(_STATES.get(one.state) for one in found.batches)
    return {word: counts[word] for word in dict.fromkeys(_STATES.values()) if counts[word]}


def in_words(state: str) -> str:
    """Return the state of an attempt in words."""
    return _STATES.get(state, state.replace("_", " "))


def parts(found: job.Progress) -> list[str]:
    """Return where a job stands, in a few short texts."""
    batches = " · ".join(f"{count:,} {word}" for word, count in states(found).items())
    settled = found.succeeded + sum(found.failed.values())
    return [f"batches  {batches}", f"rows {settled:,}/{found.total:,} collected"]


def described(found: job.Progress) -> dict[str, Any]:
    """Return what an event says of where a job stands."""
    return {
        "total": found.total,
        "succeeded": found.succeeded,
        "failed": found.failed,
        "waiting": found.waiting,
        "batches": states(found),
    }


def running(folder: str) -> int:
    """Return how many batches of the job go on at the server, as far as its journal tells."""
    found = job.status(folder)
    if found[0] == "error":
        return 0
    return sum(one.state in ("sending", "unknown", "submitted") for one in found[1].batches)


class Group(NamedTuple):
    """Failed rows of one kind: how many, and the custom_id of the first one."""

    reason: str
    rows: int
    first: str


def failures(path: str) -> list[Group]:
    """Return the failed rows in a file by what they say, the most frequent first."""
    counts: Counter[str] = Counter()
    firsts: dict[str, str] = {}
    for row in unwrap(rows.read(path)):
        reason = _reason(row["result"])
        if reason not in firsts and len(firsts) >= _GROUPS:
            reason = "other reasons"
        firsts.setdefault(reason, row["custom_id"])
        counts[reason] += 1
    return [Group(reason, count, firsts[reason]) for reason, count in counts.most_common()]


def _reason(result: Any) -> str:
    outer = result.get("error")
    if not isinstance(outer, dict):
        return str(result.get("type"))
    inner = outer.get("error")
    if not isinstance(inner, dict):
        inner = outer
    return f"{inner.get('type')}: {inner.get('message')}"


def say_failures(out: Output, groups: list[Group]) -> None:
    """Print failed rows by their reasons."""
    for group in groups[:_SHOWN]:
        out.say(f"  {group.rows:,} × {group.reason}  (first: {group.first})")
    rest = groups[_SHOWN:]
    if rest:
        count = sum(group.rows for group in rest)
        out.say(f"  {plural(count, 'row')} for {plural(len(rest), 'other reason')}")


def finished(out: Output, done: job.Summary, *, again: str | None = None) -> int:
    """Print the summary of a job, its failures by their reasons, and what to do about them.

    Returns the exit code. *again*: the command that sends the failed requests again.
    """
    groups = failures(done.failures)
    out.summary |= {**done._asdict(), "reasons": [group._asdict() for group in groups]}
    failed = sum(done.failed.values())
    out.say(
        f"{plural(done.total, 'request')}: {done.succeeded:,} succeeded, {failed:,} failed, in "
        f"{plural(done.batches, 'batch')}"
    )
    for id in done.orphans:
        out.warn(f"batch {id} was paid for a second time: its rows came from another batch")
    if not failed:
        return _exits.DONE
    say_failures(out, groups)
    out.say(f"Failed rows: {done.failures}")
    if again is not None:
        out.say("Next: correct the requests if need be, and send these again:", again)
    return _exits.SOME_FAILED
