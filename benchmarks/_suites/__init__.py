"""The suites by name: each runs its contestants, and tells what came out."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks._bench import Bench
from benchmarks._report import Outcome

from . import calling, creating, promptness, reading, scaling, starting, streaming

SUITES: dict[str, Callable[[Bench], Outcome]] = {
    "streaming": streaming.streaming,
    "promptness": promptness.promptness,
    "long": reading.long_rows,
    "whole": reading.whole,
    "download": reading.download,
    "create": creating.create,
    "checking": creating.checking,
    "show": calling.show,
    "start": starting.start,
    "scaling": scaling.scaling,
}
