"""Run suites, print what was measured, and leave `bench.json` and `bench.png` in a folder."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from . import _plot, _report
from ._bench import ROOT, Bench, Options, package_at, server
from ._job import Counted
from ._report import Goal
from ._suites import NEWER, SUITES


def main() -> int:
    """Run what the command line asks for; return 1 if something broke, whatever the goals."""
    arguments = _arguments()
    report = Report(_report.machine())
    with tempfile.TemporaryDirectory() as folder:
        then = None
        if arguments.against:
            try:
                then = package_at(arguments.against, Path(folder, "then"))
            except ValueError as error:
                print(f"--against: {error}", file=sys.stderr)
                return 2
        options = Options(arguments.quick, arguments.rounds, folder, then)
        for name in arguments.suites or SUITES:
            report.run(name, options)
    report.end()
    arguments.out.mkdir(exist_ok=True)
    text = json.dumps(
        {**vars(report), "options": {"quick": arguments.quick, "against": arguments.against}},
        indent=1,
    )
    (arguments.out / "bench.json").write_text(text)
    _plot.plot(report.samples, "\n".join(report.machine), arguments.out / "bench.png")
    print(f"raw figures and a plot are in {arguments.out}")
    for fault in report.broken:
        print(f"BROKEN: {fault}", file=sys.stderr)
    return int(bool(report.broken))


class Report:
    """What all suites have shown so far."""

    def __init__(self, machine: list[str]) -> None:
        self.machine = machine
        self.samples: dict[str, dict[str, list[Counted]]] = {}
        self.goals: list[tuple[str, Goal]] = []
        self.broken: list[str] = []
        print("\n".join(machine), end="\n\n")

    def run(self, name: str, options: Options) -> None:
        """Run a suite and print its tables."""
        start = time.monotonic()
        if name in NEWER and options.then and not Path(options.then, "anthropix_py", name).exists():
            print(f"{name}: the revision to compare with has no such module")
            options = options._replace(then=None)
        with server(options.folder) as running:
            bench = Bench(options, running)
            outcome = SUITES[name](bench)
        self.samples[name] = bench.samples
        self.goals += [(name, goal) for goal in outcome.goals]
        self.broken += [f"{name}, {fault}" for fault in bench.broken]
        print(*outcome.tables, sep="\n")
        # How long a held body takes depends on the server alone.
        if options.then and name != "promptness":
            print(_report.comparison(name, bench.samples))
        print(f"  ({name}: {time.monotonic() - start:.0f} s)\n", flush=True)

    def end(self) -> None:
        """Print the goals, and how many samples had to share their core with something else."""
        cases = [taken for suite in self.samples.values() for taken in suite.values()]
        samples = [sample for taken in cases for sample in taken]
        disturbed = sum(one.get("waited", 0) > one["seconds"] / 20 for one in samples)
        print(_report.goals_table(self.goals))
        print(f"{disturbed} of {len(samples)} samples waited for their core 5 % of their time")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join(SUITES)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {names}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--rounds", type=int, help="rounds of every suite")
    parser.add_argument(
        "--against", metavar="REV", help="compare with the package as it was at this git revision"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="the folder for the files")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - SUITES.keys()
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
