"""Run the pipeline on a Dask cluster: python on_dask.py FOLDER, which all workers can read."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pipeline
from distributed import Client

import anthropix_py

if __name__ == "__main__":
    # Without an address, Dask starts a cluster on this machine.
    with Client() as workers:

        def each(task: Callable[[Path], int], parts: Iterable[Path]) -> Any:
            """Do *task* for each part on the cluster."""
            return workers.gather(workers.map(task, list(parts), pure=False))

        print(pipeline.run(anthropix_py.init(), Path(sys.argv[1]), each))
