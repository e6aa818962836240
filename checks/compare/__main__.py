"""The package beside what people use today: the same job, the same faults, counted the same way.

`make compare` installs each contestant into an environment of its own, below `.venv/compare`, runs
each of them against each fault with the emulator as the server, prints a table and writes
`out/compare.json`. Nothing but pip leaves this machine. Ends with 1 unless this package finished
every trial with nothing lost, doubled or paid twice.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import report
from cases import CASES
from contestants import CONTESTANTS, OURS, Contestant
from rich.console import Console
from trial import Found

_TOGETHER = 2  # trials at the same time
_DEADLINE = 340.0  # seconds after the installation, for all trials together
_GRACE = 10.0  # seconds that a trial has to notice the deadline
_TRIAL = Path(__file__).with_name("trial.py")
_OUTPUT = Path("out/compare.json")


def main() -> int:
    """Run the comparison; return 1 if this package is not clean."""
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    names = [one.name for one in CONTESTANTS]
    parser.add_argument("--only", action="append", choices=names, help="a contestant to run")
    parser.add_argument("--case", action="append", choices=list(CASES), help="a fault to run")
    parser.add_argument("--keep", type=Path, help="a folder that keeps what contestants wrote")
    chosen = parser.parse_args()
    console = Console(width=200)
    contestants = [one for one in CONTESTANTS if one.name in (chosen.only or names)]
    absent = _install(contestants, console)
    present = [one for one in contestants if one.name not in absent]
    with tempfile.TemporaryDirectory(prefix="compare-") as temporary:
        folder = chosen.keep or Path(temporary)
        found = _run(present, chosen.case or list(CASES), folder.absolute())
    report.show(console, present, found, absent)
    _OUTPUT.parent.mkdir(exist_ok=True)
    _OUTPUT.write_text(json.dumps(report.as_json(present, found, absent), indent=2) + "\n")
    ours = [one for one in found if one.contestant == OURS]
    return int(not all(isinstance(one, Found) and one.is_clean for one in ours))


def _install(contestants: Sequence[Contestant], console: Console) -> dict[str, str]:
    """Install the contestants; return the reasons of those that cannot be, by name."""
    absent = {}
    for contestant in contestants:
        with console.status(f"installing {contestant.name} ..."):
            reason = contestant.install()
        if reason is not None:
            absent[contestant.name] = reason
    return absent


def _run(
    contestants: Sequence[Contestant], cases: Sequence[str], folder: Path
) -> list[report.Outcome]:
    until = time.monotonic() + _DEADLINE
    pairs = [(one.name, case) for case in cases for one in contestants]

    def run(pair: tuple[str, str]) -> report.Outcome:
        return _trial(*pair, folder, until)

    with ThreadPoolExecutor(_TOGETHER) as pool:
        return list(pool.map(run, pairs))


def _trial(name: str, case: str, folder: Path, until: float) -> report.Outcome:
    """Run a trial in a process of its own; return what it found, or why it did not."""
    left = until - time.monotonic()
    if left < 0:
        return report.NotRun(name, case, "no time was left")
    trial = [sys.executable, str(_TRIAL)]
    try:
        done = subprocess.run(
            [*trial, name, case, str(folder / name / case), str(left)],
            capture_output=True,
            text=True,
            timeout=left + _GRACE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return report.NotRun(name, case, "it did not end in time")
    if done.returncode != 0:
        return report.NotRun(name, case, done.stderr.strip().rpartition("\n")[2])
    return Found(**json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
