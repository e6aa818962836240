"""The package as installed, with whatever extras there are: what is missing says so in one line.

Needs only pytest beside the package, so that it runs where one extra is installed and no other.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

WORKS = """
from anthropix_py import batch, emulator, init, job, unwrap
clock = emulator.ManualClock()
client = init("any-key", transport=emulator.transport(emulator.Store(clock=clock)), clock=clock)
messages = [{"role": "user", "content": "Hi"}]
one = {"custom_id": "a", "params": {"model": "m", "max_tokens": 1, "messages": messages}}
ended = unwrap(batch.wait(client, unwrap(batch.create(client, [one]))))
assert [row["custom_id"] for row in unwrap(batch.results(client, ended))] == ["a"]
"""
SERVE = "from anthropix_py import emulator\nwith emulator.serve() as url: assert url"
COMMAND = (
    "import sys; sys.argv = ['anthropix', '--help']\nfrom anthropix_py.cli import main\nmain()"
)

# By extra: its module, and a program that needs it.
NEEDS = {
    "cli": ("click", COMMAND),
    "emulator": ("cheroot", SERVE),
}
EXTRAS = {**{name: module for name, (module, _) in NEEDS.items()}, "fast": "msgspec"}


def run(program: str, *without: str) -> subprocess.CompletedProcess[str]:
    """Run *program* in a new process in which the modules *without* cannot be imported."""
    hidden = f"import sys; sys.modules.update(dict.fromkeys({without!r}))\n"
    return subprocess.run(
        [sys.executable, "-c", hidden + program], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("without", [(), tuple(EXTRAS.values())], ids=["as installed", "no extra"])
def test_the_package_works(without: tuple[str, ...]) -> None:
    done = run(WORKS, *without)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("module", "program"), NEEDS.values(), ids=NEEDS)
def test_what_needs_an_extra_works_with_it(module: str, program: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    done = run(program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("extra", NEEDS)
def test_what_needs_an_extra_says_how_to_install_it(extra: str) -> None:
    module, program = NEEDS[extra]
    done = run(program, module, f"{module}.server")
    assert done.returncode != 0
    [line] = [line for line in done.stderr.splitlines() if "pip install" in line]
    assert module in line
    assert f"[{extra}]" in line
