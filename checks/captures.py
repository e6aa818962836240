"""Write docs/cli/*.txt: what the command shows on a real terminal, of 100 and of 40 columns.

    python checks/captures.py [NAME ...]

Each scene types commands into a shell in tmux, waits for what is expected to appear, and keeps
the screens. The server is an emulator on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "cli"
PATIENCE = 60.0  # seconds until what is expected must have appeared
SIZES = {"": (100, 30), "-40": (40, 30)}
KEY = "rehearsal-key-0001"
TMUX = ["tmux", "-L", f"captures-{os.getpid()}", "-f", os.devnull]


class Step(NamedTuple):
    """Keys to type, and a text to wait for. `caption`: of the screen, which is kept with one."""

    keys: str
    text: str
    caption: str | None = None
    enter: bool = True


class Scene(NamedTuple):
    """What is typed, and how the emulator behaves."""

    steps: list[Step]
    options: tuple[str, ...] = ("--takes", "6")


RUN = "anthropix run requests.jsonl -o results.jsonl --batch-size 700"
END = "succeeded,"
SCENES = {
    "run": Scene(
        [
            Step(RUN, "[y/N]", "The plan and its price, before anything is created:"),
            Step("y", "in progress", "While the batches run:"),
            Step("", END, "At the end:"),
        ]
    ),
    "interrupted": Scene(
        [
            Step(f"{RUN} --yes", "next poll", "A job runs:"),
            Step("C-c", "Stop and keep", "Ctrl-C:", enter=False),
            Step("clear", "$"),
            Step(f"{RUN} --yes", END, "The same command again:"),
        ]
    ),
    "failures": Scene(
        [
            Step(
                "anthropix run failing.jsonl -o results.jsonl --yes",
                "--retry-failed",
                "Rows that failed are grouped by what they say:",
            )
        ],
        ("--takes", "2", "--model", "claude-haiku-4-5"),
    ),
    "watch": Scene(
        [
            Step("anthropix create few.jsonl -q", "results_url"),
            Step("anthropix create few.jsonl -q", "results_url"),
            Step("clear", "$"),
            Step(
                "anthropix list --watch --interval 1",
                "in_progress",
                "While batches run:",
            ),
            Step("", "ended", "One has ended:", enter=False),
            Step("C-c", "$", enter=False),
        ],
        ("--takes", "7"),
    ),
    "lint": Scene(
        [Step("anthropix lint bad.jsonl", "warnings", "A file with faults:")],
    ),
}


# what is wrong with some of every hundred requests
FAULTS: dict[int, dict[str, object]] = {
    7: {"max_tokens": 0},
    11: {"model": "claude-haiku-45"},
    70: {"max_tokens": 0},
}


def request(number: int, **params: object) -> str:
    """Return a request as a line of JSON."""
    question = f"Is {number} a prime number? Answer yes or no."
    fields = {"model": "claude-haiku-4-5", "max_tokens": 64}
    messages = [{"role": "user", "content": question}]
    body = {"custom_id": f"q-{number}", "params": {**fields, "messages": messages, **params}}
    return json.dumps(body) + "\n"


def prepare(folder: Path) -> None:
    """Write the files that the scenes read."""
    (folder / "requests.jsonl").write_text("".join(request(number) for number in range(1319)))
    (folder / "few.jsonl").write_text("".join(request(number) for number in range(5)))
    failing = [request(number, **FAULTS.get(number % 100, {})) for number in range(1319)]
    (folder / "failing.jsonl").write_text("".join(failing))
    bad = [request(1), request(2, max_tokens=0), request(3, max_tokens=0), request(1)]
    bad += [request(4, temprature=0.2), request(5).replace("q-5", "q 5"), '{"custom_id": "q-6"\n']
    (folder / "bad.jsonl").write_text("".join(bad))


@contextlib.contextmanager
def emulator(options: tuple[str, ...]) -> Iterator[str]:
    """Yield the address of an emulator in a process of its own."""
    command = [sys.executable, "-m", "anthropix_py", "emulator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        if process.stdout is None:
            raise RuntimeError("no output")
        process.stdout.readline()
        try:
            yield process.stdout.readline().strip().partition("=")[2]
        finally:
            process.terminate()


class Screen:
    """A shell in tmux."""

    def __init__(self, size: tuple[int, int], folder: Path, url: str) -> None:
        self._size = size
        self._folder = folder
        self._url = url

    def __enter__(self) -> Screen:
        columns, lines = map(str, self._size)
        variables = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self._folder),
            "TERM": "screen-256color",
            "LANG": "C.UTF-8",
            "PS1": "$ ",
            "ANTHROPIC_BASE_URL": self._url,
            "ANTHROPIC_API_KEY": KEY,
        }
        shell = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        shell += ["bash", "--norc", "--noprofile"]
        size = ["-x", columns, "-y", lines]
        self._tmux("new-session", "-d", *size, "-c", str(self._folder), shlex.join(shell))
        self.until("$")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*TMUX, "kill-server"], check=False, capture_output=True)

    def do(self, step: Step) -> None:
        """Type the keys of a step, and wait for its text."""
        if step.keys == "clear":
            self._tmux("send-keys", "clear", "Enter")
            self._tmux("clear-history")
            time.sleep(0.5)
            return
        if step.keys == "C-c":
            self._tmux("send-keys", "C-c")
        elif step.keys:
            self._tmux("send-keys", "-l", step.keys)
        if step.enter and step.keys:
            self._tmux("send-keys", "Enter")
        self.until(step.text)

    def until(self, text: str) -> None:
        """Wait until *text* is on the screen."""
        end = time.monotonic() + PATIENCE
        # a line of 40 columns breaks anywhere
        wanted = text.replace(" ", "")
        while wanted not in "".join(self.shown().split()):
            if time.monotonic() > end:
                raise TimeoutError(f"{text!r} did not appear:\n{self.shown()}")
            time.sleep(0.05)

    def shown(self) -> str:
        """Return what is on the screen."""
        return self._tmux("capture-pane", "-p").rstrip()

    def _tmux(self, *words: str) -> str:
        done = subprocess.run([*TMUX, *words], check=True, capture_output=True, text=True)
        return done.stdout


def capture(name: str, suffix: str, folder: Path) -> None:
    """Play one scene on one size of terminal, and write its file."""
    scene = SCENES[name]
    columns, lines = SIZES[suffix]
    found = [f"A terminal of {columns} x {lines}, written by checks/captures.py."]
    with emulator(scene.options) as url, Screen((columns, lines), folder, url) as screen:
        for step in scene.steps:
            screen.do(step)
            if step.caption is not None:
                found += ["", step.caption, "", *shown(screen)]
    text = "\n".join(line.rstrip() for line in found) + "\n"
    (FOLDER / f"{name}{suffix}.txt").write_text(text, encoding="utf-8")
    print(f"docs/cli/{name}{suffix}.txt")


def shown(screen: Screen) -> list[str]:
    """Return the lines of the screen, indented, once it has stood still for a moment."""
    time.sleep(0.3)
    return [f"    {line}" for line in screen.shown().splitlines()]


def main() -> None:
    """Write all captures, or those that are named."""
    parser = argparse.ArgumentParser(description="Write what the command shows on a terminal.")
    parser.add_argument("names", nargs="*", default=[*SCENES], help=", ".join(SCENES))
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in options.names:
        for suffix in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                prepare(Path(folder))
                capture(name, suffix, Path(folder))


if __name__ == "__main__":
    main()
