"""Every state of small jobs is visited: the invariants hold, and no rule can be done without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from exploring.model import model
from exploring.rules import RULES, Rule
from exploring.search import Model, explore
from exploring.settings import LARGE, SETTINGS

STATES = 400_000  # more than any setting has: a search that goes beyond has no end


@pytest.mark.parametrize("name", SETTINGS)
def test_every_invariant_holds_in_every_state(name: str) -> None:
    report = explore(model(SETTINGS[name]), STATES)

    assert report.trace is None, str(report.trace)
    assert report.complete
    # else nothing but failures would have been visited
    assert report.ends.get("done", 0) > 0
    assert {*report.ends} <= {"done", *SETTINGS[name].stops}


# Those that take a large setting are tried by `make explore` alone.
SMALL_RULES = [rule for rule in RULES if rule.setting not in LARGE]


@pytest.mark.parametrize("rule", SMALL_RULES, ids=lambda rule: rule.name)
def test_without_a_rule_a_violation_comes_back(rule: Rule) -> None:
    report = rule.explored(STATES)

    assert report.trace is not None
    assert not report.trace.fault.startswith("it breaks")


# -- the search itself ---------------------------------------------------------------------------

Moves = Callable[[int], list[tuple[str, int]]]


def counting(moves: Moves, *, bad: int = -1, end: int = -1) -> Model[int]:
    """Return a model whose states are numbers, from 0."""
    return Model(
        0,
        moves,
        lambda state: f"{state} is bad" if state == bad else None,
        lambda state: "end" if state == end else None,
    )


def test_the_shortest_way_to_a_fault_is_told() -> None:
    found = explore(counting(lambda n: [("+1", n + 1), ("+3", n + 3)], bad=7))

    assert found.trace is not None
    assert found.trace.fault == "7 is bad"
    assert found.trace.steps.count("+3") == 2
    assert str(found.trace).startswith("7 is bad\n  1. +")


@pytest.mark.parametrize(
    ("moves", "stuck"),
    [
        pytest.param(lambda n: [("on", n + 1)] if n < 5 else [], None, id="a chain to the end"),
        pytest.param(lambda n: [("on", n + 1)] if n < 4 else [], (), id="a chain that stops short"),
        pytest.param(
            lambda n: [("round", (n + 1) % 3), ("out", 5)] if n < 3 else [],
            (),
            id="a circle with a way out that needs something to go wrong",
        ),
        pytest.param(
            lambda n: [("out", 5), ("in", 6)] if n == 0 else [("back", 6)] if n == 6 else [],
            ("in",),
            id="a side way into a circle",
        ),
    ],
)
def test_states_that_do_not_come_to_an_end_are_found(
    moves: Moves, stuck: tuple[str, ...] | None
) -> None:
    found = explore(counting(moves, end=5))

    assert (None if found.trace is None else found.trace.steps) == stuck


def test_a_search_that_was_cut_short_says_so() -> None:
    found = explore(counting(lambda n: [("+1", n + 1)]), 10)

    assert (found.states, found.complete, found.trace) == (10, False, None)


def test_a_contradiction_inside_a_move_is_a_fault_with_its_way() -> None:
    def moves(n: int) -> list[tuple[str, int]]:
        if n == 2:
            raise ValueError("an attempt that is lost cannot find")
        return [("+1", n + 1)]

    found = explore(counting(moves))

    assert found.trace is not None
    assert found.trace.fault == "it breaks: an attempt that is lost cannot find"
    assert found.trace.steps == ("+1", "+1")
