"""Simulated jobs, one for each seed: nothing may be paid twice, lost, doubled or out of order.

    make simulate SEEDS=20000 FIRST=0

Ends with 1 at the first seed that breaks a promise, and prints the line that plays it again.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "job"))

from job_world import play

_AT_ONCE = 50  # seeds of one task


def main() -> int:
    """Play the seeds that the command line names; return 1 if one breaks a promise."""
    parser = argparse.ArgumentParser(description="Simulate jobs.")
    parser.add_argument("--seeds", type=int, default=20_000, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    started = time.monotonic()
    played = 0
    with ProcessPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
        for count, seed, wrong in _played(pool, options.first, options.seeds):
            played += count
            if wrong:
                print(f"seed {seed}: {'; '.join(wrong)}")
                print(f"make simulate SEEDS=1 FIRST={seed}")
                pool.shutdown(cancel_futures=True)
                return 1
            seconds = time.monotonic() - started
            print(f"\r{played:,} seeds in {seconds:.0f} s", end="", flush=True)
    print(": billed twice 0, lost 0, doubled 0, out of order 0")
    return 0


def _played(pool: Executor, first: int, seeds: int) -> Iterator[tuple[int, int, list[str]]]:
    starts = range(first, first + seeds, _AT_ONCE)
    ends = [min(start + _AT_ONCE, first + seeds) for start in starts]
    yield from pool.map(_play, starts, ends)


def _play(start: int, end: int) -> tuple[int, int, list[str]]:
    """Return the number of seeds, and the first one that broke a promise, with what it broke."""
    logging.getLogger("anthropix_py").setLevel(logging.CRITICAL)
    for seed in range(start, end):
        wrong = play(seed)
        if wrong:
            return seed - start, seed, wrong
    return end - start, start, []


if __name__ == "__main__":
    sys.exit(main())
