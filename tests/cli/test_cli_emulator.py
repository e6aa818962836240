"""The command `anthropix emulator`: its options, what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import samples
from cli_runs import COMMAND, PATIENCE, environment, process
from click.testing import CliRunner

from anthropix_py import APIError, Client, Policy, batch, init, unwrap
from anthropix_py.cli._app import cli

REQUESTS = [samples.request(f"id-{number}") for number in range(5)]


class Running:
    """A command that serves."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.lines = [process.stdout.readline() for _ in range(3)]
        exports = [shlex.split(line) for line in self.lines[1:]]
        self.variables = dict(words[1].split("=", 1) for words in exports if words[0] == "export")
        self.url = self.variables["ANTHROPIC_BASE_URL"]

    def client(self, key: str = "k") -> Client:
        """Return a client of the emulator that does not retry."""
        return init(key, base_url=self.url, timeout=PATIENCE, retry=Policy(max_retries=0))

    def stop(self, signal_number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Stop the command; return its exit code, and what it printed meanwhile."""
        self.process.send_signal(signal_number)
        out, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, errors


@contextmanager
def emulator(*arguments: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*COMMAND, "emulator", *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Running(process)
        finally:
            process.kill()


def replies_to(client: Client) -> dict[str, str]:
    """Return the replies to `REQUESTS`, by custom_id."""
    created = unwrap(batch.create(client, REQUESTS))
    rows: list[Any] = unwrap(batch.results(client, unwrap(batch.wait(client, created))))
    return {row["custom_id"]: row["result"]["message"]["content"][0]["text"] for row in rows}


# the emulator


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_where_it_is_and_stops_with_success(
    signal_number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with emulator() as running:
        url = running.url
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert running.lines == [
            f"The Message Batches API is emulated at {url}; Ctrl-C stops it.\n",
            f"export ANTHROPIC_BASE_URL={url}\n",
            "export ANTHROPIC_API_KEY=any-key\n",
        ]
        for name in list(os.environ):
            if name.upper().startswith("ANTHROPIC_"):
                monkeypatch.delenv(name)
        for name, value in running.variables.items():
            monkeypatch.setenv(name, value)
        assert len(replies_to(init(timeout=PATIENCE))) == len(REQUESTS)
        started = time.monotonic()
        assert running.stop(signal_number) == (0, "", "")
        assert time.monotonic() - started < 5
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE)


def test_options_reach_the_store_and_the_faults() -> None:
    options = ["--looks", "1", "--outcome", "errored=1", "--seed", "7", "--model", "m"]
    faults = ["--fault", "list:status=529,skip=1", "--fault", "results:gzip"]
    with emulator(*options, *faults, "--calls-per-minute", "1000") as running:
        client = running.client()
        created = unwrap(batch.create(client, REQUESTS))
        shown = [unwrap(batch.show(client, created)) for _ in range(2)]
        assert [one["processing_status"] for one in shown] == ["in_progress", "ended"]
        assert shown[1]["request_counts"]["errored"] == len(REQUESTS)
        assert [batch.list(client)[0] for _ in range(3)] == ["ok", "error", "ok"]
        assert len(unwrap(batch.results(client, created))) == len(REQUESTS)
        assert running.stop()[0] == 0


def test_replies_of_a_file_and_one_for_all_others(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    lines = [{"custom_id": "id-1", "reply": "caf\u00e9"}, {"custom_id": "id-9", "reply": "unused"}]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    others = dict.fromkeys((request["custom_id"] for request in REQUESTS), "same")
    with emulator("--reply", "same") as running:
        assert replies_to(running.client()) == others
    with emulator("--reply", "same", "--reply-file", str(file)) as running:
        assert replies_to(running.client()) == {**others, "id-1": "caf\u00e9"}
    with emulator("--reply-file", str(file)) as running:
        assert replies_to(running.client())["id-0"] == "You asked: Hello"


def test_only_the_given_keys_are_accepted() -> None:
    with emulator("--api-key", "one", "--api-key", "two") as running:
        assert running.variables["ANTHROPIC_API_KEY"] == "one"
        for key in ("one", "two"):
            assert batch.list(running.client(key))[0] == "ok"
        match batch.list(running.client("three")):
            case "error", APIError(status=401, message="API key is invalid."):
                pass
            case other:
                raise AssertionError(other)


def test_a_state_lasts_over_a_restart(tmp_path: Path) -> None:
    found: list[Any] = []
    for _ in range(2):
        with emulator("--state", str(tmp_path / "state"), "--takes", "3600") as running:
            if not found:
                found.append(unwrap(batch.create(running.client(), REQUESTS)))
            assert unwrap(batch.list(running.client()))["data"] == found
            assert running.stop()[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")
def test_a_state_is_for_one_emulator_at_a_time(tmp_path: Path) -> None:
    with emulator("--state", str(tmp_path)) as running:
        second = process("emulator", "--state", str(tmp_path))
        assert (second.returncode, second.stdout) == (1, "")
        holder = f"in use by another emulator (process {running.process.pid})"
        assert second.stderr == f"Error: {tmp_path} is {holder}\n"
        running.process.kill()
        running.process.wait(PATIENCE)
    with emulator("--state", str(tmp_path)) as running:
        assert running.stop()[0] == 0


def test_the_port_that_was_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with emulator("--port", str(port), "--host", "127.0.0.1") as running:
        assert running.url == f"http://127.0.0.1:{port}"
        assert unwrap(batch.list(running.client()))["data"] == []
        taken = process("emulator", "--port", str(port))
        assert (taken.returncode, taken.stdout) == (1, "")
        assert re.fullmatch(r"Error: .*(in use|free).*\n", taken.stderr)
        assert running.stop()[0] == 0


# wrong use

WRONG: dict[str, tuple[int, str]] = {
    "--fault nonsense": (2, "CALL:KIND"),
    "--fault create:burn": (2, "'burn'"),
    "--fault make:lose": (2, "'make'"),
    "--fault create:lose,times=x": (2, "times=x"),
    "--outcome errored": (2, "OUTCOME=SHARE"),
    "--outcome errored=x": (2, "OUTCOME=SHARE"),
    "--outcome erored=0.1": (1, "'erored'"),
    "--outcome errored=2": (1, "from 0 to 1"),
    "--outcome errored=nan": (1, "from 0 to 1"),
    "--outcome errored=0.7 --outcome expired=0.7": (1, "add up to"),
    "--port 65536": (2, "--port"),
    "--takes -1": (2, "--takes"),
    "--queue 0": (2, "--queue"),
    "--reply-file /does/not/exist": (2, "/does/not/exist"),
    "--nothing": (2, "--nothing"),
    "more": (2, "more"),
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_options_are_an_error_at_once(arguments: str) -> None:
    code, part = WRONG[arguments]
    done = CliRunner().invoke(cli, ["emulator", *arguments.split()])
    assert (done.exit_code, done.stdout) == (code, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert part in last


def test_an_error_ends_the_process_with_its_code() -> None:
    done = process("emulator", "--fault", "create:burn")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'burn'" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_bad_reply_file_is_one_line_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    file.write_text('{"custom_id": "a", "reply": "x"}\n{"custom_id": "b"}\n')
    done = process("emulator", "--reply-file", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {file}, line 2: expected ")
    assert done.stderr.count("\n") == 1


def test_a_damaged_state_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "msgbatch_1.json").write_text("{")
    done = process("emulator", "--state", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "msgbatch_1.json: the state of an emulator or a batch is damaged" in done.stderr
