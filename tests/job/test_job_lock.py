"""One process at a time, on a disk of this machine."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from job_desk import Desk, requests, stopped
from samples import table

from anthropix_py import FileError, job, unwrap
from anthropix_py._wire import Request
from anthropix_py.job import JobError
from anthropix_py.job._disk import check_is_local
from anthropix_py.job._lock import Lock


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


HOLD = """
import os, sys, time
from anthropix_py.job._lock import Lock

lock = Lock.take(sys.argv[1], None)
child = os.fork() if sys.argv[2] == "fork" else None
if child == 0:
    sys.stdin.read()
    os._exit(0)
print("held", flush=True)
if child is None:
    sys.stdin.read()
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("how", "is_free"), [("stay", False), ("fork", True)])
def test_the_lock_dies_with_its_process_and_not_with_its_child(
    tmp_path: Path, how: str, is_free: bool
) -> None:
    path = str(tmp_path / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        if is_free:
            # the holder ends, its child lives on
            process.wait(10)
            Lock.take(path, None).close()
        else:
            with pytest.raises(JobError, match="process 7 is running") as caught:
                Lock.take(path, 7)
            assert caught.value.pid == 7
        assert process.stdin is not None
        process.stdin.close()


# What the system says, and whether that means that another process has the lock.
REFUSALS: dict[str, tuple[OSError, bool]] = {
    "Linux": (BlockingIOError(errno.EAGAIN, "try again"), True),
    "POSIX allows this, too; Windows": (PermissionError(errno.EACCES, "denied"), True),
    # against "another process runs this job" where there is none
    "a file system without locks": (OSError(errno.ENOLCK, "No locks available"), False),
}


@pytest.mark.parametrize("system", ["posix", "nt"])
@table("error, is_held", REFUSALS)
def test_a_lock_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, error: OSError, is_held: bool
) -> None:
    def refuse(*args: object) -> None:
        raise error

    windows = SimpleNamespace(locking=refuse, LK_NBLCK=2)
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    monkeypatch.setattr("fcntl.lockf", refuse)
    path = str(tmp_path / "lock")
    expected: type[Exception] = FileError
    if is_held:
        expected = JobError
    monkeypatch.setattr(os, "name", system)
    try:
        with pytest.raises(expected):
            Lock.take(path, None)
    finally:
        # pytest itself needs the system as it is
        monkeypatch.undo()
    Lock.take(path, None).close()


def test_a_second_run_in_this_process_is_refused(desk: Desk) -> None:
    def run_again(request: Request) -> None:
        if request.method == "POST":
            desk.before = lambda request: None
            stopped(desk.run(requests(2)), "running_elsewhere")
            assert unwrap(job.status(desk.path)).waiting == 2

    desk.before = run_again
    assert unwrap(desk.run(requests(2))).succeeded == 2


MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /net rw - nfs4 server:/x rw
31 22 0:41 / /net/local\\040disk rw - xfs /dev/sdb rw
32 22 0:42 / /mnt/f rw - fuse.sshfs me@there: rw
"""

PLACES = {
    "/home/me": False,
    "/net/jobs": True,
    "/net/local disk/jobs": False,
    "/network": False,
    "/mnt/f": True,
}


@pytest.mark.parametrize(("path", "is_remote"), PLACES.items(), ids=PLACES)
def test_network_file_systems_are_refused(tmp_path: Path, path: str, is_remote: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    if not is_remote:
        check_is_local(path, str(mounts))
        return
    with pytest.raises(JobError, match="network_file_system"):
        check_is_local(path, str(mounts))


def test_a_system_without_mounts_to_read_is_trusted(tmp_path: Path) -> None:
    check_is_local(str(tmp_path), str(tmp_path / "missing"))
