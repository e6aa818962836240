"""How tests run commands: in this process, on a clock that they control, or as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import samples
from click.testing import CliRunner, Result

from anthropix_py import emulator
from anthropix_py._clock import Clock
from anthropix_py._wire import Transport
from anthropix_py.cli._app import cli
from anthropix_py.cli._client import Surroundings
from anthropix_py.cli._events import schema
from anthropix_py.emulator import Fault, ManualClock, Store

PATIENCE = 30.0  # seconds
COMMAND = [sys.executable, "-m", "anthropix_py"]
KEY = "sk-ant-api03-the-key-of-these-tests-wxyz"
HOST = "api.example"
SERVER = f"{HOST} (emulator) · key …wxyz"
ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(schema())


def environment(**more: str) -> dict[str, str]:
    """Return the environment without what steers clients, proxies, terminals and imports."""
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    away = ("ANTHROPIC_", *proxies, "PYTHONPATH", "NO_COLOR", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(away)}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def process(
    *arguments: str, command: Sequence[str] = COMMAND, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [*command, *arguments],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Desk:
    """An emulator in this process, and the command that talks to it."""

    def __init__(
        self,
        *,
        faults: Iterable[Fault] = (),
        transport: Transport | None = None,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        self.clock = ManualClock()
        self.store = Store(clock=self.clock, seed=7, **options)
        self.surroundings = Surroundings(
            transport or emulator.transport(self.store, faults), clock or self.clock
        )

    def run(self, *arguments: str, input: str | None = None, **variables: str | None) -> Result:
        """Run a command; every line of JSON that it prints must fit the schema."""
        names = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": f"https://{HOST}", **variables}
        env = {name: None for name in os.environ if name.startswith("ANTHROPIC_")}
        done = CliRunner().invoke(
            cli, arguments, obj=self.surroundings, input=input, env={**env, **names}
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        if "--json" in arguments:
            fits(done.stdout)
            fits(done.stderr)
        return done


def fits(text: str) -> list[dict[str, Any]]:
    """Return the lines of JSON in *text*, all of which must fit the schema."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        # not `validate`, whose error shows the complete schema
        assert VALIDATOR.is_valid(line), line
    return lines


def written(path: Path, count: int = 5, **params: Any) -> str:
    """Write a file of requests, and return its path."""
    lines = [json.dumps(samples.request(f"id-{number}", **params)) for number in range(count)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def error_lines(done: Result) -> list[str]:
    """Return what the command says of its failure, without the line about the server."""
    return [line for line in done.stderr.splitlines() if not line.startswith(HOST)]
