"""The command `anthropix` as such: help, versions, lazy imports, completion, wrong use."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
import pytest
from cli_runs import ROOT, process
from click.testing import CliRunner

from anthropix_py import __version__
from anthropix_py.cli._app import COMMANDS, cli


def test_version() -> None:
    done = process("--version")
    version = f"anthropix, version {__version__}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, version, "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(flag: str) -> None:
    done = CliRunner().invoke(cli, [flag])
    assert (done.exit_code, done.stderr) == (0, "")
    lines = {" ".join(line.split()) for line in done.stdout.splitlines()}
    # each in one line, also on a terminal of 80 columns
    assert {f"{name} {summary}" for name, summary in COMMANDS.items()} <= lines
    done = CliRunner().invoke(cli, ["emulator", flag])
    assert (done.exit_code, done.stderr) == (0, "")
    options = ["--host", "--port", "--takes", "--fault", "--outcome", "--state", "--reply-file"]
    for part in [*options, "--api-key", "foreign_url", "status VALUE (500)", "CALL"]:
        assert part in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_line_of_its_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name]


NUMBERS: dict[str, list[str]] = {
    "not a number": ["wait", "x", "--timeout", "soon"],
    # NaN is in every range, and no waiting would end
    "NaN": ["wait", "x", "--timeout", "nan"],
    "endless": ["wait", "x", "--timeout", "inf"],
    "no interval": ["list", "--watch", "--interval", "0"],
    "an interval of days": ["wait", "x", "--interval", "1e6"],
    "negative": ["run", "x", "--max-cost", "-1"],
    "nothing at all": ["run", "x", "--max-cost", "0"],
    "too many requests": ["run", "x", "--batch-size", "100001"],
    "no factor": ["cost", "x", "--multiplier", "nan"],
}


@pytest.mark.parametrize("arguments", NUMBERS.values(), ids=NUMBERS)
def test_impossible_numbers_are_wrong_use(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("Error: Invalid value for '--")
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    assert json.loads(done.stderr)["exit"] == 2


def test_an_unknown_command_is_an_error() -> None:
    done = CliRunner().invoke(cli, ["emulate"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No such command 'emulate'" in done.stderr


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_no_command(argument: str) -> None:
    """Against a help that takes as long as all commands together."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"sys.argv = ['anthropix', {argument!r}]\n"
        "from anthropix_py.cli import main\n"
        "main()\n"
    )
    done = process("-c", code, command=[sys.executable])
    assert done.returncode == 0
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {"rich", "urllib3", "cheroot", "pyarrow", "genai_prices", "anthropic"}
    commands = {f"anthropix_py.cli._{name}" for name in COMMANDS}
    assert not {*commands, "anthropix_py.emulator"} & set(done.stderr.split())
    own = {name for name in done.stderr.split() if name.startswith("anthropix_py")}
    # the rest of the package takes half as long as Python and click together
    package = {"", "._version", ".cli", ".cli._app"}
    assert own == {f"anthropix_py{name}" for name in package}


def test_the_command_is_installed_under_its_name() -> None:
    script = Path(sys.executable).parent / "anthropix"
    if not script.exists():
        pytest.skip("the package is not installed beside this Python")
    assert (
        process("--version", command=[str(script)]).stdout == f"anthropix, version {__version__}\n"
    )


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [("click", ["--version"], "cli"), ("cheroot", ["emulator"], "emulator")],
    ids=["click", "cheroot"],
)
def test_a_missing_library_is_named_in_one_line(
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
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    done = process(*arguments, PYTHONPATH=path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"needs {missing}" in done.stderr
    assert f"pip install {missing} (the extra [{extra}] brings it)" in done.stderr
