"""The states of an attempt, and what leads from one to another. A table: nothing happens here.

An attempt is one try to get a fixed body of requests processed as a batch. Whatever is not in the
table cannot happen, and asking for it is a bug.
"""

from __future__ import annotations

from typing import Literal

State = Literal[
    "planned",
    "sending",
    "unknown",
    "refused",
    "submitted",
    "ended",
    "collected",
    "given_up",
    "lost",
    "dropped",
]
"""`planned`: its body is on disk. `sending`: the intent is on disk, its POST may have begun.
`unknown`: a batch may exist. `refused`: certainly no batch exists; it may be sent again.
`submitted`: its batch is known. `ended`: that batch has ended. `collected`: its rows are on disk.
`given_up`: no batch was found in time. `lost`: its batch was deleted or its results were removed.
`dropped`: it was not sent, because its rows are in another attempt."""

Change = Literal[
    "intend", "create", "refuse", "doubt", "find", "give_up", "end", "collect", "lose", "drop"
]

TRANSITIONS: dict[State, dict[Change, State]] = {
    # doubt: a batch of this size exists, and the folder may come from a backup
    "planned": {
        "intend": "sending",
        "doubt": "unknown",
        "find": "submitted",
        "drop": "dropped",
    },
    "refused": {
        "intend": "sending",
        "doubt": "unknown",
        "find": "submitted",
        "drop": "dropped",
    },
    "sending": {"create": "submitted", "refuse": "refused", "doubt": "unknown"},
    "unknown": {"find": "submitted", "give_up": "given_up"},
    # a batch that took effect very late
    "given_up": {"find": "submitted"},
    "dropped": {"find": "submitted"},
    "submitted": {"end": "ended", "lose": "lost"},
    "ended": {"collect": "collected", "lose": "lost"},
    "collected": {},
    "lost": {},
}

UNSENT: tuple[State, ...] = ("planned", "refused")
"""No POST of the attempt is under way or in doubt."""

IN_FLIGHT: tuple[State, ...] = ("sending", "unknown", "submitted")
"""The server may be processing it, or be about to."""

FINAL: tuple[State, ...] = ("collected", "given_up", "lost", "dropped")
"""Nothing more is done about the attempt, unless its batch turns up."""


def changed(state: State, change: Change) -> State:
    """Return the state after *change*. Raises ValueError for one that the table does not have."""
    after = TRANSITIONS[state].get(change)
    if after is None:
        raise ValueError(f"an attempt that is {state} cannot {change}")
    return after
