"""A lock of a folder, for one emulator at a time; it ends with the process that holds it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

_NAME = "emulator.lock"


class Lock:
    """The lock of a folder, until `release`. Does nothing on systems without flock."""

    def __init__(self, file: int) -> None:
        self._file: int | None = file

    @classmethod
    def acquire(cls, folder: Path) -> Lock:
        """Return the lock of *folder*. Raises OSError, with the holder's pid, if it is held."""
        file = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
        lock = cls(file)
        if not _try_lock(file):
            holder = os.read(file, 20).decode(errors="replace").strip()
            raise OSError(f"{folder} is in use by another emulator (process {holder or 'unknown'})")
        # on a full disk the lock works, but without the pid
        with suppress(OSError):
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
        return lock

    def release(self) -> None:
        """Release the lock, so that another emulator can use the folder."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        self.release()


def _try_lock(file: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
