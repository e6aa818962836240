"""Requests read from a file, or from stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import _files, _json
from ._errors import wrong_use

_EXPECTED = 'one request a line, {"custom_id": ..., "params": {...}}'
RESULTS = "a file of results, the folder of a job, or a file of requests"


def check(path: str, expected: str = f"a file with {_EXPECTED}") -> str:
    """Return the path of a file or folder. Raises an error for what is not there."""
    if not Path(path).exists():
        raise wrong_use(f"{path}: no such file", f"pass {expected}")
    return path


def requests(path: str) -> Iterator[dict[str, Any]]:
    """Return an iterator over the requests in a JSON Lines file, compressed or not; `-` is stdin.

    Raises an error that names the line for what is not JSON; a file that is not there at once.
    """
    if path == "-":
        return _parsed("stdin", sys.stdin.buffer)
    if Path(check(path)).is_dir():
        raise wrong_use(f"{path} is a folder", f"anthropix run {path} takes the files in a folder")
    return _parsed(path, _files.lines(path))


def _parsed(name: str, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            request = _json.loads(line)
        except ValueError as error:
            raise wrong_use(f"{name}, line {number}: not JSON ({error})", _next()) from None
        if not isinstance(request, dict):
            raise wrong_use(f"{name}, line {number}: not an object", _next())
        yield request


def _next() -> str:
    return f"write {_EXPECTED}"


def are_requests(path: str) -> bool:
    """Return whether a file holds requests, and not rows of results; a folder is that of a job."""
    if Path(check(path, RESULTS)).is_dir():
        return False
    first = next(requests(path), {})
    return "params" in first and "result" not in first
