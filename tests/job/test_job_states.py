"""The states of an attempt: a table without dead ends and without ways back to the start."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from anthropix_py.job._states import (
    FINAL,
    IN_FLIGHT,
    TRANSITIONS,
    UNSENT,
    Change,
    State,
    changed,
)

STATES: tuple[State, ...] = get_args(State)
CHANGES: tuple[Change, ...] = get_args(Change)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(STATES)


@pytest.mark.parametrize(("state", "change"), [*product(STATES, CHANGES)])
def test_only_what_is_in_the_table_can_happen(state: State, change: Change) -> None:
    after = TRANSITIONS[state].get(change)
    if after is None:
        with pytest.raises(ValueError, match=f"an attempt that is {state} cannot {change}"):
            changed(state, change)
    else:
        assert changed(state, change) == after


def test_nothing_becomes_planned_again() -> None:
    # against paying twice: what was sent once gets a new number, and new ids, when it is sent again
    assert not any("planned" in row.values() for row in TRANSITIONS.values())


@pytest.mark.parametrize("state", STATES)
def test_a_batch_can_be_found_for_whatever_has_none(state: State) -> None:
    # against a batch that takes effect late, and against a folder that comes from a backup
    has_batch = state in ("submitted", "ended", "collected", "lost")
    assert ("find" in TRANSITIONS[state]) == (not has_batch and state != "sending")


def test_every_state_that_is_not_final_leads_to_a_final_one() -> None:
    reached = set(FINAL)
    while more := {
        state
        for state, row in TRANSITIONS.items()
        if state not in reached and reached & set(row.values())
    }:
        reached |= more
    assert reached == set(STATES)


def test_the_groups_do_not_overlap() -> None:
    assert not set(UNSENT) & set(IN_FLIGHT)
    assert set(FINAL) | set(UNSENT) | set(IN_FLIGHT) | {"ended"} == set(STATES)
