"""The pipeline of examples/cluster with workers and a payer that kill themselves.

Run by test_cluster as `cluster_trial.py FOLDER dask|processes`. Each kill happens once: a file in
FOLDER/killed stands for it. So the same command, repeated, comes to its end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import anthropix_py
from anthropix_py import job

# The repository's folder of examples is on the path of this process and of its workers.
import pipeline  # isort: skip

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
POLICY = job.Policy(requests_per_batch=40, settle=0.4, interval=0.02)
# The events of the client at which the payer dies: one after another, in one run each.
PAYER_DIES_AT = (4, 11)


def die_once(name: str) -> None:
    """Kill this process, unless it was done before under this name."""
    try:
        (FOLDER / "killed" / name).touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def dying(task: Callable[[Path], int], folder: Path, part: Path) -> int:
    """Do the task; the worker dies before it for some parts, and after it for others."""
    global FOLDER
    FOLDER = folder
    name = f"{task.__name__}-{part.stem}"
    if part.stem.endswith("0"):
        die_once(name)
    done = task(part)
    if part.stem.endswith("1"):
        die_once(name)
    return done


def payer() -> anthropix_py.Client:
    """Return a client that kills this process at some of its events."""
    events: list[dict[str, Any]] = []

    def on_event(event: dict[str, Any]) -> None:
        events.append(event)
        if len(events) in PAYER_DIES_AT:
            die_once(f"payer-{len(events)}")

    return anthropix_py.init(on_event=on_event)


def main() -> None:
    """Run the pipeline once; any process of it may die."""
    build, parse = partial(dying, pipeline.build, FOLDER), partial(dying, pipeline.parse, FOLDER)
    tasks = {pipeline.build: build, pipeline.parse: parse}
    if sys.argv[2] == "processes":
        with ProcessPoolExecutor(2) as workers:
            pipeline.run(
                payer(), FOLDER, lambda task, parts: workers.map(tasks[task], parts), POLICY
            )
        return
    from distributed import Client

    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:

        def each(task: Callable[[Path], int], parts: Iterable[Path]) -> Any:
            return cluster.gather(cluster.map(tasks[task], list(parts), pure=False))

        pipeline.run(payer(), FOLDER, each, POLICY)


if __name__ == "__main__":
    main()
