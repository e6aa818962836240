"""The command as a process: signals, closed pipes, full disks, terminals."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import COMMAND, PATIENCE, environment, process, written
from samples import table

from anthropix_py import batch, emulator, init, unwrap

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def url() -> Iterator[str]:
    """Return the address of an emulator whose batches end at once."""
    with emulator.serve() as address:
        yield address


@pytest.fixture
def slow() -> Iterator[str]:
    """Return the address of an emulator whose batches do not end."""
    with emulator.serve(takes=3600) as address:
        yield address


def variables(url: str, **more: str) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "any-key", **more}


def batches(url: str, count: int = 3) -> list[str]:
    """Create batches, and return their ids."""
    client = init("any-key", base_url=url)
    request = {"custom_id": "a", "params": {"model": "m", "max_tokens": 9, "messages": []}}
    return [unwrap(batch.create(client, [request]))["id"] for _ in range(count)]


# signals


def until(stream: int, part: bytes) -> bytes:
    """Read until *part* has arrived, and return everything."""
    found = b""
    end = time.monotonic() + PATIENCE
    while part not in found:
        assert time.monotonic() < end, found
        if select.select([stream], [], [], 0.1)[0]:
            block = os.read(stream, 4096)
            assert block, found
            found += block
    return found


SIGNALS = {"Ctrl-C": (signal.SIGINT, 130), "SIGTERM": (signal.SIGTERM, 143)}


@table("number, code", SIGNALS)
@table("command", {"run": "run", "wait": "wait", "watch": "list"})
def test_a_signal_ends_it_and_the_batches_go_on(
    slow: str, tmp_path: Path, number: signal.Signals, code: int, command: str
) -> None:
    [id] = batches(slow, 1)
    words = {
        "run": ["run", written(tmp_path / "r.jsonl"), "--yes"],
        "wait": ["wait", id],
        "list": ["list", "--watch", "--table"],
    }[command]
    process = subprocess.Popen(
        [*COMMAND, *words], env=environment(**variables(slow)), stderr=subprocess.PIPE
    )
    with process:
        assert process.stderr is not None
        until(process.stderr.fileno(), b"msgbatch_")
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert b"Traceback" not in errors
    if command != "list":
        assert f"Continue:  anthropix {command} ".encode() in errors
    shown = unwrap(batch.show(init("any-key", base_url=slow), id))
    assert shown["processing_status"] == "in_progress"


# pipes and disks


@table("arguments", {"list": ["list"], "events": ["list", "--json"], "results": ["results"]})
def test_a_closed_pipe_is_quiet(url: str, arguments: list[str]) -> None:
    ids = batches(url, 2)
    words = arguments + ids[:1] * (arguments == ["results"])
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *words, "-q"],
        env=environment(**variables(url)),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_job_whose_reader_goes_away_stops(slow: str, tmp_path: Path) -> None:
    # against a job that goes on for a day and speaks to nobody
    process = subprocess.Popen(
        [*COMMAND, "run", written(tmp_path / "r.jsonl"), "--yes", "--json", "--interval", "0.1"],
        env=environment(**variables(slow)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        until(process.stdout.fileno(), b'"start"')
        process.stdout.close()
        errors = process.stderr.read()
        assert (process.wait(PATIENCE), errors) == (1, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@table("arguments", {"rows": ["results"], "batches": ["list"]})
def test_a_full_disk_behind_stdout_is_one_line(url: str, arguments: list[str]) -> None:
    ids = batches(url, 1)
    words = arguments + ids * (arguments == ["results"])
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *words, "-q"],
            env=environment(**variables(url)),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "Error: stdout: No space left on device"
    assert lines[1].startswith("Next: free some space")
    assert len(lines) == 2


def test_a_closed_port_is_one_line(tmp_path: Path) -> None:
    done = process("list", **variables("http://127.0.0.1:9"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-2].startswith("Error: connect: ")
    assert done.stderr.splitlines()[-1].startswith("Next: check the network and the address")


# terminals


class Terminal:
    """A process on a terminal of its own, and everything that it has printed."""

    def __init__(self, words: list[str], columns: int, **more: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._screen, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            env=environment(**{"TERM": "xterm-256color", **more}),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)
        self.seen = ""

    def until(self, part: str) -> None:
        """Read until *part* is on the screen."""
        end = time.monotonic() + PATIENCE
        while part not in self.seen:
            assert time.monotonic() < end, self.seen
            if not self._read():
                raise AssertionError(self.seen)

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def end(self) -> int:
        """Read to the end, and return the exit code."""
        end = time.monotonic() + PATIENCE
        while self._read():
            if time.monotonic() > end:
                self.process.kill()
        os.close(self._screen)
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        if not select.select([self._screen], [], [], 0.1)[0]:
            return True
        try:
            block = os.read(self._screen, 65536)
        except OSError:
            # the other end is closed
            return False
        self.seen += block.decode(errors="replace")
        return bool(block)


@table("columns", {"100": 100, "40": 40})
def test_run_on_a_terminal_asks_and_redraws(url: str, tmp_path: Path, columns: int) -> None:
    file = written(tmp_path / "r.jsonl")
    out = str(tmp_path / "out")
    terminal = Terminal(["run", file, "-o", out, "--interval", "0.01"], columns, **variables(url))
    terminal.until("Create 1 batch? [y/N]")
    terminal.type("y\n")
    assert terminal.end() == 0
    assert "5 succeeded" in terminal.seen
    assert "\x1b[" in terminal.seen
    assert len(Path(out).read_text().splitlines()) == 5


def test_a_list_on_a_terminal_is_a_table(url: str) -> None:
    [id] = batches(url, 1)
    terminal = Terminal(["list"], 120, **variables(url))
    assert terminal.end() == 0
    assert re.search(r"id +status +requests", terminal.seen)
    assert id in terminal.seen


@table("more", {"NO_COLOR": {"NO_COLOR": "1"}, "dumb": {"TERM": "dumb"}})
def test_no_colors(url: str, tmp_path: Path, more: dict[str, str]) -> None:
    words = ["run", written(tmp_path / "r.jsonl"), "--yes", "--interval", "0.01"]
    terminal = Terminal(words, 100, **{**variables(url), **more})
    assert terminal.end() == 0
    colors = [code for code in ANSI.findall(terminal.seen) if re.search(r"\d*[34]\d*m", code)]
    assert colors == []


@table("flag", {"no input": "--no-input", "json": "--json"})
def test_nothing_is_asked_if_that_is_not_wanted(url: str, tmp_path: Path, flag: str) -> None:
    terminal = Terminal(["run", written(tmp_path / "r.jsonl"), flag], 100, **variables(url))
    assert terminal.end() == 2
    assert "[y/N]" not in terminal.seen


def test_ctrl_c_at_the_question(url: str, tmp_path: Path) -> None:
    terminal = Terminal(["run", written(tmp_path / "r.jsonl")], 100, **variables(url))
    # at once: against an interrupt that is lost between the question and its answer
    terminal.until("[y/N]")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130
    assert unwrap(batch.list(init("any-key", base_url=url)))["data"] == []


@table("shell", {name: name for name in ("bash", "zsh", "fish")})
def test_completion_makes_no_call(shell: str) -> None:
    # the address would refuse every call
    done = process(
        command=[sys.executable, "-c", "from anthropix_py.cli import main; main()"],
        _ANTHROPIX_COMPLETE=f"{shell}_source",
        **variables("http://127.0.0.1:9"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "_ANTHROPIX_COMPLETE" in done.stdout
    # fish passes the word itself, the others its number
    words = {"COMP_WORDS": "anthropix st", "COMP_CWORD": {"fish": "st"}.get(shell, "1")}
    done = process(
        command=[sys.executable, "-c", "from anthropix_py.cli import main; main()"],
        _ANTHROPIX_COMPLETE=f"{shell}_complete",
        **words,
    )
    assert "status" in done.stdout


def test_a_row_of_any_text_reaches_stdout(tmp_path: Path) -> None:
    # against an encoding of the terminal that cannot write it
    with emulator.serve(reply=lambda _: "caf\u00e9 \u2603") as url:
        [id] = batches(url, 1)
        done = subprocess.run(
            [*COMMAND, "results", id],
            env=environment(**variables(url, PYTHONIOENCODING="ascii")),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["custom_id"] == "a"
