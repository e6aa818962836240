"""The planner: each rule of the protocol has a row in which it alone decides."""

from __future__ import annotations

from typing import Any

from samples import table

from anthropix_py.job._plan import (
    Action,
    Cancel,
    Collect,
    Deliver,
    Doubt,
    Drop,
    Finish,
    GiveUp,
    Lose,
    Poll,
    Read,
    Replace,
    Retry,
    Send,
    Start,
    Stop,
    Wait,
    Walk,
    plan,
)
from anthropix_py.job._view import RETAINED, SLACK, Attempt, Attempts, Place, Rules, Sighting, View

NOW = 1_000_000.0
BEGAN = NOW - 5000
HERE = Place("https://api", "org", "ws")
DAY = 24 * 3600.0


def attempt(number: int = 1, state: Any = "planned", **fields: Any) -> Attempt:
    """Return an attempt of 10 requests, sent 1000 seconds ago if it was sent at all."""
    sent = {} if state == "planned" else {"sent_at": NOW - 1000}
    given = {"number": number, "size": 10, "state": state, "wire": number, **sent, **fields}
    return Attempt(**given)


def seen(size: int | None = 10, **fields: Any) -> Sighting:
    return Sighting("b", size, **{"created_at": NOW - 900, **fields})


def view(*attempts: Attempt, **fields: Any) -> View:
    """Return the view of a process that has read `list` back to the beginning just now."""
    values: dict[str, Any] = {
        "total": 100,
        "began_at": BEGAN,
        "place": HERE,
        "attempts": Attempts(attempts),
        "began_here": True,
        "started_at": BEGAN,
        "recognized": True,
        "audited": True,
        "audited_at": NOW,
        "walked_at": NOW,
        "rules": Rules(retry_size=10),
        **fields,
    }
    return View(**values)


settled = {"walked_at": NOW - 4, "settled": 601.0}
given_up = attempt(1, "given_up", replaced=True)
successor = attempt(2, instead_of=1)
restored: dict[str, Any] = {"began_here": False, "started_at": NOW - 5}

ROWS: dict[str, tuple[View, list[Action]]] = {
    "nothing before the first response": (
        view(attempt(), started_at=None),
        [Start()],
    ),
    # another workspace's key answers `list` with 200 and nothing in it
    "nothing in a place that is not the job's": (
        view(attempt(), recognized=False),
        [Stop("another_workspace")],
    ),
    "the audit before the first POST": (
        view(attempt(), audited=False, audited_at=None),
        [Walk(BEGAN - SLACK)],
    ),
    "polling does not wait for the audit": (
        view(attempt(1, "submitted", batch="a"), audited=False, audited_at=None),
        [Poll(1), Walk(BEGAN - SLACK)],
    ),
    "a planned attempt is sent": (view(attempt()), [Send(1)]),
    "one POST at a time, in order": (view(attempt(1), attempt(2)), [Send(1)]),
    "a refused attempt is sent again": (view(attempt(1, "refused")), [Send(1)]),
    "not before the server's word": (view(attempt(), send_at=NOW + 7), [Wait(NOW + 7)]),
    "no more batches than allowed": (
        view(
            attempt(1, "submitted", batch="a", poll_at=NOW + 9),
            attempt(2),
            rules=Rules(batches_in_flight=1),
        ),
        [Wait(NOW + 9)],
    ),
    "no more requests than allowed": (
        view(
            attempt(1, "submitted", batch="a", poll_at=NOW + 9),
            attempt(2),
            rules=Rules(requests_in_flight=19),
        ),
        [Wait(NOW + 9)],
    ),
    # an attempt in doubt may be processed, and counts
    "an unknown attempt is in flight": (
        view(
            attempt(1, "unknown", walked_at=NOW - 1),
            attempt(2),
            rules=Rules(batches_in_flight=1),
        ),
        [Wait(NOW + 149)],
    ),
    "a single batch may be larger than what may be in flight": (
        view(attempt(), rules=Rules(requests_in_flight=5)),
        [Send(1)],
    ),
    "an unknown attempt: the first walk at once": (
        view(attempt(1, "unknown")),
        [Walk(NOW - 1000 - SLACK)],
    ),
    "an unknown attempt: a walk every quarter of settle": (
        view(attempt(1, "unknown", walked_at=NOW - 149)),
        [Wait(NOW + 1)],
    ),
    "the walk goes back to the oldest of them": (
        view(attempt(1, "unknown", sent_at=NOW - 3000), attempt(2, "unknown")),
        [Walk(NOW - 3000 - SLACK)],
    ),
    "given up once settle has passed": (
        view(attempt(1, "unknown", **settled)),
        [GiveUp(1)],
    ),
    # Date has no fractions
    "not given up a second too early": (
        view(attempt(1, "unknown", walked_at=NOW - 10, settled=600.9)),
        [Wait(NOW + 140)],
    ),
    "not given up while a batch of its size runs": (
        view(attempt(1, "unknown", **settled), sightings=(seen(),)),
        [Wait(NOW + 6)],
    ),
    # its end is waited for as that of any batch
    "a running candidate is listed at the pace of polls": (
        view(
            attempt(1, "unknown", walked_at=NOW - 7),
            sightings=(seen(),),
            rules=Rules(interval=7.0),
        ),
        [Walk(NOW - 1000 - SLACK)],
    ),
    "but never less often than without a candidate": (
        view(
            attempt(1, "unknown", walked_at=NOW - 1),
            sightings=(seen(),),
            rules=Rules(interval=900.0),
        ),
        [Wait(NOW + 149)],
    ),
    "a candidate of another size changes no pace": (
        view(attempt(1, "unknown", walked_at=NOW - 7), sightings=(seen(9),)),
        [Wait(NOW + 143)],
    ),
    "an ended candidate is read": (
        view(attempt(1, "unknown", **settled), sightings=(seen(ended=True),)),
        [Read("b")],
    ),
    "reading it failed: not before it was listed again": (
        view(
            attempt(1, "unknown", **settled),
            sightings=(seen(ended=True, read_at=NOW + 5),),
        ),
        [Wait(NOW + 5)],
    ),
    "a batch of another size is no candidate": (
        view(attempt(1, "unknown", **settled), sightings=(seen(9),)),
        [GiveUp(1)],
    ),
    "a batch whose size is not told is one": (
        view(attempt(1, "unknown", **settled), sightings=(seen(None),)),
        [Wait(NOW + 6)],
    ),
    "a batch older than the window is none": (
        view(
            attempt(1, "unknown", **settled),
            sightings=(seen(created_at=NOW - 1000 - SLACK),),
        ),
        [GiveUp(1)],
    ),
    # clocks differ
    "a batch a little older than the intent is one": (
        view(
            attempt(1, "unknown", **settled),
            sightings=(seen(created_at=NOW - 1000 - SLACK + 1),),
        ),
        [Wait(NOW + 6)],
    ),
    # a create may take effect late
    "a batch much younger than the intent is one": (
        view(attempt(1, "unknown", **settled), sightings=(seen(created_at=NOW),)),
        [Wait(NOW + 6)],
    ),
    "one batch holds up every unknown attempt of its size": (
        view(
            attempt(1, "unknown", **settled),
            attempt(2, "unknown", **settled),
            sightings=(seen(),),
        ),
        [Wait(NOW + 6)],
    ),
    "archived unread: nobody can know": (
        view(attempt(1, "unknown", **settled), sightings=(seen(ended=True, archived=True),)),
        [Stop("unsettled", (1,), ("b",))],
    ),
    "vanished unread: nobody can know": (
        view(attempt(1, "unknown", **settled), sightings=(seen(ended=True, vanished=True),)),
        [Stop("unsettled", (1,), ("b",))],
    ),
    # absence proves nothing then
    "an intent older than 29 days: nobody can know": (
        view(attempt(1, "unknown", sent_at=NOW - RETAINED - 1, **settled)),
        [Stop("unsettled", (1,))],
    ),
    "a list that fails for days: nobody can know": (
        view(
            attempt(1, "unknown", **settled),
            failing_since=NOW - 2 * DAY - 1,
            walk_at=NOW + 60,
        ),
        [Stop("unsettled", (1,))],
    ),
    "what was paid is collected before the stop": (
        view(
            attempt(1, "unknown", sent_at=NOW - RETAINED - 1),
            attempt(2, "submitted", batch="a"),
            attempt(3),
        ),
        [Poll(2)],
    ),
    "rows of an attempt given up are planned again": (
        view(attempt(1, "given_up")),
        [Replace(1)],
    ),
    "one more walk right before the new POST": (
        view(given_up, successor),
        [Walk(NOW - 1000 - SLACK)],
    ),
    "then the POST": (view(given_up, successor, fresh=NOW - 1000 - SLACK), [Send(2)]),
    "a walk that went less far back is not enough": (
        view(given_up, successor, fresh=NOW - 999 - SLACK),
        [Walk(NOW - 1000 - SLACK)],
    ),
    "a late candidate of the one given up holds up its successor": (
        view(given_up, successor, sightings=(seen(),), fresh=0.0, walked_at=NOW - 2),
        [Wait(NOW + 8)],
    ),
    "also over two generations": (
        view(
            given_up,
            attempt(2, "given_up", replaced=True, instead_of=1, sent_at=NOW - 10),
            attempt(3, instead_of=2),
            sightings=(seen(),),
            fresh=0.0,
        ),
        [Wait(NOW + 10)],
    ),
    "a successor is dropped if the batch turns up": (
        view(attempt(1, "submitted", batch="a", poll_at=NOW + 5), successor),
        [Drop(2)],
    ),
    "the successor of a successor waits for the first": (
        view(
            attempt(1, "submitted", batch="a", poll_at=NOW + 5),
            attempt(2, "given_up", instead_of=1),
        ),
        [Wait(NOW + 5)],
    ),
    # the folder may come from a backup
    "a batch of the size of a planned attempt makes it unknown": (
        view(attempt(), sightings=(seen(),), **restored),
        [Doubt(1)],
    ),
    "not in the process that began the job": (
        view(attempt(), sightings=(seen(),)),
        [Send(1)],
    ),
    "not by a batch that is younger than the process": (
        view(
            attempt(),
            sightings=(seen(created_at=NOW + 900),),
            **restored,
        ),
        [Send(1)],
    ),
    "nothing is sent while a batch made by another life is unread": (
        view(
            attempt(1),
            attempt(7, "submitted", batch="a", entered=True, poll_at=NOW + 5),
            **restored,
        ),
        [Wait(NOW + 5)],
    ),
    # against a backup whose later life has cut the retries in another way
    "after a restart a retry waits for every batch of that time": (
        view(
            attempt(2, planned_at=NOW - 9, size=3),
            sightings=(seen(4),),
            **{**restored, "walked_at": NOW - 2},
        ),
        [Wait(NOW + 8)],
    ),
    "not for one created later": (
        view(
            attempt(2, planned_at=NOW - 2000, size=3),
            sightings=(seen(4, created_at=NOW),),
            **restored,
        ),
        [Send(2)],
    ),
    "not in the process that began the job ": (
        view(attempt(2, planned_at=NOW - 9, size=3), sightings=(seen(4),)),
        [Send(2)],
    ),
    "a part does not wait for a batch of another size": (
        view(attempt(2, size=3), sightings=(seen(4),), **restored),
        [Send(2)],
    ),
    "unless it can be read at once": (
        view(attempt(2, size=3), sightings=(seen(4, ended=True),), **restored),
        [Read("b")],
    ),
    "nothing is planned before the audit": (
        view(attempt(1, "given_up"), again=20, audited=False, audited_at=None),
        [Walk(BEGAN - SLACK)],
    ),
    "ended is collected": (view(attempt(1, "ended", batch="a")), [Collect(1)]),
    "the oldest batch first": (
        view(
            attempt(1, "ended", batch="a", sent_at=NOW - 1),
            attempt(2, "ended", batch="c", sent_at=NOW - 2),
        ),
        [Collect(2), Collect(1)],
    ),
    "polled at its own pace": (
        view(attempt(1, "submitted", batch="a", poll_at=NOW + 3)),
        [Wait(NOW + 3)],
    ),
    "missing for settle: a person deleted it": (
        view(attempt(1, "submitted", batch="a", poll_at=NOW + 3, missing=(600.0, NOW))),
        [Lose(1)],
    ),
    "missing for less": (
        view(attempt(1, "submitted", batch="a", poll_at=NOW + 3, missing=(599.0, NOW))),
        [Wait(NOW + 3)],
    ),
    "a full part of retries is made at once": (
        view(attempt(1, "submitted", batch="a", poll_at=NOW + 3), attempt(2), again=10),
        [Send(2), Retry()],
    ),
    # one straggler must not hold up all others, nor make a batch of its own too early
    "one that is not full waits for what is planned": (
        view(attempt(1, "submitted", batch="a", poll_at=NOW + 3), attempt(2), again=9),
        [Send(2)],
    ),
    "and no longer": (
        view(attempt(1, "submitted", batch="a", poll_at=NOW + 3), again=1),
        [Retry()],
    ),
    # whoever stops a runaway job in the console must not see it start again
    "canceled elsewhere: nothing is sent": (
        view(attempt(1), again=20, canceled=True),
        [Stop("canceled_elsewhere")],
    ),
    "canceled elsewhere: what runs is collected": (
        view(attempt(1), attempt(2, "submitted", batch="a"), canceled=True),
        [Poll(2)],
    ),
    "job.cancel cancels what runs, sends nothing": (
        view(attempt(1), attempt(2, "submitted", batch="a"), again=20, canceling=True),
        [Cancel(2)],
    ),
    "job.cancel: an unknown part is settled first": (
        view(attempt(1), attempt(2, "unknown", walked_at=NOW), canceling=True),
        [Wait(NOW + 150)],
    ),
    "job.cancel: what was not sent is delivered as it is": (
        view(attempt(1), canceling=True),
        [Deliver()],
    ),
    "the audit before success": (
        view(attempt(1, "collected", batch="a"), audited_at=None),
        [Walk(BEGAN - SLACK)],
    ),
    "not before settle has passed since the last one given up": (
        view(attempt(1, "collected", batch="a"), gave_up_at=NOW - 600),
        [Wait(NOW + 1)],
    ),
    "an audit made too early does not count": (
        view(attempt(1, "collected", batch="a"), gave_up_at=NOW - 700, audited_at=NOW - 100),
        [Walk(BEGAN - SLACK)],
    ),
    "a batch that runs and may be ours keeps the job open": (
        view(attempt(1, "collected", batch="a"), sightings=(seen(),)),
        [Wait(NOW + 10)],
    ),
    "one of a size that no attempt has does not": (
        view(attempt(1, "collected", batch="a"), sightings=(seen(9),)),
        [Deliver()],
    ),
    "an ended one is read, whatever its size": (
        view(attempt(1, "collected", batch="a"), sightings=(seen(9, ended=True),)),
        [Read("b")],
    ),
    "delivered": (view(attempt(1, "collected", batch="a"), delivered=True), [Finish()]),
    "not yet delivered": (view(attempt(1, "collected", batch="a")), [Deliver()]),
}


@table("seen_by_planner, expected", ROWS)
def test_what_is_done_next(seen_by_planner: View, expected: list[Action]) -> None:
    assert list(plan(seen_by_planner, NOW)) == expected


COMPARED = {
    "the same": (HERE, HERE, "same"),
    "another workspace": (HERE, HERE._replace(workspace="other"), "another"),
    "another organization": (HERE, HERE._replace(organization="other"), "another"),
    "another origin": (HERE, HERE._replace(origin="https://gateway"), "another"),
    # a gateway that strips the headers
    "not told": (HERE, Place("https://api"), "unclear"),
    "never told": (Place("https://api"), Place("https://api"), "unclear"),
    "half told, and another": (HERE, Place("https://api", "other", None), "another"),
}


@table("one, other, expected", COMPARED)
def test_places_are_compared(one: Place, other: Place, expected: str) -> None:
    assert one.compared(other) == expected
    assert other.compared(one) == expected


def test_a_view_can_be_hashed() -> None:
    assert hash(view(attempt(), sightings=(seen(),)))


def test_what_to_do_is_never_nothing() -> None:
    assert plan(View(started_at=NOW, recognized=True, audited=True, audited_at=NOW), NOW)
