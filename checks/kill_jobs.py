"""Durable jobs of real processes, killed and hindered over HTTP, and resumed until they are done.

A job is killed with SIGKILL at the nth request of a process, before and after the server acts on
it and in the middle of a body, and at random moments; it meets a full disk, a second process,
Ctrl-C and SIGTERM. Prints how its processes ended, and what was lost, doubled or paid twice, as
counted in the emulator and in the files. Ends with 1 if anything was, or if a process crashed.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from job_trial import MOMENTS, PART, Counts, Ended, Trial, requests, trial
from rich.console import Console
from rich.table import Table

from anthropix_py import init, job

_AT_ONCE = 4  # jobs
_KILLS = 4  # of one job at most
_LATEST = 1.5  # seconds after the start of a process, for kills at random moments
_TAKES = (0.0, 0.1, 0.4)  # seconds until a batch ends
_FILE_SIZES = range(1_000, 160_000)  # bytes that a file can have on a full disk

_POLICY = job.Policy(requests_per_batch=PART, settle=0.4, interval=0.02, max_attempts=4)


def run_job(url: str, folder: str, file_size: int | None) -> int:
    """Run the job as one process of it, and print what it came to."""
    if file_size is not None:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, most))
    match job.run(init("any-key", base_url=url), requests(), folder, policy=_POLICY):
        case "ok", done:
            print(json.dumps({"ok": done.succeeded, "orphans": done.orphans}))
            return 0
        case "error", error:
            name = f"{type(error).__name__} {getattr(error, 'reason', '')}"
            print(json.dumps({"error": name.strip(), "pid": getattr(error, "pid", None)}))
            print(error, file=sys.stderr)
            return 3


class Found(NamedTuple):
    """What jobs came to. `times`: how often they were hindered; `wrong`: what else went wrong."""

    jobs: int
    times: int
    endings: Counter[str]
    counts: Counts
    wrong: list[str]


class Case(NamedTuple):
    """One job still to run: the numbers by which its processes are hindered, and its chance."""

    numbers: list[int]
    chance: random.Random


Play = Callable[[Trial, Case], Iterator[str]]


def killed(moment: str) -> Play:
    """Return the play of kills at a moment of the nth request."""

    def play(one: Trial, case: Case) -> Iterator[str]:
        for nth in case.numbers:
            ended = one.hindered(nth, moment, subprocess.Popen.kill)
            if ended.code != -signal.SIGKILL:
                yield from _unexpected(ended, 0)
                return

    return play


def killed_at_random(one: Trial, case: Case) -> Iterator[str]:
    """Kill processes at moments that have nothing to do with their requests."""
    for _ in case.numbers:
        one.trap.set(0, "", print)
        process = one.start()
        timer = threading.Timer(case.chance.uniform(0.05, _LATEST), process.kill)
        timer.start()
        ended = one.end(process)
        timer.cancel()
        if ended.code != -signal.SIGKILL:
            yield from _unexpected(ended, 0)
            return


def full_disk(one: Trial, case: Case) -> Iterator[str]:
    """Let no file grow beyond a size."""
    for _ in case.numbers:
        ended = one.undisturbed("--file-size", str(case.chance.choice(_FILE_SIZES)))
        if ended.code == 0:
            return
        if not ended.name.startswith(("FileError", "JobError")):
            yield f"a full disk: {ended.name}: {ended.errors[-300:]}"


def two_at_once(one: Trial, case: Case) -> Iterator[str]:
    """Start a second process while the first is in the middle of a request."""
    second: list[Ended] = []
    pids: list[int] = []

    def begin(first: subprocess.Popen[str]) -> None:
        pids.append(first.pid)
        second.append(one.end(one.start()))

    yield from _unexpected(one.hindered(case.numbers[0], "after", begin), 0)
    for ended in second:
        yield from _unexpected(ended, 3)
        if ended.printed != {"error": "JobError running_elsewhere", "pid": pids[0]}:
            yield f"the second process was not refused with the pid {pids[0]}: {ended.printed}"


def signaled(number: signal.Signals) -> Play:
    """Return the play of a signal after the nth request."""

    def play(one: Trial, case: Case) -> Iterator[str]:
        for nth in case.numbers:
            ended = one.hindered(nth, "after", lambda process: process.send_signal(number))
            if ended.code == 0:
                return
            yield from _unexpected(ended, -number)

    return play


def _unexpected(ended: Ended, code: int) -> Iterator[str]:
    if ended.code != code:
        yield f"expected the exit code {code}, found {ended.code}: {ended.errors[-300:]}"


_KILLED: dict[str, Play] = {
    **{f"SIGKILL, {moment}": killed(moment) for moment in MOMENTS},
    "SIGKILL, any moment": killed_at_random,
}
_OTHERS: dict[str, Play] = {
    "a full disk": full_disk,
    "two processes": two_at_once,
    "Ctrl-C": signaled(signal.SIGINT),
    "SIGTERM": signaled(signal.SIGTERM),
}


def run_case(play: Play, case: Case) -> Found:
    """Play one job, then run it undisturbed to its end, and count."""
    takes = case.chance.choice(_TAKES)
    with tempfile.TemporaryDirectory() as folder, trial(Path(folder), takes) as one:
        wrong = list(play(one, case))
        times = sum(one.endings.values()) - one.endings["done"]
        last = one.undisturbed()
        wrong += _unexpected(last, 0)
        if last.printed.get("orphans"):
            wrong.append(f"orphans: {last.printed['orphans']}")
        return Found(1, times, one.endings, one.counts(), wrong)


def run_situation(name: str, play: Play, goal: int, requests_of_one: int) -> Found:
    """Play one job after the other until processes were hindered *goal* times."""
    chance = random.Random(name)
    numbers: list[int] = []
    total = Found(0, 0, Counter(), Counts(), [])
    for index in range(3 * goal):
        if total.times >= goal:
            break
        if len(numbers) < _KILLS:
            numbers += chance.sample(range(1, requests_of_one + 1), requests_of_one)
        most = min(_KILLS, goal - total.times)
        found = run_case(play, Case([numbers.pop() for _ in range(most)], chance))
        total = Found(
            total.jobs + 1,
            total.times + found.times,
            total.endings + found.endings,
            total.counts.plus(found.counts),
            total.wrong + [f"{name}, job {index}: {text}" for text in found.wrong],
        )
    if total.times < goal:
        total.wrong.append(f"{name}: hindered only {total.times} of {goal} times")
    return total


def requests_of_one() -> int:
    """Return how many requests an undisturbed process of a job makes."""
    with tempfile.TemporaryDirectory() as folder, trial(Path(folder), _TAKES[1]) as one:
        ended = one.undisturbed()
        if ended.code or any(one.counts()):
            sys.exit(f"an undisturbed job failed: {one.counts()} {ended.errors}")
        return one.trap.requests


def main() -> int:
    """Run the check, or one process of a job."""
    options = _options()
    if options.run:
        return run_job(options.url, options.run, options.file_size)
    start = time.monotonic()
    most = requests_of_one()
    times: int = options.times
    kills = -(-times // len(_KILLED))
    goals: dict[str, int] = {
        **dict.fromkeys(_KILLED, kills),
        **dict.fromkeys(_OTHERS, -(-times // 20)),
    }
    plays = {**_KILLED, **_OTHERS}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = {
            name: pool.submit(run_situation, name, plays[name], goal, most)
            for name, goal in goals.items()
        }
        found = {name: one.result() for name, one in running.items()}
    return _report(found, time.monotonic() - start)


def _report(found: dict[str, Found], seconds: float) -> int:
    """Print what was found; return the exit code."""
    table = Table("situation", "times", "how processes ended", "sum of faults")
    total = Counts()
    for name, one in found.items():
        endings = ", ".join(f"{count} {ending}" for ending, count in one.endings.most_common())
        table.add_row(name, str(one.times), endings, str(sum(one.counts) + len(one.wrong)))
        total = total.plus(one.counts)
    console = Console(width=130)
    console.print(table)
    kills = sum(found[name].times for name in _KILLED)
    jobs = sum(one.jobs for one in found.values())
    console.print(f"{kills} kills by SIGKILL, {jobs} jobs, {seconds:.0f} s")
    for name, count in total._asdict().items():
        console.print(f"{name.replace('_', ' ')}: {count}")
    wrong = [text for one in found.values() for text in one.wrong]
    for text in wrong:
        console.print(f"WRONG: {text}", markup=False)
    return int(bool(any(total) or wrong))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200, help="kills by SIGKILL (%(default)s)")
    for name in ("--run", "--url"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--file-size", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
