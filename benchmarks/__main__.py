"""Run suites, print what came out, and leave `bench.json` and `bench.png` in a folder."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from . import _machine, _plot
from ._bench import ROOT, Bench
from ._report import Goal, goals_table
from ._suites import SUITES


def main() -> int:
    """Run what the command line asks for; give 1 where something broke, whatever the goals."""
    arguments = _arguments()
    machine = _machine.described()
    print("\n".join(machine), end="\n\n")
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments.quick, arguments.rounds, folder)
        for name in arguments.suites or SUITES:
            start = time.monotonic()
            outcome = SUITES[name](bench)
            goals += outcome.goals
            print(*outcome.tables, sep="\n")
            print(f"  ({name}: {time.monotonic() - start:.0f} s)\n", flush=True)
    print(goals_table(goals))
    print(bench.disturbed)
    arguments.out.mkdir(exist_ok=True)
    figures = {
        "machine": machine,
        "quick": bench.quick,
        "goals": [goal._asdict() for goal in goals],
    }
    text = json.dumps({**figures, "samples": bench.samples, "broken": bench.broken}, indent=1)
    (arguments.out / "bench.json").write_text(text)
    _plot.plot(bench.samples, "\n".join(machine), arguments.out / "bench.png")
    print(f"raw figures and a plot are in {arguments.out}")
    for fault in bench.broken:
        print(f"BROKEN: {fault}", file=sys.stderr)
    return 1 if bench.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; all by default"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--rounds", type=int, help="rounds of every suite")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="the folder for the files")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - SUITES.keys()
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
