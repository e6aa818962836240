"""The examples run as a user runs them, in this process, on an emulator and a manual clock."""

from __future__ import annotations

import json
import runpy
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import anthropix_py
from anthropix_py import emulator
from anthropix_py.emulator import Faults, ManualClock, Store

EXAMPLES = Path(__file__).parent.parent / "examples"
NOVEMBER = 1_796_000_000.0
"""Seconds since the epoch; the price list has prices for batches then."""

ERROR = {"details": None, "type": "invalid_request_error", "message": "max_tokens: 0"}
INVALID: dict[str, Any] = {
    "type": "errored",
    "error": {"type": "error", "error": ERROR, "request_id": None},
}
OVERLOADED: dict[str, Any] = {
    "type": "errored",
    "error": {"type": "error", "error": {**ERROR, "type": "overloaded_error"}, "request_id": "r"},
}
EXPIRED: dict[str, Any] = {"type": "expired"}
CANCELED: dict[str, Any] = {"type": "canceled"}
REFUSED: dict[str, Any] = {"content": [], "stop_reason": "refusal"}


def text(answer: str, stop: str = "end_turn") -> dict[str, Any]:
    """Return fields of a message."""
    return {"content": [{"type": "text", "text": answer}], "stop_reason": stop}


class Printed(NamedTuple):
    """What an example printed, and the message with which it stopped, None if it came to its end.

    If an exception stopped it, `stopped` is its text.
    """

    output: str
    errors: str
    stopped: str | None


class Trial:
    """An emulator, and examples that are run on it."""

    def __init__(
        self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], **options: Any
    ) -> None:
        self.clock = ManualClock(start=NOVEMBER)
        self.faults = Faults()
        self.store = Store(clock=self.clock, **options)
        transport = emulator.transport(self.store, self.faults)
        init = partial(anthropix_py.init, "any-key", transport=transport, clock=self.clock)
        patch.setattr(anthropix_py, "init", init)
        self.client = init()
        # of the last example that came to its end
        self.names: dict[str, Any] = {}
        self._patch = patch
        self._capture = capture

    def run(self, example: str, *arguments: object) -> Printed:
        """Run the example of that name."""
        self._patch.setattr(sys, "argv", [example, *map(str, arguments)])
        stopped: str | None = None
        try:
            self.names = runpy.run_path(str(EXAMPLES / example), run_name="__main__")
        except (SystemExit, anthropix_py.AnthropixError, ValueError) as stop:
            stopped = str(stop)
        printed = self._capture.readouterr()
        return Printed(printed.out, printed.err, stopped)

    @property
    def sizes(self) -> list[int]:
        """Return the numbers of requests of all batches, the oldest first."""
        return [len(one.requests) for one in reversed(self.store.newest_first())]

    def sent(self, number: int) -> list[dict[str, Any]]:
        """Return the requests of a batch, by its number, the oldest first."""
        lines = self.store.newest_first()[::-1][number].requests
        return [json.loads(lines[place]) for place in range(len(lines))]
