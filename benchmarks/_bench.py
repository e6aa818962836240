"""Running contestants: a server beside them, a fresh process for each sample, and turns taken round by round."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from ._job import Counted, Job

ROOT = Path(__file__).parent.parent

_PATIENCE = 300  # seconds for a sample
_UNSET = ("pythondontwritebytecode", "http_proxy", "https_proxy", "all_proxy")
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


class Broken(Exception):
    """A contestant failed, or did not do what it was to do."""


class Case(NamedTuple):
    """One contestant at one task.

    `expected`: what must have been counted, of the names that a sample has; `ask`: a path at which
    the server tells more of them.
    """

    contestant: str
    target: str
    expected: Mapping[str, float]
    ask: str = ""
    warm_up: str = ""
    orjson: bool = True
    tls: bool = False
    number: int = 0


class Server(NamedTuple):
    """Where a running server is."""

    http: str
    https: str
    ca: str

    def ask(self, path: str) -> dict[str, Any]:
        """Ask the server about itself; it may take its time to render a body."""
        with urllib.request.urlopen(self.http + path) as response:
            return cast("dict[str, Any]", json.load(response))

    def facts(self, id: str) -> dict[str, float]:
        """Have the results of a batch rendered, and give what a reader must find in them."""
        return self.ask(f"/prepare/{id}")


class Runs:
    """The samples of several cases, taken in turns: sample 3 of each is from round 3."""

    def __init__(self, samples: dict[str, list[Counted]]) -> None:
        self.samples = samples

    def median(self, name: str, figure: str = "seconds") -> float:
        """Give the median of a figure; NaN where the case was not run, or broke."""
        values = self._values(name, figure)
        return statistics.median(values) if values else float("nan")

    def spread(self, name: str, figure: str = "seconds") -> float:
        """Give half the distance from the least to the most, as a share of the median."""
        values = self._values(name, figure)
        return (
            (max(values) - min(values)) / 2 / statistics.median(values) if values else float("nan")
        )

    def ratio(self, name: str, other: str, figure: str = "seconds") -> float:
        """Give *name* over *other*: the median of the ratios within each round."""
        ratios = [one / another for one, another in self._pairs(name, other, figure) if another]
        return statistics.median(ratios) if ratios else float("nan")

    def above(self, name: str, other: str, figure: str = "seconds") -> float:
        """Give *name* less *other*: the median of the differences within each round."""
        differences = [one - another for one, another in self._pairs(name, other, figure)]
        return statistics.median(differences) if differences else float("nan")

    def _pairs(self, name: str, other: str, figure: str) -> Iterator[tuple[float, float]]:
        return zip(self._values(name, figure), self._values(other, figure))

    def _values(self, name: str, figure: str) -> list[float]:
        return [sample[figure] for sample in self.samples.get(name, [])]


class Bench:
    """What all suites share. `samples` keeps every figure, `broken` says what went wrong."""

    def __init__(self, quick: bool, rounds: int | None, folder: str) -> None:
        self.quick = quick
        self.folder = folder
        self.samples: dict[str, dict[str, list[Counted]]] = {}
        self.broken: list[str] = []
        self._rounds = rounds
        kept = {name: value for name, value in os.environ.items() if name.lower() not in _UNSET}
        self._environment = {**kept, "TMPDIR": folder}
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {_CORES[-1]})  # contestants inherit it

    def sized(self, full: int, quick: int) -> int:
        """Give the size to work with."""
        return quick if self.quick else full

    def rounds(self, full: int, quick: int = 3) -> int:
        """Give the number of rounds."""
        return self._rounds or self.sized(full, quick)

    @contextmanager
    def server(self) -> Iterator[Server]:
        """Run a server for one suite."""
        command = [sys.executable, "-m", "benchmarks._server", str(_CORES[0])]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=ROOT, env=self._environment, **pipes) as process:
            try:
                yield Server(**json.loads(process.stdout.readline()))  # type: ignore[union-attr]
            finally:
                process.communicate(timeout=10)  # closes its input, which ends it

    def run(self, suite: str, server: Server, cases: Mapping[str, Case], rounds: int) -> Runs:
        """Give every case its turn, *rounds* times."""
        tasks = {name: partial(self._sample, server, case) for name, case in cases.items()}
        return self.turns(suite, tasks, rounds)

    def turns(self, suite: str, tasks: Mapping[str, Callable[[], Counted]], rounds: int) -> Runs:
        """Give every task its turn, *rounds* times, there and back again; one that breaks is out."""
        samples: dict[str, list[Counted]] = {name: [] for name in tasks}
        left = dict(tasks)
        for number in range(1, rounds + 1):
            for name, task in list(left.items())[:: 1 if number % 2 else -1]:
                _tell(f"{suite}: round {number} of {rounds}, {name}")
                try:
                    samples[name].append(task())
                except Broken as error:
                    self.broken.append(f"{suite}, {name}: {error}")
                    samples[name].clear()
                    del left[name]
        _tell("")
        self.samples.setdefault(suite, {}).update(samples)
        return Runs(samples)

    @property
    def disturbed(self) -> str:
        """Tell how many samples had to share their core with something else for more than a twentieth of their time."""
        samples = [
            sample
            for cases in self.samples.values()
            for taken in cases.values()
            for sample in taken
        ]
        count = sum(sample.get("waited", 0) > sample["seconds"] / 20 for sample in samples)
        return f"{count} of {len(samples)} samples were disturbed by other processes"

    def python(self, *arguments: str) -> str:
        """Run an interpreter as contestants are run, and give its output."""
        command = [sys.executable, *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise Broken(error.stderr.strip().rpartition("\n")[2]) from None
        except subprocess.TimeoutExpired:
            raise Broken(f"took more than {_PATIENCE} s") from None
        return done.stdout

    def _sample(self, server: Server, case: Case) -> Counted:
        job: Job = {
            "contestant": case.contestant,
            "orjson": case.orjson,
            "url": server.https if case.tls else server.http,
            "ca": server.ca if case.tls else None,
            "control": server.http,
            "warm_up": case.warm_up,
            "target": case.target,
            "number": case.number,
        }
        sample: Counted = json.loads(self.python("-m", "benchmarks._child", json.dumps(job)))
        if case.ask:
            sample |= server.ask(case.ask)
        names = sample.keys() & case.expected.keys()
        wrong = [
            f"{name} {sample[name]}, not {case.expected[name]}"
            for name in names
            if sample[name] != case.expected[name]
        ]
        if wrong or not names:
            raise Broken(f"counted {', '.join(wrong) or 'nothing'}")
        return sample


def _tell(progress: str) -> None:
    if sys.stderr.isatty():
        print(progress, end="\033[K\r", file=sys.stderr, flush=True)
