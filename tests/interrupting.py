"""Interrupts (Ctrl-C) at every place where Python may raise one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from types import FrameType


class InterruptAt:
    """Raises KeyboardInterrupt at the nth place of some modules where Python may do so.

    Python looks for signals when a function begins and when one written in C has returned.
    `left`: the places that a call had too few of.
    """

    def __init__(self, number: int, modules: Collection[str]) -> None:
        self.left = number
        self._modules = modules

    def run(self, call: Callable[[], object]) -> None:
        """Make a call, and interrupt it."""
        before = sys.getprofile()
        sys.setprofile(self._step)
        # not with contextlib, which may be one of the modules
        try:
            call()
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(before)

    def _step(self, frame: FrameType, event: str, argument: object) -> None:
        is_place = event in ("call", "c_return")
        if is_place and frame.f_globals.get("__name__") in self._modules:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
