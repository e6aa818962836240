"""The only way to time and chance, so that neither needs to be real."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time, steady time, waiting and chance."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed point; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when *seconds* have passed on this clock."""
        ...

    def random(self) -> float:
        """A number from 0 up to 1."""
        ...


class SystemClock:
    """The machine's own time and chance. There is one, `SYSTEM`, and a pickle of it is itself."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def random(self) -> float:
        import random  # costs more than the rest of this package's import

        return random.random()

    def __repr__(self) -> str:
        return "SYSTEM"

    def __reduce__(self) -> str:
        return "SYSTEM"


SYSTEM = SystemClock()


class ManualClock:
    """Time that passes when told to: `sleep` and `advance` move it at once. For tests.

    `start`: seconds since the epoch. `chance`: what `random` answers.
    """

    def __init__(self, start: float = 1_790_000_000.0, chance: float = 0.5) -> None:
        self._start = start
        self._passed = 0.0
        self._chance = chance
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self._start + self._passed

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Move the time on by *seconds* and remember it in `sleeps`."""
        self.sleeps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time on by *seconds*."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds} s")
        self._passed += seconds

    def random(self) -> float:
        return self._chance
