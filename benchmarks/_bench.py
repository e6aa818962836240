"""Running contestants: a server beside them, a fresh process for each sample, turns in each round.

A case is named after its contestant, and its name says how it is run: with "(stdlib)" in it,
no fast JSON library can be imported; with "then" in place of "ours", the package is the one to
compare with.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from ._job import Counted, Job
from ._runs import Runs

ROOT = Path(__file__).parent.parent

STDLIB = "ours (stdlib)"
FAST = "ours (fast)"
OURS = (STDLIB, FAST)
SDK = "official SDK"

_SAMPLE_TIMEOUT = 1_800  # seconds
_UNSET = ("pythondontwritebytecode", "http_proxy", "https_proxy", "all_proxy")
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


class Broken(Exception):
    """A contestant failed, or did not do what it was to do."""


class Options(NamedTuple):
    """What the command line asks for. `then`: the folder of the package to compare with."""

    quick: bool
    rounds: int | None
    folder: str
    then: Path | None


class Case(NamedTuple):
    """One contestant at one task; see `Job` for what is not said here.

    `contestant`: MODULE.FUNCTION, a space, its argument. `expected`: what it must count, of the
    figures that a sample has; `ask`: a path at which the server adds figures. `url`: of another
    server than the suite's own.
    """

    contestant: str
    target: str
    expected: Mapping[str, float]
    ask: str = ""
    warm_up: str = ""
    tls: bool = False
    number: int = 0
    url: str = ""


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
        """Have the results of a batch rendered, and return what a reader must find in them."""
        return self.ask(f"/prepare/{id}")


def then_name(name: str) -> str:
    """Return the name of the same case with the package to compare with."""
    return name.replace("ours", "then")


class Bench:
    """One suite's run. `samples` keeps every figure, `broken` says what went wrong."""

    def __init__(self, options: Options, server: Server) -> None:
        self.server = server
        self.samples: dict[str, list[Counted]] = {}
        self.broken: list[str] = []
        self.folder = options.folder
        self._options = options

    def sized(self, full: int, quick: int) -> int:
        """Return the size to work with."""
        return quick if self._options.quick else full

    def rounds(self, full: int, quick: int = 3) -> int:
        """Return the number of rounds."""
        return self._options.rounds or self.sized(full, quick)

    def run(self, cases: Mapping[str, Case], rounds: int) -> Runs:
        """Give every case its turn, *rounds* times."""
        return self.turns(
            {name: partial(self.sample, case) for name, case in cases.items()}, rounds
        )

    def turns(self, tasks: Mapping[str, Callable[[str], Counted]], rounds: int) -> Runs:
        """Give every task its turn, in every second round backwards; one that breaks is out.

        A task takes the name that it is run under; those of ours are run a second time with the
        package to compare with, if there is one.
        """
        left = dict(self._twofold(tasks))
        samples: dict[str, list[Counted]] = {name: [] for name in left}
        for number in range(rounds):
            names = list(left)
            if number % 2:
                names.reverse()
            for name in names:
                _show_progress(f"round {number + 1} of {rounds}, {name}")
                try:
                    samples[name].append(left[name](name))
                except Broken as error:
                    self.broken.append(f"{name}: {error}")
                    samples[name].clear()
                    del left[name]
        _show_progress("")
        self.samples |= samples
        return Runs(samples)

    def python(self, name: str, *arguments: str) -> str:
        """Run an interpreter with the package that *name* asks for, and return its output."""
        # -P keeps the working folder out of sys.path, where it would come before PYTHONPATH.
        command = [sys.executable, "-P", *arguments]
        environment = {**_environment(self._options.folder), "PYTHONPATH": self._path(name)}
        try:
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_SAMPLE_TIMEOUT,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise Broken(error.stderr.strip().rpartition("\n")[2]) from None
        except subprocess.TimeoutExpired:
            raise Broken(f"took more than {_SAMPLE_TIMEOUT} s") from None
        return done.stdout

    def _twofold(
        self, tasks: Mapping[str, Callable[[str], Counted]]
    ) -> Iterator[tuple[str, Callable[[str], Counted]]]:
        for name, task in tasks.items():
            yield name, task
            if self._options.then and "ours" in name:
                yield then_name(name), task

    def _package(self, name: str) -> Path:
        if self._options.then and "then" in name:
            return self._options.then
        return ROOT

    def _path(self, name: str) -> str:
        # Two entries for either package, so that both search equally long.
        return os.pathsep.join([str(self._package(name)), str(ROOT)])

    def sample(self, case: Case, name: str) -> Counted:
        """Run a case once, in a process of its own. Raises `Broken`."""
        contestant, _, argument = case.contestant.partition(" ")
        url, ca = case.url or self.server.http, None
        if case.tls:
            url, ca = self.server.https, self.server.ca
        job: Job = {
            "contestant": contestant,
            "argument": argument,
            "package": str(self._package(name)),
            "fast": "(stdlib)" not in name,
            "url": url,
            "ca": ca,
            "control": self.server.http,
            "warm_up": case.warm_up,
            "target": case.target,
            "number": case.number,
        }
        sample: Counted = json.loads(self.python(name, "-m", "benchmarks._child", json.dumps(job)))
        if case.ask:
            sample |= self.server.ask(case.ask)
        names = sample.keys() & case.expected.keys()
        found = {name: sample[name] for name in names}
        expected = {name: case.expected[name] for name in names}
        if not names or found != expected:
            raise Broken(f"expected the counts {expected or dict(case.expected)}; found {found}")
        return sample


@contextmanager
def server(folder: str) -> Iterator[Server]:
    """Run a server on a core of its own, with *folder* for its files."""
    if hasattr(os, "sched_setaffinity"):
        # Contestants inherit it.
        os.sched_setaffinity(0, {CORES[-1]})
    command = [sys.executable, "-m", "benchmarks._server", str(CORES[0])]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=_environment(folder), **pipes) as process:
        try:
            yield Server(**json.loads(cast("Any", process.stdout).readline()))
        finally:
            # Closes its input, which ends it.
            process.communicate(timeout=10)


def package_at(revision: str, folder: Path) -> Path:
    """Put the package as it was at *revision* into *folder* and return that. Raise ValueError."""
    command = ["git", "archive", revision, "anthropix_py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(f"no package at revision {revision}: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.lower() not in _UNSET}
    return {**kept, "TMPDIR": folder}


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(text, end="\033[K\r", file=sys.stderr, flush=True)
