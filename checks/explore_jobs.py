"""Every state that small jobs can come to, and what each rule of the protocol is good for.

Drives the real planner against an abstract server (see tests/exploring): all orders of its steps,
crashes, lost answers, frozen processes and more. Prints how many states were visited, and for each
rule the violation that comes back without it. Ends with 1 if an invariant breaks, or if a rule can
be taken away unnoticed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from exploring.model import model
from exploring.rules import RULES
from exploring.search import Report, explore
from exploring.settings import EVERY, SETTINGS


class Done(NamedTuple):
    """A search that is over."""

    report: Report
    seconds: float


def _explored(name: str, most: int) -> Done:
    began = time.monotonic()
    return Done(explore(model(EVERY[name]), most), time.monotonic() - began)


def _without(number: int, most: int) -> Done:
    began = time.monotonic()
    return Done(RULES[number].explored(most), time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    """Explore, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="only what the tests explore")
    parser.add_argument(
        "--most", type=int, default=3_000_000, metavar="N", help="states of a setting at most"
    )
    options = parser.parse_args(arguments)
    names = [*SETTINGS] if options.quick else [*EVERY]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        settings = [pool.submit(_explored, name, options.most) for name in names]
        rules = [pool.submit(_without, number, options.most) for number in range(len(RULES))]
        broken = sum(not _print_setting(*one) for one in zip(names, (f.result() for f in settings)))
        print()
        kept = sum(_print_rule(rule.name, f.result()) for rule, f in zip(RULES, rules))
    states = sum(future.result().report.states for future in settings)
    print(f"\n{states:,} states in {len(names)} settings, {broken} broken;")
    print(f"{kept} of {len(RULES)} rules cannot be taken away unnoticed")
    return int(broken > 0 or kept < len(RULES))


def _print_setting(name: str, done: Done) -> bool:
    report = done.report
    ends = ", ".join(f"{end}: {count:,}" for end, count in sorted(report.ends.items()))
    extent = "" if report.complete else " (not all)"
    print(f"{report.states:>10,} states{extent} in {done.seconds:5.1f} s  {name}  [{ends}]")
    if report.trace is not None:
        print(report.trace)
    sys.stdout.flush()
    return report.trace is None


def _print_rule(name: str, done: Done) -> bool:
    trace = done.report.trace
    if trace is None:
        print(f"MISSED  {name}")
        return False
    print(f"caught  {name}\n            {trace.fault}, in {len(trace.steps)} steps")
    return True


if __name__ == "__main__":
    sys.exit(main())
