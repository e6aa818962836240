"""The mirror of a journal: a text file, appended and synced, from which a lost journal is rebuilt.

One JSON object a line. A last line without its end was cut by a crash, and what it announces had
not begun. Rows are written as ranges: [[first, last], ...].
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from .._files import as_file_errors
from ._disk import Disk
from ._errors import JobError

VERSION = 1


class Mirror:
    """The mirror at *path*."""

    def __init__(self, disk: Disk, path: str) -> None:
        self.path = path
        self._disk = disk
        # Once in each process: the one before may have ended before it had synced the name.
        self._is_named = False

    def begin(self, **facts: Any) -> None:
        """Write the first line, which describes the job. An older mirror is replaced."""
        new = f"{self.path}.new"
        with self._disk.create(new) as file:
            self._disk.write(file, _line("job", version=VERSION, **facts))
            self._disk.sync(file)
        self._disk.replace(new, self.path)

    def add(self, what: str, **facts: Any) -> None:
        """Append a line, and sync it."""
        with self._disk.append(self.path) as file:
            if file.tell() and not self._is_whole():
                # a crash cut the last line
                self._disk.write(file, b"\n")
            self._disk.write(file, _line(what, **facts))
            self._disk.sync(file, is_named=self._is_named)
        self._is_named = True

    def read(self) -> list[dict[str, Any]]:
        """Return the lines, [] if there is no mirror. Raises `JobError` for a damaged one."""
        if not os.path.exists(self.path):
            return []
        with as_file_errors(self.path), open(self.path, "rb") as file:
            lines = file.read().split(b"\n")
        found = []
        for number, line in enumerate(lines, 1):
            try:
                value = json.loads(line)
            except ValueError:
                # a line that a crash has cut, or the empty end
                continue
            if not isinstance(value, dict) or "what" not in value:
                raise JobError("corrupt", f"{self.path}, line {number} is not a line of a mirror")
            found.append(value)
        return found

    def _is_whole(self) -> bool:
        with as_file_errors(self.path), open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"


def ranges(rows: Iterable[int]) -> list[list[int]]:
    """Return ascending rows as ranges."""
    found: list[list[int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return found


def rows_in(ranges: Iterable[list[int]]) -> Iterable[int]:
    """Return the rows in ranges."""
    return (row for first, last in ranges for row in range(first, last + 1))


def _line(what: str, **facts: Any) -> bytes:
    return json.dumps({"what": what, **facts}, separators=(",", ":")).encode() + b"\n"
