"""One sample, in a process of its own: the argument is a job, the output its figures."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ._job import FAST_LIBRARIES, Counted, Job, Run

_PROCESS = Path("/proc/self")


def main() -> None:
    """Do the job of the argument."""
    job: Job = json.loads(sys.argv[1])
    _check_package(job["package"])
    if not job["fast"]:
        modules: dict[str, Any] = sys.modules
        for library in FAST_LIBRARIES:
            modules[library] = None  # makes its import fail
    module, _, name = job["contestant"].partition(".")
    contestant = getattr(importlib.import_module(f"benchmarks._contestants.{module}"), name)
    run: Run = contestant(job)
    if job["warm_up"]:
        run(job["warm_up"])
    json.dump(_measured(run, job["target"]), sys.stdout)


def _check_package(folder: str) -> None:
    found = importlib.util.find_spec("anthropix_py")
    origin = Path(str(found and found.origin))
    if origin.parent.parent != Path(folder):
        raise ImportError(f"anthropix_py must come from {folder}; found {origin}")


def _measured(run: Run, target: str) -> Counted:
    """Return the seconds and the peak of memory of one call, and its wait for its core."""
    gc.collect()
    with suppress(OSError):
        # Linux: the peak so far is forgotten.
        (_PROCESS / "clear_refs").write_text("5")
    before, waited = _status("VmRSS"), _waited()
    start, busy = time.perf_counter(), time.process_time()
    counted = run(target)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    peak, waited = _status("VmHWM"), _waited() - waited
    memory: Counted = {"growth": peak - before, "peak": peak}
    return {"seconds": seconds, "cpu": cpu, "waited": waited, **memory, **counted}


def _status(name: str) -> int:
    """Return a size in bytes from the status of this process; elsewhere than on Linux its peak."""
    path = _PROCESS / "status"
    if path.exists():
        [line] = [line for line in path.read_text().splitlines() if line.startswith(f"{name}:")]
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return 0
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _waited() -> float:
    """Return the seconds for which the main thread was ready to run and did not."""
    path = _PROCESS / "schedstat"
    if not path.exists():
        return 0.0
    return int(path.read_text().split()[1]) / 1e9


if __name__ == "__main__":
    main()
