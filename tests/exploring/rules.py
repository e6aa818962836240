"""The rules of the protocol, and how each is taken away, to see a violation come back.

A rule of the planner is taken away by replacing functions of the real planner for the time of one
search; a rule of the runner by telling the abstract runner to do without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest import mock

from anthropix_py.job import _after, _plan, _view
from anthropix_py.job import _happened as happened
from anthropix_py.job._view import Attempt, Place, View

from .model import model
from .runner import INTENT_LATE, NO_COUNT, NO_EPOCH, NO_MIRROR
from .search import Report, explore
from .settings import EVERY

Patch = tuple[object, str, Any]


class Rule(NamedTuple):
    """A rule: the setting in which its absence does harm, and what taking it away replaces."""

    name: str
    setting: str
    patches: tuple[Patch, ...] = ()
    without: frozenset[str] = frozenset()

    def explored(self, most: int = 10**9) -> Report:
        """Return what is found without the rule."""
        with _replaced(self.patches):
            return explore(model(EVERY[self.setting], self.without), most)


@contextmanager
def _replaced(patches: tuple[Patch, ...]) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, value in patches:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


_after_event, _plan_next = _after.after, _plan.plan
_candidates, _compared = View.candidates, Place.compared
_NEVER = -1e18


def _seeing(**fields: Any) -> tuple[Patch, ...]:
    """Let the planner see a view with other *fields*."""

    def plan(view: View, now: float) -> tuple[_plan.Action, ...]:
        return _plan_next(view._replace(**fields), now)

    return ((_plan, "plan", plan),)


def _hearing(change: Callable[[View, happened.Event], happened.Event]) -> tuple[Patch, ...]:
    """Let the bookkeeping hear of other events than those that happened."""

    def after(view: View, event: happened.Event) -> View:
        return _after_event(view, change(view, event))

    return ((_after, "after", after),)


def _adopting(view: View, event: happened.Event) -> View:
    after = _after_event(view, event)
    if isinstance(event, happened.Walked):
        for one in after.having("unknown"):
            for found in after.candidates(one)[:1]:
                after = _after_event(after, happened.Found(found.batch, one.wire))
    return after


def _complete_anyhow(view: View, event: happened.Event) -> happened.Event:
    if isinstance(event, happened.WalkFailed):
        # what was known was on the pages that came, and nothing else
        listed = tuple(happened.Listed(*one[:5]) for one in view.sightings)
        return happened.Walked(event.at, _NEVER, view.place or Place("here"), listed)
    return event


def _refused_if_in_doubt(view: View, event: happened.Event) -> happened.Event:
    return happened.Refused(event.number) if isinstance(event, happened.Doubted) else event


def _planned_after_a_crash(view: View, event: happened.Event) -> View:
    if isinstance(event, happened.Started):
        for one in view.having("sending"):
            view = view.put(one._replace(state="planned"))
    return _after_event(view, event)


def _ignoring_late_ones(view: View, event: happened.Event) -> happened.Event:
    if isinstance(event, happened.Found):
        one = view.get(event.wire)
        if one is not None and one.state == "given_up":
            return happened.Foreign(event.batch)
    return event


def _rows_known(view: View, event: happened.Event) -> View:
    after = _after_event(view, event)
    if isinstance(event, happened.Found) and view.get(event.wire) is not None:
        one = after.get(event.wire)
        assert one is not None
        after = after.put(one._replace(entered=False))
    return after


def _missing_at_once(view: View, event: happened.Event) -> View:
    after = _after_event(view, event)
    if isinstance(event, happened.Missing):
        one = after.get(event.number)
        assert one is not None
        after = after.put(one._replace(missing=(view.rules.settle, event.at)))
    return after


def _every_gap_counts(attempt: Attempt, at: float, quarter: float) -> Attempt:
    return _settling(attempt, at, float("inf"))


def _from_the_intent(attempt: Attempt, at: float, quarter: float) -> Attempt:
    after = _settling(attempt, at, quarter)
    if attempt.walked_at is None:
        after = after._replace(settled=at - (attempt.sent_at or 0.0))
    return after


_settling = _after._settling


def _without_settle(view: View, attempt: Attempt, now: float) -> bool:
    return attempt.walked_at is not None and not view.candidates(attempt)


def _bounded_above(view: View, attempt: Attempt) -> list[_view.Sighting]:
    latest = (attempt.sent_at or 0.0) + 1.0
    return [one for one in _candidates(view, attempt) if one.created_at <= latest]


def _still_there(view: View, attempt: Attempt) -> list[_view.Sighting]:
    return [one for one in _candidates(view, attempt) if not one.archived and not one.vanished]


def _no_candidates(view: View, attempt: Attempt) -> list[_view.Sighting]:
    return []


def _taken_for_the_same(outcome: str) -> tuple[Patch, ...]:
    """Let two places whose comparison has *outcome* be one."""

    def compared(one: Place, other: Place) -> str:
        found = _compared(one, other)
        return "same" if found == outcome else found

    return ((Place, "compared", compared),)


def _no(*args: object) -> bool:
    return False


def _audit_at_once(view: View) -> Iterator[tuple[float, _plan.Action]]:
    yield from _last_audit(view._replace(gave_up_at=None))


_last_audit = _plan._last_audit
_NO_SLACK: tuple[Patch, ...] = ((_view, "SLACK", 0.0), (_plan, "SLACK", 0.0))

RULES: tuple[Rule, ...] = (
    Rule(
        "the intent is on disk before the first byte",
        "crashes and lost answers",
        without=frozenset({INTENT_LATE}),
    ),
    Rule("the mirror has every intent", "a lost database", without=frozenset({NO_MIRROR})),
    Rule(
        "the epoch is checked at every commit and before the last chunk",
        "a frozen process",
        without=frozenset({NO_EPOCH}),
    ),
    Rule(
        "an intent without an outcome is unknown",
        "crashes and lost answers",
        ((_after, "after", _planned_after_a_crash),),
    ),
    Rule(
        "refused is only what certainly had no effect",
        "crashes and lost answers",
        _hearing(_refused_if_in_doubt),
    ),
    Rule(
        "no adoption by size",
        "strangers of the same size",
        ((_after, "after", _adopting),),
    ),
    Rule(
        "settle passes before an attempt is given up",
        "crashes and lost answers",
        ((_plan, "may_give_up", _without_settle),),
    ),
    Rule(
        "settle begins with the first walk after the POST was over",
        "a POST that is long open",
        ((_after, "_settling", _from_the_intent),),
    ),
    Rule(
        "time between two walks counts for a quarter of settle at most",
        "a machine that sleeps",
        ((_after, "_settling", _every_gap_counts),),
    ),
    Rule(
        "nothing is given up while a candidate is unread",
        "batches that run longer than settle",
        ((View, "candidates", _no_candidates),),
    ),
    Rule(
        "the window of candidates has no upper bound",
        "batches that run longer than settle",
        ((View, "candidates", _bounded_above),),
    ),
    Rule("the window begins earlier by slack", "clocks that differ", _NO_SLACK),
    Rule(
        "only a walk that is complete to its bound counts",
        "walks that fail, one after another",
        _hearing(_complete_anyhow),
    ),
    Rule(
        "one more walk comes right before the POST of a new attempt",
        "creates later than settle, during an outage",
        _seeing(fresh=_NEVER),
    ),
    Rule(
        "the batch of an attempt given up is taken back when it turns up",
        "creates later than settle",
        _hearing(_ignoring_late_ones),
    ),
    Rule(
        "a successor that was not sent is dropped then",
        "creates later than settle, during an outage",
        ((_plan, "_is_superfluous", _no),),
    ),
    Rule(
        "a candidate that is archived or vanished unread is undecidable",
        "batches that a person deletes",
        ((View, "candidates", _still_there),),
    ),
    Rule(
        "an intent older than 29 days is undecidable",
        "a month",
        ((_plan, "RETAINED", 1e18),),
    ),
    Rule(
        "nothing is concluded in another place",
        "the key of another workspace",
        _taken_for_the_same("another"),
    ),
    Rule(
        "nothing is concluded in a place that cannot be recognized",
        "the key of another workspace, unseen in headers",
        _taken_for_the_same("unclear"),
    ),
    Rule("the audit at the start", "a restored backup", _seeing(audited=True)),
    Rule(
        "an attempt of the size of an unread batch is in doubt after a restore",
        "a restored backup",
        ((_plan, "is_doubtful", _no),),
    ),
    Rule(
        "nothing is sent while the rows of a batch of ours are not known",
        "a restored backup, lost answers",
        ((_plan, "_has_unread_rows", _no),),
    ),
    Rule(
        "the rows of a batch of another life are not known before they are read",
        "a restored backup, every row expires",
        ((_after, "after", _rows_known),),
    ),
    Rule(
        "a retry waits for every batch that another life may have made",
        "a restored backup, every row expires",
        ((_plan, "is_suspended", _no),),
    ),
    Rule(
        "an attempt is not sent if another batch has answered rows of it",
        "a restored backup, lost answers",
        without=frozenset({NO_COUNT}),
    ),
    Rule(
        "the audit before success",
        "creates later than settle",
        ((_plan, "_last_audit", lambda view: iter(())),),
    ),
    Rule(
        "the audit comes no earlier than settle after the last attempt given up",
        "creates later than settle",
        ((_plan, "_last_audit", _audit_at_once),),
    ),
    Rule(
        "a batch that still runs and may be ours keeps the job open",
        "creates later than settle, of batches that run long",
        ((_plan, "_may_be_ours", _no),),
    ),
    Rule(
        "a 404 must last for settle",
        "a 404 that goes away",
        ((_after, "after", _missing_at_once),),
    ),
)
