"""Results in a file: whole or not there, over crashes, full disks, cut streams and a second caller."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from samples import ID, KEY, PATH, a_batch, answer_of, client, error_body, row
from scripted import Scripted, Step, chunk, chunked, head, reset

from anthropix_py import (
    APIError,
    Client,
    DecodeError,
    IncompleteResults,
    NotEnded,
    Policy,
    TransportError,
    batch,
    init,
    unwrap,
)
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.batch import Download
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError, FileError

ONCE = Policy(max_retries=0)
RESULTS = f"{PATH}/results"
OLD = b"what was here before\n"


def line(custom_id: str, text: str = "") -> bytes:
    return json.dumps({**row(custom_id), "text": text}, ensure_ascii=False).encode()


A, B, C = (
    line("a"),
    b'{ "custom_id" :"b", "result":{"type":"expired"}, "x": 1.50e1 }',
    line("c", "\u2028 é \x85"),
)
ALL = [A, B, C]
WHOLE = b"".join(one + b"\n" for one in ALL)


def batch_of(count: int, **fields: Any) -> dict[str, Any]:
    return a_batch("ended", count, **fields)


def streamed(chunks: Iterable[bytes | AnthropixError | Callable[[], object]]) -> Response:
    """Give an answer of these chunks; an error among them is raised, a function called."""

    def play() -> Iterator[bytes]:
        for one in chunks:
            if isinstance(one, AnthropixError):
                raise one
            if isinstance(one, bytes):
                yield one
            else:
                one()

    return Response(200, {"transfer-encoding": "chunked"}, play(), lambda: None)


def lines(*rows: bytes) -> Response:
    return streamed([b"".join(one + b"\n" for one in rows)])


class Script:
    """A transport that plays one step for each request, and fails on one too many."""

    def __init__(self, *steps: Response | AnthropixError) -> None:
        self.paths: list[str] = []
        self._steps = list(steps)

    def __call__(self, request: Request, _timeout: Timeout) -> Response:
        assert request.method == "GET"
        self.paths.append(request.url.removeprefix("https://api.anthropic.com"))
        assert self._steps, f"a request too many: {self.paths}"
        step = self._steps.pop(0)
        if isinstance(step, AnthropixError):
            raise step
        return step

    def client(self, **options: Any) -> Client:
        return init(KEY, transport=self, clock=ManualClock(), **options)


def closed() -> TransportError:
    return TransportError("closed", "reset", sent=True)


@pytest.fixture
def target(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "rows.jsonl"


def part_of(target: pathlib.Path) -> pathlib.Path:
    return target.with_name(f"{target.name}.{ID}.part")


def assert_whole(target: pathlib.Path, content: bytes = WHOLE) -> None:
    """Assert that *target* is there, and nothing else."""
    assert target.read_bytes() == content
    assert os.listdir(target.parent) == [target.name]


BODIES: dict[str, list[bytes]] = {
    "as it should be": [WHOLE],
    "no newline at the end": [WHOLE[:-1]],
    "lines that end in CR LF": [WHOLE.replace(b"\n", b"\r\n")],
    "a byte order mark": [b"\xef\xbb\xbf" + WHOLE],
    "blank lines": [b"\n \n" + WHOLE.replace(b"\n", b"\n\n\r\n") + b"\n"],
    "a chunk a byte": [WHOLE[at : at + 1] for at in range(len(WHOLE))],
    "chunks that end inside a character": [WHOLE[:-20], WHOLE[-20:]],
    "a row twice": [A + b"\n" + A + b"\n" + B + b"\n" + C + b"\n" + A],
}


@pytest.mark.parametrize("chunks", BODIES.values(), ids=BODIES.keys())
def test_the_file_holds_each_row_as_it_came(target: pathlib.Path, chunks: list[bytes]) -> None:
    script = Script(streamed(chunks))
    done = unwrap(batch.download(script.client(), batch_of(3), target))
    assert done == Download(str(target), 3, len(WHOLE))
    assert script.paths == [RESULTS]
    assert_whole(target)


@pytest.mark.parametrize("name", ["rows.jsonl", "ä ö\u2028", "-rf", "%s{x}", "x" * 180])
@pytest.mark.parametrize("kind", [str, pathlib.Path])
def test_names_of_files(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: Callable[[str], Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (name, str(tmp_path / name)):
        done = unwrap(batch.download(Script(lines(*ALL)).client(), batch_of(3), kind(path)))
        assert done.path == path
        assert_whole(tmp_path / name)


def test_a_batch_by_its_id_is_looked_at_first(target: pathlib.Path) -> None:
    script = Script(answer_of(200, batch_of(3)), lines(*ALL))
    unwrap(batch.download(script.client(), ID, target))
    assert script.paths == [PATH, RESULTS]
    assert_whole(target)


def test_an_odd_id_makes_no_odd_path(tmp_path: pathlib.Path) -> None:
    script = Script(lines(A))
    tag, _ = batch.download(script.client(retry=ONCE), batch_of(2, id="a b%?*é"), tmp_path / "rows")
    assert tag == "error"
    assert os.listdir(tmp_path) == ["rows.a%20b%25%3F%2A%C3%A9.part"]


def test_what_was_there_is_replaced_at_once_and_only_at_the_end(target: pathlib.Path) -> None:
    target.write_bytes(OLD)
    seen: list[bytes] = []
    look = lambda: seen.append(target.read_bytes())  # noqa: E731
    with target.open("rb") as reader:
        chunks: list[Any] = [
            look,
            *(part for one in ALL for part in (one[:5], look, one[5:] + b"\n", look)),
            look,
        ]
        unwrap(batch.download(Script(streamed(chunks)).client(), batch_of(3), target))
        assert seen == [OLD] * 8
        assert reader.read() == OLD  # another file: who had it open reads on
    assert_whole(target)


@pytest.mark.parametrize(
    ("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o027, 0o640)]
)
def test_the_mode_is_what_the_umask_leaves(target: pathlib.Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        unwrap(batch.download(Script(lines(*ALL)).client(), batch_of(3), target))
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.parametrize(
    "order", [[A, B, C], [C, B, A], [B, C, A]], ids=["same order", "turned round", "another"]
)
def test_a_part_that_a_crash_cut_at_any_byte_is_gone_on_from(
    target: pathlib.Path, order: list[bytes]
) -> None:
    for cut in range(len(WHOLE) + 1):
        part_of(target).write_bytes(WHOLE[:cut])
        script = Script(*[lines(*order)][: cut < len(WHOLE)])
        done = unwrap(batch.download(script.client(), batch_of(3), target))
        assert (done.rows, done.bytes) == (3, len(WHOLE)), cut
        assert len(script.paths) == (cut < len(WHOLE))
        kept = WHOLE[:cut].count(b"\n")
        assert target.read_bytes().splitlines()[:kept] == WHOLE.splitlines()[:kept]
        assert sorted(target.read_bytes().split(b"\n")) == sorted(WHOLE.split(b"\n")), cut
        assert os.listdir(target.parent) == [target.name]


PARTS: dict[str, bytes] = {
    "empty": b"",
    "garbage alone": b"\xff\xfe\x00garbage",
    "garbage after a row": A + b"\ngarbage",
    "a line of garbage": A + b"\ngarbage\n" + B + b"\n",
    "zeros, as a crash leaves them": A + b"\n" + b"\0" * 500,
    "zeros inside a line": A + b"\n" + B[:9] + b"\0" * 9 + b"\n",
    "bytes that are no text": A + b"\n\xff\xfe\n" + B + b"\n",
    "a blank line": A + b"\n\n" + B + b"\n",
    "a row twice": A + b"\n" + A + b"\n" + B + b"\n",
    "a row twice, later": A + b"\n" + B + b"\n" + A + b"\n" + C + b"\n",
    "all rows, the first twice": WHOLE + A + b"\n",
    "all rows, then garbage": WHOLE + b"garbage",
    "a list": A + b"\n[]\n",
    "a number": A + b"\n7\n",
    "a row without an id": A + b'\n{"result": {}}\n',
    "an id that is a number": A + b'\n{"custom_id": 7, "result": {}}\n',
    "a row of other spaces": b'{"custom_id":   "a"}\n',
    "deep nesting": A + b"\n" + b"[" * 100_000 + b"\n",
    "two rows in a line": A + b"\n" + B + C + b"\n",
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_what_is_no_row_is_cut_off_a_part(target: pathlib.Path, part: bytes) -> None:
    part_of(target).write_bytes(part)
    unwrap(batch.download(Script(lines(*ALL)).client(), batch_of(3), target))
    ids = [json.loads(one)["custom_id"] for one in target.read_bytes().splitlines()]
    assert sorted(ids) == ["a", "b", "c"]
    assert os.listdir(target.parent) == [target.name]


def test_a_part_that_is_complete_needs_no_results(target: pathlib.Path) -> None:
    target.write_bytes(OLD)
    part_of(target).write_bytes(WHOLE)
    calls: list[tuple[int, int | None]] = []
    script = Script()
    done = unwrap(
        batch.download(
            script.client(), batch_of(3), target, on_progress=lambda *args: calls.append(args)
        )
    )
    assert done == Download(str(target), 3, len(WHOLE))
    assert (script.paths, calls) == ([], [(3, 3)])
    assert_whole(target)


def test_the_part_of_another_batch_is_left_alone(target: pathlib.Path) -> None:
    other = target.with_name(f"{target.name}.msgbatch_other.part")
    other.write_bytes(A)
    unwrap(batch.download(Script(lines(*ALL)).client(), batch_of(3), target))
    assert target.read_bytes() == WHOLE
    assert other.read_bytes() == A


@pytest.mark.parametrize("how", ["an error", "an end"])
def test_a_stream_cut_at_any_byte_leaves_its_part_for_the_next_call(
    target: pathlib.Path, how: str
) -> None:
    target.write_bytes(OLD)
    for cut in range(len(WHOLE) - 1):  # without its last newline it is still whole
        tail = [closed()] if how == "an error" else []
        first = Script(streamed([WHOLE[:cut], *tail]))
        tag, error = batch.download(first.client(retry=ONCE), batch_of(3), target)
        assert tag == "error"
        assert isinstance(error, IncompleteResults)
        assert (error.expected, error.received) == (3, _rows_in(WHOLE[:cut], ended=how == "an end"))
        assert target.read_bytes() == OLD
        kept = part_of(target).read_bytes() if part_of(target).exists() else b""
        assert WHOLE.startswith(kept)
        assert kept.count(b"\n") == error.received
        unwrap(batch.download(Script(lines(*ALL)).client(retry=ONCE), batch_of(3), target))
        assert_whole(target)
        target.write_bytes(OLD)


def _rows_in(text: bytes, *, ended: bool) -> int:
    *whole, last = text.split(b"\n")
    return len(whole) + (ended and last in ALL)


def test_a_cut_stream_is_mended_within_the_call(target: pathlib.Path) -> None:
    script = Script(
        streamed([A + b"\n" + B[:9], closed()]),
        closed(),
        streamed([C + b"\n" + A + b"\n", closed()]),
        lines(A, B, C),
    )
    done = unwrap(batch.download(script.client(), batch_of(3), target))
    assert done == Download(str(target), 3, len(WHOLE))
    assert_whole(target, A + b"\n" + C + b"\n" + B + b"\n")


NEVER: dict[str, tuple[Callable[[], Response], int, int]] = {
    "always one too few": (lambda: lines(A, B), 3, 2),
    "always none": (lambda: streamed([]), 3, 0),
    "always blank": (lambda: streamed([b"\n\n"]), 3, 0),
    "always the same": (lambda: lines(A, A, A), 3, 1),
    "one too many": (lambda: lines(*ALL, line("d")), 1, 4),
}


@pytest.mark.parametrize(("results", "requests", "received"), NEVER.values(), ids=NEVER.keys())
def test_results_that_are_never_complete(
    target: pathlib.Path, results: Callable[[], Response], requests: int, received: int
) -> None:
    script = Script(*(results() for _ in range(requests)))
    tag, error = batch.download(script.client(), batch_of(3), target)
    assert tag == "error"
    assert isinstance(error, IncompleteResults)
    assert (error.expected, error.received, len(script.paths)) == (3, received, requests)
    assert not target.exists()


FAULTS: dict[str, tuple[bytes, type[AnthropixError]]] = {
    "not JSON": (A + b"\n<html>\n" + B + b"\n", DecodeError),
    "not a row": (A + b"\n{}\n", DecodeError),
    "an error in place of a row": (A + b"\n" + json.dumps(error_body()).encode() + b"\n", APIError),
}


@pytest.mark.parametrize(("body", "kind"), FAULTS.values(), ids=FAULTS.keys())
def test_results_that_are_none(
    target: pathlib.Path, body: bytes, kind: type[AnthropixError]
) -> None:
    target.write_bytes(OLD)
    tag, error = batch.download(Script(streamed([body])).client(), batch_of(3), target)
    assert (tag, type(error)) == ("error", kind)
    assert target.read_bytes() == OLD
    unwrap(batch.download(Script(lines(*ALL)).client(), batch_of(3), target))
    assert_whole(target)


GOING: dict[str, Any] = {
    "by a dict": a_batch(),
    "by id": ID,
    "canceling": a_batch("canceling"),
    "bare": {"id": ID},
}


@pytest.mark.parametrize("named", GOING.values(), ids=GOING.keys())
def test_before_the_end_there_is_no_file(target: pathlib.Path, named: Any) -> None:
    script = Script(answer_of(200, a_batch("canceling")))
    tag, error = batch.download(script.client(), named, target)
    assert tag == "error"
    assert isinstance(error, NotEnded)
    assert error.batch == a_batch("canceling")
    assert (script.paths, os.listdir(target.parent)) == ([PATH], [])


def test_an_unknown_batch_leaves_no_file(target: pathlib.Path) -> None:
    tag, error = batch.download(
        Script(answer_of(404, error_body("not_found_error"))).client(), ID, target
    )
    assert (tag, type(error)) == ("error", APIError)
    assert os.listdir(target.parent) == []


def make_missing(path: pathlib.Path) -> pathlib.Path:
    return path / "no such folder" / "rows"


def make_under_a_file(path: pathlib.Path) -> pathlib.Path:
    (path / "file").write_bytes(b"")
    return path / "file" / "rows"


def make_too_long(path: pathlib.Path) -> pathlib.Path:
    return path / ("x" * 300)


def make_taken(path: pathlib.Path) -> pathlib.Path:
    part_of(path / "rows").mkdir()
    return path / "rows"


PLACES: dict[str, tuple[Callable[[pathlib.Path], pathlib.Path], str]] = {
    "a folder that is not there": (make_missing, "No such file or directory"),
    "a folder that is a file": (make_under_a_file, "Not a directory"),
    "a name that is too long": (make_too_long, "File name too long"),
    "a folder in the place of the part": (make_taken, "Is a directory"),
}


@pytest.mark.parametrize(("make", "detail"), PLACES.values(), ids=PLACES.keys())
def test_places_where_no_file_can_be(
    tmp_path: pathlib.Path, make: Callable[[pathlib.Path], pathlib.Path], detail: str
) -> None:
    path = make(tmp_path)
    script = Script()
    tag, error = batch.download(script.client(), batch_of(3), path)
    assert tag == "error"
    assert isinstance(error, FileError)
    assert error.detail == detail
    assert str(path) in str(error)
    assert script.paths == []  # found out before anything was asked for
    assert (error.__cause__, error.__context__, error.__traceback__) == (None, None, None)


def test_a_target_that_is_a_folder(target: pathlib.Path) -> None:
    target.mkdir()
    (target / "precious").write_bytes(OLD)
    tag, error = batch.download(Script(lines(*ALL)).client(), batch_of(3), target)
    assert tag == "error"
    assert isinstance(error, FileError)
    assert "directory" in error.detail
    assert (target / "precious").read_bytes() == OLD


@pytest.mark.parametrize("path", [None, 3, ["rows"]], ids=repr)
def test_a_path_that_is_none(path: Any) -> None:
    with pytest.raises(TypeError):
        batch.download(Script().client(), batch_of(3), path)


def test_two_at_once(target: pathlib.Path) -> None:
    second: list[Any] = []

    def again() -> None:
        second.append(batch.download(Script().client(), batch_of(3), target))

    unwrap(
        batch.download(
            Script(streamed([A + b"\n", again, WHOLE[len(A) + 1 :]])).client(), batch_of(3), target
        )
    )
    [(tag, error)] = second
    assert tag == "error"
    assert isinstance(error, FileError)
    assert (error.path, error.detail) == (
        str(part_of(target)),
        "another download of this batch is writing it",
    )
    assert_whole(target)


def test_two_at_once_to_two_files(target: pathlib.Path) -> None:
    other = target.with_name("other")
    inner = lambda: unwrap(batch.download(Script(lines(*ALL)).client(), batch_of(3), other))  # noqa: E731
    unwrap(
        batch.download(
            Script(streamed([A + b"\n", inner, WHOLE[len(A) + 1 :]])).client(), batch_of(3), target
        )
    )
    assert target.read_bytes() == other.read_bytes() == WHOLE


@pytest.mark.parametrize("moved", [True, False], ids=["finished", "finished, and begun anew"])
def test_one_that_finishes_while_a_second_begins(
    target: pathlib.Path, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    flock = fcntl.flock

    def late(file: Any, operation: int) -> None:
        part_of(target).replace(target)  # between opening and locking
        if not moved:
            part_of(target).write_bytes(A)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    tag, error = batch.download(Script().client(), batch_of(3), target)
    assert tag == "error"
    assert isinstance(error, FileError)
    assert error.detail == "another download of this batch has just finished"
    assert target.read_bytes() == b""
    assert part_of(target).exists() is not moved


def test_the_lock_is_given_up_after_an_error(target: pathlib.Path) -> None:
    for failure in (lines(A), closed(), answer_of(401, error_body())):
        tag, error = batch.download(Script(failure).client(retry=ONCE), batch_of(3), target)
        assert tag == "error"
        assert not isinstance(error, FileError)
    unwrap(batch.download(Script(lines(*ALL)).client(), batch_of(3), target))
    assert_whole(target)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 1000])
def test_progress(target: pathlib.Path, count: int) -> None:
    rows = [line(str(n)) for n in range(count)]
    calls: list[tuple[int, int | None]] = []
    unwrap(
        batch.download(
            Script(lines(*rows)).client(),
            batch_of(count),
            target,
            on_progress=lambda *a: calls.append(a),
        )
    )
    assert calls[-1] == (count, count)
    told = [rows for rows, _ in calls]
    assert told[:-1] == sorted(told[:-1])
    assert all(later - earlier >= 256 for earlier, later in itertools.pairwise([0, *told[:-1]]))
    assert len(told) > 1 or count < 1000


def test_progress_goes_on_from_the_part(target: pathlib.Path) -> None:
    rows = [line(str(n)) for n in range(600)]
    part_of(target).write_bytes(b"".join(one + b"\n" for one in rows[:300]))
    calls: list[int] = []
    done = unwrap(
        batch.download(
            Script(lines(*rows)).client(),
            batch_of(600),
            target,
            on_progress=lambda n, _: calls.append(n),
        )
    )
    assert calls[0] > 300
    assert calls[-1] == 600
    assert_whole(target, b"".join(one + b"\n" for one in rows))
    assert done.rows == 600


def test_progress_where_the_total_is_not_known(target: pathlib.Path) -> None:
    calls: list[tuple[int, int | None]] = []
    named = {"id": ID, "processing_status": "ended"}
    unwrap(
        batch.download(
            Script(lines(*ALL)).client(), named, target, on_progress=lambda *a: calls.append(a)
        )
    )
    assert calls == [(3, None)]
    assert_whole(target)


@pytest.mark.parametrize("kind", [ValueError, OSError, KeyboardInterrupt])
def test_what_on_progress_raises_passes_through_and_loses_nothing(
    target: pathlib.Path, kind: type[BaseException]
) -> None:
    rows = [line(str(n)) for n in range(300)]

    told: list[int] = []

    def on_progress(rows: int, _: int | None) -> None:
        told.append(rows)
        raise kind("mine")

    with pytest.raises(kind, match="mine"):
        batch.download(
            Script(lines(*rows)).client(), batch_of(300), target, on_progress=on_progress
        )
    assert not target.exists()
    assert [part_of(target).read_bytes().count(b"\n")] == told
    unwrap(batch.download(Script(lines(*rows)).client(), batch_of(300), target))
    assert_whole(target, b"".join(one + b"\n" for one in rows))


MANY = [line(str(n), "x" * 200) for n in range(600)]
MANY_WHOLE = b"".join(one + b"\n" for one in MANY)

FULL_DISK = """
import resource, signal, sys
import anthropix_py
from anthropix_py import batch

url, path, limit, id, count = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
ended = {"id": id, "processing_status": "ended", "request_counts": {"succeeded": int(count)}}
tag, error = batch.download(anthropix_py.init("k", base_url=url), ended, path)
print(tag, type(error).__name__, error.detail)
"""


@pytest.mark.parametrize("limit", [0, 100, 4096, 70_001, len(MANY_WHOLE) - 1])
def test_a_full_disk(target: pathlib.Path, limit: int) -> None:
    target.write_bytes(OLD)
    body = chunked(MANY_WHOLE)
    with Scripted(body, body) as server:
        ran = subprocess.run(
            [
                sys.executable,
                "-W",
                "error",
                "-c",
                FULL_DISK,
                server.url,
                str(target),
                str(limit),
                ID,
                str(len(MANY)),
            ],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert (ran.stdout, ran.stderr) == ("error FileError File too large\n", "")
        assert target.read_bytes() == OLD
        kept = part_of(target).read_bytes() if limit else b""  # nothing at all leaves no part
        assert len(kept) == limit
        assert MANY_WHOLE.startswith(kept)
        assert unwrap(batch.download(client(server.url), batch_of(len(MANY)), target)).rows == len(
            MANY
        )
    assert_whole(target, MANY_WHOLE)


KILLED = """
import sys
import anthropix_py
from anthropix_py import batch

url, path, id, count = sys.argv[1:]
ended = {"id": id, "processing_status": "ended", "request_counts": {"succeeded": int(count)}}
batch.download(
    anthropix_py.init("k", base_url=url), ended, path, on_progress=lambda rows, _: print(rows, flush=True)
)
"""


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

    half = b"".join(one + b"\n" for one in MANY[:400])
    begun: Step = [head(200, {"transfer-encoding": "chunked"}), chunk(half), kill]
    with Scripted(begun, chunked(MANY_WHOLE)) as server:
        arguments = [sys.executable, "-c", KILLED, server.url, str(target), ID, str(len(MANY))]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            children.append(process)
            assert process.wait(20) == -signal.SIGKILL
        assert target.read_bytes() == OLD
        kept = part_of(target).read_bytes()
        assert kept
        assert MANY_WHOLE.startswith(kept)
        assert unwrap(batch.download(client(server.url), batch_of(len(MANY)), target)).rows == len(
            MANY
        )
    assert_whole(target, MANY_WHOLE)


def test_drops_on_a_real_wire(target: pathlib.Path) -> None:
    first: Step = [head(200, {"transfer-encoding": "chunked"}), chunk(A + b"\n" + B[:7]), reset]
    with Scripted(first, [reset], chunked(WHOLE, 3)) as server:
        assert unwrap(batch.download(client(server.url), batch_of(3), target)).rows == 3
    assert_whole(target)
