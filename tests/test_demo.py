"""The demo as a newcomer runs it: off a terminal and on one, all kinds of rows, interrupted."""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from anthropix_py import emulator

EXAMPLES = Path(__file__).parent.parent / "examples"
COMMAND = [sys.executable, str(EXAMPLES / "demo.py")]
PATIENCE = 30.0  # seconds until a test that hangs fails

STORY = [
    r"Creating a batch of 221 requests at http://127\.0\.0\.1:\d+",
    r"the response was lost: .*\(after sending had begun\)",
    r"candidates found msgbatch_\w+",
    r"ended: 220 succeeded, 1 errored",
    r"the results were cut after \d+ rows; resuming in 0\.\d s",
    r"221 rows: 0 lost, 0 doubled",
    r"bad-one: errored, invalid_request_error: max_tokens: ",
    *[r"[a-z]+-\w+: (You asked: |no text, |\{)"] * 3,
    r"model +. +input . output . cache write . cache read",
    r"claude-haiku-4-5-20251001 .( +[\d,]+ .){4}",
    r"The rows are in out.msgbatch_\w+\.jsonl",
    r"next: docs/batches\.md",
]


def assert_story(printed: str, folder: Path) -> None:
    place = 0
    for sentence in STORY:
        found = re.compile(sentence).search(printed, place)
        assert found is not None, f"{sentence!r} is not in {printed[place:]!r}"
        place = found.end()
    [file] = (folder / "out").iterdir()
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len({row["custom_id"] for row in rows}) == len(rows) == 221


def test_off_a_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--takes", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=PATIENCE,
        check=True,
    )
    assert_story(done.stdout, tmp_path)
    assert "\x1b" not in done.stdout
    [warning] = done.stderr.splitlines()
    assert warning.startswith(
        "WARNING anthropix_py: requests that will probably come back as errored rows (1 of 221): "
    )


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        [*COMMAND, "--takes", "0"], cwd=tmp_path, stdout=theirs, env=environment
    ) as process:
        os.close(theirs)
        printed = read_all(ours)
    assert process.returncode == 0
    assert re.search("(?s)\x1b\\[\\?25l.*221/221.*\x1b\\[\\?25h", printed), "a live display"
    assert_story(re.sub("\x1b\\[[?\\d;]*[A-Za-z]", "", printed), tmp_path)


def read_all(terminal: int) -> str:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux says so at the end
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode()
        parts.append(part)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--takes", "3600"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs the tests in the background has SIGINT ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        while "in_progress" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors.splitlines()[1:] == ["interrupted."]


# --- with --live, against an emulator in place of the real API ------------------------------------


class Live:
    """Runs the demo in this process, with what it prints."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[object, str, str]:
        self._patch.setattr(sys, "argv", ["demo.py", "--live", *arguments])
        code: object = 0
        try:
            runpy.run_path(COMMAND[1], run_name="__main__")
        except SystemExit as ended:
            code = ended.code
        printed, errors = self._capsys.readouterr()
        return code, printed, errors


@pytest.fixture
def live(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Live:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-demo")
    return Live(monkeypatch, capsys)


TOOL_USE = {"type": "tool_use", "id": "toolu_01", "name": "weather", "input": {}}
KINDS: list[tuple[str, dict[str, Any], str]] = [
    ("good", {}, "ended: 220 succeeded, 1 errored"),
    # no content at all
    ("refused", {"outcomes": {"refusal": 1.0}}, "no text, refusal"),
    # no block of text
    (
        "tool calls",
        {"reply": lambda _: {"content": [TOOL_USE], "stop_reason": "tool_use"}},
        "no text, tool_use",
    ),
    ("truncated", {"outcomes": {"max_tokens": 1.0}}, "You asked:"),
    # nothing succeeded: no answers, no tokens
    ("errored", {"outcomes": {"errored": 1.0}}, "math-001: errored, api_error"),
    ("expired", {"outcomes": {"expired": 1.0}}, "math-001: expired"),
    ("canceled", {"outcomes": {"canceled": 1.0}}, "math-001: canceled"),
]


@pytest.mark.parametrize(
    ("options", "shown"), [case[1:] for case in KINDS], ids=[case[0] for case in KINDS]
)
def test_rows_of_any_kind_twice(
    options: dict[str, Any], shown: str, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    with emulator.serve(**options) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        for _ in ("first", "second"):
            code, printed, _ = live.run()
            assert (code, shown in printed) == (0, True), printed
            assert "221 rows: 0 lost, 0 doubled" in printed


INPUTS = [
    ("missing", None, 2, "No such file"),
    ("empty", b"", 2, "expected at least 1 request"),
    ("not JSON", b'{"custom_id": "a"}\n{"cust', 2, "line 2 is not JSON"),
    ("not UTF-8", b"\xff\n", 2, "line 1 is not JSON"),
    ("nested too deeply", b"[" * 100_000 + b"\n", 2, "line 1 is not JSON"),
    ("not an object", b"[]\n", 2, "requests[0]: expected an object"),
    ("several problems", b"{}\n{}\n", 2, "requests[0]"),
]


@pytest.mark.parametrize(
    ("content", "code", "line"), [case[1:] for case in INPUTS], ids=[case[0] for case in INPUTS]
)
def test_a_bad_file_is_one_line(
    content: bytes | None, code: int, line: str, live: Live, tmp_path: Path
) -> None:
    file = tmp_path / "requests.jsonl"
    if content is not None:
        file.write_bytes(content)
    ended, _, errors = live.run(str(file))
    assert ended == code
    assert [line in error for error in errors.splitlines()] == [True], errors
    assert str(file) in errors


def test_no_server_is_one_line(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://127.0.0.1:9/x?")
    code, _, errors = live.run()
    assert (code, errors.count("\n")) == (2, 1)


def test_a_folder_that_cannot_be_written_is_one_line(
    live: Live, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file")
    with emulator.serve() as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        code, _, errors = live.run()
    assert (code, errors.splitlines()) == (2, ["out: File exists"])
