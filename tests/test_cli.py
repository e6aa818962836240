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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from click.testing import CliRunner

from anthropix_py import Policy, __version__, batch, init, unwrap
from anthropix_py.cli._commands import cli

PATIENCE = 20.0
REQUESTS: list[dict[str, Any]] = [
    {
        "custom_id": f"id-{number}",
        "params": {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "Hello"}],
        },
    }
    for number in range(5)
]
COMMAND = [sys.executable, "-m", "anthropix_py"]


def environment(**more: str) -> dict[str, str]:
    away = ("ANTHROPIC_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(away)}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[1]), **more}


def run(
    *arguments: str, command: Sequence[str] = COMMAND, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Running:
    """A command that serves."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.lines = [process.stdout.readline() for _ in range(3)]
        self.variables = dict(
            shlex.split(line)[1].split("=", 1)
            for line in self.lines[1:]
            if line.startswith("export ")
        )
        self.url = self.variables["ANTHROPIC_BASE_URL"]

    def end(self, sign: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(sign)
        told, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, told, errors


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


def get(url: str, path: str) -> Any:
    request = Request(url + path, headers={"x-api-key": "k", "anthropic-version": "2023-06-01"})
    with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
        return json.load(answer)


# --- the emulator ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_it_says_where_it_is_and_ends_well(
    sign: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with emulator() as running:
        url = running.url
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert running.lines == [
            f"The Message Batches API is emulated at {url}; Ctrl-C ends it.\n",
            f"export ANTHROPIC_BASE_URL={url}\n",
            "export ANTHROPIC_API_KEY=any-key\n",
        ]
        for name in list(os.environ):
            if name.upper().startswith("ANTHROPIC_"):
                monkeypatch.delenv(name)
        for name, value in running.variables.items():
            monkeypatch.setenv(name, value)
        client = init(timeout=PATIENCE)
        created = unwrap(batch.create(client, REQUESTS))
        assert len(unwrap(batch.results(client, unwrap(batch.wait(client, created))))) == len(
            REQUESTS
        )
        started = time.monotonic()
        assert running.end(sign) == (0, "", "")
        assert time.monotonic() - started < 5
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE)


def test_options_reach_the_store_and_the_faults() -> None:
    options = [
        "--looks",
        "1",
        "--outcome",
        "errored=1",
        "--seed",
        "7",
        "--calls-per-minute",
        "1000",
    ]
    faults = ["--fault", "list:status=529,skip=1", "--fault", "results:gzip"]
    with emulator(*options, *faults, "--model", "m") as running:
        client = init("k", base_url=running.url, timeout=PATIENCE, retry=Policy(max_retries=0))
        created = unwrap(batch.create(client, REQUESTS))
        assert [unwrap(batch.show(client, created))["processing_status"] for _ in range(2)] == [
            "in_progress",
            "ended",
        ]
        assert unwrap(batch.show(client, created))["request_counts"]["errored"] == len(REQUESTS)
        assert [batch.list(client)[0] for _ in range(3)] == ["ok", "error", "ok"]
        assert len(unwrap(batch.results(client, created))) == len(REQUESTS)
        assert running.end()[0] == 0


def test_a_state_lasts_over_a_restart(tmp_path: Path) -> None:
    found: list[Any] = []
    for _ in range(2):
        with emulator("--state", str(tmp_path / "state"), "--takes", "3600") as running:
            client = init("k", base_url=running.url, timeout=PATIENCE)
            if not found:
                found.append(unwrap(batch.create(client, REQUESTS)))
            assert unwrap(batch.list(client))["data"] == found
            assert running.end()[0] == 0


def test_the_port_that_was_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with emulator("--port", str(port), "--host", "127.0.0.1") as running:
        assert running.url == f"http://127.0.0.1:{port}"
        assert get(running.url, "/v1/messages/batches")["data"] == []
        taken = run("emulator", "--port", str(port))
        assert (taken.returncode, taken.stdout) == (1, "")
        assert re.fullmatch(r"Error: .*(in use|free).*\n", taken.stderr)
        assert running.end()[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "names"),
    [
        (["--fault", "nonsense"], 2, "CALL:KIND"),
        (["--fault", "create:burn"], 2, "'burn'"),
        (["--fault", "make:lose"], 2, "'make'"),
        (["--fault", "create:lose,times=x"], 2, "times=x"),
        (["--outcome", "errored"], 2, "OUTCOME=SHARE"),
        (["--outcome", "errored=x"], 2, "OUTCOME=SHARE"),
        (["--outcome", "erored=0.1"], 1, "'erored'"),
        (["--outcome", "errored=2"], 1, "from 0 to 1"),
        (["--outcome", "errored=nan"], 1, "from 0 to 1"),
        (["--outcome", "errored=0.7", "--outcome", "expired=0.7"], 1, "sum to"),
        (["--port", "65536"], 2, "--port"),
        (["--takes", "-1"], 2, "--takes"),
        (["--queue", "0"], 2, "--queue"),
        (["--nothing"], 2, "--nothing"),
        (["more"], 2, "more"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_is_an_error_at_once(arguments: list[str], code: int, names: str) -> None:
    done = CliRunner().invoke(cli, ["emulator", *arguments])
    assert (done.exit_code, done.stdout) == (code, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert names in last


def test_an_error_ends_the_process_with_its_code() -> None:
    done = run("emulator", "--fault", "create:burn")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'burn'" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_state_that_is_broken_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "msgbatch_1.json").write_text("{")
    done = run("emulator", "--state", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "msgbatch_1.json: not the state of a batch" in done.stderr


# --- the command ----------------------------------------------------------------------------------


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"anthropix, version {__version__}\n",
        "",
    )


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(flag: str) -> None:
    done = CliRunner().invoke(cli, [flag])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "emulator" in done.stdout
    done = CliRunner().invoke(cli, ["emulator", flag])
    assert (done.exit_code, done.stderr) == (0, "")
    for name in (
        "--host",
        "--port",
        "--takes",
        "--fault",
        "--outcome",
        "--state",
        "foreign_url",
        "CALL",
    ):
        assert name in done.stdout


def test_the_command_is_installed_under_its_name() -> None:
    script = Path(sys.executable).parent / "anthropix"
    if not script.exists():
        pytest.skip("the package is not installed beside this Python")
    assert run("--version", command=[str(script)]).stdout == f"anthropix, version {__version__}\n"


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [("click", ["--version"], "cli"), ("cheroot", ["emulator"], "emulator")],
    ids=["click", "cheroot"],
)
def test_a_library_that_is_missing_is_named_in_one_line(
    tmp_path: Path, missing: str, arguments: list[str], extra: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {missing!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    path = os.pathsep.join((str(tmp_path), str(Path(__file__).parents[1])))
    done = run(*arguments, PYTHONPATH=path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"needs {missing}" in done.stderr
    assert f"pip install {missing} (the extra [{extra}] brings it)" in done.stderr
