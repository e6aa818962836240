"""All that a job does to the disk, in one object that a simulation can replace.

The simulation crashes at any of these operations and forgets what was not synced.
"""

from __future__ import annotations

import io
import os
import sqlite3
import sys
from contextlib import suppress
from typing import IO

from .._files import as_file_errors
from ..batch._part import sync_folder
from ..errors import FileError
from ._errors import JobError

_BUFFER = 1 << 18  # bytes
_MOUNTS = "/proc/self/mountinfo"
_REMOTE = ("nfs", "cifs", "smb", "lustre", "fuse", "ceph", "gluster", "9p", "afs", "gpfs", "beegfs")


class _Writer(io.BufferedWriter):
    """A file whose `close`, too, reports a full disk as an error of this package."""

    def close(self) -> None:
        with as_file_errors(os.fspath(self.name)):
            super().close()


class Disk:
    """The machine's own disk and chance. `synchronous`: how SQLite syncs its commits."""

    synchronous = "FULL"

    def make_folder(self, path: str) -> None:
        """Create a folder, unless it is there."""
        if os.path.isdir(path):
            return
        with as_file_errors(path):
            os.makedirs(path, exist_ok=True)
            sync_folder(os.path.dirname(os.path.abspath(path)))

    def create(self, path: str) -> IO[bytes]:
        """Return a new, empty file, open to be written."""
        with as_file_errors(path):
            return _Writer(io.FileIO(path, "wb"), _BUFFER)

    def append(self, path: str) -> IO[bytes]:
        """Return a file, open to be written at its end."""
        with as_file_errors(path):
            return _Writer(io.FileIO(path, "ab"))

    def write(self, file: IO[bytes], content: bytes) -> None:
        """Write to an open file."""
        # Not as_file_errors, which costs ten times the write of a row.
        try:
            file.write(content)
        except OSError as error:
            raise FileError(file.name, error.strerror or str(error)) from None

    def sync(self, file: IO[bytes], *, is_named: bool = False) -> None:
        """Sync what was written, and the name of the file too unless that *is_named* safely."""
        with as_file_errors(file.name):
            file.flush()
            _sync(file.fileno())
            if not is_named:
                sync_folder(os.path.dirname(file.name) or ".")

    def replace(self, path: str, target: str) -> None:
        """Rename the file at *path* to *target*, which it replaces."""
        with as_file_errors(target):
            os.replace(path, target)
            sync_folder(os.path.dirname(target) or ".")

    def remove(self, path: str) -> None:
        """Delete a file, if it is there."""
        with as_file_errors(path), suppress(FileNotFoundError):
            os.unlink(path)

    def commit(self, journal: sqlite3.Connection) -> None:
        """Commit a transaction of the journal, synced."""
        journal.execute("COMMIT")

    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody else has: not those of a generator that a program may seed."""
        return os.urandom(count)


def _sync(descriptor: int) -> None:
    """Sync a file to the disk itself.

    On macOS `fsync` leaves the bytes in the cache of the drive, which a power failure empties.
    """
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
        except OSError:
            # a file system that does not have it
            pass
    os.fsync(descriptor)


def check_is_local(folder: str, mounts: str = _MOUNTS) -> None:
    """Raise `JobError` if *folder* lies on a network file system, where SQLite's WAL fails."""
    kind = _file_system(os.path.realpath(folder), mounts)
    if kind.startswith(_REMOTE):
        detail = f"{folder} lies on {kind}, where a journal is not safe; use a folder on a disk"
        raise JobError("network_file_system", f"{detail} of this machine")


def _file_system(path: str, mounts: str) -> str:
    """Return the type of the file system that holds *path*, empty if it is not known."""
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    for line in lines:
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if not dash or len(fields) < 5:
            continue
        # octal escapes of blanks and the like
        point = fields[4].encode("latin-1", "replace").decode("unicode_escape")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    return kind
