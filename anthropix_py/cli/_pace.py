"""The clock of a command: its waits are seen, and end when the time is up."""

from __future__ import annotations

from collections.abc import Callable

from .._clock import Clock
from ._exits import TimeIsUp

_TICK = 1.0  # seconds between two looks at what is shown
_NOTHING = 1e-6  # seconds


class Pace:
    """A clock over another. `on_wait` is called about once a second with the seconds left.

    `deadline`: the steady time at which the next wait raises `TimeIsUp`, None for never.
    """

    def __init__(self, clock: Clock) -> None:
        self.on_wait: Callable[[float], object] = float
        self.deadline: float | None = None
        self._clock = clock

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment."""
        return self._clock.monotonic()

    def random(self) -> float:
        """Return a number from 0 up to 1."""
        return self._clock.random()

    def end_after(self, seconds: float | None) -> None:
        """Set the time to be up in so many seconds; None for never."""
        if seconds is not None:
            self.deadline = self.monotonic() + seconds

    def sleep(self, seconds: float) -> None:
        """Wait, in steps."""
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > _NOTHING:
            self.on_wait(left)
            self._clock.sleep(min(left, _TICK, self._time_left()))

    def _time_left(self) -> float:
        if self.deadline is None:
            return _TICK
        left = self.deadline - self.monotonic()
        if left <= _NOTHING:
            raise TimeIsUp
        return left
