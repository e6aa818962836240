"""The pages of the commands, and the schema of the events, say what the code does."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from cli_runs import ROOT, VALIDATOR, fits
from samples import a_batch, table

from anthropix_py.cli import _exits, _job
from anthropix_py.cli._app import COMMANDS, cli
from anthropix_py.cli._events import schema

SOURCES = sorted((ROOT / "anthropix_py" / "cli").glob("*.py"))


def test_the_pages_are_current() -> None:
    script = ROOT / "checks" / "command_pages.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    # secrets in a command line can be read by every user of the machine
    secret = {"--api-key", "--key", "--auth-token", "--token", "--header"}
    found = secret & {flag for one in options for flag in one.opts}
    # the emulator's keys are not secrets
    assert found == {"emulator": {"--api-key"}}.get(name, set())


# the schema


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def named(kind: str) -> set[str]:
    """Return the names of the events that the schema has."""
    found: set[str] = set()
    for one in schema()["$defs"]["event"]["oneOf"]:
        name = one["properties"]["event"]
        found |= set(name.get("enum", [name.get("const")]))
    return found


def test_every_event_of_the_code_is_in_the_schema_and_none_else() -> None:
    emitted = set(_job._CHANGES)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            first = node.args[0]
            if name == "event" and isinstance(first, ast.Constant):
                emitted.add(str(first.value))
    assert emitted == named("event")


def test_every_exit_code_is_in_the_schema() -> None:
    assert schema()["$defs"]["exit"]["enum"] == list(_exits.MEANINGS)


GOOD: dict[str, object] = {
    "a batch": a_batch(),
    "a batch with news": a_batch(colour="blue"),
    "a row": {"custom_id": "a", "result": {"type": "expired"}},
    "a request": {"custom_id": "a", "params": {}},
}
BAD: dict[str, object] = {
    "nothing": {},
    "a text": "batch",
    "an unknown event": {"event": "surprise", "version": 1},
    "an event without a version": {"event": "warning", "message": "m"},
    "another version": {"event": "warning", "version": 2, "message": "m"},
    "an event with more": {"event": "warning", "version": 1, "message": "m", "colour": "blue"},
    "a summary without a code": {"event": "summary", "version": 1, "error": None},
    "an unknown code": {"event": "summary", "version": 1, "error": None, "exit": 7},
    "half an error": {"event": "summary", "version": 1, "error": {"code": "c"}, "exit": 1},
    "a batch without counts": {"id": "m", "processing_status": "ended"},
}


@table("line", GOOD)
def test_lines_that_fit(line: object) -> None:
    assert fits(json.dumps(line)) == [line]


@table("line", BAD)
def test_lines_that_do_not_fit(line: Any) -> None:
    # against a schema that takes everything
    assert not VALIDATOR.is_valid(line)


def test_the_schema_is_part_of_the_package() -> None:
    assert (Path(_exits.__file__).parent / "events.schema.json").is_file()
