"""What every driver shares: it reads the requests and writes the rows that its user would have.

A driver is called with the file of requests and a folder of its own, and is called again in the
same way after it was killed or failed. Its exit code is 0 if the job is finished.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One row of the output. *text*: None if the request failed."""

    custom_id: str
    text: str | None


def arguments() -> tuple[Path, Path]:
    """Return the file of requests and the driver's folder."""
    return Path(sys.argv[1]), Path(sys.argv[2])


def requests() -> list[dict[str, Any]]:
    """Return the requests, in the form of the API."""
    path, _ = arguments()
    return [json.loads(line) for line in path.read_text().splitlines()]


def prompt_of(request: dict[str, Any]) -> str:
    """Return the only message of a request."""
    prompt: str = request["params"]["messages"][0]["content"]
    return prompt


def line_of(row: Row) -> str:
    """Return a row as a line of the output."""
    return json.dumps(row._asdict()) + "\n"


def write(rows: Iterable[Row]) -> None:
    """Write the complete output."""
    _, folder = arguments()
    (folder / "rows.jsonl").write_text("".join(map(line_of, rows)))
