"""Clocks: the machine's, and one that moves only when told."""

from __future__ import annotations

import copy
import math
import pickle
import time

import pytest

from anthropix_py._clock import SYSTEM, Clock, ManualClock


def test_system_now_is_the_machines() -> None:
    before = time.time()
    assert before <= SYSTEM.now() <= time.time()


def test_system_monotonic_is_the_machines() -> None:
    before = time.monotonic()
    assert before <= SYSTEM.monotonic() <= time.monotonic()


def test_system_sleep_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    SYSTEM.sleep(3.5)
    assert slept == [3.5]


def test_system_chance_is_from_0_up_to_1() -> None:
    values = {SYSTEM.random() for _ in range(100)}
    assert all(0 <= value < 1 for value in values)
    assert len(values) > 50


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_system_is_system(protocol: int) -> None:
    assert pickle.loads(pickle.dumps(SYSTEM, protocol)) is SYSTEM


def test_a_copy_of_system_is_system() -> None:
    assert copy.copy(SYSTEM) is copy.deepcopy(SYSTEM) is SYSTEM
    assert repr(SYSTEM) == "SYSTEM"


def test_manual_starts_as_told() -> None:
    clock = ManualClock(100.0, 0.25)
    assert (clock.now(), clock.monotonic(), clock.random(), clock.sleeps) == (100.0, 0.0, 0.25, [])


@pytest.mark.parametrize("seconds", [0, 0.0, 1e-9, 0.5, 3, 86_400.0, 1e9, math.inf], ids=str)
def test_manual_moves_at_once(seconds: float) -> None:
    clock = ManualClock(100.0)
    clock.sleep(seconds)
    assert (clock.now(), clock.monotonic(), clock.sleeps) == (100.0 + seconds, seconds, [seconds])


def test_manual_remembers_sleeps_in_order_and_no_advances() -> None:
    clock = ManualClock(0.0)
    clock.sleep(2)
    clock.advance(10)
    clock.sleep(1)
    assert (clock.sleeps, clock.now()) == ([2, 1], 13)


@pytest.mark.parametrize("seconds", [-1, -1e-9, -math.inf], ids=str)
def test_manual_never_goes_back(seconds: float) -> None:
    clock = ManualClock(100.0)
    clock.advance(5)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(seconds)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.sleep(seconds)
    assert (clock.now(), clock.monotonic()) == (105.0, 5.0)


def test_manual_clocks_are_independent() -> None:
    one, other = ManualClock(), ManualClock()
    one.sleep(1)
    assert (other.monotonic(), other.sleeps) == (0.0, [])


def test_both_are_clocks() -> None:
    clocks: list[Clock] = [SYSTEM, ManualClock()]
    assert all(isinstance(clock.now(), float) for clock in clocks)
