"""Where the files of a job are."""

from __future__ import annotations

import os
from typing import NamedTuple

from ._disk import Disk, check_is_local


class Folder(NamedTuple):
    """The folder of a job, and the disk it lies on."""

    disk: Disk
    path: str

    @classmethod
    def of(cls, disk: Disk, path: str | os.PathLike[str]) -> Folder:
        """Return the folder at *path*. Raises TypeError for what is not a path."""
        text: object = os.fspath(path)
        if not isinstance(text, str) or not text:
            raise TypeError("directory must be a path, as a string that is not empty")
        return cls(disk, text)

    def make(self) -> None:
        """Create the folder and those in it. Raises `JobError` on a network file system."""
        for path in (self.path, self.join("bodies"), self.join("raw")):
            self.disk.make_folder(path)
        check_is_local(self.path)

    def join(self, *names: str) -> str:
        """Return the path of a file in the folder."""
        return os.path.join(self.path, *names)

    @property
    def journal(self) -> str:
        """Return the path of the journal."""
        return self.join("journal.sqlite")

    @property
    def mirror(self) -> str:
        """Return the path of the mirror."""
        return self.join("mirror.jsonl")

    @property
    def lock(self) -> str:
        """Return the path of the lock."""
        return self.join("lock")

    def body(self, number: int) -> str:
        """Return the path of the body of an attempt."""
        return self.join("bodies", f"{number:06d}.json")

    def raw(self, number: int) -> str:
        """Return the path of the results of an attempt, unchanged."""
        return self.join("raw", f"{number:06d}.jsonl")
