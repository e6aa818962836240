"""One process at a time: a lock that dies with its process, and that a forked child has not.

A record lock (`lockf`) belongs to the process, where `flock` belongs to the open file, which a
child inherits. It has one trap: closing any other descriptor of the same file gives it up. So
nothing else ever opens this file, and the process itself is kept out by a list.
"""

from __future__ import annotations

import os
from typing import IO

from .._files import as_file_errors
from ._errors import JobError

_held: set[tuple[int, str]] = set()  # (process, real path)


class Lock:
    """The lock on a job's folder; `close` releases it."""

    def __init__(self, key: tuple[int, str], file: IO[bytes]) -> None:
        self._key = key
        self._file = file

    @classmethod
    def take(cls, path: str, pid: int | None) -> Lock:
        """Return the lock at *path*. Raises `JobError` if another process, *pid*, holds it."""
        key = (os.getpid(), os.path.realpath(path))
        if key in _held:
            raise _elsewhere(os.getpid())
        with as_file_errors(path):
            # closed by close
            file = open(path, "ab")  # noqa: SIM115
            try:
                is_locked = _locked(file)
            except BaseException:
                file.close()
                raise
        if not is_locked:
            file.close()
            raise _elsewhere(pid)
        _held.add(key)
        return cls(key, file)

    def close(self) -> None:
        """Release the lock."""
        self._file.close()
        _held.discard(self._key)


def _elsewhere(pid: int | None) -> JobError:
    who = "another process"
    if pid is not None:
        who = f"process {pid}"
    return JobError("running_elsewhere", f"{who} is running this job", pid)


def _locked(file: IO[bytes]) -> bool:
    """Lock a file; return False if another process has. Raises OSError for anything else."""
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        # the systems differ in which of the two they raise
        return False
    return True


def _lock(file: IO[bytes]) -> None:
    if os.name != "posix":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    import fcntl

    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
