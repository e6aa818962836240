"""The types: complete for whoever uses the package, with nothing left to be inferred."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import anthropix_py
from anthropix_py import types


def test_every_exported_symbol_has_a_complete_type() -> None:
    pytest.importorskip("pyright", reason="pyright is in the extra dev")
    root = str(Path(anthropix_py.__file__).parent.parent)
    command = [sys.executable, "-m", "pyright", "--verifytypes", "anthropix_py"]
    done = subprocess.run(
        [*command, "--ignoreexternal", "--outputjson"],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    symbols: list[dict[str, Any]] = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    # No symbols at all would mean that the package was not found.
    assert len(symbols) > 300
    faults = {symbol["name"]: symbol["diagnostics"] for symbol in symbols if symbol["diagnostics"]}
    assert faults == {}


# An annotation that only a type checker can resolve would fail in pydantic and the like.
@pytest.mark.parametrize("name", types.__all__)
def test_type_hints_can_be_read_at_run_time(name: str) -> None:
    value = getattr(types, name)
    if isinstance(value, type):
        assert get_type_hints(value)


def test_importing_the_package_does_not_load_what_goes_in() -> None:
    code = "import sys, anthropix_py; print('anthropix_py.types._inputs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# They are loaded on first use: a name that is not there must be an error like any other.
def test_what_goes_in_is_found_by_name_and_nothing_else_is() -> None:
    assert set(types.__all__) <= set(dir(types))
    with pytest.raises(AttributeError, match=r"module 'anthropix_py.types' has no attribute 'Req'"):
        types.Req  # type: ignore[attr-defined]  # noqa: B018
