"""Run the pipeline with the processes of this machine: python on_processes.py FOLDER."""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pipeline

import anthropix_py

if __name__ == "__main__":
    with ProcessPoolExecutor() as workers:
        print(pipeline.run(anthropix_py.init(), Path(sys.argv[1]), workers.map))
