"""One sample, in a process of its own: a job comes as JSON in the argument, figures go as JSON to the output."""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from . import _memory
from ._job import Counted, Job, Run


def measured(run: Run) -> Counted:
    """Take the time and the peak of memory of one call of *run*, and how long others kept it from its core."""
    gc.collect()
    before, waited = _memory.begin(), _waited()
    start, busy = time.perf_counter(), time.process_time()
    counted = run()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    peak, waited = _memory.peak(), _waited() - waited
    return {
        "seconds": seconds,
        "cpu": busy,
        "waited": waited,
        "growth": peak - before,
        "peak": peak,
        **counted,
    }


def _waited() -> float:
    schedule = Path(
        "/proc/self/schedstat"
    )  # of its main thread; the second number is of nanoseconds
    return int(schedule.read_text().split()[1]) / 1e9 if schedule.exists() else 0.0


def main() -> None:
    """Do the job of the argument."""
    job: Job = json.loads(sys.argv[1])
    if not job["orjson"]:
        modules: dict[str, Any] = sys.modules
        modules["orjson"] = None  # from here on its import fails
    module, _, name = job["contestant"].partition(".")
    contestants = importlib.import_module(f"benchmarks._contestants.{module}")
    json.dump(measured(getattr(contestants, name)(job)), sys.stdout)


if __name__ == "__main__":
    main()
