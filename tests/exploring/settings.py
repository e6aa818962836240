"""What is explored: configurations by name, each with the few faults that it combines."""

from __future__ import annotations

from .server import CANCELED, EXPIRED, OK
from .world import Budget, Setting

_MIXED = (OK, EXPIRED)

SETTINGS: dict[str, Setting] = {
    "nothing goes wrong": Setting(parts=(1, 1)),
    "crashes and lost answers": Setting(budget=Budget(crash=1, lost=1, down=1)),
    "refusals": Setting(budget=Budget(crash=1, lost=1, refused=1)),
    "strangers of the same size": Setting(budget=Budget(lost=1, stranger=2)),
    "a frozen process": Setting(budget=Budget(freeze=1, lost=1)),
    "pauses": Setting(budget=Budget(lost=1, pause=1)),
    "a machine that sleeps": Setting(budget=Budget(lost=1, crash=1, nap=1)),
    "walks that fail": Setting(budget=Budget(lost=1, cut_walk=1)),
    "walks that fail, one after another": Setting(
        budget=Budget(lost=1, cut_walk=7), late=(0,), hidden=(0,)
    ),
    "a POST that is long open": Setting(budget=Budget(lost=1, crash=1), held=(0, 6)),
    "clocks that differ": Setting(budget=Budget(crash=1, lost=1), skew=(0, 1)),
    "the key of another workspace": Setting(
        budget=Budget(crash=1, lost=1, other_key=1), stops=("another_workspace",)
    ),
    "the key of another workspace, unseen in headers": Setting(
        budget=Budget(crash=1, lost=1, other_key=1), headers=False, stops=("another_workspace",)
    ),
    "a lost database": Setting(budget=Budget(crash=1, lost=1, lose_journal=1)),
    "a restored backup": Setting(budget=Budget(crash=1, backup=1)),
    "a restored backup, lost answers": Setting(
        budget=Budget(crash=1, lost=1, backup=1), hidden=(0,), late=(0,)
    ),
    "a month": Setting(budget=Budget(crash=1, lost=1, month=1), stops=("unsettled",)),
    "batches that a person deletes": Setting(
        budget=Budget(lost=1, vanish=1, stranger=1), stops=("unsettled",)
    ),
    "a 404 that goes away": Setting(budget=Budget(lost=1, crash=1, flicker=1)),
    "job.cancel": Setting(budget=Budget(lost=1, crash=1, cancel=1)),
    "rows canceled by somebody": Setting(
        budget=Budget(lost=1, crash=1), outcomes=(OK, CANCELED), stops=("canceled_elsewhere",)
    ),
    "the job is run again": Setting(budget=Budget(lost=1, crash=1, again=1)),
    "rows that expire": Setting(parts=(2,), outcomes=_MIXED, budget=Budget(lost=1)),
    "batches that run longer than settle": Setting(budget=Budget(crash=1, lost=1), life=8),
    "two unknown attempts of the same size": Setting(
        parts=(1, 1), budget=Budget(lost=2), late=(1,), hidden=(0,)
    ),
    "creates later than settle": Setting(budget=Budget(lost=1, crash=1), late=(0, 5), beyond=True),
    "creates later than settle, of batches that run long": Setting(
        budget=Budget(lost=1), late=(5,), life=16, beyond=True
    ),
    # The batch of an attempt given up turns up while its successor cannot be sent yet.
    "creates later than settle, during an outage": Setting(
        budget=Budget(lost=1), late=(7,), outage=(1, 8)
    ),
}

# Too many states for the tests.
LARGE: dict[str, Setting] = {
    "two crashes": Setting(budget=Budget(crash=2, lost=1, down=1)),
    "two crashes, a frozen process": Setting(budget=Budget(crash=2, lost=1, freeze=1)),
    "crashes, pauses": Setting(budget=Budget(crash=1, lost=1, pause=1)),
    "crashes, strangers": Setting(budget=Budget(crash=1, lost=1, stranger=1)),
    "crashes, walks that fail": Setting(budget=Budget(crash=1, lost=1, cut_walk=1)),
    "crashes, a lost database": Setting(budget=Budget(crash=2, lost=1, lose_journal=1)),
    "a restored backup, lost answers, late creates": Setting(
        budget=Budget(crash=1, lost=1, backup=1)
    ),
    # Retries are cut in another way after the backup than before it.
    "a restored backup, every row expires": Setting(
        parts=(1, 1),
        outcomes=(EXPIRED,),
        hidden=(0,),
        late=(0,),
        budget=Budget(crash=1, backup=1),
    ),
    "a restored backup, long batches": Setting(budget=Budget(crash=2, backup=1), life=8),
    "a restored backup, strangers": Setting(
        budget=Budget(crash=1, backup=1, stranger=1), hidden=(0,), life=6
    ),
    "a restored backup, a lost database": Setting(
        budget=Budget(crash=2, backup=1, lose_journal=1), hidden=(0,)
    ),
    "job.cancel, rows that expire, two parts": Setting(
        parts=(1, 1), outcomes=_MIXED, budget=Budget(crash=1, cancel=1)
    ),
    "creates later than settle, crashes, refusals": Setting(
        budget=Budget(crash=1, lost=2, refused=1), late=(5, 7), beyond=True, hidden=(0,)
    ),
    "crashes, strangers, people": Setting(
        budget=Budget(crash=1, lost=1, vanish=1, stranger=1), stops=("unsettled",)
    ),
    "crashes, strangers, another key": Setting(
        budget=Budget(crash=2, lost=1, stranger=1, other_key=1), stops=("another_workspace",)
    ),
    "crashes, rows that expire": Setting(
        parts=(2,), outcomes=_MIXED, budget=Budget(crash=1, lost=1)
    ),
    "two parts": Setting(parts=(1, 1), budget=Budget(crash=1, lost=1)),
    "two parts, two lost answers": Setting(parts=(1, 1), budget=Budget(crash=1, lost=2)),
    "two parts, any order of actions": Setting(
        parts=(1, 1), any_order=True, budget=Budget(crash=1, lost=1, refused=1)
    ),
    "two parts of three requests": Setting(parts=(2, 1), outcomes=_MIXED, budget=Budget(lost=1)),
    "two parts, strangers, refusals": Setting(
        parts=(1, 1), budget=Budget(lost=1, stranger=1, refused=1)
    ),
    "a restored backup, rows that expire": Setting(
        parts=(1, 1), outcomes=_MIXED, hidden=(0,), budget=Budget(crash=1, backup=1)
    ),
    "two parts that expire, a lost database": Setting(
        parts=(1, 1), outcomes=_MIXED, hidden=(0,), budget=Budget(crash=1, lose_journal=1)
    ),
}

EVERY = {**SETTINGS, **LARGE}
