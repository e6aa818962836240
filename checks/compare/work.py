"""The job that every contestant is given: 40 requests, each recognized by its prompt alone.

Contestants choose their own custom_ids, so that only the prompt tells which row a request is.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

ROWS = 40
_MODEL = "claude-haiku-4-5"
_ROW = re.compile(r"Row (\d{3}):")
_EXPIRES = 3  # last digit of the rows that expire at first
_OVERLOADED = 7  # last digit of the rows that fail at first


def write_requests(path: Path) -> None:
    """Write the requests as JSON Lines, in the form of the API."""
    with path.open("w") as file:
        for row in range(ROWS):
            prompt = f"Row {row:03d}: repeat the number of this row as JSON."
            messages = [{"role": "user", "content": prompt}]
            params = {"model": _MODEL, "max_tokens": 64, "messages": messages}
            file.write(json.dumps({"custom_id": f"r{row:03d}", "params": params}) + "\n")


def row_of(text: str) -> int:
    """Return the number of the row that a request is for, given anything with its prompt in it."""
    found = _ROW.search(text)
    if found is None:
        raise ValueError(f"expected a prompt of this comparison, found {text[:200]!r}")
    return int(found[1])


def answer(row: int) -> str:
    """Return the text that the model replies with to *row*."""
    return json.dumps({"row": row})


class Replies:
    """The model. If *failing*, a tenth of the rows expires at first and a tenth is overloaded."""

    def __init__(self, *, failing: bool) -> None:
        self._failing = failing
        self._seen: set[int] = set()
        self._lock = threading.Lock()

    def __call__(self, request: dict[str, Any]) -> str | dict[str, Any]:
        """Return the reply to a request: text, or a complete result."""
        row = row_of(json.dumps(request))
        with self._lock:
            is_first = row not in self._seen
            self._seen.add(row)
        if self._failing and is_first and row % 10 == _EXPIRES:
            return {"type": "expired"}
        if self._failing and is_first and row % 10 == _OVERLOADED:
            error = {"type": "overloaded_error", "message": "Overloaded"}
            outer = {"type": "error", "error": error, "request_id": None}
            return {"type": "errored", "error": outer}
        return answer(row)
