"""The part of a download, over crashes, full disks, foreign rows and a second caller."""

from __future__ import annotations

import errno
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import zlib
from typing import Any

import pytest
from downloads import (
    ALL,
    MANY,
    MANY_ROWS,
    OLD,
    SORTED,
    A,
    B,
    C,
    all_rows,
    assert_alone,
    download,
    ended,
    line,
    part_of,
    posix_only,
    report_to,
    sorted_rows,
)
from samples import ID, client, error_body, error_in, table
from scripted import (
    PATIENCE,
    Scripted,
    Step,
    TransportStep,
    blocks,
    chunk,
    chunked,
    fail,
    head,
    reset,
    respond,
)

from anthropix_py import APIError, IncompleteResults, TransportError, batch, unwrap
from anthropix_py._wire import Response
from anthropix_py.batch import Download
from anthropix_py.errors import DecodeError, FileError


@pytest.fixture
def target(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "rows.jsonl"


@pytest.mark.parametrize("order", [A + B + C, C + B + A, B + C + A], ids=["abc", "cba", "bca"])
def test_a_part_that_a_crash_cut_at_any_byte_is_continued(
    target: pathlib.Path, order: bytes
) -> None:
    for cut in range(len(ALL) + 1):
        part_of(target).write_bytes(ALL[:cut])
        done = unwrap(download(target, blocks(order)))
        assert done == Download(str(target), 3, len(ALL)), cut
        kept = ALL[: ALL[:cut].rfind(b"\n") + 1]
        assert target.read_bytes().startswith(kept), cut
        assert sorted_rows(target) == SORTED, cut
        assert os.listdir(target.parent) == [target.name]
        target.unlink()


PARTS: dict[str, bytes] = {
    "empty": b"",
    "garbage alone": b"\xff\xfe\x00garbage",
    "garbage after a row": A + b"garbage",
    "a line of garbage": A + b"garbage\n" + B,
    "zeros, as a crash leaves them": A + b"\0" * 500,
    "zeros inside a line": A + B[:9] + b"\0" * 9 + b"\n",
    "bytes that are not text": A + b"\xff\xfe\n" + B,
    "a blank line": A + b"\n" + B,
    "a row twice": A + A + B,
    "a row twice, later": A + B + A + C,
    "all rows, the first twice": ALL + A,
    "all rows, then garbage": ALL + b"garbage",
    "a list": A + b"[]\n",
    "a number": A + b"7\n",
    "a row without an id": A + b'{"result": {}}\n',
    "an id that is a number": A + b'{"custom_id": 7, "result": {}}\n',
    "a row without a result": b'{"custom_id":   "a"}\n',
    "deep nesting": A + b"[" * 100_000 + b"\n",
    "two rows in a line": A + B[:-1] + C,
}


@table("part", PARTS)
def test_what_is_not_a_row_is_cut_off_a_part(target: pathlib.Path, part: bytes) -> None:
    part_of(target).write_bytes(part)
    unwrap(download(target, all_rows))
    assert sorted_rows(target) == SORTED
    assert os.listdir(target.parent) == [target.name]


# rows that the server does not send for this batch, under the name of its part
FOREIGN: dict[str, bytes] = {
    "an id of this batch": line("a", "x"),
    "all ids of this batch": line("b", "x") + line("a", "y") + line("c", "z"),
    "another id": line("d"),
    "the same row in another form": A.replace(b": ", b":"),
    "one row of each": line("d") + A,
}


@table("part", FOREIGN)
def test_a_part_of_something_else_is_emptied_and_filled_anew(
    target: pathlib.Path, part: bytes
) -> None:
    part_of(target).write_bytes(part)
    assert unwrap(download(target, all_rows, all_rows)) == Download(str(target), 3, len(ALL))
    assert_alone(target)


def corrupt(*parts: bytes) -> TransportStep:
    """Return a gzip body with a wrong checksum, each of *parts* in a chunk of its own."""
    packer = zlib.compressobj(wbits=31)
    chunks = [packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH) for part in parts]
    chunks.append(packer.flush()[:-8] + b"\0" * 8)
    headers = {"content-encoding": "gzip", "transfer-encoding": "chunked"}
    return lambda: Response(200, headers, iter(chunks), lambda: None)


@pytest.mark.parametrize("kept", [b"", A], ids=["new", "continued"])
def test_rows_of_a_corrupt_body_are_cut_off_again(target: pathlib.Path, kept: bytes) -> None:
    if kept:
        part_of(target).write_bytes(kept)
    error = error_in(download(target, corrupt(line("b", "altered"), A)), IncompleteResults)
    assert "rows of this response are corrupt" in str(error)
    assert part_of(target).exists() is bool(kept)
    unwrap(download(target, corrupt(line("b", "altered"), A), all_rows, retries=1))
    assert_alone(target)


@pytest.mark.parametrize("fault", [b"{,}\n", b"<html>\n", b'{"id": 1}\n'], ids=repr)
def test_rows_before_a_line_that_is_not_a_row_are_cut_off_again(
    target: pathlib.Path, fault: bytes
) -> None:
    # against rows that were altered on the way, like the line that shows it
    part_of(target).write_bytes(A)
    for step in (blocks(line("b", "altered") + fault), corrupt(line("b", "altered"), fault)):
        error_in(download(target, step), DecodeError)
        assert part_of(target).read_bytes() == A
    unwrap(download(target, all_rows))
    assert_alone(target)


def test_a_part_with_rows_of_something_else_is_filled_anew(target: pathlib.Path) -> None:
    part_of(target).write_bytes(line("d") + line("e"))
    unwrap(download(target, all_rows, all_rows))
    assert_alone(target)


def test_a_complete_part_becomes_the_file_after_one_request(target: pathlib.Path) -> None:
    target.write_bytes(OLD)
    part_of(target).write_bytes(ALL)
    calls: list[Any] = []
    # the comparison of its first row is enough: the rest is not read
    step = blocks(A, lambda: pytest.fail("more was read than needed"))
    done = unwrap(download(target, step, replace=True, on_progress=report_to(calls)))
    assert (done, calls) == (Download(str(target), 3, len(ALL)), [(3, 3)])
    assert_alone(target)


def test_the_part_of_another_batch_is_left_alone(target: pathlib.Path) -> None:
    other = target.with_name(f"{target.name}.msgbatch_other.part")
    other.write_bytes(A)
    unwrap(download(target, all_rows))
    assert (target.read_bytes(), other.read_bytes()) == (ALL, A)


@posix_only
def test_a_second_download_of_the_same_batch_to_the_same_file_is_refused(
    target: pathlib.Path,
) -> None:
    second: list[Any] = []
    again = lambda: second.append(download(target))  # noqa: E731
    unwrap(download(target, blocks(A, again, B + C)))
    error = error_in(second[0], FileError, "another download of this batch is writing it")
    assert error.path == str(part_of(target))
    assert_alone(target)


def test_two_at_once_to_two_files(target: pathlib.Path) -> None:
    other = target.with_name("other")
    inner = lambda: unwrap(download(other, all_rows))  # noqa: E731
    unwrap(download(target, blocks(A, inner, B + C)))
    assert target.read_bytes() == other.read_bytes() == ALL


@pytest.mark.parametrize("begun_anew", [False, True])
def test_one_that_finishes_while_a_second_begins(
    target: pathlib.Path, monkeypatch: pytest.MonkeyPatch, begun_anew: bool
) -> None:
    fcntl = pytest.importorskip("fcntl")
    flock = fcntl.flock

    def finish_first(file: Any, operation: int) -> None:
        # between opening and locking
        part_of(target).replace(target)
        if begun_anew:
            part_of(target).write_bytes(A)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", finish_first)
    detail = "another download of this batch has just finished"
    assert error_in(download(target), FileError).detail == detail
    assert target.read_bytes() == b""
    assert part_of(target).exists() is begun_anew


# against two downloads that write into each other, where a file system has no locks
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_without_locks(
    target: pathlib.Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    error = error_in(download(target), FileError, f"cannot be locked ({os.strerror(code)}): ")
    assert error.path == str(part_of(target))
    assert "download to another one and move the file" in error.detail


def test_the_lock_is_released_after_an_error(target: pathlib.Path) -> None:
    error_in(download(target, blocks(A)), IncompleteResults)
    error_in(download(target, fail()), TransportError)
    error_in(download(target, respond(error_body(), 401)), APIError)
    unwrap(download(target, all_rows))
    assert_alone(target)


CHILD = """
import sys
import zlib
import anthropix_py
from anthropix_py import batch

url, path, id, count, limit = sys.argv[1:]
if limit:
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
ended = {"id": id, "processing_status": "ended", "request_counts": {"succeeded": int(count)}}
client = anthropix_py.init("k", base_url=url)
progress = None if limit else lambda rows, _: print(rows, flush=True)
tag, error = batch.download(client, ended, path, replace=True, on_progress=progress)
print(tag, type(error).__name__, error.detail)
"""


def child(server: Scripted, target: pathlib.Path, limit: str = "") -> list[str]:
    """Return the command of a process that downloads, with a *limit* of bytes in a file."""
    options = ("-W", "error", "-c", CHILD)
    return [sys.executable, *options, server.url, str(target), ID, str(len(MANY)), limit]


def assert_continued(server: Scripted, target: pathlib.Path) -> None:
    """Assert that the target is as it was, and that the next call completes it from the part."""
    assert target.read_bytes() == OLD
    result = batch.download(client(server.url), ended(len(MANY)), target, replace=True)
    assert unwrap(result).rows == len(MANY)
    assert_alone(target, MANY_ROWS)


@posix_only
@pytest.mark.parametrize("limit", [0, 100, 4096, 70_001, len(MANY_ROWS) - 1])
def test_a_full_disk(target: pathlib.Path, limit: int) -> None:
    target.write_bytes(OLD)
    with Scripted(*[chunked(MANY_ROWS)] * 2) as server:
        command = child(server, target, str(limit))
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
        )
        assert (ran.stdout, ran.stderr) == ("error FileError File too large\n", "")
        # nothing at all leaves no part
        assert part_of(target).exists() is (limit > 0)
        kept = part_of(target).read_bytes() if limit else b""
        assert kept == MANY_ROWS[:limit]
        assert_continued(server, target)


@posix_only
def test_a_killed_process(target: pathlib.Path) -> None:
    target.write_bytes(OLD)
    children: list[subprocess.Popen[str]] = []

    def kill(connection: socket.socket) -> None:
        [process] = children
        assert process.stdout is not None
        assert int(process.stdout.readline()) >= 256
        process.send_signal(signal.SIGKILL)
        process.wait()
        reset(connection)

    half = chunk(b"".join(MANY[:400]))
    begun: Step = [head(200, {"transfer-encoding": "chunked"}), half, kill]
    with Scripted(begun, chunked(MANY_ROWS)) as server:
        with subprocess.Popen(child(server, target), stdout=subprocess.PIPE, text=True) as process:
            children.append(process)
            assert process.wait(2 * PATIENCE) == -signal.SIGKILL
        kept = part_of(target).read_bytes()
        assert kept
        assert MANY_ROWS.startswith(kept)
        assert_continued(server, target)


def test_drops_on_a_real_connection(target: pathlib.Path) -> None:
    first: Step = [head(200, {"transfer-encoding": "chunked"}), chunk(A + B[:7]), reset]
    with Scripted(first, [reset], chunked(ALL, 3)) as server:
        assert unwrap(batch.download(client(server.url), ended(), target)).rows == 3
    assert_alone(target)


@posix_only
def test_rows_and_name_are_on_the_disk_in_this_order(
    target: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # against a file that has its name but not its rows after a loss of power
    steps: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        kind = "rows"
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            kind = "folder"
        elif os.fstat(descriptor).st_size != len(ALL):
            kind = "some rows"
        steps.append(kind)
        sync(descriptor)

    def renamed(source: str, name: str) -> None:
        steps.append("name")
        replace(source, name)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    unwrap(download(target, all_rows))
    assert steps == ["rows", "name", "folder"]
