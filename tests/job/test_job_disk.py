"""What is synced; and a full disk: the job returns an error, and continues later."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anthropix_py import FileError, emulator, init, job, unwrap
from anthropix_py.emulator import ManualClock, Store
from anthropix_py.job._disk import Disk
from anthropix_py.job._mirror import Mirror

resource = pytest.importorskip("resource")


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond *size* bytes inside the block."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


# What macOS calls the sync that goes past the cache of the drive.
FULL = 51


@pytest.mark.parametrize("is_known", [True, False])
def test_on_macos_the_cache_of_the_drive_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    calls: list[str] = []

    def control(descriptor: int, command: int) -> None:
        calls.append("full" if command == FULL else "?")
        if not is_known:
            raise OSError(errno.ENOTTY, "not on this file system")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("fcntl.F_FULLFSYNC", FULL, raising=False)
    monkeypatch.setattr("fcntl.fcntl", control)
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append("plain"))
    disk = Disk()
    with disk.create(str(tmp_path / "file")) as file:
        disk.sync(file, is_named=True)
    assert calls == (["full"] if is_known else ["full", "plain"])


def test_the_name_of_a_file_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[bool] = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: kinds.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
    )
    mirror = Mirror(Disk(), str(tmp_path / "mirror"))
    mirror.begin()
    kinds.clear()
    mirror.add("first")
    # against a process before this one that ended between writing and syncing the name
    assert kinds == [False, True]
    mirror.add("second")
    assert kinds == [False, True, False]


def test_a_disk_that_is_full_at_ever_later_moments(tmp_path: Path) -> None:
    store, folder = Store(clock=(clock := ManualClock())), tmp_path / "job"
    client = init("any-key", transport=emulator.transport(store), clock=clock)
    policy = job.Policy(requests_per_batch=20)
    # the smallest body, of 13 requests, is larger than a new journal
    messages = [{"role": "user", "content": "x" * 8_000}]
    params = {"model": "m", "max_tokens": 9, "messages": messages}
    requests = [{"custom_id": str(number), "params": params} for number in range(40)]
    full = set()
    for size in range(1_000, 400_000, 7_000):
        with disk_of(size):
            tag, found = job.run(client, requests, folder, policy=policy)
        if tag == "ok":
            break
        # against an error of the system that closing a file raises once more, when it is flushed
        assert isinstance(found, FileError)
        full.add(Path(found.path).name)
    assert {"journal.sqlite", "000001.json"} <= full
    done = unwrap(job.run(client, requests, folder, policy=policy))
    assert (done.succeeded, len(store.newest_first())) == (40, done.batches)
