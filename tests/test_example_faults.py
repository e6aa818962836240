"""examples/test_with_faults.py passes, and fails for functions that are less careful."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from example_runs import EXAMPLES
from samples import table

SOURCE = (EXAMPLES / "test_with_faults.py").read_text()
UNCHANGED = "batch.wait(client"


def run_pytest(folder: Path, source: str) -> str:
    """Run *source* as a user does; return what pytest says at its end."""
    (folder / "test_with_faults.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_it_passes(tmp_path: Path) -> None:
    assert "5 passed" in run_pytest(tmp_path, SOURCE)


@table(
    "careful, careless, failed",
    {
        "the text of a row without one": (
            "rows.text(row) for row",
            'row["result"]["message"]["content"][0]["text"] for row',
            "test_failed_rows",
        ),
        "rows that succeeded only": (
            "for row in answers}",
            'for row in answers if row["result"]["type"] == "succeeded"}',
            "test_failed_rows",
        ),
        "a lost response is swallowed": (
            "unwrap(batch.create(client, requests))",
            "(batch.create(client, requests)[1], batch.create(client, requests)[1])[1]",
            "test_lost_response",
        ),
    },
)
def test_it_sees_careless_functions(
    careful: str, careless: str, failed: str, tmp_path: Path
) -> None:
    assert careful in SOURCE
    said = run_pytest(tmp_path, SOURCE.replace(careful, careless))
    assert f"FAILED test_with_faults.py::{failed}" in said
