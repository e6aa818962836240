"""Results in a file: complete or not there, and nothing lost that was there before."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import stat
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from downloads import (
    ALL,
    CUT,
    MANY,
    MANY_ROWS,
    OLD,
    RESULTS,
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
)
from samples import ID, PATH, a_batch, error_body, error_in, table
from scripted import ScriptedTransport, TransportStep, blocks, fail, respond

from anthropix_py import (
    APIError,
    DecodeError,
    IncompleteResults,
    NotEnded,
    TransportError,
    batch,
    unwrap,
)
from anthropix_py.batch import Download, _part
from anthropix_py.errors import AnthropixError, FileError


@pytest.fixture
def target(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "rows.jsonl"


BODIES: dict[str, list[bytes]] = {
    "as it should be": [ALL],
    "no newline at the end": [ALL[:-1]],
    "lines that end in CR LF": [ALL.replace(b"\n", b"\r\n")],
    "a byte order mark": [b"\xef\xbb\xbf" + ALL],
    "blank lines": [b"\n \n" + ALL.replace(b"\n", b"\n\n\r\n") + b"\n"],
    "a byte a chunk": [ALL[at : at + 1] for at in range(len(ALL))],
    "chunks that end inside a character": [ALL[:-20], ALL[-20:]],
    "a row twice": [A + A + B + C + A],
}


@table("chunks", BODIES)
def test_the_file_holds_each_row_as_it_came(target: pathlib.Path, chunks: list[bytes]) -> None:
    script = ScriptedTransport(blocks(*chunks))
    done = unwrap(batch.download(script.client(), ended(), target))
    assert done == Download(str(target), 3, len(ALL))
    assert script.calls == [RESULTS]
    assert_alone(target)


@pytest.mark.parametrize("name", ["rows.jsonl", "ä ö\u2028", "-rf", "%s{x}", "x" * 180])
def test_names_of_files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / name
    for path in (name, pathlib.Path(name), str(file), file):
        assert unwrap(download(path, all_rows)).path == str(path)
        assert_alone(file)
        file.unlink()


@pytest.mark.parametrize("path", [None, 3, ["rows"], b"rows"], ids=repr)
def test_a_path_must_be_of_text(path: Any) -> None:
    with pytest.raises(TypeError):
        download(path)


def test_an_empty_path_and_a_hook_that_cannot_be_called() -> None:
    with pytest.raises(ValueError, match="path is empty"):
        download("")
    with pytest.raises(TypeError, match="on_progress must be callable, not int"):
        download("rows", on_progress=3)


def test_a_batch_named_by_its_id_is_asked_for_first(target: pathlib.Path) -> None:
    script = ScriptedTransport(respond(ended()), all_rows)
    unwrap(batch.download(script.client(), ID, target))
    assert script.calls == [f"GET {PATH}", RESULTS]
    assert_alone(target)


def test_an_id_with_special_characters_is_quoted_in_the_name(tmp_path: pathlib.Path) -> None:
    named = ended(2, id="a b%?*é")
    error_in(download(tmp_path / "rows", blocks(A), named=named), IncompleteResults)
    assert os.listdir(tmp_path) == ["rows.a%20b%25%3F%2A%C3%A9.part"]


@posix_only
@pytest.mark.parametrize(
    ("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o027, 0o640)]
)
def test_the_mode_is_what_the_umask_leaves(target: pathlib.Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        unwrap(download(target, all_rows))
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == mode


OTHERS: dict[str, bytes] = {
    "anything": OLD,
    "a row less": A + B,
    "a row more": ALL + line("d"),
    "a row twice": A + B + B,
    "complete, then garbage": ALL + b"garbage",
    "complete, then a blank line": ALL + b"\n",
    "no newline at the end": ALL[:-1],
    # another batch of the same requests
    "the same ids, other rows": line("a", "x") + line("b", "y") + line("c", "z"),
    "other ids": line("d") + line("e") + line("f"),
}


@table("old", OTHERS)
def test_a_file_that_is_not_this_download_is_replaced_only_if_permitted(
    target: pathlib.Path, old: bytes
) -> None:
    target.write_bytes(old)
    # three rows may be the download itself, so the server is asked for one of them
    asked = [all_rows] * (old.count(b"\n") == 3 and old.endswith(b"}\n") and old != A + B + B)
    result = download(target, *asked)
    detail = f"exists and is not the download of batch {ID}; to replace it, pass replace=True"
    assert error_in(result, FileError).detail == detail
    assert_alone(target, old)
    assert unwrap(download(target, *asked, all_rows, replace=True)).rows == 3
    assert_alone(target)


def test_an_empty_file_may_be_replaced(target: pathlib.Path) -> None:
    target.touch()
    unwrap(download(target, all_rows))
    assert_alone(target)


@pytest.mark.parametrize("content", [ALL, C + A + B], ids=["same order", "another order"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_complete_download_is_returned_after_one_request(
    target: pathlib.Path, content: bytes, replace: bool
) -> None:
    target.write_bytes(content)
    before = target.stat().st_ino
    calls: list[Any] = []
    result = download(target, all_rows, replace=replace, on_progress=report_to(calls))
    assert (result, calls) == (("ok", Download(str(target), 3, len(ALL))), [(3, 3)])
    assert target.stat().st_ino == before
    assert_alone(target, content)


def test_the_row_compared_is_one_that_no_other_batch_has(target: pathlib.Path) -> None:
    # two batches of the same requests share their canceled rows, but not the ids of messages
    def succeeded(message_id: str) -> bytes:
        result = {"type": "succeeded", "message": {"id": message_id}}
        return json.dumps({"custom_id": "b", "result": result}).encode() + b"\n"

    target.write_bytes(A + succeeded("msg_1") + C)
    error_in(download(target, blocks(A + succeeded("msg_2") + C)), FileError)
    unwrap(download(target, blocks(A + succeeded("msg_1") + C)))


COMPARING: dict[str, tuple[TransportStep, type[AnthropixError]]] = {
    "refused": (respond(error_body("authentication_error"), 401), APIError),
    "no connection": (fail("connect", sent=False), TransportError),
    "cut before the row": (blocks(B, CUT), IncompleteResults),
    "not rows": (blocks(b"<html>\n"), DecodeError),
}


@table("step, kind", COMPARING)
def test_an_error_while_comparing_is_returned(
    target: pathlib.Path, step: TransportStep, kind: type[AnthropixError]
) -> None:
    target.write_bytes(ALL)
    error_in(download(target, step, replace=True), kind)
    assert_alone(target)


@posix_only
def test_what_was_there_is_replaced_only_at_the_end(target: pathlib.Path) -> None:
    target.write_bytes(OLD)
    seen: list[bytes] = []
    look = lambda: seen.append(target.read_bytes())  # noqa: E731
    chunks = (part for one in (A, B, C) for part in (look, one[:5], look, one[5:], look))
    with target.open("rb") as reader:
        unwrap(download(target, blocks(*chunks), replace=True))
        assert seen == [OLD] * 9
        # whoever had it open reads on in the old file
        assert reader.read() == OLD
    assert_alone(target)


def test_a_file_without_lines_is_not_read_at_once(
    target: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_part, "LONGEST_ROW", 1 << 20)
    with target.open("wb") as file:
        file.truncate(1 << 28)
    tracemalloc.start()
    try:
        error_in(download(target), FileError, "is not the download of batch")
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


def test_what_comes_in_the_meantime_is_not_replaced(target: pathlib.Path) -> None:
    steps = blocks(A, lambda: target.write_bytes(OLD), B, C)
    error_in(download(target, steps), FileError, "exists and is not the download of batch")
    assert target.read_bytes() == OLD
    # all rows are kept: the next call only asks whether they are still those of the batch
    unwrap(download(target, all_rows, replace=True))
    assert_alone(target)


NOT_FILES: dict[str, tuple[Callable[[pathlib.Path], object], str]] = {
    "a folder": (os.mkdir, "is a directory"),
    # a link would be replaced itself, and what it leads to stay as it was
    "a link to a file": (lambda path: path.symlink_to(__file__), "is not a regular file"),
    "a link to a folder": (lambda path: path.symlink_to("."), "is not a regular file"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), "is not a regular file"),
    "a pipe": (lambda path: os.mkfifo(path), "is not a regular file"),
}


@posix_only
@table("make, detail", NOT_FILES)
@pytest.mark.parametrize("replace", [False, True])
def test_a_target_that_is_not_a_file_is_refused(
    target: pathlib.Path, make: Callable[[pathlib.Path], object], detail: str, replace: bool
) -> None:
    make(target)
    before = target.lstat()
    assert error_in(download(target, replace=replace), FileError, detail).path == str(target)
    assert target.lstat() == before
    assert os.listdir(target.parent) == [target.name]


@posix_only
def test_a_device_is_refused() -> None:
    error_in(download("/dev/null", replace=True), FileError, "is not a regular file")


def taken_by_a_folder(folder: pathlib.Path) -> pathlib.Path:
    part_of(folder / "rows").mkdir()
    return folder / "rows"


def taken_by_a_link(folder: pathlib.Path) -> pathlib.Path:
    part_of(folder / "rows").symlink_to(folder / "elsewhere")
    return folder / "rows"


def under_a_file(folder: pathlib.Path) -> pathlib.Path:
    (folder / "file").touch()
    return folder / "file" / "rows"


PLACES: dict[str, tuple[Callable[[pathlib.Path], pathlib.Path], str]] = {
    "no such folder": (lambda folder: folder / "none" / "rows", "No such file or directory"),
    "a folder that is a file": (under_a_file, "Not a directory"),
    "a name that is too long": (lambda folder: folder / ("x" * 300), "File name too long"),
    "a folder in the place of the part": (taken_by_a_folder, "Is a directory"),
    # against a link that somebody else laid, which would lead the rows to another file
    "a link in the place of the part": (taken_by_a_link, "Too many levels of symbolic links"),
}


@posix_only
@table("make, detail", PLACES)
def test_places_where_no_file_can_be_are_found_before_anything_is_sent(
    tmp_path: pathlib.Path, make: Callable[[pathlib.Path], pathlib.Path], detail: str
) -> None:
    path = make(tmp_path)
    error = error_in(download(path), FileError, str(path))
    assert error.detail == detail
    assert (error.__cause__, error.__context__, error.__traceback__) == (None, None, None)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("tail", [[CUT], []], ids=["an error", "an end"])
def test_a_stream_cut_at_any_byte_leaves_its_part_for_the_next_call(
    target: pathlib.Path, tail: list[Any]
) -> None:
    # without its last newline it is still complete
    for cut in range(len(ALL) - 1):
        target.write_bytes(OLD)
        result = download(target, blocks(ALL[:cut], *tail), replace=True)
        error = error_in(result, IncompleteResults)
        *rows, last = ALL[:cut].split(b"\n")
        # at an end that is in good order, the last line needs no newline
        received = len(rows) + (not tail and last + b"\n" in (A, B, C))
        assert (error.expected, error.received) == (3, received)
        assert target.read_bytes() == OLD
        kept = part_of(target).read_bytes() if received else b""
        assert ALL.startswith(kept)
        assert kept.count(b"\n") == received
        assert part_of(target).exists() is (received > 0)
        unwrap(download(target, all_rows, replace=True))
        assert_alone(target)


def test_a_cut_stream_is_resumed_within_the_call(target: pathlib.Path) -> None:
    steps = (blocks(A + B[:9], CUT), fail(), blocks(C + A, CUT), all_rows)
    done = unwrap(download(target, *steps, retries=2))
    assert done == Download(str(target), 3, len(ALL))
    assert_alone(target, A + C + B)


NEVER: dict[str, tuple[TransportStep, int, int]] = {
    "always one too few": (blocks(A + B), 3, 2),
    "always none": (blocks(), 3, 0),
    "always blank": (blocks(b"\n\n"), 3, 0),
    "always the same": (blocks(A + A + A), 3, 1),
    "one too many": (blocks(ALL, line("d")), 1, 4),
}


@table("results, requests, received", NEVER)
def test_results_that_are_never_complete(
    target: pathlib.Path, results: TransportStep, requests: int, received: int
) -> None:
    error = error_in(download(target, *[results] * requests, retries=2), IncompleteResults)
    assert (error.expected, error.received) == (3, received)
    assert not target.exists()
    # rows are kept for the next call, unless there are too many: they never would be complete
    assert part_of(target).exists() is (received in (1, 2))
    unwrap(download(target, all_rows))
    assert_alone(target)


FAULTS: dict[str, tuple[bytes, type[AnthropixError]]] = {
    "not JSON": (A + b"<html>\n" + B, DecodeError),
    "not a row": (A + b"{}\n", DecodeError),
    "an error in place of a row": (A + json.dumps(error_body()).encode() + b"\n", APIError),
}


@table("body, kind", FAULTS)
def test_results_with_something_else_in_them(
    target: pathlib.Path, body: bytes, kind: type[AnthropixError]
) -> None:
    target.write_bytes(OLD)
    error_in(download(target, blocks(body), replace=True), kind)
    assert target.read_bytes() == OLD
    unwrap(download(target, all_rows, replace=True))
    assert_alone(target)


CANCELING = a_batch("canceling")
NOT_ENDED: dict[str, Any] = {
    "by a dict": a_batch(),
    "by id": ID,
    "canceling": CANCELING,
    "by a dict of an id": {"id": ID},
}


@table("named", NOT_ENDED)
def test_before_the_end_there_is_no_file(target: pathlib.Path, named: Any) -> None:
    error = error_in(download(target, respond(CANCELING), named=named), NotEnded)
    assert error.batch == CANCELING
    assert os.listdir(target.parent) == []


def test_an_unknown_batch_leaves_no_file(target: pathlib.Path) -> None:
    missing = respond(error_body("not_found_error"), 404)
    error_in(download(target, missing, named=ID), APIError)
    assert os.listdir(target.parent) == []


@pytest.mark.parametrize("count", [1, 255, 256, 257, 512, 1000])
@pytest.mark.parametrize("at_once", [True, False], ids=["in one block", "row by row"])
def test_progress(target: pathlib.Path, count: int, at_once: bool) -> None:
    calls: list[tuple[int, int | None]] = []
    rows = b"".join(line(str(n)) for n in range(count))
    steps = blocks(rows) if at_once else blocks(*rows.splitlines(keepends=True))
    unwrap(download(target, steps, named=ended(count), on_progress=report_to(calls)))
    # against a last call that comes twice
    assert calls.count((count, count)) == 1
    assert calls[-1] == (count, count)
    reported = [rows for rows, _ in calls[:-1]]
    assert all(later - earlier >= 256 for earlier, later in itertools.pairwise([0, *reported]))
    assert reported or count <= 256 or at_once


def test_progress_continues_from_the_part(target: pathlib.Path) -> None:
    part_of(target).write_bytes(b"".join(MANY[:300]))
    calls: list[tuple[int, int]] = []
    result = download(target, blocks(*MANY), named=ended(600), on_progress=report_to(calls))
    assert unwrap(result).rows == 600
    assert calls[0][0] > 300
    assert calls[-1] == (600, 600)
    assert_alone(target, MANY_ROWS)


def test_progress_if_the_total_is_not_known(target: pathlib.Path) -> None:
    calls: list[tuple[int, int | None]] = []
    named = {"id": ID, "processing_status": "ended"}
    unwrap(download(target, all_rows, named=named, on_progress=report_to(calls)))
    assert calls == [(3, None)]
    assert_alone(target)


@pytest.mark.parametrize("kind", [ValueError, OSError, KeyboardInterrupt])
def test_what_on_progress_raises_passes_through_and_loses_nothing(
    target: pathlib.Path, kind: type[BaseException]
) -> None:
    reported: list[int] = []

    def on_progress(rows: int, _: int | None) -> None:
        reported.append(rows)
        raise kind("mine")

    with pytest.raises(kind, match="mine"):
        download(target, blocks(*MANY), named=ended(600), on_progress=on_progress)
    assert not target.exists()
    assert [part_of(target).read_bytes().count(b"\n")] == reported
    unwrap(download(target, blocks(*MANY), named=ended(600)))
    assert_alone(target, MANY_ROWS)
