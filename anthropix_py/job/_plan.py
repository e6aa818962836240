"""What to do next: a pure function from the view of a job and the time to actions.

Every action returned may be done now; the first is the best. A rule that looks pedantic keeps a
batch from being paid twice: whose a batch is follows from ids in its rows, never from its size;
that there is no batch follows from walks over `settle` seconds, never from one reading of `list`;
and no batch is created while another may already hold its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from ._states import FINAL, UNSENT, State
from ._view import RETAINED, SLACK, Attempt, Sighting, View

_LIST_FAILS = 2 * 24 * 3600.0  # seconds after which a failing `list` ends the waiting

# one that was found on the server is never unsent
_KNOWN: tuple[State, ...] = ("sending", "unknown", "submitted", "ended")

Reason = Literal["another_workspace", "unsettled", "canceled_elsewhere", "over_budget"]


class Start(NamedTuple):
    """Ask for the server's time and the place."""


class Walk(NamedTuple):
    """Read `list` until a complete page has only batches created before *since*."""

    since: float


class Read(NamedTuple):
    """Read one row of an ended batch, to see by its id whose batch it is."""

    batch: str


class Send(NamedTuple):
    """Write the intent, then make the POST."""

    number: int


class Poll(NamedTuple):
    """Ask for the batch of an attempt."""

    number: int


class Cancel(NamedTuple):
    """Cancel the batch of an attempt, and poll it."""

    number: int


class Collect(NamedTuple):
    """Download the results of an attempt, and record the outcome of every row."""

    number: int


class Doubt(NamedTuple):
    """Treat an attempt as possibly sent, because an unread batch of its size exists."""

    number: int


class GiveUp(NamedTuple):
    """Conclude that an attempt created no batch."""

    number: int


class Drop(NamedTuple):
    """Never send an attempt, because the batch of one given up, whose rows it has, was found."""

    number: int


class Lose(NamedTuple):
    """Conclude that the results of an attempt are gone: its batch was deleted, or is too old."""

    number: int


class Replace(NamedTuple):
    """Plan again those rows of an attempt given up that have no outcome."""

    number: int


class Retry(NamedTuple):
    """Plan an attempt of rows whose outcome says that they may be sent again."""


class Deliver(NamedTuple):
    """Write the files of results."""


class Wait(NamedTuple):
    """Do nothing before *until*."""

    until: float


class Finish(NamedTuple):
    """The job is done."""


class Stop(NamedTuple):
    """End the run. *attempts*, *batches*: those that are the reason, if any."""

    reason: Reason
    attempts: tuple[int, ...] = ()
    batches: tuple[str, ...] = ()


Action = (
    Start
    | Walk
    | Read
    | Send
    | Poll
    | Cancel
    | Collect
    | Doubt
    | GiveUp
    | Drop
    | Lose
    | Replace
    | Retry
    | Deliver
    | Wait
    | Finish
    | Stop
)


def plan(view: View, now: float) -> tuple[Action, ...]:
    """Return what may be done at the time *now*, the best first; never nothing."""
    if view.started_at is None:
        return (Start(),)
    if not view.recognized:
        return (Stop("another_workspace"),)
    due = _due(view, now)
    actions = tuple(action for when, action in due if when <= now)
    if actions:
        return actions
    if due:
        return (Wait(min(when for when, _ in due)),)
    stop = trouble(view, now)
    if stop is not None:
        return (stop,)
    if not view.delivered:
        return (Deliver(),)
    return (Finish(),)


def trouble(view: View, now: float) -> Stop | None:
    """Return why no more batches may be created; None if they may."""
    if view.canceled and not view.canceling:
        return Stop("canceled_elsewhere")
    stuck = [one for one in _in_doubt(view) if undecidable(view, one, now)]
    if not stuck and view.over_budget is not None:
        return Stop("over_budget")
    if not stuck:
        return None
    batches = {found.batch for one in stuck for found in view.candidates(one)}
    return Stop("unsettled", tuple(one.number for one in stuck), tuple(sorted(batches)))


def undecidable(view: View, attempt: Attempt, now: float) -> bool:
    """Return whether nobody can find out any more if *attempt* made a batch."""
    if any(one.archived or one.vanished for one in view.candidates(attempt)):
        return True
    if attempt.state != "unknown":
        return False
    if now - (attempt.sent_at or 0.0) > RETAINED:
        return True
    return view.failing_since is not None and now - view.failing_since > _LIST_FAILS


_Due = list[tuple[float, Action]]


def _due(view: View, now: float) -> _Due:
    """Return every action to come, each with its time."""
    due: _Due = []
    # before anything is sent, because results may show that somebody canceled rows
    due += _collects(view)
    due += _sends(view, now)
    due += _reads(view)
    due += _polls(view)
    due += _bookkeeping(view, now)
    due += _walks(view, now)
    if not due and trouble(view, now) is None:
        due += _last_audit(view)
    return due


def _reads(view: View) -> Iterator[tuple[float, Action]]:
    for one in view.sightings:
        if not one.ended or one.archived or one.vanished:
            continue
        if one.read_at <= (view.walked_at or 0.0):
            yield 0.0, Read(one.batch)
        else:
            # reading it failed: it may have been deleted in the meantime
            yield max(one.read_at, view.walk_at), Walk(view.bound)


def _collects(view: View) -> Iterator[tuple[float, Action]]:
    # the oldest first, because results are kept for 29 days only
    for one in sorted(view.having("ended"), key=lambda one: one.sent_at or 0.0):
        yield one.poll_at, Collect(one.number)


def _polls(view: View) -> Iterator[tuple[float, Action]]:
    for one in view.having("submitted"):
        if view.canceling:
            yield one.poll_at, Cancel(one.number)
        else:
            yield one.poll_at, Poll(one.number)


def _bookkeeping(view: View, now: float) -> Iterator[tuple[float, Action]]:
    for one in view.attempts.successors:
        if _is_superfluous(view, one):
            yield 0.0, Drop(one.number)
    if view.sightings and view.audited:
        for one in view.having(*UNSENT):
            if is_doubtful(view, one) and not _is_superfluous(view, one):
                yield 0.0, Doubt(one.number)
    for one in view.having("submitted", "ended"):
        if one.missing is not None and one.missing[0] >= view.rules.settle:
            yield 0.0, Lose(one.number)
    for one in view.having("unknown"):
        if may_give_up(view, one, now):
            yield 0.0, GiveUp(one.number)
    if view.canceling or trouble(view, now) is not None or _has_unread_rows(view):
        return
    # before the audit nobody knows what another life of this folder has sent
    if not view.audited:
        return
    for one in view.having("given_up"):
        alive = [above for above in view.ancestors(one) if above.state not in FINAL]
        if not one.replaced and not alive:
            yield 0.0, Replace(one.number)
    # A full attempt at once, or what there is when nothing else is planned: one straggler does not
    # hold up all others.
    least = view.rules.retry_size
    if not any(view.having(*UNSENT, "sending", "unknown")):
        least = 1
    if view.again >= least:
        yield 0.0, Retry()


def _sends(view: View, now: float) -> Iterator[tuple[float, Action]]:
    """Yield one POST, or the walk that must come right before it."""
    if not view.audited or view.canceling or trouble(view, now) is not None:
        return
    # A batch that this journal did not make may hold any row.
    if _has_unread_rows(view):
        return
    for one in view.having(*UNSENT):
        if not _has_room(view, one):
            return
        if _is_superfluous(view, one) or is_doubtful(view, one) or _is_held_up(view, one):
            continue
        if is_suspended(view, one):
            continue
        since = min((above.sent_at or 0.0 for above in view.ancestors(one)), default=None)
        if since is None or (view.fresh is not None and view.fresh <= since - SLACK):
            yield view.send_at, Send(one.number)
        else:
            yield max(view.send_at, view.walk_at), Walk(since - SLACK)
        return


def _walks(view: View, now: float) -> Iterator[tuple[float, Action]]:
    if not view.audited:
        yield view.walk_at, Walk(view.bound)
        return
    unknown = [one for one in view.having("unknown") if not undecidable(view, one, now)]
    if unknown:
        # the first walk at once
        first = min((one.walked_at or 0.0) + _pause(view, one) for one in unknown)
        since = min(one.sent_at or 0.0 for one in unknown)
        yield max(first, view.walk_at), Walk(since - SLACK)
    if view.canceling or not view.sightings:
        return
    if any(_waits(view, one, now) for one in view.having(*UNSENT)):
        yield max(_next_walk(view), view.walk_at), Walk(view.bound)


def _pause(view: View, attempt: Attempt) -> float:
    """Return the seconds between two walks for an unknown attempt.

    A candidate that runs is waited for at the pace at which the batches of the job are polled.
    """
    if any(one.is_running for one in view.candidates(attempt)):
        return view.rules.pause
    return view.rules.quarter


def _last_audit(view: View) -> Iterator[tuple[float, Action]]:
    """Yield the walk before success, and those that wait for what still runs and may be ours."""
    earliest = 0.0
    if view.gave_up_at is not None:
        earliest = view.gave_up_at + view.rules.enough
    if view.audited_at is None or view.audited_at < earliest:
        yield max(earliest, view.walk_at), Walk(view.bound)
    elif any(_may_be_ours(view, one) for one in view.sightings):
        yield max(_next_walk(view), view.walk_at), Walk(view.bound)


def _next_walk(view: View) -> float:
    return (view.walked_at or 0.0) + view.rules.pause


def _in_doubt(view: View) -> list[Attempt]:
    """Return the attempts of which it matters whether they made a batch.

    They are the unknown ones, and those given up whose rows have not been sent again yet.
    """
    doubtful = list(view.having("unknown"))
    for one in view.attempts.successors:
        doubtful += [above for above in view.ancestors(one) if above.state == "given_up"]
    return doubtful


def may_give_up(view: View, attempt: Attempt, now: float) -> bool:
    """Return whether an unknown attempt made no batch, given that `settle` is long enough."""
    return (
        attempt.settled >= view.rules.enough
        and not view.candidates(attempt)
        and not undecidable(view, attempt, now)
    )


def is_doubtful(view: View, attempt: Attempt) -> bool:
    """Return whether an attempt that was not sent may have been: by a later life of this folder.

    The folder may come from a backup. A job that this process began has had no other life, and a
    batch created since the process began is not of one.
    """
    if view.began_here:
        return False
    latest = (view.started_at or 0.0) + view.rules.settle + SLACK
    return any(
        one.size in (attempt.size, None) and one.created_at <= latest for one in view.sightings
    )


def is_suspended(view: View, attempt: Attempt) -> bool:
    """Return whether rows of an attempt may be in a batch of another life of this folder.

    A part has the same size in every life, which `is_doubtful` looks for: for it only what can be
    read at once is read first. What was planned later may have been cut in another way: its rows
    may be in a batch of any size, so every batch of that time must be read before it is sent.
    """
    if view.began_here:
        return False
    latest = view.started_at or 0.0
    if attempt.planned_at is not None:
        latest = min(latest, attempt.planned_at)
    latest += view.rules.settle + SLACK
    early = [one for one in view.sightings if one.created_at <= latest and not one.archived]
    if attempt.planned_at is None:
        early = [one for one in early if one.ended]
    return any(not one.vanished for one in early)


def _is_held_up(view: View, attempt: Attempt) -> bool:
    """Return whether a batch that may be that of an attempt given up holds up its successor."""
    return any(view.candidates(above) for above in view.ancestors(attempt))


def _waits(view: View, attempt: Attempt, now: float) -> bool:
    """Return whether an attempt is held up by batches about which more can be known later."""
    above = view.ancestors(attempt)
    stuck = any(undecidable(view, one, now) for one in above)
    held_up = _is_held_up(view, attempt) or is_suspended(view, attempt)
    return held_up and not stuck


def _is_superfluous(view: View, attempt: Attempt) -> bool:
    """Return whether the rows of an attempt turned out to be in a batch."""
    return any(above.state != "given_up" for above in view.ancestors(attempt))


def _has_unread_rows(view: View) -> bool:
    """Return whether a batch of ours holds rows that are not known yet."""
    return any(one.entered for one in view.having(*_KNOWN))


def _has_room(view: View, attempt: Attempt) -> bool:
    flying = view.in_flight()
    if not flying:
        return True
    requests = sum(one.size for one in flying) + attempt.size
    rules = view.rules
    return len(flying) < rules.batches_in_flight and requests <= rules.requests_in_flight


def _may_be_ours(view: View, sighting: Sighting) -> bool:
    """Return whether an unread batch that still runs has the size of one of our attempts."""
    if not sighting.is_running:
        return False
    return any(sighting.size in (one.size, None) for one in view.attempts)
