"""Time and chance behind one interface, so that a test can replace both."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time, steady time, waiting and chance."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when *seconds* have passed on this clock."""
        ...

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        ...


class SystemClock:
    """The machine's own time and chance. Its only instance is `SYSTEM`, also after a copy."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def random(self) -> float:
        # Imported only when needed, because it is slow to import.
        import random

        return random.random()

    def __repr__(self) -> str:
        return "SYSTEM"

    def __reduce__(self) -> str:
        return "SYSTEM"


SYSTEM = SystemClock()


class ManualClock:
    """A clock for tests: `sleep` and `advance` move its time at once, without waiting.

    *start*: the time at which it starts, in seconds since the epoch. *chance*: what `random`
    returns. `sleeps`: the seconds of every `sleep`, in order.
    """

    def __init__(self, start: float = 1_790_000_000.0, chance: float = 0.5) -> None:
        self._start = start
        self._passed = 0.0
        self._chance = chance
        self.sleeps: list[float] = []

    def now(self) -> float:
        """Return the seconds since the epoch on this clock."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Return the seconds by which the time has moved since the start."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Move the time forward by *seconds* and add them to `sleeps`."""
        self.sleeps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time forward by *seconds*."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: {seconds} s")
        self._passed += seconds

    def random(self) -> float:
        """Return *chance*, always the same."""
        return self._chance
