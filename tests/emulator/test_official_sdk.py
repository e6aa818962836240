"""The official SDK, of the newest and of the older line, in front of the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
import sdk_checks

REPOSITORY = Path(__file__).parents[2]
OLDER = REPOSITORY / ".venv" / "anthropic-0"
NAMES = [check.__name__ for check in sdk_checks.CHECKS]
AWAY = ("ANTHROPIC_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PYTHONPATH")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(AWAY):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module", autouse=True)
def process() -> Iterator[subprocess.Popen[str] | None]:
    """Start all checks with the older SDK, in a process of its own."""
    if not (OLDER / "anthropic").is_dir():
        yield None
        return
    environment = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(AWAY)
    }
    environment["PYTHONPATH"] = os.pathsep.join((str(OLDER), str(REPOSITORY)))
    begun = subprocess.Popen(
        [sys.executable, sdk_checks.__file__],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with begun:
        yield begun
        begun.kill()


@pytest.fixture(scope="module")
def older(process: subprocess.Popen[str] | None) -> dict[str, Any]:
    if process is None:
        pytest.skip(f"the older SDK is not in {OLDER}; `make test` installs it there")
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("check", sdk_checks.CHECKS, ids=NAMES)
def test_the_newest_official_sdk(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("name", NAMES)
def test_the_older_official_sdk(older: dict[str, Any], name: str) -> None:
    assert not older["found"][name], older["found"][name]


def test_the_versions_are_of_both_lines(older: dict[str, Any]) -> None:
    assert int(anthropic.__version__.split(".")[0]) >= 1
    assert older["version"].startswith("0.")
    assert Path(older["file"]).is_relative_to(OLDER)
    assert list(older["found"]) == NAMES
