"""The view of a job after an event: a pure function, the planner's other half.

The journal stores the difference between
the view before and the view after in one commit.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from ._happened import (
    CancelAsked,
    Collected,
    Created,
    Delivered,
    Doubted,
    Dropped,
    Event,
    Foreign,
    Found,
    GivenUp,
    Intended,
    Lost,
    Missing,
    OverBudget,
    Planned,
    Polled,
    Refused,
    Started,
    Unread,
    Walked,
    WalkFailed,
)
from ._states import UNSENT, Change, changed
from ._view import Attempt, Sighting, View, window


def after(view: View, event: Event) -> View:
    """Return the view after *event*."""
    # Only the walk that is the very last thing that happened is fresh.
    return _after(event, view._replace(fresh=None))


@singledispatch
def _after(event: Event, view: View) -> View:
    raise TypeError(f"not an event of {view!r}: {event!r}")


@_after.register
def _started(event: Started, view: View) -> View:
    place = view.place or event.place
    compared = place.compared(event.place)
    recognized = event.vouched or view.place is None or compared == "same"
    if compared == "unclear" and (event.proof or view.began_here):
        recognized = True
    if not recognized:
        return view._replace(started_at=event.at, recognized=False)
    if event.vouched:
        place = event.place
    view = view._replace(started_at=event.at, recognized=True, place=place)
    # An intent without an outcome: its process has ended, or has lost the job to this one.
    for one in view.having("sending"):
        view = _moved(view, one, "doubt")
    return view


@_after.register
def _walked(event: Walked, view: View) -> View:
    place = view.place or event.place
    if place.compared(event.place) == "another":
        return view._replace(recognized=False)
    view = view._replace(
        sightings=_seen_in(event, view),
        walked_at=event.at,
        fresh=event.since,
        failing_since=None,
        audited=view.audited or event.since <= view.bound,
    )
    if event.since <= view.bound:
        view = view._replace(audited_at=event.at)
    for one in view.having("unknown"):
        if event.since <= window(one):
            view = view.put(_settling(one, event.at, view.rules.quarter))
    return view


def _seen_in(event: Walked, view: View) -> tuple[Sighting, ...]:
    """Return the unread batches after a walk: those known before, brought up to date, and more."""
    known = {one.batch for one in view.attempts} | view.strangers
    listed = {one.batch: one for one in event.batches if one.batch not in known}
    sightings = []
    for one in view.sightings:
        found = listed.pop(one.batch, None)
        if found is not None:
            read_at = one.read_at
            sightings.append(Sighting(*found)._replace(read_at=read_at))
        elif one.created_at > event.since:
            sightings.append(one._replace(vanished=True))
        else:
            sightings.append(one)
    # A batch of more requests than the job has is not ours.
    sightings += [
        Sighting(*one)
        for one in listed.values()
        if one.created_at > view.bound and (one.size is None or one.size <= view.total)
    ]
    return tuple(one for one in sightings if not one.vanished or _matters(view, one))


def _matters(view: View, sighting: Sighting) -> bool:
    """Return whether *sighting* may be the batch of an attempt that is in doubt."""
    doubtful = [*view.having("unknown")]
    for one in view.attempts.successors:
        doubtful += view.ancestors(one)
    return any(
        sighting.size in (one.size, None) and sighting.created_at > window(one) for one in doubtful
    )


def _settling(attempt: Attempt, at: float, quarter: float) -> Attempt:
    """Return an unknown attempt after a complete walk; a long gap counts for little."""
    if attempt.walked_at is None:
        return attempt._replace(walked_at=at, settled=0.0)
    passed = min(max(0.0, at - attempt.walked_at), quarter)
    return attempt._replace(walked_at=at, settled=attempt.settled + passed)


@_after.register
def _walk_failed(event: WalkFailed, view: View) -> View:
    since = view.failing_since
    if since is None:
        since = event.at
    return view._replace(failing_since=since, walk_at=event.next_at)


@_after.register
def _found(event: Found, view: View) -> View:
    seen = next((one for one in view.sightings if one.batch == event.batch), None)
    view = _without_sighting(view, event.batch)._replace(delivered=False)
    known = next((one for one in view.attempts if one.batch == event.batch), None)
    if known is not None:
        return view
    attempt = view.get(event.wire)
    if attempt is not None and attempt.batch is None:
        # Another life of this folder has sent it, and may have cut retries in another way.
        is_cut_anew = attempt.state in (*UNSENT, "dropped") and attempt.planned_at is not None
        entered = attempt.entered or is_cut_anew
        return _moved(view, attempt, "find", batch=event.batch, entered=entered)
    # A second batch with the same ids gets a number of its own, as would one that was made by a
    # later life of this folder.
    number = event.wire
    if attempt is not None:
        number = view.next_number()
    size, created_at = 0, view.began_at
    if seen is not None:
        size, created_at = seen.size or 0, seen.created_at
    other = Attempt(
        number, size, "submitted", event.wire, entered=True, sent_at=created_at, batch=event.batch
    )
    return view.put(other)


@_after.register
def _foreign(event: Foreign, view: View) -> View:
    strangers = view.strangers | {event.batch}
    return _without_sighting(view, event.batch)._replace(strangers=strangers)


@_after.register
def _unread(event: Unread, view: View) -> View:
    sightings = []
    for one in view.sightings:
        if one.batch == event.batch:
            one = one._replace(read_at=event.next_at)
        sightings.append(one)
    return view._replace(sightings=tuple(sightings))


@_after.register
def _over_budget(event: OverBudget, view: View) -> View:
    return view._replace(over_budget=event.detail)


@_after.register
def _intended(event: Intended, view: View) -> View:
    # whatever was read before says nothing about this POST
    view = view._replace(audited_at=None, delivered=False)
    return _moved(view, _attempt(view, event.number), "intend", sent_at=event.at)


@_after.register
def _created(event: Created, view: View) -> View:
    one = _attempt(view, event.number)
    return _moved(view, one, "create", batch=event.batch, poll_at=event.poll_at)


@_after.register
def _refused(event: Refused, view: View) -> View:
    view = view._replace(send_at=max(view.send_at, event.next_at))
    return _moved(view, _attempt(view, event.number), "refuse")


@_after.register
def _doubted(event: Doubted, view: View) -> View:
    one = _attempt(view, event.number)
    since = view.began_at
    if one.state == "sending":
        since = one.sent_at
    return _moved(view, one, "doubt", sent_at=since, walked_at=None, settled=0.0)


@_after.register
def _given_up(event: GivenUp, view: View) -> View:
    again = view.again + event.again
    view = view._replace(gave_up_at=event.at, again=again, over_budget=None)
    return _moved(view, _attempt(view, event.number), "give_up")


@_after.register
def _planned(event: Planned, view: View) -> View:
    view = view._replace(again=view.again - event.again, delivered=False)
    if event.instead_of is not None:
        view = view.put(_attempt(view, event.instead_of)._replace(replaced=True))
    if not event.size:
        return view
    wire, above = event.number, event.instead_of
    planned = Attempt(event.number, event.size, "planned", wire, above, planned_at=event.at)
    return view.put(planned)


@_after.register
def _dropped(event: Dropped, view: View) -> View:
    view = view._replace(again=view.again + event.again)
    return _moved(view, _attempt(view, event.number), "drop")


@_after.register
def _polled(event: Polled, view: View) -> View:
    one = _attempt(view, event.number)._replace(poll_at=event.poll_at, missing=None)
    if event.ended and one.state == "submitted":
        return _moved(view, one, "end")
    return view.put(one)


@_after.register
def _missing(event: Missing, view: View) -> View:
    one = _attempt(view, event.number)
    seconds, latest = one.missing or (0.0, event.at)
    seconds += min(max(0.0, event.at - latest), view.rules.quarter)
    return view.put(one._replace(missing=(seconds, event.at), poll_at=event.poll_at))


@_after.register
def _lost(event: Lost, view: View) -> View:
    view = view._replace(again=view.again + event.again, delivered=False)
    return _moved(view, _attempt(view, event.number), "lose")


@_after.register
def _collected(event: Collected, view: View) -> View:
    view = view._replace(
        again=view.again + event.again,
        canceled=view.canceled or event.canceled,
        delivered=False,
        # its rows may have cost less than the most that they could
        over_budget=None,
    )
    return _moved(view, _attempt(view, event.number), "collect")


@_after.register
def _cancel_asked(_event: CancelAsked, view: View) -> View:
    return view._replace(canceling=True)


@_after.register
def _delivered(_event: Delivered, view: View) -> View:
    return view._replace(delivered=True)


def _attempt(view: View, number: int) -> Attempt:
    attempt = view.get(number)
    if attempt is None:
        raise ValueError(f"no such attempt: {number}")
    return attempt


def _moved(view: View, attempt: Attempt, change: Change, **fields: Any) -> View:
    """Return the view after *change* of *attempt*, which also gets *fields*."""
    state = changed(attempt.state, change)
    return view.put(attempt._replace(state=state, **fields))


def _without_sighting(view: View, batch: str) -> View:
    return view._replace(sightings=tuple(one for one in view.sightings if one.batch != batch))
