"""Interrupts (Ctrl-C) at random moments of busy calls: none may hang, crash or leak.

A timer raises KeyboardInterrupt in this process, the emulator runs in another one. The same is done
to the first calls of fresh processes, which import what the library needs. Prints counts; ends with
1 if a call hangs, fails or leaves a descriptor open, or if a process is ended by a signal.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from tally import KEY, ROWS, requests

from anthropix_py import Client, batch, emulator, init, unwrap
from anthropix_py.types import MessageBatch

_HANG = 30.0  # seconds until a call that does not return ends the run
_FIRST_CALLS = 80  # fresh processes
_MOST_DESCRIPTORS = 4096

Call = Callable[[], tuple[str, object]]


class Alarm:
    """Raises KeyboardInterrupt once, some time after `set`. `rung`: how often it has."""

    def __init__(self) -> None:
        self.rung = 0

    def install(self) -> None:
        """Make this the handler of the timer's signal."""
        signal.signal(signal.SIGALRM, self._ring)

    def set(self, seconds: float) -> None:
        """Let the alarm ring after so many seconds."""
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _ring(self, *_: object) -> None:
        self.rung += 1
        raise KeyboardInterrupt


def _serve(pipe: Connection) -> None:
    """Serve an emulator until the other end of *pipe* is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with emulator.serve(seed=1) as url:
        pipe.send(url)
        try:
            pipe.recv()
        except EOFError:
            return


@contextmanager
def served() -> Iterator[str]:
    """Serve an emulator in another process; yields its URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def _calls(client: Client, ended: MessageBatch, path: str) -> dict[str, Call]:
    """Return a call of each kind."""
    few = list(requests())[:2]

    def stream() -> tuple[str, object]:
        return "ok", list(unwrap(batch.results(client, ended, stream=True)))

    return {
        "show": lambda: batch.show(client, ended),
        "list": lambda: batch.list(client),
        "results": lambda: batch.results(client, ended),
        "results, stream": stream,
        "create": lambda: batch.create(client, few),
        "download": lambda: batch.download(client, ended, path, replace=True),
        "download anew": lambda: _download_anew(client, ended, path),
        "wait": lambda: batch.wait(client, ended["id"]),
    }


def _download_anew(client: Client, ended: MessageBatch, path: str) -> tuple[str, object]:
    if os.path.exists(path):
        os.unlink(path)
    return batch.download(client, ended, path)


def _interrupt(
    calls: dict[str, Call], alarm: Alarm, number: int, chance: random.Random
) -> Counter[str]:
    """Interrupt calls until the alarm has rung *number* times; return what became of them."""
    outcomes: Counter[str] = Counter()
    while alarm.rung < number:
        faulthandler.dump_traceback_later(_HANG, exit=True)
        before = alarm.rung
        try:
            alarm.set(chance.uniform(0.0001, 0.005))
            while alarm.rung == before:
                tag, value = chance.choice(list(calls.values()))()
                if tag == "error":
                    tag = f"{type(value).__name__}: {value}"
                outcomes[tag] += 1
        except KeyboardInterrupt:
            outcomes["interrupted"] += 1
    faulthandler.cancel_dump_traceback_later()
    return outcomes


def _descriptors() -> int:
    """Return the number of open descriptors of this process."""
    return sum(map(_is_open, range(_MOST_DESCRIPTORS)))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _forget_connections() -> None:
    """Close the idle connections, and whatever only waits to be collected."""
    from anthropix_py import _http

    _http._pools.forget()
    gc.collect()


def busy_calls(url: str, number: int, seed: int) -> list[str]:
    """Interrupt busy calls; return what went wrong."""
    client = init(KEY, base_url=url)
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, requests()))))
    alarm = Alarm()
    alarm.install()
    # Python ignores what a finalizer raises, an interrupt that falls into one among it.
    ignored: Counter[str] = Counter()
    sys.unraisablehook = lambda event: ignored.update([event.exc_type.__name__])
    with tempfile.TemporaryDirectory() as folder:
        calls = _calls(client, ended, os.path.join(folder, "rows.jsonl"))
        for call in calls.values():
            unwrap(call())  # type: ignore[arg-type]
        _forget_connections()
        open_before = _descriptors()
        started = time.monotonic()
        outcomes = _interrupt(calls, alarm, number, random.Random(seed))
        seconds = time.monotonic() - started
        _forget_connections()
        left_open = _descriptors() - open_before
        afterwards = [name for name, call in calls.items() if call()[0] != "ok"]
        rows = len(unwrap(batch.results(client, ended)))
    interrupted, done = outcomes.pop("interrupted"), outcomes.pop("ok")
    print(f"{alarm.rung} interrupts in {seconds:.0f} s: {interrupted} ended a call, ", end="")
    print(f"{done} calls returned ok; ignored in finalizers: {dict(ignored)}")
    print(f"descriptors left open: {left_open}")
    wrong = [f"{count} calls returned {what}" for what, count in outcomes.items()]
    wrong += [f"{name} fails afterwards" for name in afterwards]
    if left_open:
        wrong.append(f"{left_open} descriptors were left open")
    if rows != ROWS:
        wrong.append(f"{rows} rows afterwards")
    return wrong


def first_call(url: str, seed: int) -> None:
    """Interrupt the first call of this process a few times, then let it finish."""
    faulthandler.enable()
    client = init(KEY, base_url=url)
    alarm = Alarm()
    alarm.install()
    chance = random.Random(seed)
    faulthandler.dump_traceback_later(_HANG, exit=True)
    for _ in range(3):
        try:
            # early ones are likelier: the imports come first
            alarm.set(0.0001 + 0.12 * chance.random() ** 3)
            unwrap(batch.create(client, requests()))
            alarm.set(0)
        except KeyboardInterrupt:
            pass
    created = unwrap(batch.create(client, requests()))
    rows = unwrap(batch.results(client, unwrap(batch.wait(client, created))))
    print(alarm.rung, "msgspec" in sys.modules)
    sys.exit(len(rows) != ROWS)


def first_calls(url: str, number: int) -> list[str]:
    """Interrupt the first calls of fresh processes; return what went wrong."""
    interrupts = 0
    with_msgspec = 0
    wrong: list[str] = []
    for seed in range(number):
        command = [sys.executable, __file__, "--first-call", url, "--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=4 * _HANG)
        if done.returncode != 0:
            wrong.append(f"a first call ended with {done.returncode}: {done.stderr[-2000:]}")
            continue
        rung, loaded = done.stdout.split()
        interrupts += int(rung)
        with_msgspec += loaded == "True"
    print(f"{number} fresh processes: {interrupts} interrupts, msgspec in {with_msgspec}, ", end="")
    print(f"{len(wrong)} failed")
    return wrong


def main() -> int:
    """Interrupt calls and print the counts; return 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10_000, help="interrupts (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    parser.add_argument("--first-call", metavar="URL", help=argparse.SUPPRESS)
    given: Any = parser.parse_args()
    if given.first_call:
        first_call(given.first_call, given.seed)
    with served() as url:
        wrong = first_calls(url, _FIRST_CALLS) + busy_calls(url, given.times, given.seed)
    for one in wrong:
        print(f"WRONG: {one}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
