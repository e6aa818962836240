"""Run the pipeline on a Dask cluster: python on_dask.py FOLDER, which all workers can read."""

import sys
from pathlib import Path

import pipeline
from distributed import Client

import anthropix_py

if __name__ == "__main__":
    # Without an address, Dask starts a cluster on this machine.
    with Client() as workers:
        each = lambda task, parts: workers.gather(workers.map(task, parts, pure=False))
        print(pipeline.run(anthropix_py.init(), Path(sys.argv[1]), each))
